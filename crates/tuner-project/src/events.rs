//! Events that are sent to functions: JSON files by the function's name, else the only one there is.

use std::path::{Path, PathBuf};

use crate::draft::Draft;
use crate::readiness::code_folder;
use crate::tree::Tree;

const FOLDERS: [&str; 6] = [
    "events",
    "event",
    "test/events",
    "tests/events",
    "__tests__/events",
    "tests/unit/events",
];
const FILES: [&str; 2] = ["event.json", "payload.json"];

/// What fits a function.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Events {
    pub(crate) one: Option<PathBuf>,
    pub(crate) all: Vec<PathBuf>,
}

/// The events of one function, where all functions of the project are known.
pub(crate) fn of(draft: &Draft, all: &[Draft], tree: &Tree) -> Events {
    let below = |folder: &Path| {
        folder
            .ancestors()
            .take_while(|f| f.starts_with(&tree.root))
            .map(Path::to_owned)
            .collect::<Vec<_>>()
    };
    // From the code outwards to the folder of the template, then outwards to the project's.
    let mut places = below(code_folder(draft, &tree.root));
    for place in below(draft.folder()) {
        if !places.contains(&place) {
            places.push(place);
        }
    }
    for place in places {
        let found = files(&place, tree);
        let events = choose(draft, all, &found);
        if !events.all.is_empty() {
            return events;
        }
        // What is there is somebody else's.
        if !found.is_empty() && place == tree.root {
            break;
        }
    }
    Events::default()
}

fn files(folder: &Path, tree: &Tree) -> Vec<PathBuf> {
    let is_event = |file: &&PathBuf| {
        let inside = file.strip_prefix(folder).ok();
        let is_json = file.extension().is_some_and(|e| e.eq_ignore_ascii_case("json"));
        is_json
            && inside.is_some_and(|path| {
                FILES.iter().any(|name| path == Path::new(name)) || FOLDERS.iter().any(|f| path.starts_with(f))
            })
    };
    tree.files.iter().filter(is_event).cloned().collect()
}

/// Letters and digits in small ones: `CreateOrder`, `create-order` and `create_order` are one name.
fn plain(name: &str) -> String {
    name.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// Names by which an event may mean a function: its own with and without what many end with.
fn names(draft: &Draft) -> Vec<String> {
    let own = plain(&draft.name);
    let short = ["function", "lambda", "handler", "fn"]
        .iter()
        .filter_map(|end| own.strip_suffix(end))
        .find(|s| !s.is_empty());
    let short = short.map(str::to_owned);
    [Some(own.clone()), short]
        .into_iter()
        .flatten()
        .filter(|name| !name.is_empty())
        .collect()
}

/// How well a file fits by its name: 0 exactly, 1 as one of several.
fn fits(file: &Path, names: &[String]) -> Option<u8> {
    let stem = plain(&file.file_stem().unwrap_or_default().to_string_lossy());
    let folder = plain(
        &file
            .parent()
            .and_then(Path::file_name)
            .unwrap_or_default()
            .to_string_lossy(),
    );
    let without = stem
        .strip_suffix("event")
        .or_else(|| stem.strip_prefix("event"))
        .unwrap_or(&stem);
    if names.iter().any(|name| *name == stem || *name == without) {
        return Some(0);
    }
    let raw = file.file_stem().unwrap_or_default().to_string_lossy().to_lowercase();
    let begins = |name: &String| {
        // `create-order-large.json`: the name ends where a word does.
        raw.char_indices()
            .any(|(i, c)| !c.is_alphanumeric() && plain(&raw[..i]) == *name)
    };
    (names.contains(&folder) || names.iter().any(begins)).then_some(1)
}

fn choose(draft: &Draft, all: &[Draft], found: &[PathBuf]) -> Events {
    let own = names(draft);
    let by_name = |level: u8| {
        found
            .iter()
            .filter(|f| fits(f, &own) == Some(level))
            .cloned()
            .collect::<Vec<_>>()
    };
    let (exact, several) = (by_name(0), by_name(1));
    if let [one] = exact.as_slice() {
        return Events {
            one: Some(one.clone()),
            all: exact.iter().chain(&several).cloned().collect(),
        };
    }
    let named: Vec<PathBuf> = exact.into_iter().chain(several).collect();
    let fitting = match named.is_empty() {
        false => named,
        // What is another function's by name is not this one's.
        true => found
            .iter()
            .filter(|file| {
                !all.iter()
                    .any(|other| other.name != draft.name && fits(file, &names(other)) == Some(0))
            })
            .cloned()
            .collect(),
    };
    match fitting.as_slice() {
        [one] => Events {
            one: Some(one.clone()),
            all: fitting,
        },
        _ => Events {
            one: None,
            all: fitting,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code::Code;
    use crate::draft::Build;

    fn chosen(name: &str, others: &[&str], files: &[&str]) -> (Option<String>, usize) {
        let draft = |name: &&str| Draft::new(*name, Path::new("/p/t.yaml"), Code::Folder("/p".into()), Build::Own);
        let all: Vec<Draft> = others.iter().chain([&name]).map(draft).collect();
        let found: Vec<PathBuf> = files.iter().map(|f| Path::new("/p/events").join(f)).collect();
        let events = choose(&draft(&name), &all, &found);
        let name = |p: PathBuf| p.file_name().unwrap().to_string_lossy().into_owned();
        (events.one.map(name), events.all.len())
    }

    #[test]
    fn an_event_is_found_by_name_or_because_it_is_the_only_one() {
        for (name, others, files, one, all) in [
            (
                "CreateOrder",
                &["ListOrders"][..],
                &["create-order.json", "list_orders.json"][..],
                Some("create-order.json"),
                1,
            ),
            (
                "CreateOrderFunction",
                &[],
                &["create-order.json", "x.json"],
                Some("create-order.json"),
                1,
            ),
            ("A", &[], &["event.json"], Some("event.json"), 1),
            ("A", &[], &["x.json", "y.json"], None, 2),
            ("B", &["A"], &["a.json"], None, 0),
            ("B", &["A"], &["shared.json"], Some("shared.json"), 1),
            ("A", &[], &["a-small.json", "a-large.json", "b.json"], None, 2),
            ("A", &[], &["a.json", "a-large.json"], Some("a.json"), 2),
            ("A", &[], &["a/one.json", "b/two.json"], Some("one.json"), 1),
            ("A", &[], &["a-event.json", "b.json"], Some("a-event.json"), 1),
            ("A", &[], &[], None, 0),
        ] {
            assert_eq!(
                chosen(name, others, files),
                (one.map(str::to_owned), all),
                "{name} of {files:?}"
            );
        }
    }
}
