//! The fitted curve, what was compared, and what is said of few invocations.

use tuner_core::planning::Preset;
use tuner_core::{Tuning, Verdict};
use tuner_report::{Format, headline};

use crate::cases::{self, plain, shown};
use crate::common::{self, Study};

const WITH_WORDS: [Format; 4] = [Format::Terminal, Format::Markdown, Format::Html, Format::Svg];

fn of(name: &str) -> &'static Tuning {
    &cases::all().iter().find(|(n, _)| *n == name).unwrap().1
}

/// As many lines of the model as `class` draws.
fn curves(svg: &str, class: &str) -> usize {
    svg.matches(&format!("class=\"s s-{class}\"")).count()
}

#[test]
fn the_model_is_drawn_solid_where_it_is_measured_and_dashed_beyond() {
    let svg = shown(Format::Svg, of("move"));
    assert_eq!((curves(&svg, "model"), curves(&svg, "guess")), (1, 2));
    assert!(svg.contains(".s-guess{stroke-dasharray"));
    let untrusted = shown(Format::Svg, of("follows-no-model"));
    assert_eq!(curves(&untrusted, "model"), 0);
    assert!(curves(&untrusted, "guess") > 0);
    // Without a model, there is no curve.
    assert_eq!(curves(&shown(Format::Svg, of("single")), "model"), 0);
}

/// The curve is not drawn where the function does not run.
#[test]
fn no_curve_crosses_a_size_that_failed() {
    let mut tuning = cases::moved().run();
    tuning.sizes[2].status = tuner_core::tuning::SizeStatus::Failed {
        outcome: tuner_core::Outcome::FunctionError,
    };
    assert_eq!(curves(&shown(Format::Svg, &tuning), "model"), 2);
}

#[test]
fn its_parts_its_knee_and_its_place_are_said_in_every_view() {
    let study = Study {
        duration_ms: |mb| 60.0 + common::one_thread(mb, 60.0),
        constraints: common::p95_at_most(200.0),
        noise: 0.002,
        ..Study::default()
    };
    let tuning = study.run();
    let knee = tuning.decision.knee.unwrap();
    assert_eq!(tuning.decision.memory_size_mb, Some(1024));
    for format in WITH_WORDS {
        let text = plain(&shown(format, &tuning));
        // 60 ms of waiting beside 60 ms x 1769 / 1024.
        for part in [
            "Model at 1024 MB: 37 % waiting, 63 % processor, 0 % memory pressure; points are 5 % off the curve."
                .to_owned(),
            format!(
                "It levels off at {:.0} MB (95 % interval {:.0}–{:.0}).",
                knee.memory_mb, knee.low_mb, knee.high_mb
            ),
            "Points win over the model: sizes are compared by what was measured.".to_owned(),
        ] {
            assert!(text.contains(&part), "{format}: {part}\n{text}");
        }
    }
    for format in [Format::Markdown, Format::Html, Format::Svg] {
        let text = shown(format, &tuning);
        assert!(
            text.contains("/m ms, where m is the memory size in MB, up to 1769"),
            "{format}"
        );
    }
}

#[test]
fn a_model_that_the_function_does_not_follow_says_nothing_else() {
    for format in WITH_WORDS {
        let text = plain(&shown(format, of("follows-no-model")));
        assert!(
            text.contains("Model not trusted: the function does not follow it; points are "),
            "{format}"
        );
        assert!(!text.contains("% waiting"), "{format}");
    }
}

#[test]
fn a_knee_that_cannot_be_told_is_not_made_up() {
    let tuning = of("bimodal");
    assert_eq!(tuning.decision.knee, None);
    for format in WITH_WORDS {
        let text = plain(&shown(format, tuning));
        assert!(
            text.contains("Where it levels off does not show in these sizes."),
            "{format}"
        );
    }
}

#[test]
fn an_adaptive_tuning_says_how_many_invocations_there_were_and_by_which_plan() {
    let tuning = common::adaptive().run();
    assert_eq!(
        (
            tuning.request.options.asked_per_size(),
            tuning.request.options.memory_sizes.len()
        ),
        (None, 0)
    );
    let counts: Vec<u32> = tuning
        .sizes
        .iter()
        .map(|s| s.warm.as_ref().unwrap().duration_ms.count)
        .collect();
    let (least, most) = (counts.iter().min().unwrap(), counts.iter().max().unwrap());
    let provenance = headline(&tuning).provenance;
    for part in [
        match least == most {
            true => format!("· {} warm invocations, {least} per size ·", counts.iter().sum::<u32>()),
            false => format!(
                "· {} warm invocations, {least} to {most} per size ·",
                counts.iter().sum::<u32>()
            ),
        },
        "· planner thorough, at most 120 invocations, $0.05 and 5 min ·".to_owned(),
        "· 5 % cold starts counted in ·".to_owned(),
    ] {
        assert!(provenance.contains(&part), "{part}: {provenance}");
    }
    assert!(!provenance.contains("warm invocations per size"), "{provenance}");
}

/// Two invocations have a mean with an interval, since all sizes have a say in it, and no percentiles.
#[test]
fn few_invocations_have_no_percentiles() {
    let tuning = of("constraints-not-met");
    let html = shown(Format::Html, tuning);
    let row = html
        .split("<td>1769</td>")
        .nth(2)
        .unwrap()
        .split("</tr>")
        .next()
        .unwrap();
    let cells: Vec<&str> = row.split("<td>").collect();
    let compared = &tuning
        .decision
        .compared
        .iter()
        .find(|c| c.memory_size_mb == 1769)
        .unwrap();
    let interval = compared.duration_ms;
    let shown_interval = format!("{:.0}–{:.0}", interval.low.unwrap(), interval.high.unwrap());
    assert!(cells[2].contains(&shown_interval), "{row}");
    assert!(cells[3].contains("<small>n too small</small>"), "{row}");
    assert!(cells[4].starts_with("–<") && cells[5].starts_with("–<"), "{row}");
    for format in WITH_WORDS {
        let text = plain(&shown(format, tuning));
        assert!(
            text.contains("Fewer than 20 invocations are too few for a p95"),
            "{format}"
        );
    }
    let svg = shown(Format::Svg, tuning);
    assert!(svg.contains("p95 or longest of few") && svg.contains(">max<") && !svg.contains(">p95<"));
    assert!(!plain(&shown(Format::Terminal, of("move"))).contains("n is too small"));
}

#[test]
fn the_closest_size_is_named_when_none_keeps_all_constraints() {
    let tuning = of("constraints-not-met");
    assert_eq!(tuning.decision.verdict, Verdict::ConstraintNotMet);
    let closest = tuning.decision.closest.as_ref().unwrap();
    let words = headline(tuning);
    assert_eq!(
        words.decision,
        "report-builder: none of the sizes tried (128 to 5307 MB) keeps p95 ≤ 200 ms and cost within 150 % of the cheapest"
    );
    assert_eq!(
        words.effect,
        format!(
            "The closest is {} MB with about {:.0} ms at p95, as far as 3 invocations tell",
            closest.memory_size_mb, closest.value
        )
    );
    let row = shown(Format::Terminal, tuning);
    let row = row.lines().find(|l| l.contains("1769  3")).unwrap();
    assert!(row.ends_with("closest"), "{row}");
}

#[test]
fn every_constraint_is_named_and_drawn() {
    let tuning = of("every-constraint");
    let svg = shown(Format::Svg, tuning);
    for words in [
        "mean ≤ 190 ms",
        "p50 ≤ 195 ms",
        "p95 ≤ 200 ms",
        "p99 ≤ 2,000,000 ms",
        "cost within 40 % of the cheapest",
        "cost ≤ $2.90 per million",
    ] {
        assert!(headline(tuning).provenance.contains(words), "{words}");
        assert!(svg.contains(&format!(">limit: {words}")), "{words}");
    }
    // All but the one far above the chart have a line.
    assert_eq!(curves(&svg, "limit"), 5);
    assert!(svg.contains("p99 ≤ 2,000,000 ms (above this chart)"));
}

#[test]
fn what_is_next_and_what_is_odd_is_said() {
    let tuning = of("bimodal");
    let next = tuning.decision.runner_up.as_ref().unwrap();
    for format in WITH_WORDS {
        let text = plain(&shown(format, tuning));
        let runner_up = format!(
            "Runner-up is {} MB: better than 256 MB by the balanced objective with a probability of {:.0} %.",
            next.memory_size_mb,
            next.probability_better * 100.0
        );
        assert!(text.contains(&runner_up), "{format}: {runner_up}\n{text}");
        assert!(text.contains("durations fall into two groups, far apart"), "{format}");
        let heavy = plain(&shown(format, of("heavy-tail")));
        assert!(heavy.contains("a few durations are many times the others"), "{format}");
    }
    let table = shown(Format::Terminal, tuning);
    assert!(
        table.lines().any(|l| l.ends_with("chosen, cheapest, bimodal")),
        "{table}"
    );
}

/// What is printed is what the decision went by, not another mean.
#[test]
fn figures_are_those_that_were_compared() {
    let tuning = Study {
        cold_share: 0.3,
        preset: Preset::Standard,
        ..cases::moved()
    }
    .run();
    let chosen = tuning.decision.memory_size_mb.unwrap();
    let compared = tuning
        .decision
        .compared
        .iter()
        .find(|c| c.memory_size_mb == chosen)
        .unwrap();
    let series = tuning
        .sizes
        .iter()
        .find(|s| s.memory_size_mb == chosen)
        .unwrap()
        .warm
        .as_ref();
    let mean = compared.duration_ms.value;
    assert!(
        mean > 1.1 * series.unwrap().duration_ms.mean.value,
        "cold starts weigh in"
    );
    let effect = headline(&tuning).effect;
    let digits = usize::from(mean < 99.95);
    assert!(effect.contains(&format!(" → {mean:.digits$} ms, ")), "{effect}");
    let csv = shown(Format::Csv, &tuning);
    assert!(csv.contains(&format!(",{mean},")), "{csv}");
}

/// Documents of before sizes were judged so say less, and render all the same.
#[test]
fn documents_without_what_came_later_render() {
    for (name, tuning) in cases::all() {
        let mut tuning = tuning.clone();
        let decision = &mut tuning.decision;
        decision.compared.clear();
        (decision.runner_up, decision.closest) = (None, None);
        (decision.model, decision.knee) = (None, None);
        for format in Format::ALL {
            let text = shown(format, &tuning);
            assert!(
                !text.contains("Model at") && !text.contains("Runner-up"),
                "{name} {format}"
            );
        }
    }
    let mut tuning = of("limit-not-met").clone();
    tuning.decision.closest = None;
    tuning.request.options.constraints.clear();
    assert_eq!(
        headline(&tuning).decision,
        "image-resize: none of the sizes tried (128 to 3008 MB) keeps the limits"
    );
}
