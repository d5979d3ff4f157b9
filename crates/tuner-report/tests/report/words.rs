//! What is said first, case by case.

use tuner_core::ControlCalls;
use tuner_core::machinery::Machinery;
use tuner_core::planning::Preset;
use tuner_core::pricing::{Currency, Money};
use tuner_core::{Objective, Tuning};
use tuner_report::{Format, headline};

use crate::cases::{self, in_a_state_machine, plain, shown};
use crate::common::Study;

fn of(name: &str) -> tuner_report::Headline {
    headline(&cases::all().iter().find(|(n, _)| *n == name).unwrap().1)
}

#[test]
fn a_move_says_from_where_to_where_and_what_it_brings() {
    let words = of("move");
    assert_eq!(words.decision, "image-resize: move from 128 MB to 1024 MB");
    assert!(
        words.effect.contains(" faster (") && words.effect.contains(" ms, 95 % CI "),
        "{}",
        words.effect
    );
    assert!(words.effect.contains(" per million, 95 % CI "), "{}", words.effect);
    assert!(words.provenance.contains("eu-west-1") && words.provenance.contains("20 warm invocations per size"));
    assert_eq!(words.caveat, None);
}

#[test]
fn keeping_says_why() {
    assert_eq!(of("single").decision, "image-resize: keep 512 MB");
    assert!(of("single").effect.starts_with("The only size that was measured; "));
}

/// A document of the gallery.
fn checked_in(name: &str) -> Tuning {
    let path = format!("{}/../../reports/{name}/tuning.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The one that is called the best has the probability of the next one beside it, or a better next one makes it untrue.
#[test]
fn a_best_that_may_not_be_the_best_says_so() {
    for (name, probability, said) in [
        (
            "slow-init",
            0.18,
            " (1024 MB may be better, with a probability of 18 %); ",
        ),
        ("slow-init", 0.04, " of 6 sizes; "),
        ("memory", 0.47, " (512 MB may be better, with a probability of 47 %), "),
    ] {
        let mut tuning = checked_in(name);
        tuning.decision.runner_up.as_mut().unwrap().probability_better = probability;
        let effect = headline(&tuning).effect;
        assert!(effect.contains(said), "{name}: {effect}");
    }
}

/// Edge case 64.
#[test]
fn no_clear_winner_names_who_cannot_be_told_apart() {
    let words = of("no-clear-winner");
    assert_eq!(words.decision, "image-resize: no clear winner: keep 512 MB");
    assert!(
        words
            .effect
            .starts_with("512 and 1024 MB are not shown to differ by cost; "),
        "{}",
        words.effect
    );
}

/// Edge case 63: what is as good by the objective and clearly better otherwise is where to move.
#[test]
fn an_equal_that_is_much_better_otherwise_is_chosen() {
    let study = Study {
        duration_ms: |mb| 2_000_000.0 / f64::from(mb),
        noise: 0.003,
        ..Study::default()
    };
    let words = headline(&study.run());
    assert!(words.decision.ends_with("to 3008 MB"), "{}", words.decision);
    assert!(words.effect.starts_with("96 % faster"), "{}", words.effect);
    assert!(
        words.effect.contains("not shown to differ: 95 % CI "),
        "{}",
        words.effect
    );
    let study = Study {
        duration_ms: |_| 100.0,
        objective: Objective::Speed,
        present_mb: 1024,
        ..study
    };
    let words = headline(&study.run());
    // Of equally fast sizes the present one stays, and a cheaper one is offered.
    assert!(words.decision.ends_with("keep 1024 MB"), "{}", words.decision);
    assert!(
        words.effect.contains("; or 128 MB: ") && words.effect.contains(" cheaper (95 % CI "),
        "{}",
        words.effect
    );
}

/// Edge cases 16 and 17.
#[test]
fn failures_are_named_with_their_class_and_sizes() {
    let words = of("all-failed");
    assert_eq!(words.decision, "image-resize: failed at every size");
    assert_eq!(words.effect, "Out of memory at 128, 256, 512, 1024, 1769 and 3008 MB");
    let words = of("present-failed");
    assert_eq!(
        words.decision.split(": ").nth(1),
        Some("move from 128 MB, where it fails, to 256 MB")
    );
    assert!(words.effect.ends_with("out of memory at 128 MB"), "{}", words.effect);
}

#[test]
fn the_other_ways_to_end() {
    assert_eq!(of("present-not-measured").decision, "image-resize: use 256 MB");
    assert!(
        of("present-not-measured")
            .effect
            .ends_with("the present 10240 MB was not measured")
    );
    assert_eq!(
        of("limit-not-met").decision,
        "image-resize: none of the sizes tried (128 to 3008 MB) keeps p95 ≤ 40 ms"
    );
    let effect = of("limit-not-met").effect;
    assert!(
        effect.starts_with("The closest is ") && effect.ends_with(" ms at p95"),
        "{effect}"
    );
    assert_eq!(
        of("not-enough-evidence").decision,
        "image-resize: not enough evidence to choose a size"
    );
    assert!(
        of("not-enough-evidence")
            .effect
            .starts_with("9 invocations succeeded without a REPORT line")
    );
}

#[test]
fn local_figures_are_called_estimates() {
    let words = headline(&Study::local("hash", 1).run());
    let caveat = words.caveat.unwrap();
    assert!(
        caveat.contains("2 CPUs, cgroup v1") && caveat.contains("USD figures are estimates"),
        "{caveat}"
    );
    assert!(words.effect.contains("estimated cost"), "{}", words.effect);
}

/// Edge cases 60 and 61.
#[test]
fn money_is_in_its_own_currency_or_there_is_none() {
    assert!(of("china").effect.contains("¥") && !of("china").effect.contains('$'));
    let words = of("price-unknown");
    assert!(
        words.effect.contains("GB-seconds") && !words.effect.contains('$'),
        "{}",
        words.effect
    );
    assert!(words.provenance.contains("price unknown"));
}

/// Edge case 66, on everything there is: "N % faster (A → B ms" holds for the A and B that are printed.
#[test]
fn percentages_agree_with_the_figures_beside_them() {
    let mut seen = 0;
    for (name, tuning) in cases::all() {
        let effect = headline(tuning).effect;
        for part in effect.split("), ") {
            let Some((before, after)) = part.split_once(" → ") else {
                continue;
            };
            let number = |text: &str| -> f64 {
                let digits: String = text.chars().filter(|c| c.is_ascii_digit() || *c == '.').collect();
                digits.parse().unwrap()
            };
            let (words, before) = before.rsplit_once('(').unwrap();
            let after = after.split(' ').next().unwrap();
            let Some((percent, _)) = words.split_once(" %") else {
                continue;
            };
            let printed = number(percent.rsplit(' ').next().unwrap());
            let computed = (number(after) / number(before) - 1.0).abs() * 100.0;
            assert!((printed - computed).abs() <= 0.5, "{name}: {part} is {computed:.2} %");
            seen += 1;
        }
    }
    assert!(seen >= 8, "{seen}");
}

/// What a state machine took is said in every view, and added to what the function's invocations took.
#[test]
fn the_cost_of_a_tuning_is_that_of_the_function_and_the_machine() {
    let tuning = in_a_state_machine().run();
    let function = tuning.exploration.cost.unwrap();
    let machine = tuning.machinery.unwrap().cost().unwrap();
    // 31 x $0.000025, 24 x $0.0000002, 12.5 GB-seconds x $0.0000133334.
    assert!((machine.amount - (31.0 * 2.5e-5 + 24.0 * 2e-7 + 12.5 * 1.333_34e-5)).abs() < 1e-9);
    let total = function.checked_add(machine).unwrap();
    for format in [Format::Terminal, Format::Markdown, Format::Html, Format::Svg] {
        let text = plain(&shown(format, &tuning));
        for part in [
            format!(
                "Cost of this tuning: {} for 126 invocations of the function (",
                function.display()
            ),
            format!(
                "and {} for 31 state transitions and 24 requests of the tuner",
                machine.display()
            ),
            format!("(12.5 GB-seconds), together {}.", total.display()),
        ] {
            assert!(text.contains(&part), "{format}: {part}\n{text}");
        }
        assert!(!plain(&shown(format, &cases::moved().run())).contains("Cost of this tuning"));
    }
}

/// What the tuner's own calls waited for is said in every view, and nothing where nothing limits them.
#[test]
fn what_limited_calls_waited_for() {
    let mut tuning = cases::moved().run();
    tuning.exploration.control_calls = ControlCalls {
        limited: 121,
        paced_ms: 12_040,
        throttled: 3,
    };
    for format in [Format::Terminal, Format::Markdown, Format::Html, Format::Svg] {
        let text = plain(&shown(format, &tuning));
        let said = "121 calls of the tuner are of the kind that Lambda limits by the second for the whole account, \
                    and waited 12.0 s in all for their turn; 3 throttled.";
        assert!(text.contains(said), "{format}: {text}");
        assert!(!plain(&shown(format, &cases::moved().run())).contains("calls of the tuner"));
    }
}

/// Edge case 61.
#[test]
fn dollars_and_yuan_are_not_added() {
    let mut tuning = in_a_state_machine().run();
    let machinery = tuning.machinery.as_mut().unwrap();
    machinery.work.counted = false;
    machinery.state_transition_cost = Some(Money::new(0.001, Currency::Cny));
    machinery.lambda_cost = Some(Money::new(0.002, Currency::Cny));
    let text = plain(&shown(Format::Terminal, &tuning));
    assert!(text.contains("and ¥0.003 for 31 state transitions"), "{text}");
    assert!(text.contains("(12.5 GB-seconds; estimated)."), "{text}");
    assert!(!text.contains("together"), "{text}");
    let without_price = |tuning: &mut Tuning| {
        tuning.exploration.cost = None;
        tuning.machinery = tuning.machinery.map(|machinery| Machinery {
            lambda_cost: None,
            ..machinery
        });
    };
    without_price(&mut tuning);
    let text = plain(&shown(Format::Terminal, &tuning));
    assert!(
        text.contains("Cost of this tuning: 126 invocations of the function"),
        "{text}"
    );
    assert!(text.contains("and 31 state transitions and 24 requests"), "{text}");
}

#[test]
fn a_dry_run_says_where_it_works() {
    let dry_run = Study {
        invocations: 0,
        ..cases::moved()
    };
    let words = headline(&dry_run.clone().run());
    assert_eq!(words.decision, "image-resize: works at all 6 sizes");
    assert_eq!(words.effect, "A dry run invokes each size once and compares nothing");
    assert!(
        words.provenance.contains("a dry run, 1 invocation per size"),
        "{}",
        words.provenance
    );
    let partly = Study {
        needs_mb: 200,
        ..dry_run.clone()
    };
    let words = headline(&partly.run());
    assert_eq!(words.decision, "image-resize: works at 5 of 6 sizes");
    assert!(
        words.effect.starts_with("Out of memory at 128 MB; "),
        "{}",
        words.effect
    );
    let nowhere = Study {
        needs_mb: 100_000,
        ..dry_run
    };
    assert_eq!(headline(&nowhere.run()).decision, "image-resize: failed at every size");
}

#[test]
fn a_budget_too_small_for_one_invocation_is_called_that() {
    let mut study = cases::moved();
    study.preset = Preset::Standard;
    study.budget.cost = Some(1e-9);
    let words = headline(&study.run());
    assert_eq!(
        words.decision,
        "image-resize: the budget is too small for one invocation"
    );
    assert!(
        words.effect.starts_with("Nothing was invoked: ") && words.effect.contains("time-out of 30 s"),
        "{}",
        words.effect
    );
}

#[test]
fn a_p95_is_printed_from_twenty_invocations_on() {
    let p95 = |invocations| {
        let study = Study {
            invocations,
            ..cases::moved()
        };
        !shown(Format::Svg, &study.run()).contains("\"p95_duration_ms\":null")
    };
    assert!(!p95(19) && p95(20));
}

/// What the caveat of a local tuning says, with this share of each duration spent waiting.
fn caveat_with(waited_share: Option<f64>, machine: Option<tuner_core::MachineUse>) -> String {
    let mut tuning = Study::local("f", 7).run();
    for record in &mut tuning.records {
        record.local = Some(tuner_core::LocalReading {
            waited_ms: waited_share.zip(record.duration_ms).map(|(share, ms)| share * ms),
            ..tuner_core::LocalReading::default()
        });
    }
    if let tuner_core::tuning::MeasuringEnvironment::Local { machine: slot, .. } = &mut tuning.environment {
        *slot = machine;
    }
    headline(&tuning).caveat.unwrap_or_default()
}

#[test]
fn a_machine_that_others_used_is_told_of() {
    let busy = tuner_core::MachineUse {
        load_average: Some(10.87),
        others_cpu_share: Some(0.77),
        ..tuner_core::MachineUse::default()
    };
    let told = caveat_with(Some(0.25), Some(busy));
    assert!(told.contains("77 % of their time, load average 10.9"), "{told}");
    assert!(
        told.contains("up to 25 % of a duration was spent waiting for it"),
        "{told}"
    );
    let unknown = caveat_with(None, Some(busy));
    assert!(unknown.contains("by how much is not known here"), "{unknown}");
    assert!(
        !caveat_with(Some(0.005), Some(busy)).contains("Meanwhile"),
        "nothing had to wait"
    );
    assert!(!caveat_with(None, None).contains("Meanwhile"), "nothing is known");
}
