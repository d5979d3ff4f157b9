use std::io::Write;

use tuner_core::pricing::Money;
use tuner_core::review::{ChangeCause, ReviewTrend};

use crate::csv::{number, rows};
use crate::{Options, ReportError, masking};

/// Writes one row per review, the oldest first, after a row of names. Figures are not rounded. Form: RFC 4180.
///
/// # Errors
/// When `out` refuses the bytes.
pub fn trend_csv(trend: &ReviewTrend, options: &Options, out: &mut impl Write) -> Result<(), ReportError> {
    let shown = masking::shown(trend, options)?;
    let mut rows = rows(out);
    let fixed = [
        "review_id",
        "from",
        "until",
        "functions",
        "unjudged",
        "without_cost",
        "may_break",
        "invocations",
        "currency",
        "monthly_cost",
        "saving_at_best",
        "saving_at_worst",
        "change",
    ];
    let mut head: Vec<String> = fixed.iter().map(|name| (*name).to_owned()).collect();
    for cause in ChangeCause::ALL {
        head.push(format!("change_by_{}", name_of(cause)?));
    }
    rows.write_record(head)?;
    let amount = |money: Option<Money>| number(money.map(|money| money.amount));
    for review in &shown.reviews {
        let time = |end: Option<jiff::Timestamp>| end.map(|end| end.to_string()).unwrap_or_default();
        let change = review.change.as_ref();
        let mut cells = vec![
            review.review_id.to_string(),
            time(review.window.map(|window| window.from)),
            time(review.window.map(|window| window.until)),
            review.functions.to_string(),
            review.unjudged.to_string(),
            review.without_cost.to_string(),
            review.may_break.to_string(),
            number(Some(review.invocations)),
            review
                .monthly
                .map(|money| money.currency.to_string())
                .unwrap_or_default(),
            amount(review.monthly),
            amount(review.saving_at_best),
            amount(review.saving_at_worst),
            amount(change.map(|change| change.total())),
        ];
        cells.extend(ChangeCause::ALL.map(|cause| amount(change.map(|change| change.part(cause)))));
        rows.write_record(cells)?;
    }
    Ok(rows.flush()?)
}

/// As the document spells it.
fn name_of(cause: ChangeCause) -> Result<String, ReportError> {
    let value = serde_json::to_value(cause)?;
    Ok(value.as_str().unwrap_or_default().to_owned())
}
