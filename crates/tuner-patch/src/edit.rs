//! Changed texts: the asked bytes are replaced, and nothing else is another value afterwards.

use std::collections::{BTreeMap, HashMap};

use similar::{Algorithm, DiffOp, capture_diff_slices};

use crate::model::Splice;
use crate::span::FileId;
use crate::tree::Tree;
use crate::{data, terraform};

/// The texts of the changed files, without byte order marks; none where two changes touch the same bytes.
pub(crate) fn spliced(tree: &Tree, splices: &[Splice]) -> Option<HashMap<FileId, String>> {
    let mut by_file: BTreeMap<FileId, Vec<&Splice>> = BTreeMap::new();
    for splice in splices {
        by_file.entry(splice.span.file).or_default().push(splice);
    }
    let mut texts = HashMap::new();
    for (file, mut changes) in by_file {
        changes.sort_by_key(|splice| (splice.span.start, splice.span.end));
        let old = tree.text(file)?;
        let mut new = String::with_capacity(old.len() + 64);
        let mut at = 0;
        for change in changes {
            new.push_str(old.get(at..change.span.start)?);
            new.push_str(&change.text);
            at = change.span.end;
        }
        new.push_str(old.get(at..)?);
        texts.insert(file, new);
    }
    Some(texts)
}

/// Whether a changed file says nothing else differently: its names and values are the same but for those that were put in.
pub(crate) fn keeps_the_rest(before: &Tree, after: &Tree, splices: &[Splice]) -> bool {
    let mut by_file: BTreeMap<FileId, (usize, usize)> = BTreeMap::new();
    for splice in splices {
        let (replaced, added) = by_file.entry(splice.span.file).or_default();
        if splice.span.start == splice.span.end {
            *added += 1
        } else {
            *replaced += 1
        }
    }
    by_file.into_iter().all(|(file, (replaced, added))| {
        let (Some(old), Some(new)) = (leaves(before, file), leaves(after, file)) else {
            return false;
        };
        let (mut gone, mut come) = (0, 0);
        for operation in capture_diff_slices(Algorithm::Myers, &old, &new) {
            match operation {
                DiffOp::Equal { .. } => {}
                DiffOp::Delete { old_len, .. } => gone += old_len,
                DiffOp::Insert { new_len, .. } => come += new_len,
                DiffOp::Replace { old_len, new_len, .. } => {
                    gone += old_len;
                    come += new_len;
                }
            }
        }
        // `minutes(1)` is a name and a number; a new property a name, signs and a value.
        gone <= replaced * 2 && come <= replaced * 2 + added * 8
    })
}

/// The names and values of a file, in its order.
fn leaves(tree: &Tree, file: FileId) -> Option<Vec<String>> {
    let name = tree.name(file).to_ascii_lowercase();
    let text = tree.text(file)?;
    let ends = |ends: &[&str]| ends.iter().any(|end| name.ends_with(end));
    if ends(&[".tf", ".tofu", ".tfvars", ".hcl"]) {
        return terraform::leaves(text);
    }
    if ends(&[".ts", ".mts", ".js", ".mjs", ".cjs", ".py", ".java"]) {
        #[cfg(feature = "code")]
        return crate::code::leaves(tree.path(file), text);
        #[cfg(not(feature = "code"))]
        return None;
    }
    if ends(&[".arc"]) {
        return Some(text.split_whitespace().map(str::to_owned).collect());
    }
    let mut leaves = Vec::new();
    for document in tree.data(file)? {
        document.walk(&mut |node| match &node.kind {
            data::Kind::Scalar(scalar) => leaves.push(scalar.text.clone()),
            data::Kind::Map(map) => leaves.extend(map.entries.iter().map(|entry| format!("{}:", entry.key))),
            _ => leaves.push(String::new()),
        });
    }
    Some(leaves)
}
