//! Amounts beside each other, to the left and to the right of nothing.

use tuner_core::review::ReviewTrend;

use crate::chart::panel::Rect;
use crate::chart::pen::{Anchor, Pen, Px};
use crate::chart::text;
use crate::trend::words;

/// Rows of a list.
const MOST: usize = 10;
const STEP: f64 = 20.0;
/// Least room for the bars, in pixels.
const BARS: f64 = 90.0;

/// A list of amounts.
pub(super) struct List {
    pub(super) title: String,
    pub(super) how: String,
    pub(super) more: u64,
    rows: Vec<Bar>,
}

/// One row.
struct Bar {
    name: String,
    figure: String,
    /// What a pointer resting on it is told.
    told: String,
    /// Where it begins and ends.
    from: f64,
    to: f64,
    /// A mark on it: what came of what the bar promises.
    mark: Option<f64>,
    class: &'static str,
}

/// What there is to show.
pub(super) fn all(trend: &ReviewTrend) -> Vec<List> {
    [causes(trend), movers(trend), saved(trend)]
        .into_iter()
        .flatten()
        .collect()
}

/// Dearer or cheaper: with a sign beside it, so that nothing rests on the colour.
const fn class(amount: f64) -> &'static str {
    if amount > 0.0 { "cost" } else { "chosen" }
}

fn causes(trend: &ReviewTrend) -> Option<List> {
    let [.., before, last] = &trend.reviews[..] else {
        return None;
    };
    let change = last.change.as_ref()?;
    let rows: Vec<Bar> = words::parts(change)
        .into_iter()
        .map(|(cause, money)| Bar {
            name: words::cause(cause).to_owned(),
            figure: words::signed(money),
            told: format!("{}: {} a month", words::cause(cause), words::signed(money)),
            from: 0.0,
            to: money.amount,
            mark: None,
            class: class(money.amount),
        })
        .collect();
    (!rows.is_empty()).then(|| List {
        title: "What changed the cost".to_owned(),
        how: format!(
            "since {}: {} a month",
            words::day(before),
            words::signed(change.total())
        ),
        more: 0,
        rows,
    })
}

fn movers(trend: &ReviewTrend) -> Option<List> {
    let moved = trend
        .movers
        .iter()
        .filter(|mover| mover.change.total().amount.abs() >= 0.005);
    let all: Vec<Bar> = moved
        .map(|mover| {
            let change = mover.change.total();
            Bar {
                name: mover.function.name().to_owned(),
                figure: words::signed(change),
                told: format!(
                    "{}: {} to {} a month, by {}",
                    mover.function.name(),
                    words::amount(mover.change.before),
                    words::amount(mover.change.after),
                    words::by(&mover.change)
                ),
                from: 0.0,
                to: change.amount,
                mark: None,
                class: class(change.amount),
            }
        })
        .collect();
    let more = all.len().saturating_sub(MOST) as u64 + trend.more_movers;
    (!all.is_empty()).then(|| List {
        title: "Functions that moved it most".to_owned(),
        how: String::new(),
        more,
        rows: all.into_iter().take(MOST).collect(),
    })
}

/// What was promised as a bar, what came of it as a mark.
fn saved(trend: &ReviewTrend) -> Option<List> {
    let realised = &trend.realised;
    let to_date = realised.to_date?;
    let (worst, best) = realised.promised_at_worst.zip(realised.promised_at_best)?;
    let told = words::saved(realised).join(" ");
    Some(List {
        title: "Saved so far by following advice".to_owned(),
        how: "bar: promised, least to most · diamond: what came of it".to_owned(),
        more: 0,
        rows: vec![Bar {
            name: "all changes".to_owned(),
            figure: words::amount(to_date),
            told,
            from: worst.amount.min(best.amount),
            to: best.amount,
            mark: Some(to_date.amount),
            class: "band",
        }],
    })
}

/// Returns the bottom.
pub(super) fn draw(pen: &Pen, list: &List, room: Rect) -> f64 {
    let widest = |of: &dyn Fn(&Bar) -> &str| {
        let widths = list.rows.iter().map(|bar| text::width(of(bar), 12.0, false));
        widths.fold(0.0_f64, f64::max)
    };
    let figures = widest(&|bar| &bar.figure);
    let names = widest(&|bar| &bar.name)
        .min((room.width() - figures - BARS).max(60.0))
        .min(room.width() * 0.45);
    let (left, right) = (room.left + names + 10.0, room.right - figures - 12.0);
    let (low, high) = list.rows.iter().fold((0.0_f64, 0.0_f64), |(low, high), bar| {
        let all = [bar.from, bar.to, bar.mark.unwrap_or(0.0)];
        (
            all.into_iter().fold(low, f64::min),
            all.into_iter().fold(high, f64::max),
        )
    });
    let span = (high - low).max(f64::MIN_POSITIVE);
    // Divided first: the difference of two of the largest numbers is none.
    let x = |amount: f64| left + (right - left) * (amount / span - low / span).clamp(0.0, 1.0);
    for (index, bar) in list.rows.iter().enumerate() {
        let baseline = room.top + STEP * index as f64 + 13.0;
        let middle = baseline - 4.0;
        pen.group("mark", &bar.told, || {
            pen.text(
                (room.left, baseline),
                Anchor::Start,
                "f-ink",
                &text::cut(&bar.name, 12.0, false, names),
            );
            pen.text((room.right, baseline), Anchor::End, "f-ink", &bar.figure);
            let (from, to) = (x(bar.from.min(bar.to)), x(bar.from.max(bar.to)));
            pen.write(format_args!(
                "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"10\" rx=\"2\" class=\"f-{}\"/>",
                Px(from),
                Px(middle - 5.0),
                Px((to - from).max(2.0)),
                bar.class
            ));
            if let Some(mark) = bar.mark {
                pen.write(format_args!(
                    "<path d=\"M{} {m}l7 -7l7 7l-7 7z\" class=\"f-chosen\"/>",
                    Px(x(mark) - 7.0),
                    m = Px(middle)
                ));
            }
        });
    }
    let bottom = room.top + STEP * list.rows.len() as f64;
    if low < 0.0 {
        pen.write(format_args!(
            "<path d=\"M{} {}V{}\" class=\"s s-muted\" stroke-width=\"1\"/>",
            Px(x(0.0)),
            Px(room.top),
            Px(bottom)
        ));
    }
    bottom
}
