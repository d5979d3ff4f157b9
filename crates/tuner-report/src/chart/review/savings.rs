//! What each function would save, as a range: the dearest first.

use tuner_core::review::{Saving, SavingBasis};

use crate::chart::panel::Rect;
use crate::chart::pen::{Anchor, Pen, Px};
use crate::chart::text;
use crate::numbers;
use crate::review::view::{Row, View};

/// Functions shown one by one.
const MOST: usize = 15;
const STEP: f64 = 20.0;

/// Returns the bottom.
pub(super) fn draw(pen: &Pen, view: &View<'_>, rows: &[(&Row<'_>, Saving)], room: Rect) -> f64 {
    let shown = &rows[..rows.len().min(MOST)];
    let amounts: Vec<String> = shown.iter().map(|(_, saving)| view.scale.saving(saving)).collect();
    let widest = |of: &mut dyn Iterator<Item = &str>| of.fold(0.0_f64, |w, s| w.max(text::width(s, 12.0, false)));
    let names = widest(&mut shown.iter().map(|(row, _)| row.name())).min(room.width() * 0.38);
    let figures = widest(&mut amounts.iter().map(String::as_str)).min(room.width() * 0.4);
    let (left, right) = (room.left + names + 10.0, room.right - figures - 10.0);
    let (low, high) = shown.iter().fold((0.0_f64, f64::MIN_POSITIVE), |(l, h), (_, s)| {
        (l.min(s.at_worst.amount), h.max(s.at_best.amount))
    });
    // Divided first: the difference of two of the largest numbers is none.
    let span = high - low;
    let x = |amount: f64| left + (right - left) * (amount / span - low / span).clamp(0.0, 1.0);
    for (index, ((row, saving), amount)) in shown.iter().zip(&amounts).enumerate() {
        let baseline = room.top + STEP * index as f64 + 13.0;
        let middle = baseline - 4.0;
        let words = format!("{}: {amount} {}", row.name(), view.period());
        pen.group("mark", &words, || {
            let name = text::cut(row.name(), 12.0, false, names);
            pen.text((room.left, baseline), Anchor::Start, "f-ink", &name);
            pen.text(
                (room.right, baseline),
                Anchor::End,
                "f-ink",
                &text::cut(amount, 12.0, false, figures),
            );
            let (from, to) = (
                x(saving.at_worst.amount.min(saving.at_best.amount)),
                x(saving.at_best.amount),
            );
            pen.write(format_args!(
                "<path d=\"M{} {}H{}\" class=\"s s-grid\" stroke-width=\"1\"/>",
                Px(left),
                Px(middle),
                Px(right)
            ));
            if amounts_agree(saving) {
                pen.write(format_args!(
                    "<path d=\"M{} {m}l6 -6l6 6l-6 6z\" class=\"f-{class}\"/>",
                    Px(to - 6.0),
                    m = Px(middle),
                    class = if saving.basis == SavingBasis::Measured {
                        "chosen"
                    } else {
                        "cost"
                    }
                ));
            } else {
                pen.write(format_args!(
                    "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"8\" rx=\"2\" class=\"f-cost\"/>",
                    Px(from),
                    Px(middle - 4.0),
                    Px((to - from).max(2.0))
                ));
            }
        });
    }
    if low < 0.0 {
        let (zero, bottom) = (Px(x(0.0)), Px(room.top + STEP * shown.len() as f64));
        pen.write(format_args!(
            "<path d=\"M{zero} {}V{bottom}\" class=\"s s-muted\" stroke-width=\"1\"/>",
            Px(room.top)
        ));
    }
    let bottom = room.top + STEP * shown.len() as f64;
    if rows.len() > MOST {
        let words = format!("and {} more", numbers::count((rows.len() - MOST) as u64));
        pen.text((room.left, bottom + 13.0), Anchor::Start, "f-muted", &words);
        return bottom + STEP;
    }
    bottom
}

/// Whether there is one figure: it was measured, or no duration is involved.
fn amounts_agree(saving: &Saving) -> bool {
    let (least, most) = (saving.at_worst.amount, saving.at_best.amount);
    saving.basis == SavingBasis::Measured || (most - least).abs() < 0.005 * most.abs()
}
