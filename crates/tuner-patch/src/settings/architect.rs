//! Architect: `config.arc` of a function before the app's manifest.

use std::path::Path;

use crate::insert;
use crate::model::{Candidate, Certainty, Found, Note, Splice, Target, Tool, Traced, Wanted};
use crate::name::{Letters, Part, Pattern};
use crate::span::{FileId, Span};
use crate::tree::Tree;

/// Folders of functions, and how their logical IDs end.
const KINDS: [(&str, &str); 8] = [
    ("http", "HTTPLambda"),
    ("events", "EventLambda"),
    ("scheduled", "ScheduledLambda"),
    ("queues", "QueueLambda"),
    ("tables-streams", "TableStreamLambda"),
    ("streams", "TableStreamLambda"),
    ("ws", "WSLambda"),
    ("customs", "CustomLambda"),
];

pub(super) fn candidates<'a>(tree: &'a Tree, target: &Target, out: &mut Vec<Candidate<'a>>) {
    for (file, path) in tree.files() {
        let name = tree.name(file);
        if !matches!(name, "config.arc" | ".arc-config") {
            continue;
        }
        let folder = path.parent().unwrap_or(Path::new(""));
        let Some(logical_id) = logical_id(folder) else { continue };
        let fits = match &target.logical_id {
            Some(id) => (*id == logical_id).then_some(Certainty::Sure),
            None => {
                let mut pattern = Pattern::hole("stack");
                pattern.push(Part::Text(format!("-{logical_id}-")));
                pattern.push(Part::Random(Letters::Alphanumeric, 12, 13));
                Candidate::certainty(&pattern, &target.function).map(|(certainty, _)| certainty)
            }
        };
        let Some(certainty) = fits else { continue };
        let manifest = folder
            .ancestors()
            .skip(1)
            .find_map(|above| ["app.arc", ".arc"].iter().find_map(|name| tree.find(&above.join(name))));
        out.push(Candidate {
            tool: Tool::Architect,
            address: logical_id,
            at: Span::new(file, 0..0),
            certainty,
            trace: Box::new(move |wanted| trace(tree, file, manifest, wanted)),
        });
    }
}

/// `src/http/get-resize` is `GetResizeHTTPLambda`.
fn logical_id(folder: &Path) -> Option<String> {
    let name = folder.file_name()?.to_str()?;
    let kind = folder.parent()?.file_name()?.to_str()?;
    let (_, end) = KINDS.iter().find(|(folder, _)| *folder == kind)?;
    let words = name.split(['-', '_']).map(|word| {
        let mut letters = word.chars();
        letters
            .next()
            .map(|first| first.to_uppercase().to_string() + letters.as_str())
            .unwrap_or_default()
    });
    Some(words.collect::<String>() + end)
}

/// A value of the section `@aws`, and where the section begins.
fn value(tree: &Tree, file: FileId, key: &str) -> (Option<Span>, Option<Span>) {
    let text = tree.text(file).unwrap_or_default();
    let (mut at, mut section, mut found) = (0, None, None);
    let mut inside = false;
    for line in text.split_inclusive('\n') {
        let content = line.split('#').next().unwrap_or_default();
        let trimmed = content.trim();
        if trimmed.starts_with('@') {
            inside = trimmed == "@aws";
            if inside {
                section = Some(Span::new(file, at..at + content.trim_end().len()));
            }
        } else if inside {
            let mut words = trimmed.split_whitespace();
            if words.next() == Some(key)
                && let Some(word) = words.next()
            {
                let start = at + content.rfind(word).unwrap_or(0);
                found = Some(Span::new(file, start..start + word.len()));
            }
        }
        at += line.len();
    }
    (found, section)
}

fn trace(tree: &Tree, file: FileId, manifest: Option<FileId>, wanted: Wanted) -> Traced {
    let key = match wanted {
        Wanted::Memory(_) => "memory",
        Wanted::Timeout(_) => "timeout",
        Wanted::Arch(_) => "architecture",
    };
    let (own, section) = value(tree, file, key);
    let shared = manifest.and_then(|manifest| value(tree, manifest, key).0);
    let Some(place) = own.or(shared) else {
        let line = section.and_then(|section| insert::line_after(tree, section, &format!("{key} {}", wanted.text())));
        return Traced::new(Found::Absent).own(line);
    };
    let text = tree.slice(place);
    if !wanted.is_kind_of(text) {
        return Traced::unclear(place, "is no literal");
    }
    let found = if wanted.is(text) {
        Found::Same(place)
    } else {
        Found::Other(Splice {
            span: place,
            text: wanted.text(),
        })
    };
    let line = section.and_then(|section| insert::line_after(tree, section, &format!("{key} {}", wanted.text())));
    match own {
        Some(_) => Traced::new(found),
        None => Traced::new(found)
            .users(vec![Note::new(place, "all functions of the app take it")])
            .own(line),
    }
}
