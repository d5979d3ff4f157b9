//! A unified diff, as `git apply` and `patch -p1` read it.

use std::path::Path;

use similar::TextDiff;

pub(crate) fn unified(path: &Path, before: &str, after: &str) -> String {
    let name = path.to_string_lossy().replace('\\', "/");
    let diff = TextDiff::from_lines(before, after);
    diff.unified_diff()
        .context_radius(3)
        .header(&format!("a/{name}"), &format!("b/{name}"))
        .to_string()
}
