//! The picture of a review, drawn by a real renderer.

use std::path::Path;

use tuner_core::review::MemoryReview;
use tuner_report::Format;

use crate::picture::{overlap, parsed, texts_of};
use crate::review_cases::{self, shown};
use crate::reviews;

/// The picture that stands alone, and those that a page has for screens and for phones.
fn pictures(review: &MemoryReview) -> Vec<(&'static str, String)> {
    let html = shown(Format::Html, review);
    let inside = |class: &str| {
        let rest = html.split(&format!("<div class=\"{class}\">")).nth(1)?;
        Some(rest.split("</div>").next().unwrap().to_owned())
    };
    let mut pictures = vec![("picture", shown(Format::Svg, review))];
    for (shape, class) in [("page", "wide"), ("phone", "narrow")] {
        pictures.extend(inside(class).map(|svg| (shape, svg)));
    }
    pictures
}

#[test]
fn text_stays_inside_and_does_not_overlap() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pictures");
    std::fs::create_dir_all(&folder).unwrap();
    let mut complaints = Vec::new();
    for (name, review) in review_cases::all() {
        for (shape, svg) in pictures(review) {
            std::fs::write(folder.join(format!("review-{name}-{shape}.svg")), &svg).unwrap();
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{name} {shape}");
            let tree = parsed(&svg);
            let texts = texts_of(&tree);
            let (width, height) = (tree.size().width(), tree.size().height());
            for (i, text) in texts.iter().enumerate() {
                let at = text.at;
                if at.left() < 0.0 || at.top() < 0.0 || at.right() > width || at.bottom() > height {
                    complaints.push(format!("{name} {shape}: {:?} leaves the picture: {at:?}", text.words));
                }
                for other in &texts[i + 1..] {
                    if overlap(&at, &other.at) {
                        complaints.push(format!(
                            "{name} {shape}: {:?} and {:?} overlap",
                            text.words, other.words
                        ));
                    }
                }
            }
        }
    }
    assert!(
        complaints.is_empty(),
        "{} complaints:\n{}",
        complaints.len(),
        complaints.join("\n")
    );
}

#[test]
fn the_map_has_every_function_that_has_a_place() {
    let review = reviews::mixed();
    let svg = shown(Format::Svg, &review);
    let map = svg
        .split("panel map")
        .nth(1)
        .unwrap()
        .split("panel savings")
        .next()
        .unwrap();
    let placed = review.functions.iter().filter(|f| {
        let mb = f.memory_size_mb().unwrap();
        f.monthly.is_some() && f.evidence.at(mb).is_some()
    });
    assert_eq!(map.matches("class=\"mark\"").count(), placed.count());
    assert!(svg.contains("3 functions are not on it"));
    assert!(svg.contains("image-resize: $104 a month, 20 % of 3,008 MB used, $39.37 could be saved"));
}

#[test]
fn the_picture_speaks_to_those_who_do_not_see_it() {
    let svg = shown(Format::Svg, &reviews::mixed());
    assert!(svg.contains("role=\"img\"") && svg.contains("aria-labelledby="));
    assert!(svg.contains("<desc id=") && svg.contains("could be saved; 1 function may run out of memory"));
}
