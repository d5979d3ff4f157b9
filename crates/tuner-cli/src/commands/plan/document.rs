//! The document of a plan: what a tuning would do, as data and line by line in words.

use schemars::JsonSchema;
use serde::Serialize;
use tuner_core::planning::Preset;
use tuner_core::pricing::{Money, PriceTable};
use tuner_core::{MemorySize, Payloads};
use tuner_engine::{TuningRequest, withheld};
use uuid::Uuid;

use super::spending::{Spends, spends, takes, versions};
use super::{Calls, Known, Now, Place, allowed, at_stake, calls, invocations, sizes, too_small};
use crate::commands::{prior, run};
use crate::units;

/// What `tuner run` with the same arguments would call, publish and spend.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Plan {
    /// Version of this form: 1.
    schema_version: u32,
    /// The same for the same function, code, settings, options, payload and prices, and another one as soon as any of them changes.
    id: String,
    /// The function, as it would be tuned.
    function: String,
    /// What it is called in the report, where that is another name.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// Who measures, and where.
    place: PlanPlace,
    /// Memory size that the function has, in MB; absent where it could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    present_memory_size_mb: Option<u32>,
    /// Invocations, cold starts included.
    invocations: Calls,
    /// Versions that would be published, and deleted at the end; 0 on this machine.
    versions: u64,
    /// The most that can be spent, and 0 on this machine; absent where it is not known, which the lines explain.
    #[serde(skip_serializing_if = "Option::is_none")]
    spends_at_most: Option<Money>,
    /// The same and more in words, in the order in which people read it.
    lines: Vec<Line>,
}

/// Who measures, and where.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum PlanPlace {
    /// This machine, on itself.
    Local,
    /// This machine, in AWS.
    Direct,
    /// The service.
    Service,
}

/// A line of a plan.
#[derive(Debug, Serialize, JsonSchema)]
struct Line {
    /// What it is about, in a word.
    about: String,
    /// What it says.
    says: String,
}

impl Plan {
    pub(super) fn of(request: &TuningRequest, payloads: &Payloads, known: &Known, prices: &PriceTable) -> Self {
        let (left_out, request) = &allowed(request, &known.floor);
        let spends = spends(request, known, prices);
        let is_local = matches!(known.place, Place::Local);
        Self {
            schema_version: 1,
            id: id(request, payloads, known, &spends),
            function: known.name.clone(),
            name: request.options.name.clone().filter(|name| *name != known.name),
            place: match known.place {
                Place::Local => PlanPlace::Local,
                Place::Direct => PlanPlace::Direct,
                Place::Service { .. } => PlanPlace::Service,
            },
            present_memory_size_mb: present(request, known),
            invocations: calls(request, payloads),
            versions: if is_local { 0 } else { versions(request) },
            spends_at_most: spends.at_most,
            lines: lines(left_out, request, payloads, known, prices, &spends),
        }
    }

    /// For people: a line under the other.
    pub(super) fn in_words(&self) -> String {
        let mut text = match &self.name {
            Some(name) => format!("Plan for {name} ({})\n", self.function),
            None => format!("Plan for {}\n", self.function),
        };
        for Line { about, says } in &self.lines {
            text.push_str(&format!("  {about:<10} {says}\n"));
        }
        text
    }
}

/// Of everything that somebody who agrees to a plan agrees to.
fn id(request: &TuningRequest, payloads: &Payloads, known: &Known, spends: &Spends) -> String {
    let now = known.now.as_ref().ok().map(|now| {
        serde_json::json!([
            now.code_sha256,
            now.memory_size_mb,
            now.timeout_s,
            now.architecture,
            now.runtime,
            now.snap_start
        ])
    });
    let place = match &known.place {
        Place::Local => "local",
        Place::Direct => "direct",
        Place::Service { machine, .. } => machine,
    };
    let all = serde_json::json!([
        known.name,
        known.region,
        place,
        now,
        request.options,
        known.floor.binding_mb(),
        spends.at_most
    ])
    .to_string();
    let sent = payloads
        .entries()
        .iter()
        .flat_map(|one| [one.body.clone(), one.weight.to_be_bytes().to_vec()]);
    let values: Vec<Vec<u8>> = std::iter::once(all.into_bytes()).chain(sent).collect();
    let digest = withheld(Uuid::nil(), values.iter().map(Vec::as_slice)).keyed_sha256;
    digest.unwrap_or_default().chars().take(16).collect()
}

/// A program on this machine has a memory size only where one was given.
fn present(request: &TuningRequest, known: &Known) -> Option<u32> {
    let now = known.now.as_ref().ok()?;
    request.has_present_size.then_some(now.memory_size_mb)
}

fn lines(
    left_out: &[MemorySize],
    request: &TuningRequest,
    payloads: &Payloads,
    known: &Known,
    prices: &PriceTable,
    spends: &Spends,
) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut line = |about: &str, says: String| {
        lines.push(Line {
            about: about.to_owned(),
            says,
        });
    };
    if let Place::Service { machine, region } = &known.place {
        line("by", format!("state machine {machine} in {region}"));
    }
    line(
        "now",
        match &known.now {
            Ok(now) => format!(
                "{}{}, timeout {}",
                present(request, known).map_or_else(String::new, |mb| format!("{mb} MB, ")),
                now.architecture,
                run::seconds(now.timeout_s)
            ),
            Err(reason) => format!("not known here ({reason}); the service reads it"),
        },
    );
    line("measures", sizes(request, &known.floor));
    if !left_out.is_empty() {
        let list: Vec<String> = left_out.iter().map(|size| size.mb().to_string()).collect();
        line("leaves out", format!("{} MB, below the floor", list.join(", ")));
    }
    for (head, words) in prior::words(&known.floor, &known.region, prices) {
        line(head, words);
    }
    line("invokes", invocations(request, payloads));
    if let Some(words) = at_stake(request) {
        line("ahead", words);
    }
    if let Some(note) = payloads.note() {
        line("sends", note);
    }
    if !matches!(known.place, Place::Local) {
        line(
            "publishes",
            format!(
                "{}{}, deleted at the end; meanwhile $LATEST changes its memory size for some seconds and is put back before measuring",
                if request.options.preset == Preset::Grid {
                    ""
                } else {
                    "about "
                },
                units::plural(versions(request), "version")
            ),
        );
    }
    let constraints = request.options.constraints.iter().map(|c| format!(", {c}"));
    line(
        "objective",
        format!("{}{}", request.options.objective, constraints.collect::<String>()),
    );
    line("takes", takes(request, known));
    line("spends", spends.words.clone());
    if let Some(words) = too_small(request, known, prices) {
        line("BUT", words);
    }
    if let Some(words) = run::afterwards(&request.options.apply) {
        line("applies", words);
    }
    if let Ok(Now { marked: Some(mark), .. }) = &known.now {
        let until = match known.place {
            Place::Service { .. } => "the service refuses unless that one is over",
            _ => "`run` will refuse until that one ends or `tuner restore` was run",
        };
        line(
            "BUT",
            format!("the function carries the mark of tuning {}: {until}", mark.tuning_id),
        );
    }
    lines
}
