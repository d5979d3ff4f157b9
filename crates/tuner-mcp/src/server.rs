//! The tools, and the plans that were shown.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use rmcp::handler::server::router::tool::ToolRouter;
use rmcp::handler::server::tool::{InputResponses, schema_for_type};
use rmcp::handler::server::wrapper::Parameters;
use rmcp::model::{
    CallToolResponse, CallToolResult, ElicitRequest, ElicitRequestParams, ElicitResult, ElicitationAction,
    ElicitationSchema, Implementation, InputRequest, InputRequests, InputRequiredResult, ProgressNotificationParam,
    ProtocolVersion, ServerCapabilities, ServerConfig,
};
use rmcp::service::{RequestContext, RoleServer};
use rmcp::{ErrorData, ServerHandler, tool, tool_handler, tool_router};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio_util::sync::CancellationToken;

use crate::Allowed;
use crate::arguments::{Compare, Logs, Prices, Report, ReviewLogs, Tune, Tuning};
use crate::program::{Program, Ran};

/// A larger document is answered as Markdown: whoever reads it pays by the word. In bytes.
const LARGEST_DOCUMENT: usize = 200_000;
/// Plans that are remembered, the latest ones.
const MOST_PLANS: usize = 50;
/// Name of the question whether a tuning may begin.
const AGREE: &str = "agree";

/// What a tool answers.
#[derive(Debug, Serialize, JsonSchema)]
struct Answer {
    /// Exit code of the command line, as `tuner --help` lists them; absent where a signal ended it.
    #[serde(skip_serializing_if = "Option::is_none")]
    exit_code: Option<i32>,
    /// What that means.
    outcome: String,
    /// The document, as the schemas of `tuner generate schemas` describe it.
    #[serde(skip_serializing_if = "Option::is_none")]
    document: Option<Value>,
    /// The same for people, where there is no document or it is very large.
    #[serde(skip_serializing_if = "Option::is_none")]
    markdown: Option<String>,
    /// What was said beside: warnings, and errors with what to do about them.
    notes: Vec<String>,
}

/// A plan that was shown.
#[derive(Debug, Clone)]
struct Shown {
    tuning: Tuning,
    /// What somebody agrees to, in words.
    text: String,
}

#[derive(Debug, Default)]
struct Plans {
    by_id: BTreeMap<String, Shown>,
    /// The oldest first.
    order: Vec<String>,
}

/// One session.
#[derive(Debug, Clone)]
pub(crate) struct Server {
    program: Program,
    allowed: Allowed,
    plans: Arc<Mutex<Plans>>,
    tools: ToolRouter<Self>,
}

impl Server {
    pub(crate) fn new(program: Program, allowed: Allowed) -> Self {
        let mut tools = Self::reading();
        if allowed.tuning {
            tools.merge(Self::tuning());
        }
        Self {
            program,
            allowed,
            plans: Arc::default(),
            tools,
        }
    }

    async fn run(
        &self,
        arguments: Vec<String>,
        cancelled: CancellationToken,
        progress: Option<UnboundedSender<String>>,
    ) -> Result<Ran, ErrorData> {
        let ran = self.program.run(arguments, None, cancelled, progress).await;
        ran.map_err(internal)
    }

    /// The answer of a command that prints a document.
    async fn answer(&self, arguments: Vec<String>, context: &RequestContext<RoleServer>) -> ToolResult {
        let ran = self.run(arguments, context.ct.clone(), None).await?;
        self.told(ran, context).await
    }

    async fn told(&self, ran: Ran, context: &RequestContext<RoleServer>) -> ToolResult {
        let document = serde_json::from_str::<Value>(&ran.stdout).ok();
        let is_large = document.is_some() && ran.stdout.len() > LARGEST_DOCUMENT;
        let markdown = match (&document, is_large) {
            (Some(_), true) => {
                let report = ["report", "--format=markdown", "-"].map(str::to_owned).to_vec();
                let rendered = self
                    .program
                    .run(report, Some(ran.stdout), context.ct.clone(), None)
                    .await;
                Some(cut(rendered.map_err(internal)?.stdout))
            }
            (Some(_), false) => None,
            (None, _) => Some(cut(ran.stdout)).filter(|text| !text.is_empty()),
        };
        Ok(result(&Answer {
            exit_code: ran.code,
            outcome: meaning(ran.code).to_owned(),
            document: document.filter(|_| !is_large),
            markdown,
            notes: ran.said,
        }))
    }

    fn shown(&self, id: &str) -> Option<Shown> {
        let plans = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        plans.by_id.get(id).cloned()
    }

    fn remember(&self, document: &Value, tuning: &Tuning) {
        let Some(id) = id_of(document) else { return };
        let mut plans = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        plans.order.retain(|other| *other != id);
        plans.order.push(id.clone());
        let shown = Shown {
            tuning: tuning.clone(),
            text: in_words(document),
        };
        plans.by_id.insert(id, shown);
        if plans.order.len() > MOST_PLANS {
            let oldest = plans.order.remove(0);
            plans.by_id.remove(&oldest);
        }
    }

    async fn planned(
        &self,
        tuning: &Tuning,
        context: &RequestContext<RoleServer>,
    ) -> Result<(Ran, Option<Value>), ErrorData> {
        let ran = self.run(tuning.plan(), context.ct.clone(), None).await?;
        let document: Option<Value> = serde_json::from_str(&ran.stdout).ok();
        if let Some(document) = &document {
            self.remember(document, tuning);
        }
        Ok((ran, document))
    }
}

/// What is nobody's mistake on the other side.
fn internal(error: impl ToString) -> ErrorData {
    ErrorData::internal_error(error.to_string(), None)
}

type ToolResult = Result<CallToolResult, ErrorData>;

#[tool_router(router = reading)]
impl Server {
    /// Logs.
    #[tool(
        description = "Summarise exported logs of AWS Lambda functions: invocations, durations, memory used, cold starts, \
                       failures and cost by function and memory size.",
        output_schema = schema_for_type::<Answer>(),
        annotations(
            title = "Summarise Lambda logs",
            read_only_hint = true,
            destructive_hint = false,
            idempotent_hint = true,
            open_world_hint = false
        )
    )]
    async fn logs(&self, Parameters(asked): Parameters<Logs>, context: RequestContext<RoleServer>) -> ToolResult {
        self.answer(asked.arguments(), &context).await
    }

    /// A review.
    #[tool(
        description = "Review the functions of exported logs: what each wastes and risks, in dollars a month, and what to do \
                       about it. Nothing is asked of AWS.",
        output_schema = schema_for_type::<Answer>(),
        annotations(
            title = "Review Lambda functions from logs",
            read_only_hint = true,
            destructive_hint = false,
            idempotent_hint = true,
            open_world_hint = false
        )
    )]
    async fn review_logs(
        &self,
        Parameters(asked): Parameters<ReviewLogs>,
        context: RequestContext<RoleServer>,
    ) -> ToolResult {
        // A review leaves its pages: here, where nobody asked for them, in a folder that goes with the answer.
        let pages = tempfile::tempdir().map_err(internal)?;
        self.answer(asked.arguments(pages.path()), &context).await
    }

    /// A report.
    #[tool(
        description = "Read a document that tuner wrote (tuning, review, check) or an output of AWS Lambda Power Tuning, as \
                       Markdown.",
        output_schema = schema_for_type::<Answer>(),
        annotations(
            title = "Read a tuning or review",
            read_only_hint = true,
            destructive_hint = false,
            idempotent_hint = true,
            open_world_hint = false
        )
    )]
    async fn report(&self, Parameters(asked): Parameters<Report>, context: RequestContext<RoleServer>) -> ToolResult {
        self.answer(asked.arguments(), &context).await
    }

    /// A comparison.
    #[tool(
        description = "Compare two tunings or checks: by memory size and for the recommended ones, what got better, worse, \
                       stayed the same within 3 %, or cannot be told.",
        output_schema = schema_for_type::<Answer>(),
        annotations(
            title = "Compare two tunings",
            read_only_hint = true,
            destructive_hint = false,
            idempotent_hint = true,
            open_world_hint = false
        )
    )]
    async fn compare(&self, Parameters(asked): Parameters<Compare>, context: RequestContext<RoleServer>) -> ToolResult {
        self.answer(asked.arguments(), &context).await
    }

    /// Prices.
    #[tool(
        description = "The prices of AWS Lambda that tuner computes with, by region and architecture.",
        output_schema = schema_for_type::<Answer>(),
        annotations(
            title = "Lambda prices",
            read_only_hint = true,
            destructive_hint = false,
            idempotent_hint = true,
            open_world_hint = false
        )
    )]
    async fn prices(&self, Parameters(asked): Parameters<Prices>, context: RequestContext<RoleServer>) -> ToolResult {
        self.answer(asked.arguments(), &context).await
    }

    /// A plan.
    #[tool(
        description = "Say what a tuning of a Lambda function would invoke, publish, change and spend at most. Touches nothing. \
                       The `id` in the answer is what `tune` asks for, where this server may tune: show the plan to the user \
                       first.",
        output_schema = schema_for_type::<Answer>(),
        annotations(
            title = "Plan a tuning",
            read_only_hint = true,
            destructive_hint = false,
            idempotent_hint = true,
            open_world_hint = true
        )
    )]
    async fn plan(&self, Parameters(asked): Parameters<Tuning>, context: RequestContext<RoleServer>) -> ToolResult {
        if asked.apply && !self.allowed.applying {
            return Ok(refusal(
                "this server may not apply a size: it is started with --allow-applying for that; plan without `apply`",
            ));
        }
        let (ran, _) = self.planned(&asked, &context).await?;
        self.told(ran, &context).await
    }
}

#[tool_router(router = tuning)]
impl Server {
    /// A tuning.
    #[tool(
        description = "Tune a Lambda function by a plan that the user has seen and agreed to: invokes the function at several \
                       memory sizes, which costs money and has the function's own side effects, and puts it back as it was. \
                       Takes minutes.",
        output_schema = schema_for_type::<Answer>(),
        annotations(
            title = "Tune a function",
            read_only_hint = false,
            destructive_hint = true,
            idempotent_hint = false,
            open_world_hint = true
        )
    )]
    async fn tune(
        &self,
        Parameters(Tune { plan_id }): Parameters<Tune>,
        InputResponses(responses): InputResponses,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let Some(shown) = self.shown(&plan_id) else {
            return Ok(
                refusal("no plan of this session has this `plan_id`: call `plan`, and show it to the user").into(),
            );
        };
        match agreement(&shown, responses.as_ref(), &context).await? {
            Agreement::Given => {}
            Agreement::Refused => return Ok(refusal("the user did not agree; nothing was done").into()),
            Agreement::Asked(question) => return Ok((*question).into()),
        }
        // What was agreed to must still be so.
        let (ran, document) = self.planned(&shown.tuning, &context).await?;
        match document.as_ref().and_then(id_of) {
            Some(id) if id == plan_id => {}
            Some(_) => {
                let mut answer = self.told(ran, &context).await?;
                answer.is_error = Some(true);
                answer.content.insert(
                    0,
                    rmcp::model::ContentBlock::text(
                        "the function, its settings or prices have changed since that plan was shown; nothing was done. \
                         This is the plan of now: show it to the user, and call `tune` with its id",
                    ),
                );
                return Ok(answer.into());
            }
            None => return Ok(self.told(ran, &context).await?.into()),
        }
        let ran = self.followed(shown.tuning.run(), &context).await?;
        Ok(self.told(ran, &context).await?.into())
    }

    /// Runs a command and passes on what it says as progress, where the client asked for that.
    async fn followed(&self, arguments: Vec<String>, context: &RequestContext<RoleServer>) -> Result<Ran, ErrorData> {
        let Some(token) = context.meta.get_progress_token() else {
            return self.run(arguments, context.ct.clone(), None).await;
        };
        let (told, mut heard) = unbounded_channel();
        let pass_on = async {
            let mut lines = 0.0;
            while let Some(line) = heard.recv().await {
                lines += 1.0;
                let mut progress = ProgressNotificationParam::new(token.clone(), lines);
                progress.message = Some(line);
                // A client that is gone hears nothing.
                let _ = context.peer.notify_progress(progress).await;
            }
        };
        let (ran, ()) = tokio::join!(self.run(arguments, context.ct.clone(), Some(told)), pass_on);
        ran
    }
}

#[tool_handler(router = self.tools)]
impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        let mut info = ServerConfig::new(ServerCapabilities::builder().enable_tools().build());
        info.server_info = Implementation::new("tuner", env!("CARGO_PKG_VERSION"));
        info.instructions = Some(
            match self.allowed.tuning {
                true => {
                    "Finds the memory size at which an AWS Lambda function is cheapest, fastest or best balanced. Call `plan` \
                     first and show it; `tune` measures by its id and invokes the function. Credentials and region of AWS are \
                     those of this server's environment (AWS_PROFILE, AWS_REGION in the client's settings)."
                }
                false => {
                    "Reads logs, reviews, tunings and prices of AWS Lambda functions, and plans tunings. It invokes nothing: \
                     that takes a server that is started with --allow-tuning. Credentials and region of AWS are those of this \
                     server's environment (AWS_PROFILE, AWS_REGION in the client's settings)."
                }
            }
            .to_owned(),
        );
        info
    }
}

enum Agreement {
    Given,
    Refused,
    /// The client is to ask its user and call again.
    Asked(Box<InputRequiredResult>),
}

/// Whether the user agrees to the plan: asked where the client can ask; elsewhere the plan's ID is the agreement, since clients
/// let their users see a call before it is made.
async fn agreement(
    shown: &Shown,
    responses: Option<&rmcp::model::InputResponses>,
    context: &RequestContext<RoleServer>,
) -> Result<Agreement, ErrorData> {
    let can_ask = context
        .client_capabilities()
        .is_some_and(|capabilities| capabilities.elicitation.is_some());
    if !can_ask {
        return Ok(Agreement::Given);
    }
    let question = ElicitRequestParams::FormElicitationParams {
        meta: None,
        message: format!("{}\nTune now?", shown.text),
        requested_schema: ElicitationSchema::builder()
            .required_bool(AGREE)
            .build()
            .map_err(internal)?,
    };
    // Since that revision servers send no requests: the question is an answer, and the client calls again.
    let calls_again = context
        .protocol_version()
        .is_some_and(|version| version >= ProtocolVersion::V_2026_07_28);
    let answer: ElicitResult = match (calls_again, responses.and_then(|all| all.get(AGREE))) {
        (true, None) => {
            let request = InputRequest::Elicitation(ElicitRequest::new(question));
            let requests = InputRequests::from([(AGREE.to_owned(), request)]);
            return Ok(Agreement::Asked(Box::new(InputRequiredResult::new(
                Some(requests),
                None,
            ))));
        }
        (true, Some(answer)) => serde_json::from_value(answer.clone())
            .map_err(|error| ErrorData::invalid_params(format!("the answer to `{AGREE}` is none: {error}"), None))?,
        (false, _) => {
            let asked = context.peer.create_elicitation(question).await;
            asked.map_err(|error| ErrorData::internal_error(format!("the user could not be asked: {error}"), None))?
        }
    };
    let agrees = answer.action == ElicitationAction::Accept
        && answer
            .content
            .is_some_and(|content| content[AGREE] == Value::Bool(true));
    Ok(if agrees { Agreement::Given } else { Agreement::Refused })
}

fn id_of(plan: &Value) -> Option<String> {
    Some(plan.get("id")?.as_str()?.to_owned())
}

/// The lines of a plan, for somebody who is to agree to it.
fn in_words(plan: &Value) -> String {
    let function = plan["function"].as_str().unwrap_or_default();
    let mut text = format!("Plan for {function}");
    for line in plan["lines"].as_array().into_iter().flatten() {
        let word = |field: &str| line[field].as_str().unwrap_or_default();
        text.push_str(&format!("\n{}: {}", word("about"), word("says")));
    }
    text
}

fn result(answer: &Answer) -> CallToolResult {
    let is_error = !matches!(answer.exit_code, Some(0 | 3 | 4));
    let value = serde_json::to_value(answer).unwrap_or_default();
    match is_error {
        true => CallToolResult::structured_error(value),
        false => CallToolResult::structured(value),
    }
}

/// An answer of this server's own.
fn refusal(why: &str) -> CallToolResult {
    result(&Answer {
        exit_code: None,
        outcome: "refused".to_owned(),
        document: None,
        markdown: None,
        notes: vec![why.to_owned()],
    })
}

/// The beginning of a text that is too long, up to the end of a line, and that it is not all.
fn cut(mut text: String) -> String {
    if text.len() > LARGEST_DOCUMENT {
        let end = (0..=LARGEST_DOCUMENT)
            .rev()
            .find(|&at| text.is_char_boundary(at))
            .unwrap_or(0);
        let end = text[..end].rfind('\n').unwrap_or(end);
        text.truncate(end);
        text.push_str("\n\n(the rest is left out here: ask for less, or read the document by `tuner report`)\n");
    }
    text
}

/// The codes of `tuner --help`, in short.
const fn meaning(code: Option<i32>) -> &'static str {
    match code {
        Some(0) => "done",
        Some(2) => "an argument, a payload or a file makes no sense; nothing was changed",
        Some(3) => "no size keeps the limits, or a limit is broken",
        Some(4) => "not enough evidence",
        Some(5) => "AWS refused or could not be reached, or something could not be applied or put back",
        Some(6) => "the function failed at every memory size",
        Some(130) => "interrupted; the function was put back first",
        Some(_) => "something unexpected went wrong",
        None => "a signal ended it",
    }
}
