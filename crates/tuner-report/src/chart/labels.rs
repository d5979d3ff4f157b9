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
/// above or below, at `distance` pixels.
pub(super) fn place(
    (x, y): (f64, f64),
    (width, height): (f64, f64),
    distance: f64,
    inside: &Rect,
    taken: &[Rect],
) -> Option<Rect> {
    let (half_w, half_h) = (width / 2.0, height / 2.0);
    let (dx, dy) = (half_w + distance, half_h + distance);
    [
        (dx, 0.0),
        (-dx, 0.0),
        (0.0, -dy),
        (0.0, dy),
        (dx, -dy),
        (-dx, -dy),
        (dx, dy),
        (-dx, dy),
    ]
    .into_iter()
    .map(|(dx, dy)| Rect::new(x + dx - half_w, y + dy - half_h, width, height))
    .find(|rect| inside.holds(rect) && !taken.iter().any(|other| rect.overlaps(other)))
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
    fn a_label_goes_where_there_is_room() {
        let inside = Rect::new(0.0, 0.0, 100.0, 100.0);
        assert_eq!(
            place((50.0, 50.0), (20.0, 10.0), 5.0, &inside, &[]),
            Some(Rect::new(55.0, 45.0, 20.0, 10.0))
        );
        let taken = [Rect::new(55.0, 45.0, 20.0, 10.0)];
        assert_eq!(
            place((50.0, 50.0), (20.0, 10.0), 5.0, &inside, &taken),
            Some(Rect::new(25.0, 45.0, 20.0, 10.0))
        );
        assert_eq!(place((50.0, 50.0), (200.0, 10.0), 5.0, &inside, &[]), None);
    }
}
