//! What the file of decisions may say, and how it is refused.

use jiff::civil::date;
use tuner_core::review::{AdviceFile, FindingKind};

fn refused(text: &str) -> Vec<String> {
    let error = AdviceFile::parse(text).unwrap_err();
    error.problems.iter().map(ToString::to_string).collect()
}

#[test]
fn a_file_that_says_nothing_decides_nothing() {
    for text in ["", "\n# nothing yet\n", "ignore = []\n"] {
        let file = AdviceFile::parse(text).unwrap();
        assert!(file.is_empty() && file.overdue_after_days == 30, "{text}");
    }
}

#[test]
fn dates_are_dates_or_texts_and_findings_are_spelt_with_either_dash() {
    let file = AdviceFile::parse(
        "overdue_after_days = 60\n\n[[ignore]]\nfunction = \"batch-*\"\nfinding = \"Timeout-Too-Long\"\nuntil = 2027-03-31\n\
         reason = \" moves \"\nby = \"jo\"\n\n[[ignore]]\nfunction = \"*\"\nfinding = \"arm64_candidate\"\n\
         until = \"2027-01-01\"\nreason = \"x\"\n",
    )
    .unwrap();
    let [one, other] = &file.ignored[..] else { panic!() };
    assert_eq!(
        (one.finding, one.until),
        (FindingKind::TimeoutTooLong, date(2027, 3, 31))
    );
    assert_eq!(
        (one.reason.as_str(), one.by.as_deref(), one.line),
        ("moves", Some("jo"), 3)
    );
    assert_eq!((other.until, other.line), (date(2027, 1, 1), 10));
    assert_eq!(file.overdue_after_days, 60);
}

#[test]
fn days_are_read_in_every_way_to_write_a_number() {
    for (text, days) in [
        ("0x10", 16),
        ("0b101", 5),
        ("0o17", 15),
        ("+45", 45),
        ("1_0", 10),
        ("65535", 65_535),
    ] {
        let file = AdviceFile::parse(&format!("overdue_after_days = {text}\n")).unwrap();
        assert_eq!(file.overdue_after_days, days, "{text}");
    }
    for text in ["0x0", "0x10000", "65536", "-1", "1e1", "10.0", "\"10\""] {
        let error = AdviceFile::parse(&format!("overdue_after_days = {text}\n")).unwrap_err();
        assert!(error.to_string().contains("from 1 to 65535"), "{text}: {error}");
    }
}

#[test]
fn what_is_wrong_is_named_with_its_line_and_field() {
    let entry = |field: &str| {
        let fields = [
            ("function", "\"pay\""),
            ("finding", "\"errors\""),
            ("until", "2027-01-01"),
            ("reason", "\"x\""),
        ];
        let lines = fields.map(|(name, value)| match field.split_once('=') {
            Some((changed, other)) if changed == name => format!("{name} = {other}\n"),
            None if field == name => String::new(),
            _ => format!("{name} = {value}\n"),
        });
        format!("\n[[ignore]]\n{}", lines.concat())
    };
    for (text, says) in [
        (entry("function"), "line 2: `ignore.function` is missing"),
        (entry("finding"), "line 2: `ignore.finding` is missing"),
        (entry("until"), "line 2: `ignore.until` is missing: say the last day"),
        (entry("reason"), "line 2: `ignore.reason` is missing: say why"),
        (entry("reason=\" \""), "line 6: `ignore.reason` is empty"),
        (
            entry("function=\"pay ment\""),
            "line 3: `ignore.function` is wrong: `pay ment` names no function",
        ),
        (
            entry("function=7"),
            "line 3: `ignore.function` must be a text in quotes",
        ),
        (
            entry("finding=\"memory_overprovisoned\""),
            "line 4: `ignore.finding` is `memory_overprovisoned`, which is no finding; did you mean `memory_overprovisioned`?",
        ),
        (
            entry("finding=\"waste\""),
            "use one of memory_underprovisioned, timeout_risk",
        ),
        (entry("until=2027-02-30"), "line 5"),
        (
            entry("until=\"2027-02-30\""),
            "line 5: `ignore.until` is `2027-02-30`, and must be a date such as 2027-03-31",
        ),
        (
            entry("until=2027-01-01T10:00:00Z"),
            "line 5: `ignore.until` is `2027-01-01T10:00:00Z`, and must be a date",
        ),
        (entry("until=2027"), "line 5: `ignore.until` must be a date"),
        (entry("until=\"tomorrow\""), "line 5: `ignore.until` is `tomorrow`"),
        (
            "[[ignored]]\n".to_owned(),
            "line 1: `ignored` is not known; did you mean `ignore`?",
        ),
        (
            "[ignore]\n".to_owned(),
            "line 1: `ignore` must be a list of tables: write [[ignore]]",
        ),
        ("ignore = [1]\n".to_owned(), "write [[ignore]]"),
        (
            "overdue_after_days = 0\n".to_owned(),
            "line 1: `overdue_after_days` must be a whole number of days",
        ),
        (
            "\n[[accepted]]\nfunction = \"pay\"\nfinding = \"errors\"\nuntill = 2027-01-01\non = 2026-10-01\n"
                .to_owned(),
            "line 5: `accepted.untill` is not known; did you mean `until`?",
        ),
        (
            "[[accepted]]\nfunction = \"pay\"\nfinding = \"errors\"\n".to_owned(),
            "line 1: `accepted.on` is missing: say the day",
        ),
        (
            "[[accepted]]\nfunction = \"pay\"\nfinding = \"errors\"\non = 2026-10-02\nuntil = 2026-10-01\n".to_owned(),
            "line 5: `accepted.until` is 2026-10-01, before `on`, 2026-10-02",
        ),
        (
            "[[owner]]\nfunction = \"pay\"\n".to_owned(),
            "line 1: `owner.owner` is missing",
        ),
        ("\n\nignore".to_owned(), "line 3: "),
    ] {
        let problems = refused(&text).join("\n");
        assert!(problems.contains(says), "{text}: {problems}");
    }
}

#[test]
fn everything_that_is_wrong_is_named_at_once_in_order() {
    let problems = refused(
        "[[owner]]\nfunction = \"a\"\nowner = \"\"\n[[ignore]]\nfunction = \"b\"\nfinding = \"x\"\nuntil = 1\nreason = \"r\"\n",
    );
    let lines: Vec<&str> = problems.iter().map(|text| text.split(':').next().unwrap()).collect();
    assert_eq!(lines, ["line 3", "line 6", "line 7"], "{problems:?}");
}

#[test]
fn the_same_twice_is_refused() {
    let ignore = "[[ignore]]\nfunction = \"pay\"\nfinding = \"errors\"\nuntil = 2027-01-01\nreason = \"x\"\n";
    let problems = refused(&format!("{ignore}{ignore}"));
    assert_eq!(
        problems,
        ["line 6: `ignore` is about `pay` and errors again, as line 1 is; leave one of them"]
    );
    // Ignored once, accepted now: both may stand.
    AdviceFile::parse(&format!(
        "{ignore}[[accepted]]\nfunction = \"pay\"\nfinding = \"errors\"\non = 2026-10-01\n"
    ))
    .unwrap();
    let owner = "[[owner]]\nfunction = \"pay\"\nowner = \"a\"\n";
    assert!(refused(&format!("{owner}{owner}"))[0].contains("line 4: `owner` is about `pay` again, as line 1 is"));
}

#[test]
fn a_hostile_text_is_quoted_in_short() {
    let problems = refused(&format!("{} = 1\n", "a".repeat(5_000)));
    assert!(problems[0].len() < 250, "{}", problems[0].len());
}
