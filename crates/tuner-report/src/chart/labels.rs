//! Labels that do not touch.

use super::panel::Rect;

/// Centres of labels on one line, each as near to where it belongs as the others allow, all inside `bounds`. `labels` are
/// wanted centres, ascending, with widths (or, standing, heights); `gap` is what stays free between two.
pub(super) fn spread(labels: &[(f64, f64)], gap: f64, bounds: (f64, f64)) -> Vec<f64> {
    let mut centres: Vec<f64> = labels.iter().map(|&(wanted, _)| wanted).collect();
    // Two that touch share the way they must give; a few rounds settle a row.
    for _ in 0..labels.len() {
        for i in 1..labels.len() {
            let overlap = centres[i - 1] + (labels[i - 1].1 + labels[i].1) / 2.0 + gap - centres[i];
            if overlap > 0.0 {
                centres[i - 1] -= overlap / 2.0;
                centres[i] += overlap / 2.0;
            }
        }
    }
    // The edges have the last word: from the left, then from the right.
    let mut free = bounds.0;
    for (centre, &(_, width)) in centres.iter_mut().zip(labels) {
        *centre = centre.max(free + width / 2.0);
        free = *centre + width / 2.0 + gap;
    }
    let mut free = bounds.1;
    for (centre, &(_, width)) in centres.iter_mut().zip(labels).rev() {
        *centre = centre.min(free - width / 2.0);
        free = *centre - width / 2.0 - gap;
    }
    centres
}

/// A place beside `point` for a label of this size that touches nothing in `taken` and stays inside `inside`: right, left,
/// above or below, at `distance` pixels; where there is one, a place that none of `lines` passes.
pub(super) fn place(
    (x, y): (f64, f64),
    (width, height): (f64, f64),
    distance: f64,
    inside: &Rect,
    taken: &[Rect],
    lines: &[&[(f64, f64)]],
) -> Option<Rect> {
    let (half_w, half_h) = (width / 2.0, height / 2.0);
    let (dx, dy) = (half_w + distance, half_h + distance);
    let places = [
        (dx, 0.0),
        (-dx, 0.0),
        (0.0, -dy),
        (0.0, dy),
        (dx, -dy),
        (-dx, -dy),
        (dx, dy),
        (-dx, dy),
    ]
    .map(|(dx, dy)| Rect::new(x + dx - half_w, y + dy - half_h, width, height));
    let free = || {
        let is_free = |rect: &&Rect| inside.holds(rect) && !taken.iter().any(|other| rect.overlaps(other));
        places.iter().filter(is_free)
    };
    let clear = free().find(|rect| !lines.iter().any(|line| passes(line, rect, 1.0)));
    clear.or_else(|| free().next()).copied()
}

/// Whether a line through these points comes as close as this to a rectangle.
pub(super) fn passes(points: &[(f64, f64)], rect: &Rect, close: f64) -> bool {
    points.windows(2).any(|ends| {
        let ((x0, y0), (x1, y1)) = (ends[0], ends[1]);
        // Which part of the segment, from 0 to 1, lies between two edges, and between the other two (Liang and Barsky).
        let (mut from, mut to) = (0.0_f64, 1.0_f64);
        for (start, length, low, high) in [
            (x0, x1 - x0, rect.left - close, rect.right + close),
            (y0, y1 - y0, rect.top - close, rect.bottom + close),
        ] {
            if length.abs() < f64::MIN_POSITIVE {
                if start < low || start > high {
                    return false;
                }
                continue;
            }
            let (a, b) = ((low - start) / length, (high - start) / length);
            (from, to) = (from.max(a.min(b)), to.min(a.max(b)));
        }
        from <= to
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn spread_labels_neither_touch_nor_leave_when_there_is_room(
            mut labels in prop::collection::vec((-50.0_f64..650.0, 1.0_f64..60.0), 1..7),
        ) {
            labels.sort_by(|a, b| a.0.total_cmp(&b.0));
            let centres = spread(&labels, 5.0, (0.0, 600.0));
            let edges: Vec<(f64, f64)> =
                centres.iter().zip(&labels).map(|(c, (_, w))| (c - w / 2.0, c + w / 2.0)).collect();
            prop_assert!(edges.iter().all(|e| e.0 >= -1e-6 && e.1 <= 600.0 + 1e-6), "{edges:?}");
            prop_assert!(edges.windows(2).all(|e| e[1].0 - e[0].1 >= 5.0 - 1e-6), "{edges:?}");
        }
    }

    #[test]
    fn lines_that_pass_a_rectangle() {
        let rect = Rect::new(10.0, 10.0, 20.0, 10.0);
        for (points, passed) in [
            ([(0.0, 0.0), (40.0, 30.0)], true),
            ([(20.0, 0.0), (20.0, 40.0)], true),
            ([(0.0, 15.0), (12.0, 15.0)], true),
            ([(0.0, 0.0), (40.0, 0.0)], false),
            ([(5.0, 0.0), (5.0, 40.0)], false),
            ([(0.0, 15.0), (8.0, 15.0)], false),
        ] {
            assert_eq!(passes(&points, &rect, 0.0), passed, "{points:?}");
        }
        assert!(passes(&[(0.0, 15.0), (8.0, 15.0)], &rect, 3.0));
    }

    #[test]
    fn a_label_goes_where_there_is_room() {
        let inside = Rect::new(0.0, 0.0, 100.0, 100.0);
        assert_eq!(
            place((50.0, 50.0), (20.0, 10.0), 5.0, &inside, &[], &[]),
            Some(Rect::new(55.0, 45.0, 20.0, 10.0))
        );
        // A line to the right is in the way, but not where nothing else is free.
        let line: &[(f64, f64)] = &[(50.0, 50.0), (90.0, 50.0)];
        let left = Rect::new(25.0, 45.0, 20.0, 10.0);
        assert_eq!(
            place((50.0, 50.0), (20.0, 10.0), 5.0, &inside, &[], &[line]),
            Some(left)
        );
        let narrow = Rect::new(48.0, 40.0, 52.0, 20.0);
        let right = Rect::new(55.0, 45.0, 20.0, 10.0);
        assert_eq!(
            place((50.0, 50.0), (20.0, 10.0), 5.0, &narrow, &[], &[line]),
            Some(right)
        );
        let taken = [Rect::new(55.0, 45.0, 20.0, 10.0)];
        assert_eq!(
            place((50.0, 50.0), (20.0, 10.0), 5.0, &inside, &taken, &[]),
            Some(Rect::new(25.0, 45.0, 20.0, 10.0))
        );
        assert_eq!(place((50.0, 50.0), (200.0, 10.0), 5.0, &inside, &[], &[]), None);
    }
}
