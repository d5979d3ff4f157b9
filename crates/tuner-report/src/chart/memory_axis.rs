//! The axis that all panels on the left share: memory size, log base 2.

use super::panel::{Drawn, Panel, Rect};
use super::pen::{Anchor, Pen};
use super::style::Role;
use super::{labels, text};
use crate::view::View;
use plotters::coord::ranged1d::Ranged;
use tuner_core::MemorySize;

/// Pixels kept free left of the smallest size and right of the largest; labels stand in the right one.
const ROOM: (f64, f64) = (30.0, 46.0);

/// Memory sizes across a panel.
pub(super) struct MemoryAxis {
    /// Values at the left and right edge, in MB.
    pub(super) bounds: (f64, f64),
    /// Sizes asked for, ascending.
    sizes: Vec<u32>,
    /// Left edge and width of every panel on this axis, in pixels.
    left: f64,
    width: f64,
}

impl MemoryAxis {
    pub(super) fn new(view: &View<'_>, left: f64, width: f64) -> Self {
        let sizes: Vec<u32> = view.rows.iter().map(|row| row.mb).collect();
        let shown = || {
            sizes
                .iter()
                .copied()
                .chain(view.tuning.function.memory_size_mb)
                .map(|mb| f64::from(mb.max(1)))
        };
        let (low, high) = (shown().fold(f64::INFINITY, f64::min), shown().fold(0.0, f64::max));
        let span = (high / low).log2();
        // Octaves that the room at either side takes when the sizes fill what is between.
        let (low_room, high_room) = if span > 0.0 {
            let per_px = span / (width - ROOM.0 - ROOM.1);
            (ROOM.0 * per_px, ROOM.1 * per_px)
        } else {
            (1.0, 1.0)
        };
        Self {
            bounds: (low * (-low_room).exp2(), high * high_room.exp2()),
            sizes,
            left,
            width,
        }
    }

    /// Where a size is, in pixels.
    pub(super) fn x(&self, mb: f64) -> f64 {
        let (low, high) = self.bounds;
        let mb = mb.max(low).min(high);
        self.left + (mb / low).log2() / (high / low).log2() * self.width
    }

    /// The stretch around a size that is nearer to it than to its neighbours, in pixels.
    pub(super) fn slot(&self, mb: u32) -> (f64, f64) {
        let x = self.x(mb.into());
        let at = self.sizes.partition_point(|&size| size < mb);
        let middle = |other: Option<&u32>| other.map(|&other| (x + self.x(other.into())) / 2.0);
        let before = at.checked_sub(1).and_then(|i| middle(self.sizes.get(i)));
        let after = middle(self.sizes.get(at + 1));
        (before.unwrap_or(self.left), after.unwrap_or(self.left + self.width))
    }

    /// Sizes whose labels of `width_of` pixels do not touch, the chosen and the present size first.
    pub(super) fn labelled(&self, view: &View<'_>, width_of: impl Fn(u32) -> f64) -> Vec<u32> {
        let mut by_rank: Vec<(u8, u32)> = view.rows.iter().map(|r| (rank(view, r.mb), r.mb)).collect();
        by_rank.sort_unstable();
        let mut taken: Vec<(f64, f64)> = Vec::new();
        let mut kept = Vec::new();
        for (_, mb) in by_rank {
            let half = width_of(mb) / 2.0 + 3.0;
            let x = self.x(mb.into());
            if taken.iter().all(|&(from, to)| x + half <= from || to <= x - half) {
                taken.push((x - half, x + half));
                kept.push(mb);
            }
        }
        kept
    }

    /// Sizes under the lowest panel.
    pub(super) fn draw_labels(&self, pen: &Pen, view: &View<'_>, baseline: f64) {
        let labelled = self.labelled(view, |mb| text::width(&mb.to_string(), 12.0, true));
        pen.group("sizes", "", || {
            pen.text((self.left - 8.0, baseline), Anchor::End, "f-muted", "MB");
            for row in view.rows.iter().filter(|row| labelled.contains(&row.mb)) {
                let class = if row.is_chosen {
                    "b f-chosen"
                } else if row.is_present {
                    "b f-ink"
                } else {
                    "f-ink"
                };
                pen.text(
                    (self.x(row.mb.into()), baseline),
                    Anchor::Middle,
                    class,
                    &row.mb.to_string(),
                );
            }
        });
    }

    /// Faint lines at every size and what failed there, behind everything else.
    pub(super) fn draw_behind<X, Y>(&self, panel: &Panel<X, Y>, view: &View<'_>) -> Drawn
    where
        X: Ranged<ValueType = f64>,
        Y: Ranged<ValueType = f64>,
    {
        let Rect { top, bottom, .. } = panel.rect;
        if let Some((from, to)) = view.largest_distinct_mb().and_then(|largest| self.beyond(largest)) {
            panel.pixel_rect(
                Rect {
                    left: from,
                    right: to,
                    top,
                    bottom,
                },
                Role::Shade,
            )?;
        }
        for row in &view.rows {
            let (left, right) = self.slot(row.mb);
            let slot = Rect {
                left,
                right,
                top,
                bottom,
            };
            if row.failure().is_some() {
                panel.pixel_rect(slot, Role::Hatch)?;
            } else if row.measured.is_none() {
                panel.pixel_rect(slot, Role::Shade)?;
            }
            let x = self.x(row.mb.into());
            panel.pixel_line(&[(x, top), (x, bottom)], Role::Grid, 1.0)?;
        }
        Ok(())
    }

    /// The stretch of sizes above `largest`, if any was asked for.
    pub(super) fn beyond(&self, largest: u32) -> Option<(f64, f64)> {
        self.sizes.last().filter(|&&mb| mb > largest)?;
        Some((self.x(largest.into()).max(self.left), self.left + self.width))
    }

    /// Where one vCPU ends, if that is on the axis.
    pub(super) fn one_vcpu(&self) -> Option<f64> {
        let mb = f64::from(MemorySize::ONE_VCPU.mb());
        (self.bounds.0..=self.bounds.1).contains(&mb).then(|| self.x(mb))
    }

    /// Lines at the present and the chosen size.
    pub(super) fn draw_decision<X, Y>(&self, panel: &Panel<X, Y>, view: &View<'_>) -> Drawn
    where
        X: Ranged<ValueType = f64>,
        Y: Ranged<ValueType = f64>,
    {
        let Rect { top, bottom, .. } = panel.rect;
        let line = |mb: u32, role, width| {
            let x = self.x(mb.into());
            panel.pixel_line(&[(x, top), (x, bottom)], role, width)
        };
        if let Some(chosen) = view.tuning.decision.memory_size_mb {
            line(chosen, Role::Chosen, 2.0)?;
        }
        match view.tuning.function.memory_size_mb {
            Some(now) => line(now, Role::Present, 1.3),
            None => Ok(()),
        }
    }

    /// What those lines are, above the highest panel.
    pub(super) fn draw_decision_labels(&self, pen: &Pen, view: &View<'_>, baseline: f64) {
        let now = view.tuning.function.memory_size_mb;
        let chosen = view.tuning.decision.memory_size_mb;
        let mut words = Vec::new();
        if let Some(now) = now.filter(|_| chosen == now) {
            words.push((now, "b f-chosen", format!("keep {now} MB")));
        } else {
            let unmeasured = if view.rows.iter().any(|r| r.is_present) {
                ""
            } else {
                " (not measured)"
            };
            words.extend(now.map(|mb| (mb, "b f-ink", format!("now {mb} MB{unmeasured}"))));
            words.extend(chosen.map(|mb| (mb, "b f-chosen", format!("chosen {mb} MB"))));
            words.sort_by_key(|(mb, ..)| *mb);
        }
        let spans: Vec<(f64, f64)> = words
            .iter()
            .map(|(mb, _, w)| (self.x((*mb).into()), text::width(w, 12.0, true)))
            .collect();
        let centres = labels::spread(&spans, 10.0, (self.left, self.left + self.width));
        for ((_, class, words), x) in words.iter().zip(centres) {
            pen.text((x, baseline), Anchor::Middle, class, words);
        }
    }
}

fn rank(view: &View<'_>, mb: u32) -> u8 {
    let is_end = view.rows.first().is_some_and(|r| r.mb == mb) || view.rows.last().is_some_and(|r| r.mb == mb);
    match view.rows.iter().find(|r| r.mb == mb) {
        Some(row) if row.is_chosen => 0,
        Some(row) if row.is_present => 1,
        _ if is_end => 2,
        _ => 3,
    }
}
