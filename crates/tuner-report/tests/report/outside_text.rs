//! Text from outside is text everywhere, and nothing leaves the file.

use tuner_report::{Format, Options, render};

use crate::cases::{self, shown};

/// Characters that steer a terminal, turn the text around them, or are there without being seen.
const DECEIVING: [char; 8] = [
    '\u{1b}', '\u{7f}', '\u{9b}', '\u{200b}', '\u{202e}', '\u{2066}', '\u{2069}', '\u{feff}',
];

#[test]
fn markup_from_outside_is_escaped() {
    for (name, tuning) in cases::all() {
        for format in [Format::Svg, Format::Html, Format::Markdown] {
            let text = shown(format, tuning);
            assert!(!text.contains("<script"), "{name} {format}");
        }
        for format in Format::ALL {
            let text = shown(format, tuning);
            assert!(!text.contains(DECEIVING), "{name} {format}");
        }
    }
}

#[test]
fn pictures_and_pages_are_well_formed_xml_or_have_balanced_tags() {
    for (name, tuning) in cases::all() {
        let svg = shown(Format::Svg, tuning);
        resvg::usvg::Tree::from_str(&svg, &Default::default()).unwrap_or_else(|e| panic!("{name}: {e}"));
        let html = shown(Format::Html, tuning);
        for tag in [
            "table", "tr", "td", "svg", "g", "p", "li", "ul", "small", "details", "div",
        ] {
            let opened = html.matches(&format!("<{tag}>")).count() + html.matches(&format!("<{tag} ")).count();
            assert_eq!(opened, html.matches(&format!("</{tag}>")).count(), "{name}: <{tag}>");
        }
    }
}

/// Edge case 81: nothing is fetched. The only addresses are the SVG namespace and links to click on.
#[test]
fn nothing_is_requested() {
    for (name, tuning) in cases::all() {
        for format in [Format::Svg, Format::Html] {
            let text = shown(format, tuning);
            let links = text
                .replace("xmlns=\"http://www.w3.org/2000/svg\"", "")
                .replace("<a href=\"https:", "");
            for part in [
                "http:", "https:", "<link", "<img", "<iframe", "@import", "src=", "<use", "<image",
            ] {
                assert!(!links.contains(part), "{name} {format}: {part}");
            }
            assert!(!text.replace("url(#", "").contains("url("), "{name} {format}");
        }
    }
}

#[test]
fn accounts_are_masked_unless_asked_for() {
    let mut tuning = cases::moved().run();
    tuning.leftovers = vec!["version 5 of arn:aws:lambda:eu-west-1:123456789012:function:image-resize".to_owned()];
    for format in Format::ALL.into_iter().filter(|f| *f != Format::Json) {
        assert!(!shown(format, &tuning).contains("123456789012"), "{format}");
    }
    let options = Options {
        show_account_ids: true,
        ..Options::default()
    };
    let mut out = Vec::new();
    render(Format::Html, &tuning, &options, &mut out).unwrap();
    assert!(String::from_utf8(out).unwrap().contains("123456789012"));
}

/// The page carries the document; what comes out of it is a tuning again, masked.
#[test]
fn the_document_in_the_page_reads_back() {
    use base64::Engine as _;
    let tuning = cases::moved().run();
    let html = shown(Format::Html, &tuning);
    let (_, rest) = html.split_once("data:application/json;base64,").unwrap();
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(rest.split('"').next().unwrap())
        .unwrap();
    let back: tuner_core::Tuning = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(back.records, tuning.records);
    assert_eq!(back.function.name.account(), Some("000000000000"));
}

#[test]
fn the_same_document_gives_the_same_bytes() {
    let tuning = cases::moved().run();
    for format in Format::ALL {
        assert_eq!(shown(format, &tuning), shown(format, &tuning));
    }
    let mut json = Vec::new();
    tuner_report::json(&tuning, &mut json).unwrap();
    assert_eq!(serde_json::from_slice::<tuner_core::Tuning>(&json).unwrap(), tuning);
}
