//! A dry run measures nothing that could be compared: it tells at which sizes the function works.

use super::effect::failures;
use crate::numbers;
use crate::view::{Row, View};

fn works(row: &&Row<'_>) -> bool {
    row.size.outcomes.success > 0 && row.size.outcomes.failures() == 0
}

/// Sizes at which it works, and all; `None` where it was no dry run, or worked nowhere.
fn counts(view: &View<'_>) -> Option<(usize, usize)> {
    let works = view.rows.iter().filter(works).count();
    (view.tuning.request.options.dry_run && works > 0).then_some((works, view.rows.len()))
}

/// "works at all 6 sizes".
pub(super) fn decision(view: &View<'_>) -> Option<String> {
    Some(match counts(view)? {
        (1, 1) => format!("works at {} MB", view.rows.first()?.mb),
        (2, 2) => "works at both sizes".to_owned(),
        (works, all) if works == all => format!("works at all {} sizes", numbers::count(all as u64)),
        (works, all) => format!(
            "works at {} of {} sizes",
            numbers::count(works as u64),
            numbers::count(all as u64)
        ),
    })
}

pub(super) fn effect(view: &View<'_>) -> Option<String> {
    let (works, all) = counts(view)?;
    let compared = "a dry run invokes each size once and compares nothing";
    Some(match works == all {
        true => compared.to_owned(),
        false => format!("{}; {compared}", failures(view)),
    })
}
