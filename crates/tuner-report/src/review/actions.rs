//! What to do about a finding: the words, the exact command, and the line to change in Terraform and SAM.
//!
//! Sources of the names: AWS CLI reference (`lambda`), Terraform's `aws_lambda_function` and
//! `aws_lambda_provisioned_concurrency_config`, SAM's `AWS::Serverless::Function`.

use serde::Serialize;
use tuner_core::review::{Action, Advice, Finding, FindingKind, FunctionReview, RegisteredPayload};

use super::{effects, reach};
use crate::numbers;

/// One thing to do. What is absent does not apply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct ToDo {
    /// In words.
    pub(crate) words: String,
    /// For a shell.
    pub(crate) command: Option<String>,
    /// What it costs, and what it may break.
    pub(crate) note: Option<String>,
    pub(crate) terraform: Option<String>,
    pub(crate) sam: Option<String>,
}

impl ToDo {
    /// Whether there is a command for it, or it is to be done in another way that is told with what it costs.
    pub(crate) fn is_to_be_done(&self) -> bool {
        self.command.is_some() || self.note.is_some()
    }

    /// The same command answers another finding.
    fn answer_too(&mut self, other: &Self) {
        if self.words == NOTHING_MENDS {
            self.words.clone_from(&other.words);
        } else if other.words != NOTHING_MENDS && other.words != self.words {
            self.words = format!("{}; {}", self.words, uncapitalised(&other.words));
        }
    }
}

/// As it stands within a sentence.
fn uncapitalised(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(char::to_lowercase);
    first.into_iter().flatten().chain(chars).collect()
}

/// All that is advised for a function, in order. What several findings ask for is told, and run, once.
pub(crate) fn all(of: &FunctionReview) -> Vec<ToDo> {
    let mut all: Vec<ToDo> = Vec::new();
    for next in of.advice.iter().map(|advice| to_do(of, advice)) {
        let same = |known: &&mut ToDo| match &next.command {
            Some(command) => known.command.as_ref() == Some(command),
            None => **known == next,
        };
        match all.iter_mut().find(same) {
            Some(known) => known.answer_too(&next),
            None => all.push(next),
        }
    }
    all
}

/// What to do about this finding; nothing where nothing is advised for it.
pub(crate) fn about(of: &FunctionReview, finding: &Finding) -> Option<ToDo> {
    let is_about = |advice: &&Advice| advice.about == finding.kind;
    // What several findings want measured is one list, which stands with the first of them.
    let measures = |advice: &&Advice| finding.saving.is_some() && matches!(advice.action, Action::Tune { .. });
    let advice = of
        .advice
        .iter()
        .find(is_about)
        .or_else(|| of.advice.iter().find(measures))?;
    Some(to_do(of, advice))
}

/// The first thing to do, of what mends something.
pub(crate) fn first(of: &FunctionReview) -> Option<ToDo> {
    let advice = of.advice.iter().find(|advice| mends(of, advice))?;
    Some(to_do(of, advice))
}

/// Whether it is known what to do.
pub(crate) fn mends(of: &FunctionReview, advice: &Advice) -> bool {
    advice.action != Action::Investigate || investigate(of, advice.about) != NOTHING_MENDS
}

/// No setting is known to help.
const NOTHING_MENDS: &str = "Look into it, no setting mends this";

fn to_do(of: &FunctionReview, advice: &Advice) -> ToDo {
    let to_do = to_do_by_name(of, advice);
    match of.function.nameless {
        // A command for a name that stands in for the real one would change another function.
        true => ToDo { command: None, ..to_do },
        false => to_do,
    }
}

fn to_do_by_name(of: &FunctionReview, advice: &Advice) -> ToDo {
    let aws = |call: &str, rest: &str| Some(format!("aws lambda {call} {}{rest}", target("--function-name", of)));
    let configure = |rest: &str| Some(reach::configure(of, rest));
    match &advice.action {
        Action::Tune { memory_sizes_mb } => measure(of, memory_sizes_mb),
        Action::SetMemorySize { memory_size_mb } => ToDo {
            note: Some(effects::of_memory_size(of, *memory_size_mb)),
            words: match of.memory_size_mb() {
                Some(now) if advice.about == FindingKind::Regression => format!(
                    "Go back from {} to {} MB",
                    numbers::count(now.into()),
                    numbers::count((*memory_size_mb).into())
                ),
                Some(now) => format!(
                    "Give it {} MB instead of {}",
                    numbers::count((*memory_size_mb).into()),
                    numbers::count(now.into())
                ),
                None => format!("Give it {} MB", numbers::count((*memory_size_mb).into())),
            } + &reach::words(of),
            command: configure(&format!(" --memory-size {memory_size_mb}")),
            terraform: Some(format!("memory_size = {memory_size_mb}")),
            sam: Some(format!("MemorySize: {memory_size_mb}")),
        },
        Action::SetTimeout { timeout_s } => ToDo {
            note: Some(effects::of_timeout(of, *timeout_s)),
            words: match timeout_s_of(of) {
                Some(now) => format!("Give it {timeout_s} s instead of {now}"),
                None => format!("Give it {timeout_s} s"),
            } + &reach::words(of),
            command: configure(&format!(" --timeout {timeout_s}")),
            terraform: Some(format!("timeout = {timeout_s}")),
            sam: Some(format!("Timeout: {timeout_s}")),
        },
        Action::SetProvisionedConcurrency {
            qualifier,
            environments: 0,
        } => ToDo {
            note: Some("The cold starts that they prevent come back.".to_owned()),
            words: format!("Keep no environments ready for {qualifier}"),
            command: aws(
                "delete-provisioned-concurrency-config",
                &format!(" --qualifier {}", shell(qualifier)),
            ),
            terraform: Some("remove its aws_lambda_provisioned_concurrency_config".to_owned()),
            sam: Some("remove ProvisionedConcurrencyConfig".to_owned()),
        },
        Action::SetProvisionedConcurrency {
            qualifier,
            environments,
        } => ToDo {
            note: Some(format!("Calls beyond {environments} at a time start cold.")),
            words: format!("Keep {environments} environments ready for {qualifier}"),
            command: aws(
                "put-provisioned-concurrency-config",
                &format!(
                    " --qualifier {} --provisioned-concurrent-executions {environments}",
                    shell(qualifier)
                ),
            ),
            terraform: Some(format!("provisioned_concurrent_executions = {environments}")),
            sam: Some(format!("ProvisionedConcurrentExecutions: {environments}")),
        },
        Action::DeleteVersions { versions } => {
            let numbers: Vec<String> = versions.iter().map(ToString::to_string).collect();
            let what = match &numbers[..] {
                [only] => format!("Delete version {only}, which nothing leads to"),
                all => format!(
                    "Delete {} versions that nothing leads to",
                    numbers::count(all.len() as u64)
                ),
            };
            ToDo {
                note: Some(
                    "Nobody can go back to them then. Lambda refuses to delete what an alias leads to.".to_owned(),
                ),
                words: what,
                command: Some(format!(
                    "for version in {}; do aws lambda delete-function {} --qualifier \"$version\"; done",
                    numbers.join(" "),
                    target("--function-name", of)
                )),
                terraform: None,
                sam: None,
            }
        }
        Action::TryArm64 => ToDo {
            note: None,
            words: "Build it for arm64, with its native dependencies, layers and extensions, publish that beside the present \
                    version, and measure both"
                .to_owned(),
            command: None,
            terraform: Some("architectures = [\"arm64\"]".to_owned()),
            sam: Some("Architectures: [arm64]".to_owned()),
        },
        Action::ShowReports => ToDo {
            note: Some("Each invocation then logs a few lines more, which are charged as ingested logs.".to_owned()),
            words: "Let its logs hold the reports again".to_owned(),
            // The log group is named again, so that it stays whatever the call makes of what it is not told.
            command: {
                let group = of
                    .function
                    .log_group
                    .as_deref()
                    .map(|group| format!(",LogGroup={group}"));
                let config = format!("LogFormat=JSON,SystemLogLevel=INFO{}", group.unwrap_or_default());
                configure(&format!(" --logging-config {}", shell(&config)))
            },
            terraform: Some("system_log_level = \"INFO\"".to_owned()),
            sam: Some("SystemLogLevel: INFO".to_owned()),
        },
        Action::Allow { call } => ToDo {
            note: None,
            words: format!("Allow {call} to the role that reviews"),
            command: None,
            terraform: None,
            sam: None,
        },
        Action::Investigate => ToDo {
            note: None,
            words: investigate(of, advice.about).to_owned(),
            command: where_to_look(of, advice.about),
            terraform: None,
            sam: None,
        },
    }
}

/// To measure it at these sizes, with an event that is known to be harmless or that the reader writes: never with an empty one
/// that nobody has asked for.
fn measure(of: &FunctionReview, memory_sizes_mb: &[u32]) -> ToDo {
    let sizes: Vec<String> = memory_sizes_mb.iter().map(u32::to_string).collect();
    let run = |payload: &str| {
        let (target, sizes) = (target("--function", of), sizes.join(","));
        // A list of sizes alone would mean a grid.
        Some(format!(
            "tuner run {target} --preset standard --memory {sizes} {payload}"
        ))
    };
    let (words, command) = match &of.payload {
        // With an account that is masked, the address would be another one.
        Some(RegisteredPayload::S3 { uri }) if !uri.contains(crate::masking::MASK) => (
            "Measure it before anything is changed, with the payload that is registered for it".to_owned(),
            run(&format!("--payload-s3 {}", shell(uri))),
        ),
        Some(RegisteredPayload::Empty) => (
            "Measure it before anything is changed, with the empty payload that is registered for it".to_owned(),
            run("--payload '{}'"),
        ),
        Some(RegisteredPayload::InRegistry | RegisteredPayload::S3 { .. }) => (
            "Measure it before anything is changed: its payload is in the registry, and a review with --tune measures with it"
                .to_owned(),
            None,
        ),
        None => {
            // The name has letters, digits, - and _ only.
            let file = format!("./{}.event.json", of.function.name.name());
            (
                format!("Write one of its events into {file}, then measure it"),
                run(&format!("--payload {file}")),
            )
        }
    };
    ToDo {
        words,
        command,
        note: Some(effects::of_measuring(of)),
        terraform: None,
        sam: None,
    }
}

/// The command as it is for who uses this profile of AWS's shared configuration.
pub(crate) fn with_profile(command: &str, profile: Option<&str>) -> String {
    profile.map_or_else(
        || command.to_owned(),
        |profile| format!("{command} --profile {}", shell(profile)),
    )
}

/// What to look into, where no one setting is known to mend it.
fn investigate(of: &FunctionReview, about: FindingKind) -> &'static str {
    match about {
        FindingKind::Throttles if of.function.reserved_concurrency.is_some() => {
            "Give it more reserved concurrency, or none reserved, so that it shares what the account has"
        }
        FindingKind::Throttles => "See how much concurrency the account has left for it",
        FindingKind::MemoryUnderprovisioned if of.serving().now.len() > 1 => {
            "Lead the traffic that still runs at the smaller size to the version with more"
        }
        FindingKind::TimeoutRisk => "Look into what takes so long",
        FindingKind::Regression => "Look into what changed",
        FindingKind::InitHeavy => "Load less before the first event, or weigh what would keep its environments ready",
        FindingKind::ProvisionedConcurrencyUnused => "See which of its environments are idle",
        FindingKind::NotEnoughData => "Look again when it was called more often, or over more days",
        FindingKind::NoLogs => "See where its logs go",
        FindingKind::Unsupported => "Leave it, there is no memory size to tune",
        FindingKind::NoAccess | FindingKind::Failed => "Look into why it could not be read",
        FindingKind::TimeoutTooLong => "See what its callers wait for",
        FindingKind::SnapStartVersionsUnused => "See which of its versions are needed",
        FindingKind::MemoryUnderprovisioned
        | FindingKind::Errors
        | FindingKind::MemoryOverprovisioned
        | FindingKind::CpuBound
        | FindingKind::Arm64Candidate => NOTHING_MENDS,
    }
}

/// The command that shows most of it: logs have no throttled request, and a function without logs has none to follow.
fn where_to_look(of: &FunctionReview, about: FindingKind) -> Option<String> {
    let lambda = |call: &str| format!("aws lambda {call} {}", target("--function-name", of));
    match about {
        FindingKind::Throttles if of.function.reserved_concurrency.is_none() => {
            Some(format!("aws lambda get-account-settings{}", region(of)))
        }
        FindingKind::Throttles => Some(lambda("get-function-concurrency")),
        FindingKind::MemoryUnderprovisioned if of.serving().now.len() > 1 => Some(lambda("list-aliases")),
        FindingKind::ProvisionedConcurrencyUnused => Some(lambda("list-provisioned-concurrency-configs")),
        FindingKind::NoLogs => Some(lambda("get-function-configuration") + " --query LoggingConfig"),
        FindingKind::InitHeavy
        | FindingKind::NotEnoughData
        | FindingKind::NoAccess
        | FindingKind::Unsupported
        | FindingKind::Failed => None,
        _ => (of.function.log_group.as_deref())
            .map(|group| format!("aws logs tail {} --since 1d{}", shell(group), region(of))),
    }
}

/// The time-out that serves.
fn timeout_s_of(of: &FunctionReview) -> Option<u32> {
    let serving = of.serving().published();
    let of_version = serving.and_then(|version| of.function.version(version)?.timeout_s);
    of_version.or(of.function.timeout_s)
}

/// The name without its account, which may be masked; the profile of the reader knows it.
pub(super) fn target(option: &str, of: &FunctionReview) -> String {
    format!("{}{}", shell_option(option, of.function.name.name()), region(of))
}

fn region(of: &FunctionReview) -> String {
    let region = of.function.region.as_deref().or_else(|| of.function.name.region());
    region.map_or_else(String::new, |region| format!(" --region {}", shell(region)))
}

/// An option of a command with its value; one that looks like an option itself is tied to it.
pub(crate) fn shell_option(option: &str, value: &str) -> String {
    let tie = if value.starts_with('-') { '=' } else { ' ' };
    format!("{option}{tie}{}", shell(value))
}

/// One word of a POSIX shell.
pub(crate) fn shell(text: &str) -> String {
    let is_plain = |b: u8| {
        b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'/' | b',' | b':' | b'=' | b'@' | b'%' | b'+')
    };
    if !text.is_empty() && text.bytes().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tuner_core::review::{Evidence, ListedFunction};

    fn function(action: Action) -> FunctionReview {
        let mut function =
            ListedFunction::named("arn:aws:lambda:eu-west-1:123456789012:function:resize".parse().unwrap());
        function.memory_size_mb = Some(1024);
        function.log_group = Some("/aws/lambda/resize".to_owned());
        FunctionReview {
            advice: vec![Advice {
                about: FindingKind::MemoryOverprovisioned,
                action,
            }],
            ..FunctionReview::new(function, Evidence::default())
        }
    }

    fn command(action: Action) -> String {
        all(&function(action)).remove(0).command.unwrap()
    }

    #[test]
    fn a_name_like_an_option_is_tied_to_its_own() {
        let mut function = function(Action::SetTimeout { timeout_s: 30 });
        function.function.name = "-rf".parse().unwrap();
        assert_eq!(
            first(&function).unwrap().command.as_deref(),
            Some("aws lambda update-function-configuration --function-name=-rf --region eu-west-1 --timeout 30")
        );
    }

    #[test]
    fn a_function_without_a_name_has_no_command() {
        for action in [
            Action::SetTimeout { timeout_s: 30 },
            Action::Investigate,
            Action::Tune {
                memory_sizes_mb: vec![256],
            },
        ] {
            let mut function = function(action);
            function.function.nameless = true;
            let to_do = all(&function).remove(0);
            assert!(to_do.command.is_none() && !to_do.words.is_empty());
        }
    }

    #[test]
    fn what_to_look_into_is_told_by_what_was_found() {
        let looking = |about, reserved_concurrency| {
            let mut function = function(Action::Investigate);
            function.advice[0].about = about;
            function.function.reserved_concurrency = reserved_concurrency;
            let to_do = all(&function).remove(0);
            (to_do.words, to_do.command)
        };
        // What is turned away leaves nothing in the logs.
        let (words, command) = looking(FindingKind::Throttles, Some(20));
        assert!(words.contains("more reserved concurrency"), "{words}");
        assert_eq!(
            command.as_deref(),
            Some("aws lambda get-function-concurrency --function-name resize --region eu-west-1")
        );
        let (_, command) = looking(FindingKind::Throttles, None);
        assert_eq!(
            command.as_deref(),
            Some("aws lambda get-account-settings --region eu-west-1")
        );
        // A log group that is not there can't be followed, and what is set mends init.
        let (_, command) = looking(FindingKind::NoLogs, None);
        assert_eq!(
            command.as_deref(),
            Some(
                "aws lambda get-function-configuration --function-name resize --region eu-west-1 --query LoggingConfig"
            )
        );
        let (words, command) = looking(FindingKind::InitHeavy, None);
        assert!(!words.contains("no setting") && command.is_none());
        assert!(looking(FindingKind::Errors, None).0.contains("no setting"));
    }

    #[test]
    fn commands_can_be_pasted() {
        assert_eq!(
            command(Action::Tune {
                memory_sizes_mb: vec![256, 512, 1024]
            }),
            "tuner run --function resize --region eu-west-1 --preset standard --memory 256,512,1024 --payload \
             ./resize.event.json"
        );
        assert_eq!(
            command(Action::SetMemorySize { memory_size_mb: 512 }),
            "aws lambda update-function-configuration --function-name resize --region eu-west-1 --memory-size 512"
        );
        assert_eq!(
            command(Action::SetProvisionedConcurrency {
                qualifier: "live; rm -rf ~".to_owned(),
                environments: 0
            }),
            "aws lambda delete-provisioned-concurrency-config --function-name resize --region eu-west-1 \
             --qualifier 'live; rm -rf ~'"
        );
        assert_eq!(
            command(Action::ShowReports),
            "aws lambda update-function-configuration --function-name resize --region eu-west-1 \
             --logging-config LogFormat=JSON,SystemLogLevel=INFO,LogGroup=/aws/lambda/resize"
        );
        assert_eq!(
            command(Action::Investigate),
            "aws logs tail /aws/lambda/resize --since 1d --region eu-west-1"
        );
    }

    #[test]
    fn a_function_is_measured_with_what_is_registered_or_with_a_file_that_is_to_be_written() {
        let with = |payload| {
            let mut function = function(Action::Tune {
                memory_sizes_mb: vec![256, 1024],
            });
            function.payload = payload;
            first(&function).unwrap()
        };
        let s3 = RegisteredPayload::S3 {
            uri: "s3://bucket/it's.json".to_owned(),
        };
        let run = "tuner run --function resize --region eu-west-1 --preset standard --memory 256,1024";
        assert_eq!(
            with(Some(s3)).command.unwrap(),
            format!("{run} --payload-s3 's3://bucket/it'\\''s.json'")
        );
        assert_eq!(
            with(Some(RegisteredPayload::Empty)).command.unwrap(),
            format!("{run} --payload '{{}}'")
        );
        let masked = RegisteredPayload::S3 {
            uri: "s3://events-000000000000/resize.json".to_owned(),
        };
        assert!(with(Some(masked)).command.is_none());
        let inline = with(Some(RegisteredPayload::InRegistry));
        assert!(
            inline.command.is_none() && inline.words.contains("registry"),
            "{}",
            inline.words
        );
        let unknown = with(None);
        assert!(unknown.command.unwrap().ends_with("--payload ./resize.event.json"));
        assert!(unknown.words.contains("./resize.event.json"));
        assert!(unknown.note.unwrap().contains("up to 100 times"));
    }

    #[test]
    fn what_two_findings_ask_for_is_told_once() {
        let mut function = function(Action::Investigate);
        let about = |about| Advice {
            about,
            action: Action::Investigate,
        };
        function.advice = [FindingKind::Errors, FindingKind::TimeoutRisk, FindingKind::Regression]
            .map(about)
            .into();
        let all = all(&function);
        assert_eq!(all.len(), 1, "{all:?}");
        assert_eq!(all[0].words, "Look into what takes so long; look into what changed");
        assert!(all[0].command.as_ref().unwrap().starts_with("aws logs tail"));
    }

    #[test]
    fn what_may_break_is_said_beside_the_command() {
        let note = |action| first(&function(action)).unwrap().note.unwrap();
        let short = note(Action::SetTimeout { timeout_s: 20 });
        assert!(
            short.contains("SQS") && short.contains("120 s") && !short.contains("API Gateway"),
            "{short}"
        );
        let long = note(Action::SetTimeout { timeout_s: 60 });
        assert!(
            long.contains("API Gateway") && long.contains("29 s") && long.contains("360 s"),
            "{long}"
        );
        let mut known = function(Action::SetTimeout { timeout_s: 60 });
        known.function.event_sources = Some(vec![
            "arn:aws:sqs:eu-west-1:123456789012:orders".to_owned(),
            "arn:aws:kinesis:eu-west-1:123456789012:stream/clicks".to_owned(),
        ]);
        known.function.callers = Some(["apigateway.amazonaws.com".to_owned()].into());
        let told = first(&known).unwrap().note.unwrap();
        assert!(
            told.contains("The SQS queue orders triggers it")
                && told.contains("lets them call it, and more time is of no use to such calls: API Gateway")
                && told.contains("If one of these calls it, more time is of no use there: AppSync"),
            "{told}"
        );
        // Streams hide nothing that a handler works on.
        known.function.event_sources = Some(Vec::new());
        assert!(!first(&known).unwrap().note.unwrap().contains("SQS"));
        let more = note(Action::SetMemorySize { memory_size_mb: 1536 });
        assert!(more.contains("50 %"), "{more}");
        assert!(with_profile("tuner run", Some("my team")).ends_with("--profile 'my team'"));
    }

    #[test]
    fn lines_to_change_are_those_of_the_templates() {
        let to_do = first(&function(Action::SetMemorySize { memory_size_mb: 512 })).unwrap();
        assert_eq!(to_do.words, "Give it 512 MB instead of 1,024");
        assert_eq!(to_do.terraform.as_deref(), Some("memory_size = 512"));
        assert_eq!(to_do.sam.as_deref(), Some("MemorySize: 512"));
    }

    #[test]
    fn a_shell_reads_one_word() {
        for (text, word) in [
            ("resize", "resize"),
            ("", "''"),
            ("a b", "'a b'"),
            ("it's", "'it'\\''s'"),
            ("$(reboot)", "'$(reboot)'"),
            ("~x", "'~x'"),
        ] {
            assert_eq!(shell(text), word);
        }
    }
}
