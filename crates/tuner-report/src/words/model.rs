//! The fitted curve in words: what a duration is made of, how well the curve describes it, and where it levels off.

use serde::Serialize;
use tuner_core::curve::Fit;

use crate::numbers;
use crate::view::View;

/// What is said of the model, each a sentence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Model {
    /// What a duration is made of and how far the model is off, or that it is not to be trusted.
    pub(crate) parts: String,
    /// The curve as a formula.
    pub(crate) equation: String,
    /// Where it levels off.
    pub(crate) knee: String,
    /// What it is not used for.
    pub(crate) use_of_it: &'static str,
    /// Whether the function follows it.
    pub(crate) trusted: bool,
}

const USE: &str = "Points win over the model: sizes are compared by what was measured.";

/// `None` if there is no model, or none that can be spoken of.
pub(crate) fn of_view(view: &View<'_>) -> Option<Model> {
    let fit = fit(view)?;
    let off = format!("points are {} off the curve", numbers::percent(fit.misfit));
    Some(Model {
        parts: if fit.is_trusted() {
            format!("{}; {off}.", parts(view, fit)?)
        } else {
            format!("Model not trusted: the function does not follow it; {off}.")
        },
        equation: equation(fit),
        knee: knee(view),
        use_of_it: USE,
        trusted: fit.is_trusted(),
    })
}

impl Model {
    /// What stands under a picture: a model that is not trusted says nothing about a knee.
    pub(crate) fn sentences(&self) -> String {
        if self.trusted {
            format!("{} {} {}", self.parts, self.knee, self.use_of_it)
        } else {
            format!("{} {}", self.parts, self.use_of_it)
        }
    }
}

/// The model, if its numbers are those of a curve: a document from elsewhere may hold any.
pub(crate) fn fit<'a>(view: &View<'a>) -> Option<&'a Fit> {
    let fit = view.tuning.decision.model.as_ref()?;
    let m = &fit.model;
    let numbers = [m.waiting_ms, m.work_ms_mb, m.pressure_ms_mb2];
    (numbers.iter().all(|x| (0.0..1e18).contains(x)) && m.levels_off_mb >= 1.0 && fit.misfit >= 0.0).then_some(fit)
}

/// "Model at 1024 MB: 62 % waiting, 38 % processor, 0 % memory pressure".
fn parts(view: &View<'_>, fit: &Fit) -> Option<String> {
    let decision = &view.tuning.decision;
    let closest = || decision.closest.as_ref().map(|c| c.memory_size_mb);
    let mb = decision.memory_size_mb.or_else(closest).or(decision.fastest_mb)?;
    let parts = fit.model.parts(mb.into());
    let [waiting, work, pressure] = whole_percents([parts.waiting_ms, parts.work_ms, parts.pressure_ms])?;
    let warm = if view.cold_share().is_some() {
        ", warm starts"
    } else {
        ""
    };
    Some(format!(
        "Model at {mb} MB{warm}: {waiting} % waiting, {work} % processor, {pressure} % memory pressure"
    ))
}

/// Shares of a whole that add up to 100: what rounding down leaves goes to the largest remainders.
fn whole_percents(parts: [f64; 3]) -> Option<[u32; 3]> {
    let whole: f64 = parts.iter().sum();
    if !(whole > 0.0 && whole.is_finite()) {
        return None;
    }
    let exact = parts.map(|part| part / whole * 100.0);
    let mut percents = exact.map(|x| x.floor() as u32);
    let mut by_remainder = [0, 1, 2];
    by_remainder.sort_by(|&a, &b| exact[b].fract().total_cmp(&exact[a].fract()));
    let missing = 100_u32.saturating_sub(percents.iter().sum());
    for &index in by_remainder.iter().take(missing as usize) {
        percents[index] += 1;
    }
    Some(percents)
}

/// "duration = 12.0 + 106,140/m + 81,000/m² ms, m in MB, at most 1769".
fn equation(fit: &Fit) -> String {
    let m = &fit.model;
    let mut terms = Vec::new();
    if m.waiting_ms > 0.0 {
        terms.push(numbers::ms(m.waiting_ms));
    }
    if m.work_ms_mb > 0.0 {
        terms.push(format!("{}/m", numbers::ms(m.work_ms_mb)));
    }
    if m.pressure_ms_mb2 > 0.0 {
        terms.push(format!("{}/m²", numbers::ms(m.pressure_ms_mb2)));
    }
    if terms.is_empty() {
        terms.push("0".to_owned());
    }
    format!(
        "duration = {} ms, where m is the memory size in MB, up to {}",
        terms.join(" + "),
        numbers::decimal(m.levels_off_mb, 0).replace(',', "")
    )
}

fn knee(view: &View<'_>) -> String {
    let Some(knee) = &view.tuning.decision.knee else {
        return "Where it levels off does not show in these sizes.".to_owned();
    };
    let mb = |x: f64| format!("{x:.0}");
    format!(
        "It levels off at {} MB (95 % interval {}–{}).",
        mb(knee.memory_mb),
        mb(knee.low_mb),
        mb(knee.high_mb)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use tuner_core::curve::DurationModel;

    #[test]
    fn shares_add_up() {
        assert_eq!(whole_percents([1.0, 1.0, 1.0]), Some([34, 33, 33]));
        assert_eq!(whole_percents([62.4, 37.6, 0.0]), Some([62, 38, 0]));
        assert_eq!(whole_percents([0.0, 0.0, 0.0]), None);
    }

    #[test]
    fn a_formula_has_the_terms_that_there_are() {
        let model = DurationModel {
            waiting_ms: 12.0,
            work_ms_mb: 106_140.0,
            pressure_ms_mb2: 0.0,
            levels_off_mb: 1769.0,
        };
        assert_eq!(
            equation(&Fit { model, misfit: 0.05 }),
            "duration = 12.0 + 106,140/m ms, where m is the memory size in MB, up to 1769"
        );
    }
}
