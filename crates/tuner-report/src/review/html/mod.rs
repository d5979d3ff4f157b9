//! The page: what matters in words, a map, and a table of every function. One file, no script, no request.

mod function;

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::LazyLock;

use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde::Serialize;
use tuner_core::review::{MemoryReview, Nearer, RegionReview};

use self::function::Telling;
use super::actions::{self, ToDo};
use super::decided::{self, IgnoredRow, Urgent};
use super::facts;
use super::groups::{self, GroupRow};
use super::since::{self, Since};
use super::view::{Row, View};
use super::words::{self, ReviewHeadline};
use crate::chart::{self, Shape};
use crate::{Options, ReportError, escape, masking, numbers};

static TEMPLATES: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut env = Environment::new();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.set_auto_escape_callback(|_| AutoEscape::Html);
    escape::in_pages(&mut env);
    env.add_filter("count", numbers::count);
    // Whether they parse is tested; an error shows when the page is asked for.
    let _ = env.add_template("review", include_str!("page.html"));
    env
});

/// Told at the top: what breaks first, then what saves most.
const MOST_FIRST: usize = 4;
/// Rows of the lists around the table; the table has all functions.
const MOST_LISTED: usize = 40;
/// What a page may hold, in bytes: it is to open at once on a phone. Beyond it, the functions with the least at stake have
/// their row, and no more.
const MOST_BYTES: usize = 1_880_000;
/// Groups in the table; all are in the file of groups.
const MOST_GROUPS: usize = 200;
/// What a row of the table of groups takes at most, names aside.
const BYTES_OF_A_GROUP: usize = 400;
/// Functions that are told in full however many there are.
const ALWAYS_IN_FULL: usize = 100;

/// What the template speaks of.
#[derive(Serialize)]
struct Page<'a> {
    words: ReviewHeadline,
    risks_sentence: String,
    period: &'static str,
    is_month: bool,
    warnings: &'a [String],
    urgent: Vec<Urgent>,
    urgent_more: usize,
    by: String,
    groups: Vec<GroupRow>,
    groups_more: usize,
    group_pages: Option<&'a str>,
    ignored: Vec<IgnoredRow>,
    ignored_more: usize,
    unused: Vec<String>,
    unused_more: usize,
    first: Vec<First>,
    since: Option<Since>,
    wide: String,
    narrow: String,
    functions: usize,
    risks: usize,
    savings: usize,
    gaps: usize,
    fine: usize,
    rows: String,
    cut: usize,
    in_full: usize,
    regions: Vec<&'a RegionReview>,
    without_cost: Listed,
    optimizer: Option<Optimizer>,
    scan: Option<String>,
    arm64: Option<String>,
    measured: Option<String>,
    masked: bool,
}

/// Something to do first.
#[derive(Serialize)]
struct First {
    rank: usize,
    name: String,
    is_risk: bool,
    found: String,
    text: String,
    saving: Option<String>,
    to_do: Option<ToDo>,
}

/// The first of many.
#[derive(Serialize)]
struct Listed {
    lines: Vec<(String, String)>,
    all: usize,
    more: usize,
}

impl Listed {
    fn new(mut lines: Vec<(String, String)>) -> Self {
        let all = lines.len();
        lines.truncate(MOST_LISTED);
        Self {
            all,
            more: all - lines.len(),
            lines,
        }
    }
}

/// Compute Optimizer beside us.
#[derive(Serialize)]
struct Optimizer {
    looked_at: usize,
    agree: usize,
    differ: usize,
    no_answer: usize,
    measured: usize,
    nearer: usize,
    ours_nearer: usize,
    differing: Vec<OptimizerRow>,
}

#[derive(Serialize)]
struct OptimizerRow {
    name: String,
    ours: String,
    theirs: String,
}

/// Writes `review` as one page that needs nothing else.
///
/// # Errors
/// When `out` refuses the bytes.
pub fn review_html(review: &MemoryReview, options: &Options, out: &mut impl Write) -> Result<(), ReportError> {
    let shown = masking::shown(review, options)?;
    let view = View::new(&shown);
    let count = |is: fn(&Row<'_>) -> bool| view.rows.iter().filter(|row| is(row)).count();
    let (wide, narrow) = (
        chart::review_element(&view, Shape::Page)?,
        chart::review_element(&view, Shape::Phone)?,
    );
    let first = first(&view);
    let mut urgent = decided::urgent(&view);
    let urgent_more = cut(&mut urgent, MOST_LISTED);
    let mut groups = groups::table(&view);
    let groups_more = cut(&mut groups, MOST_GROUPS);
    let mut unused = decided::unused(&view);
    let unused_more = cut(&mut unused, MOST_LISTED);
    let mut ignored = decided::ignored(&view);
    let ignored_more = cut(&mut ignored, MOST_LISTED);
    let around = wide.len() + narrow.len() + groups.len() * BYTES_OF_A_GROUP;
    let (rows, in_full) = rows(&view, &first, MOST_BYTES.saturating_sub(around));
    let totals = &shown.totals;
    let words = words::of_view(&view);
    let page = Page {
        risks_sentence: words::capitalised(&words.risks),
        words,
        period: view.period(),
        is_month: shown.window.is_some(),
        warnings: &shown.warnings,
        urgent,
        urgent_more,
        by: shown
            .groups
            .as_ref()
            .map_or_else(String::new, |groups| groups::by_words(&groups.by)),
        groups,
        groups_more,
        group_pages: options.group_pages.as_deref(),
        ignored,
        ignored_more,
        unused,
        unused_more,
        first,
        since: since::of_view(&view),
        wide,
        narrow,
        functions: view.rows.len(),
        risks: count(|row| row.is_risk()),
        savings: count(|row| row.saves()),
        gaps: count(|row| row.is_gap()),
        fine: count(|row| row.is_fine()),
        rows,
        cut: view.rows.len() - in_full,
        in_full,
        regions: shown.regions.iter().filter(|region| region.problem.is_some()).collect(),
        without_cost: Listed::new(without_cost(&view)),
        optimizer: optimizer(&view),
        scan: scan(&view),
        arm64: totals
            .arm64_at_best
            .filter(|most| most.amount > 0.0)
            .map(|most| view.scale.amount(most)),
        measured: totals
            .saving_measured
            .filter(|sum| sum.amount != 0.0)
            .map(|sum| view.scale.amount(sum)),
        masked: !options.show_account_ids && masking::Document::account(review).is_some(),
    };
    let text = TEMPLATES.get_template("review")?.render(Serde(&page))?;
    Ok(out.write_all(text.as_bytes())?)
}

/// Leaves the first `most`, and says how many there are besides.
fn cut<T>(list: &mut Vec<T>, most: usize) -> usize {
    let more = list.len().saturating_sub(most);
    list.truncate(most);
    more
}

/// The rows of the table, the functions with the most at stake in full; and how many are in full.
fn rows(view: &View<'_>, first: &[First], most_bytes: usize) -> (String, usize) {
    let heads: Vec<String> = view.rows.iter().map(|row| function::head(view, row)).collect();
    let ends = view.rows.iter().map(function::end_bytes);
    let mut bytes: usize = heads.iter().map(String::len).sum::<usize>() + ends.sum::<usize>();
    let (always, rest) = view.rows.split_at(view.rows.len().min(ALWAYS_IN_FULL));
    let mut told: BTreeMap<usize, Vec<&ToDo>> = BTreeMap::new();
    for item in first {
        told.entry(item.rank).or_default().extend(&item.to_do);
    }
    let told = |row: &Row<'_>| told.get(&row.rank).map_or(&[][..], Vec::as_slice);
    let full = |row| function::details(view, row, Telling::Facts, told(row));
    let mut inside: Vec<String> = always.iter().map(full).collect();
    bytes += inside.iter().map(String::len).sum::<usize>();
    let mut in_full = inside.len();
    inside.resize(view.rows.len(), String::new());
    // What may break comes first wherever it ranks.
    let mut order: Vec<&Row<'_>> = rest.iter().collect();
    order.sort_by_key(|row| (!row.is_risk(), row.rank));
    // Every function has its charts before any has more, and what was found before all that is known.
    for telling in Telling::ALL {
        for row in &order {
            let text = function::details(view, row, telling, told(row));
            let slot = &mut inside[row.rank - 1];
            let grown = bytes - slot.len() + text.len();
            if grown > most_bytes {
                break;
            }
            (bytes, *slot) = (grown, text);
            in_full += usize::from(telling == Telling::Facts);
        }
    }
    let mut text = String::with_capacity(bytes);
    for ((row, head), inside) in view.rows.iter().zip(heads).zip(inside) {
        text.push_str(&head);
        function::end(&mut text, row, &inside);
    }
    (text, in_full)
}

fn first(view: &View<'_>) -> Vec<First> {
    let one = |row: &Row<'_>, is_risk: bool| {
        let findings = &row.of.findings;
        let finding = findings
            .iter()
            .find(|f| if is_risk { f.kind.is_risk() } else { f.saving.is_some() })
            .or(findings.first())?;
        Some(First {
            rank: row.rank,
            name: row.label.clone(),
            is_risk,
            found: finding.kind.words().to_owned(),
            text: finding.text.clone(),
            saving: row
                .saving
                .filter(|_| !is_risk)
                .map(|saving| format!("{} {}", view.scale.saving(&saving), view.period())),
            to_do: actions::about(row.of, finding),
        })
    };
    // What no setting mends takes no place among what to do first, unless there is room.
    let is_open = |row: &&Row<'_>| !row.of.advice.iter().any(|advice| actions::mends(row.of, advice));
    let (open, mending): (Vec<_>, Vec<_>) = view.risks().partition(is_open);
    let risks = mending.into_iter().chain(open);
    let mut first: Vec<First> = risks.filter_map(|row| one(row, true)).take(MOST_FIRST).collect();
    let saving = view.by_saving();
    for item in saving.iter().filter_map(|(row, _)| one(row, false)).take(MOST_FIRST) {
        // A function that breaks and wastes stands here twice, and what to do with it once.
        let is_told = |told: &First| told.rank == item.rank && told.to_do == item.to_do;
        let to_do = item.to_do.clone().filter(|_| !first.iter().any(is_told));
        first.push(First { to_do, ..item });
    }
    first
}

fn without_cost(view: &View<'_>) -> Vec<(String, String)> {
    let rows = view.rows.iter().filter(|row| row.cost.is_none());
    let why = |row: &Row<'_>| {
        row.of
            .cost_unknown
            .clone()
            .unwrap_or_else(|| "the reason is not known".to_owned())
    };
    rows.map(|row| (row.name().to_owned(), why(row))).collect()
}

fn optimizer(view: &View<'_>) -> Option<Optimizer> {
    let looked_at: Vec<&Row<'_>> = view
        .rows
        .iter()
        .filter(|row| row.of.evidence.compute_optimizer.is_some())
        .collect();
    if looked_at.is_empty() {
        return None;
    }
    let with = |answer: Option<bool>| looked_at.iter().filter(move |row| facts::agrees(row.of) == answer);
    let ours = |row: &Row<'_>| {
        let words = row.found();
        if words.is_empty() {
            "nothing".to_owned()
        } else {
            words.join(", ")
        }
    };
    let nearer = |whose: Nearer| {
        let beside = looked_at.iter().filter_map(|row| row.of.beside);
        beside.filter(|beside| beside.nearer() == whose).count()
    };
    Some(Optimizer {
        looked_at: looked_at.len(),
        agree: with(Some(true)).count(),
        differ: with(Some(false)).count(),
        no_answer: with(None).count(),
        measured: looked_at.iter().filter(|row| row.of.beside.is_some()).count(),
        nearer: nearer(Nearer::Theirs),
        ours_nearer: nearer(Nearer::Ours),
        differing: with(Some(false))
            .take(MOST_LISTED)
            .map(|row| OptimizerRow {
                name: row.name().to_owned(),
                ours: ours(row),
                theirs: row
                    .of
                    .evidence
                    .compute_optimizer
                    .as_ref()
                    .map_or_else(String::new, facts::optimizer),
            })
            .collect(),
    })
}

/// What reading the logs took.
fn scan(view: &View<'_>) -> Option<String> {
    let scan = view.review.scan.as_ref()?;
    let size = |bytes: u64| match bytes as f64 {
        b if b >= 1e9 => format!("{} GB", numbers::decimal(b / 1e9, usize::from(b < 1e11))),
        b if b >= 1e6 => format!("{} MB", numbers::decimal(b / 1e6, usize::from(b < 1e8))),
        b => format!("{} bytes", numbers::decimal(b, 0)),
    };
    let mut text = format!("Reading the logs took {}", size(scan.bytes));
    if scan.queries > 0 {
        text.push_str(&format!(" in {}", words::counted(scan.queries, "query", "queries")));
    }
    text.push_str(&match scan.cost {
        Some(cost) => format!(" and cost {}", cost.display()),
        None => String::new(),
    });
    if let Some(bytes) = scan.estimated_bytes {
        let cost = scan
            .estimated_cost
            .map_or_else(String::new, |cost| format!(", {}", cost.display()));
        text.push_str(&format!("; {}{cost} was expected", size(bytes)));
    }
    text.push_str(
        &scan
            .budget
            .map_or_else(String::new, |most| format!("; at most {} was allowed", most.display())),
    );
    text.push('.');
    Some(text)
}
