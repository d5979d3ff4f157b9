//! Pulumi, SST and Amplify.

use std::rc::Rc;

use super::Program;
use super::syntax::{Construction, Expr, Language, Unit};
use super::value::{Form, Tracer};
use crate::model::{Candidate, Target, Tool, Wanted};
use crate::name::{Letters, Part, Pattern};

pub(super) fn candidates<'p>(program: &Rc<Program<'p>>, target: &Target) -> Vec<Candidate<'p>> {
    let mut candidates = Vec::new();
    for unit in program.units {
        for construction in &unit.constructions {
            let Some((tool, pattern)) = function(program, unit, construction) else {
                continue;
            };
            // Pulumi and SST leave no tags of CloudFormation.
            if target.logical_id.is_some() && tool != Tool::Amplify {
                continue;
            }
            // A file that the user names needs no name that fits: Amplify's are cut.
            let certainty = match Candidate::certainty(&pattern, &target.function) {
                Some((certainty, _)) => certainty,
                None if tool == Tool::Amplify && target.source.is_some() => crate::model::Certainty::Any,
                None => continue,
            };
            let address = construction
                .call
                .arguments
                .first()
                .and_then(Expr::text)
                .or(construction.variable.as_deref());
            let program = program.clone();
            candidates.push(Candidate {
                tool,
                address: address.unwrap_or_else(|| construction.call.name()).to_owned(),
                at: construction.span,
                certainty,
                trace: Box::new(move |wanted| {
                    let tracer = Tracer {
                        program: &program,
                        unit,
                        construction,
                        via: &[],
                        form: if tool == Tool::Sst { Form::WithUnit } else { Form::Plain },
                    };
                    tracer.trace(&names(tool, unit.language, wanted), wanted)
                }),
            });
        }
    }
    candidates
}

fn names(tool: Tool, language: Language, wanted: Wanted) -> Vec<&'static str> {
    match (tool, wanted) {
        (Tool::Sst, Wanted::Memory(_)) => vec!["memory"],
        (Tool::Amplify, Wanted::Memory(_)) => vec!["memoryMB"],
        (Tool::Amplify, Wanted::Timeout(_)) => vec!["timeoutSeconds"],
        (Tool::Sst | Tool::Amplify, Wanted::Arch(_)) => vec!["architecture"],
        (_, Wanted::Memory(_)) if language == Language::Python => vec!["memory_size"],
        (_, Wanted::Memory(_)) => vec!["memorySize"],
        (_, Wanted::Timeout(_)) => vec!["timeout"],
        (_, Wanted::Arch(_)) => vec!["architectures"],
    }
}

/// Whose function a call makes, and how it is named.
fn function(program: &Program<'_>, unit: &Unit, construction: &Construction) -> Option<(Tool, Pattern)> {
    let call = &construction.call;
    let properties = call.properties();
    if call.callee == "defineFunction" {
        let folder = program
            .tree
            .folder(unit.file)
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        let name = match properties.get("name") {
            Some(name) => program.text(&name.value, unit, 0),
            None => Pattern::text(folder),
        };
        let mut pattern = Pattern::text("amplify-");
        pattern.push(Part::Hole("app".to_owned()));
        pattern.push(Part::Text("-".to_owned()));
        pattern.append(&name);
        pattern.push(Part::Text("lambda".to_owned()));
        pattern.push(Part::Hole("random".to_owned()));
        return Some((Tool::Amplify, pattern));
    }
    let first = call.arguments.first().filter(|first| !Program::is_scope(first))?;
    let mut base = program.text(first, unit, 0);
    if call.callee.starts_with("sst.") && call.name() == "Function" {
        let mut pattern = Pattern::hole("app and stage");
        pattern.push(Part::Text("-".to_owned()));
        pattern.append(&base);
        pattern.push(Part::Text("Function-".to_owned()));
        pattern.push(Part::Random(Letters::Lower, 5, 12));
        return Some((Tool::Sst, pattern));
    }
    let is_pulumi = matches!(call.name(), "Function" | "CallbackFunction")
        && (call.callee.contains("lambda") || call.callee == call.name());
    if !is_pulumi {
        return None;
    }
    match ["name", "functionName", "function_name"]
        .iter()
        .find_map(|name| properties.get(name))
    {
        Some(name) => Some((Tool::Pulumi, program.text(&name.value, unit, 0))),
        None => {
            base.push(Part::Text("-".to_owned()));
            base.push(Part::Random(Letters::Hex, 7, 7));
            Some((Tool::Pulumi, base))
        }
    }
}
