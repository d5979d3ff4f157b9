//! CDK: a construct's path gives its logical ID, which AWS puts on the function.

use std::rc::Rc;

use md5::{Digest as _, Md5};

use super::Program;
use super::syntax::{Construction, Expr, Kind, Unit};
use super::value::{Form, Tracer};
use crate::model::{Candidate, Certainty, Found, Note, Target, Tool, Traced, Wanted};
use crate::name::{Known, Letters, Part, Pattern};

/// Constructs within constructs.
const DEEPEST: usize = 8;
/// Paths of one construct.
const MOST: usize = 300;

/// A construct's path below its stack, with the calls that lead there.
#[derive(Clone)]
struct Route<'p> {
    path: Vec<String>,
    via: Vec<(&'p Unit, &'p Construction)>,
    /// The class of the stack.
    stack: Option<&'p str>,
}

pub(super) fn candidates<'p>(program: &Rc<Program<'p>>, target: &Target) -> Vec<Candidate<'p>> {
    let mut all: Vec<(bool, Candidate<'p>)> = Vec::new();
    for unit in program.units {
        for construction in &unit.constructions {
            if !is_function(construction) {
                continue;
            }
            let Some((certainty, route)) = fits(program, unit, construction, target) else {
                continue;
            };
            let is_proven = route.as_ref().is_some_and(|route| is_in_stack(program, route, target));
            let via = route.map(|route| route.via).unwrap_or_default();
            let address = construction
                .call
                .id()
                .and_then(Expr::text)
                .unwrap_or_else(|| construction.call.name());
            let program = program.clone();
            all.push((
                is_proven,
                Candidate {
                    tool: Tool::Cdk,
                    address: address.to_owned(),
                    at: construction.span,
                    certainty,
                    trace: Box::new(move |wanted| trace(&program, unit, construction, &via, wanted)),
                },
            ));
        }
    }
    if all.iter().any(|(is_proven, _)| *is_proven) {
        all.retain(|(is_proven, _)| *is_proven);
    }
    // A proven ID needs no guess at what has none.
    if all.iter().any(|(_, one)| one.certainty > Certainty::Any) {
        all.retain(|(_, one)| one.certainty > Certainty::Any);
    }
    all.into_iter().map(|(_, candidate)| candidate).collect()
}

/// A construct with a scope and an ID, of a class of functions.
fn is_function(construction: &Construction) -> bool {
    let call = &construction.call;
    let is_class = call.name().ends_with("Function") && call.name().starts_with(char::is_uppercase);
    let scope = call.arguments.first().is_some_and(Program::is_scope);
    is_class && scope && call.id().is_some() && !call.callee.starts_with("sst.")
}

fn trace(
    program: &Program<'_>,
    unit: &Unit,
    construction: &Construction,
    via: &[(&Unit, &Construction)],
    wanted: Wanted,
) -> Traced {
    let tracer = Tracer {
        program,
        unit,
        construction,
        via,
        form: Form::Cdk,
    };
    let names: &[&str] = match wanted {
        Wanted::Memory(_) => &["memorySize", "memory_size"],
        Wanted::Timeout(_) => &["timeout"],
        Wanted::Arch(_) => &["architecture", "architectures"],
    };
    // In Python the first name is the other one.
    let names: Vec<&str> = if unit.language == super::Language::Python {
        names.iter().rev().copied().collect()
    } else {
        names.to_vec()
    };
    let traced = tracer.trace(&names, wanted);
    let own_class = program
        .units
        .iter()
        .any(|unit| unit.classes.contains_key(construction.call.name()));
    if own_class && matches!(traced.found, Found::Absent) {
        return Traced::new(Found::Unclear(vec![Note::new(
            construction.span,
            "a class of this tree decides what nothing means",
        )]));
    }
    traced
}

/// Whether it can be the function, and by which path.
fn fits<'p>(
    program: &Program<'p>,
    unit: &'p Unit,
    construction: &'p Construction,
    target: &Target,
) -> Option<(Certainty, Option<Route<'p>>)> {
    let resource = !construction.call.name().starts_with("Cfn");
    let routes = routes(program, unit, construction, 0);
    if let Some(logical_id) = &target.logical_id {
        let route = routes
            .iter()
            .find(|route| self::logical_id(&route.path, resource).as_deref() == Some(logical_id));
        if let Some(route) = route {
            return Some((Certainty::Sure, Some(route.clone())));
        }
        return (routes.is_empty() && may_be(program, unit, construction, logical_id))
            .then_some((Certainty::Any, None));
    }
    let name = ["functionName", "function_name"]
        .iter()
        .find_map(|name| construction.call.properties().get(name));
    if let Some(name) = name {
        let pattern = program.text(&name.value, unit, 0);
        let (certainty, _) = Candidate::certainty(&pattern, &target.function)?;
        return Some((certainty, routes.into_iter().next()));
    }
    routes.into_iter().find_map(|route| {
        let id = self::logical_id(&route.path, resource)?;
        let mut pattern = target
            .stack
            .as_ref()
            .map_or_else(|| Pattern::hole("stack"), Pattern::text);
        pattern.push(Part::Text(format!("-{id}-")));
        pattern.push(Part::Random(Letters::Alphanumeric, 12, 13));
        let (certainty, _) = Candidate::certainty(&pattern, &target.function)?;
        Some((certainty, Some(route)))
    })
}

/// Where the construct's own ID is not written: whether what is written of it can be in the logical ID.
fn may_be(program: &Program<'_>, unit: &Unit, construction: &Construction, logical_id: &str) -> bool {
    let Some(id) = construction.call.id() else {
        return false;
    };
    let written = program.text(id, unit, 0);
    let texts = written.0.iter().filter_map(|part| match part {
        Part::Text(text) => Some(text.chars().filter(char::is_ascii_alphanumeric).collect::<String>()),
        _ => None,
    });
    texts.into_iter().all(|text| logical_id.contains(&text))
}

/// The IDs that a construct is given: one, or one for each turn of a loop.
fn ids(program: &Program<'_>, unit: &Unit, construction: &Construction) -> Vec<String> {
    let Some(id) = construction.call.id() else {
        return Vec::new();
    };
    let pattern = program.text(id, unit, 0);
    if let Some(text) = pattern.known_text() {
        return vec![text.to_owned()];
    }
    let Some(repeated) = &construction.repeated else {
        return Vec::new();
    };
    let hole = repeated.name.as_deref().unwrap_or_default();
    let word = format!("{hole}@{}", unit.file);
    let turns = repeated.items.iter().filter_map(|item| {
        let known = Known::from([(word.clone(), item.clone())]);
        pattern.filled(&known).known_text().map(str::to_owned)
    });
    turns.collect()
}

fn routes<'p>(program: &Program<'p>, unit: &'p Unit, construction: &'p Construction, depth: usize) -> Vec<Route<'p>> {
    let ids = ids(program, unit, construction);
    if depth > DEEPEST || ids.is_empty() {
        return Vec::new();
    }
    let mut routes = Vec::new();
    for scope in scopes(program, unit, construction, depth) {
        for id in &ids {
            if routes.len() >= MOST {
                return routes;
            }
            let mut route = scope.clone();
            route.path.push(id.clone());
            routes.push(route);
        }
    }
    routes
}

/// The paths of the scope in which a construct is made.
fn scopes<'p>(program: &Program<'p>, unit: &'p Unit, construction: &'p Construction, depth: usize) -> Vec<Route<'p>> {
    let top = |stack: Option<&'p str>| {
        vec![Route {
            path: Vec::new(),
            via: Vec::new(),
            stack,
        }]
    };
    let scope = match construction.call.arguments.first().map(|scope| &scope.kind) {
        Some(Kind::Path(path)) => path.as_str(),
        _ => return top(None),
    };
    if matches!(scope, "this" | "self") {
        let Some(class) = construction.class.as_deref() else {
            return top(None);
        };
        let base = unit
            .classes
            .get(class)
            .map(|class| class.base.as_str())
            .unwrap_or_default();
        if base.ends_with("Stack") || class.ends_with("Stack") {
            return top(Some(class));
        }
        let mut routes = Vec::new();
        for other in program.units {
            for made in other
                .constructions
                .iter()
                .filter(|made| made.call.name() == class && !std::ptr::eq(*made, construction))
            {
                for mut route in self::routes(program, other, made, depth + 1) {
                    route.via.push((other, made));
                    routes.push(route);
                }
            }
        }
        return if routes.is_empty() { top(None) } else { routes };
    }
    let name = scope.trim_start_matches("this.").trim_start_matches("self.");
    let holder = unit
        .constructions
        .iter()
        .find(|made| made.variable.as_deref() == Some(name) && !std::ptr::eq(*made, construction));
    match holder {
        Some(holder) if holder.call.name().ends_with("Stack") || holder.call.name() == "App" => top(None),
        Some(holder) => {
            let routes = self::routes(program, unit, holder, depth + 1);
            if routes.is_empty() { top(None) } else { routes }
        }
        None => top(None),
    }
}

/// Whether the app makes the route's stack under the name that AWS has.
fn is_in_stack(program: &Program<'_>, route: &Route<'_>, target: &Target) -> bool {
    let (Some(class), Some(stack)) = (route.stack, &target.stack) else {
        return false;
    };
    program.constructions().any(|(unit, made)| {
        let name = ["stackName", "stack_name"]
            .iter()
            .find_map(|name| made.call.properties().get(name))
            .map(|property| &property.value);
        let name = name.or_else(|| made.call.id());
        made.call.name() == class
            && name.is_some_and(|name| program.text(name, unit, 0).fits(stack).is_some_and(|fit| fit.exact))
    })
}

/// The logical ID of a construct's resource: the words of its path, and eight digits of the path's MD5.
///
/// `aws-cdk-lib/core/lib/private/uniqueid.ts`: words that repeat the end of the one before are left out, `Default` counts for nothing,
/// `Resource` counts for the digits alone; a path of one word is the ID.
fn logical_id(path: &[String], is_resource: bool) -> Option<String> {
    const LONGEST: usize = 240;
    let mut words: Vec<&str> = path
        .iter()
        .map(String::as_str)
        .filter(|word| *word != "Default")
        .collect();
    if is_resource {
        words.push("Resource");
    }
    if let [only] = words.as_slice() {
        return only
            .chars()
            .all(|c| c.is_ascii_alphanumeric())
            .then(|| (*only).to_owned());
    }
    let digest = Md5::digest(words.join("/").as_bytes());
    let digits: String = digest.iter().take(4).map(|byte| format!("{byte:02X}")).collect();
    let mut human: Vec<&str> = Vec::new();
    for word in words {
        if human.last().is_none_or(|last| !last.ends_with(word)) {
            human.push(word);
        }
    }
    let human: String = human
        .into_iter()
        .filter(|word| *word != "Resource")
        .flat_map(str::chars)
        .filter(char::is_ascii_alphanumeric)
        .take(LONGEST)
        .collect();
    Some(format!("{human}{digits}"))
}

#[cfg(test)]
mod tests {
    use super::logical_id;

    fn id(path: &[&str]) -> Option<String> {
        logical_id(&path.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>(), true)
    }

    #[test]
    fn logical_ids_of_the_public_workshop() {
        assert_eq!(id(&["HelloHandler"]).as_deref(), Some("HelloHandler2E4FBA4D"));
        assert!(id(&["HelloHitCounter", "HitCounterHandler"]).is_some_and(|id| id.ends_with("DAEA7B37")));
    }
}
