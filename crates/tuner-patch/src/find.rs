//! Which function of the tree it is.

use std::path::Path;

use crate::model::{Candidate, Certainty, Target};
use crate::tree::Tree;

/// What was found.
pub(crate) enum Choice<'a> {
    One(Candidate<'a>),
    /// More than one can have the name.
    Several(Vec<Candidate<'a>>),
    /// Their names say nothing of which function they are.
    Nameless(Vec<Candidate<'a>>),
    None,
}

/// Chooses among all that can be the function.
pub(crate) fn choose<'a>(tree: &Tree, target: &Target, candidates: Vec<Candidate<'a>>) -> Choice<'a> {
    let named = target.source.as_deref();
    let mut left: Vec<Candidate<'a>> = match named {
        Some(source) => candidates.into_iter().filter(|one| is_in(tree, one, source)).collect(),
        None => candidates,
    };
    let best = left.iter().map(|one| one.certainty).max();
    match best {
        None => Choice::None,
        // A name that says nothing stands back behind one that says something.
        Some(best) if best > Certainty::Any => {
            left.retain(|one| one.certainty > Certainty::Any);
            one_or_several(left)
        }
        // The user says which it is.
        Some(_) if named.is_some() && left.len() == 1 => one_or_several(left),
        Some(_) => Choice::Nameless(left),
    }
}

fn one_or_several(mut left: Vec<Candidate<'_>>) -> Choice<'_> {
    match left.len() {
        1 => left.pop().map_or(Choice::None, Choice::One),
        _ => Choice::Several(left),
    }
}

/// Whether it is defined in `FILE`, `FOLDER` or at `FILE#ADDRESS`.
fn is_in(tree: &Tree, candidate: &Candidate<'_>, source: &str) -> bool {
    let (path, address) = match source.split_once('#') {
        Some((path, address)) => (path, Some(address)),
        None => (source, None),
    };
    let path = Path::new(path)
        .strip_prefix(tree.root())
        .ok()
        .and_then(Path::to_str)
        .unwrap_or(path);
    let Some(path) = tree.resolve(Path::new(""), path.trim_end_matches('/')) else {
        return false;
    };
    let file = tree.path(candidate.at.file);
    // A link is the file it leads to.
    let is_file = file == path || tree.find(&path) == Some(candidate.at.file);
    (is_file || file.starts_with(&path)) && address.is_none_or(|address| address == candidate.address)
}
