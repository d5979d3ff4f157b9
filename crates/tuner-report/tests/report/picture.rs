//! The picture, drawn by a real renderer with a font of our own, so that every machine sees the same.

use std::path::Path;
use std::sync::{Arc, LazyLock};

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{self, Node, Rect, Tree, fontdb::Database};
use tuner_core::Tuning;
use tuner_report::Format;

use crate::cases::{self, shown};

static FONTS: LazyLock<Arc<Database>> = LazyLock::new(|| {
    let mut fonts = Database::new();
    fonts.load_fonts_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fonts"));
    assert_eq!(fonts.len(), 2);
    Arc::new(fonts)
});

pub(crate) fn parsed(svg: &str) -> Tree {
    let options = usvg::Options {
        fontdb: FONTS.clone(),
        font_family: "DejaVu Sans".to_owned(),
        ..Default::default()
    };
    Tree::from_str(svg, &options).unwrap()
}

pub(crate) struct Text {
    pub(crate) words: String,
    pub(crate) at: Rect,
}

fn texts(group: &usvg::Group, found: &mut Vec<Text>) {
    for node in group.children() {
        match node {
            Node::Group(group) => texts(group, found),
            Node::Text(text) => {
                let words: String = text.chunks().iter().map(|chunk| chunk.text()).collect();
                found.push(Text {
                    words,
                    at: node.abs_bounding_box(),
                });
            }
            _ => {}
        }
    }
}

pub(crate) fn texts_of(tree: &Tree) -> Vec<Text> {
    let mut found = Vec::new();
    texts(tree.root(), &mut found);
    found
}

const SHAPES: [&str; 3] = ["picture", "page", "phone"];

/// All pictures of a tuning: the one that stands alone, and those that a page has for screens and for phones.
fn pictures(tuning: &Tuning) -> Vec<(&'static str, String)> {
    let html = shown(Format::Html, tuning);
    let inside = |class: &str| {
        let rest = html.split(&format!("<div class=\"{class}\">")).nth(1).unwrap();
        rest.split("</div>").next().unwrap().to_owned()
    };
    SHAPES
        .into_iter()
        .zip([shown(Format::Svg, tuning), inside("wide"), inside("narrow")])
        .collect()
}

/// Leaves the pictures behind for whoever wants to look at them.
#[test]
fn pictures_are_small_and_left_to_look_at() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pictures");
    std::fs::create_dir_all(&folder).unwrap();
    for (name, tuning) in cases::all() {
        for (shape, svg) in pictures(tuning) {
            std::fs::write(folder.join(format!("{name}-{shape}.svg")), &svg).unwrap();
            assert!(svg.len() < 60_000, "{name} {shape}: {} bytes", svg.len());
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{name} {shape}");
        }
    }
}

#[test]
fn text_stays_inside_and_does_not_overlap() {
    let mut complaints = Vec::new();
    for (name, tuning) in cases::all() {
        // That for a page is the one that stands alone without its words.
        for (shape, svg) in pictures(tuning).into_iter().filter(|(shape, _)| *shape != "page") {
            let tree = parsed(&svg);
            let texts = texts_of(&tree);
            assert!(texts.len() > 5, "{name} {shape}: {} texts", texts.len());
            let (width, height) = (tree.size().width(), tree.size().height());
            for text in &texts {
                let at = text.at;
                if at.left() < 0.0 || at.top() < 0.0 || at.right() > width || at.bottom() > height {
                    complaints.push(format!("{name} {shape}: {:?} leaves the picture: {at:?}", text.words));
                }
            }
            for (i, a) in texts.iter().enumerate() {
                for b in &texts[i + 1..] {
                    if overlap(&a.at, &b.at) {
                        complaints.push(format!("{name} {shape}: {:?} and {:?} overlap", a.words, b.words));
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

/// Boxes of text have room above and below the letters: only what goes beyond it is a collision.
pub(crate) fn overlap(a: &Rect, b: &Rect) -> bool {
    let slack = 2.5;
    a.left() + 0.5 < b.right()
        && b.left() + 0.5 < a.right()
        && a.top() + slack < b.bottom() - slack
        && b.top() + slack < a.bottom() - slack
}

/// How many pixels of a stretch differ from the page.
fn ink(pixmap: &Pixmap, left: u32, top: u32, right: u32, bottom: u32) -> usize {
    let page = pixmap.pixel(1, 1).unwrap();
    let inside = (top..bottom).flat_map(|y| (left..right).map(move |x| (x, y)));
    inside.filter(|&(x, y)| pixmap.pixel(x, y).unwrap() != page).count()
}

fn has_colour(pixmap: &Pixmap, hex: (u8, u8, u8)) -> bool {
    pixmap.pixels().iter().any(|p| (p.red(), p.green(), p.blue()) == hex)
}

#[test]
fn there_is_ink_where_something_should_be_seen() {
    let tree = parsed(&shown(Format::Svg, &cases::moved().run()));
    let mut pixmap = Pixmap::new(1180, tree.size().height() as u32).unwrap();
    resvg::render(&tree, Transform::identity(), &mut pixmap.as_mut());
    for (what, left, top, right, bottom, least) in [
        ("headline", 24, 20, 700, 50, 2000),
        ("duration panel", 90, 180, 740, 430, 4000),
        ("cost panel", 90, 480, 740, 620, 1500),
        ("cost by duration", 850, 180, 1150, 460, 1000),
        ("table", 790, 560, 1156, 740, 1000),
    ] {
        let found = ink(&pixmap, left, top, right, bottom);
        assert!(found >= least, "{what}: {found} pixels");
    }
    for (what, colour) in [
        ("duration", (0x0b, 0x62, 0xb0)),
        ("cost", (0xb3, 0x54, 0x1e)),
        ("chosen", (0x0a, 0x7d, 0x4b)),
    ] {
        assert!(has_colour(&pixmap, colour), "{what}");
    }
    assert!(!has_colour(&pixmap, (0xc1, 0x12, 0x1f)), "nothing failed");
}

/// Edge case 78: failed sizes are gaps. No stroke of the series crosses the hatch.
#[test]
fn no_line_is_drawn_across_a_size_that_failed() {
    let mut tuning = cases::moved().run();
    let failed = tuner_core::tuning::SizeStatus::Failed {
        outcome: tuner_core::Outcome::FunctionError,
    };
    let whole = shown(Format::Svg, &tuning);
    tuning.sizes[2].status = failed;
    let broken = shown(Format::Svg, &tuning);
    let lines = |svg: &str| svg.matches("class=\"s s-cost\" stroke-width=\"1.5\"").count();
    assert_eq!((lines(&whole), lines(&broken)), (1, 2));
    assert!(whole.matches("f-hatch\"").count() == 0 && broken.matches("f-hatch\"").count() == 2);
    // As many points as were measured: nothing is smoothed in between.
    let path = whole
        .split("class=\"s s-cost\" stroke-width=\"1.5\"")
        .next()
        .unwrap()
        .rsplit("<path d=\"")
        .next()
        .unwrap();
    assert_eq!(path.matches(['M', 'L']).count(), tuning.sizes.len(), "{path}");
}

#[test]
fn the_picture_speaks_to_those_who_do_not_see_it() {
    let svg = shown(Format::Svg, &cases::moved().run());
    assert!(svg.contains("role=\"img\"") && svg.contains("aria-labelledby="));
    assert!(svg.contains("<desc id=") && svg.contains("image-resize: move from 128 MB to 1024 MB. "));
    let metadata = svg
        .split("<metadata>")
        .nth(1)
        .unwrap()
        .split("</metadata>")
        .next()
        .unwrap();
    let summary: serde_json::Value =
        serde_json::from_str(&metadata.replace("&quot;", "\"").replace("&#39;", "'")).unwrap();
    assert_eq!(summary["decision"]["memory_size_mb"], 1024);
    assert_eq!(summary["sizes"].as_array().unwrap().len(), 6);
    assert!(svg.matches("<title").count() > 12);
}

/// 11 px at least, as the style sheet has it.
#[test]
fn no_text_is_smaller_than_eleven_pixels() {
    let svg = shown(Format::Svg, &cases::moved().run());
    for size in svg.split("font-size:").skip(1) {
        let px: f64 = size.split("px").next().unwrap().parse().unwrap();
        assert!(px >= 11.0, "{px}");
    }
}
