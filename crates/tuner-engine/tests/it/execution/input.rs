use tuner_core::planning::{Budget, Preset};
use tuner_core::{Constraint, Objective, Statistic};
use tuner_engine::execution::{Defaults, ExecutionInput, FIELDS, InputError, PayloadSource};
use tuner_engine::{Apply, TuningOptions, TuningRequest};

fn parse(text: &str) -> ExecutionInput {
    ExecutionInput::parse(text, &Defaults::default()).unwrap_or_else(|e| panic!("{text}: {e}"))
}

/// The message for `fields` beside a function's name.
fn refused(fields: &str) -> String {
    let text = format!(r#"{{"lambdaARN": "resize", {fields}}}"#);
    match ExecutionInput::parse(&text, &Defaults::default()) {
        Ok(_) => panic!("{text} is accepted"),
        Err(e) => e.to_string(),
    }
}

fn with(fields: &str) -> ExecutionInput {
    parse(&format!(r#"{{"lambdaARN": "resize", {fields}}}"#))
}

fn sizes(request: &TuningRequest) -> Vec<u32> {
    request.options.memory_sizes.iter().map(|size| size.mb()).collect()
}

#[test]
fn the_smallest_input_has_lpt_s_defaults() {
    let input = parse(r#"{"lambdaARN": "resize"}"#);
    let defaults = TuningRequest::new("resize".parse().unwrap()).with(|o| {
        o.trim_share = 0.2;
        o.memory_sizes = Defaults::default().memory_sizes;
    });
    assert_eq!(
        sizes(&defaults),
        [128, 256, 512, 1024, 1536, 3008],
        "those that are deployed"
    );
    assert_eq!(input, ExecutionInput::new(defaults, PayloadSource::None));
}

#[test]
fn what_is_null_or_empty_is_not_given() {
    let nothing = with(
        r#""num": null, "powerValues": [], "payloadS3": "", "strategy": "", "autoOptimize": null, "autoOptimizeAlias": "",
           "preProcessorARN": "", "postProcessorARN": null, "discardTopBottom": null, "allowedExceptions": []"#,
    );
    assert_eq!(nothing, parse(r#"{"lambdaARN": "resize"}"#));
    assert_eq!(with(r#""powerValues": """#), nothing);
}

#[test]
fn null_is_not_given_whatever_the_field() {
    for preset in ["grid", "standard"] {
        let smallest = with(&format!(r#""preset": "{preset}""#));
        for field in FIELDS.into_iter().filter(|&field| field != "lambdaARN") {
            let preset = if field == "preset" {
                "null".to_owned()
            } else {
                format!(r#""{preset}""#)
            };
            let fields = match field {
                "preset" => format!(r#""preset": {preset}"#),
                _ => format!(r#""preset": {preset}, "{field}": null"#),
            };
            let expected = match field {
                "preset" => &with(r#""preset": "grid""#),
                // A payload of null is sent.
                "payload" => continue,
                _ => &smallest,
            };
            assert_eq!(&with(&fields), expected, "{fields}");
        }
    }
}

#[test]
fn an_adaptive_preset_chooses_from_all_sizes_unless_some_are_given() {
    for preset in [Preset::Frugal, Preset::Standard, Preset::Thorough] {
        let input = with(&format!(r#""preset": "{preset}""#));
        assert_eq!(input.request.options.preset, preset);
        assert_eq!((sizes(&input.request), input.request.options.trim_share), (vec![], 0.0));
        assert!(input.warnings.is_empty(), "{:?}", input.warnings);
        let some = with(&format!(r#""preset": "{preset}", "powerValues": [512, 128]"#));
        assert_eq!(sizes(&some.request), [128, 512]);
    }
}

#[test]
fn every_limit_share_and_budget_reaches_the_request() {
    let request = with(
        r#""preset": "thorough", "maxMeanMs": 1, "maxP50Ms": 2, "maxP95Ms": 3, "maxP99Ms": 4.5, "maxCostAboveCheapestPct": 5,
           "maxCostPerMillion": 6, "coldShare": 0.25, "headroom": 0.5, "budgetInvocations": "40", "budgetCost": 0.05,
           "budgetSeconds": 90"#,
    )
    .request;
    let duration = |statistic, max_ms| Constraint::Duration { statistic, max_ms };
    assert_eq!(
        request.options.constraints,
        [
            duration(Statistic::Mean, 1.0),
            duration(Statistic::P50, 2.0),
            duration(Statistic::P95, 3.0),
            duration(Statistic::P99, 4.5),
            Constraint::CostAboveCheapest { max_pct: 5.0 },
            Constraint::CostPerMillion { max: 6.0 },
        ]
    );
    assert_eq!((request.options.cold_share, request.options.headroom), (0.25, 0.5));
    let budget = Budget {
        invocations: Some(40),
        cost: Some(0.05),
        time_ms: Some(90_000),
    };
    assert_eq!(request.options.budget, budget);
}

#[test]
fn every_option_of_lpt_reaches_the_request() {
    let input = parse(
        r#"{
            "lambdaARN": "arn:aws:lambda:eu-west-1:123456789012:function:resize:live",
            "num": 50, "powerValues": [512, 128, 128, "1024"], "payload": {"a": 1.50},
            "parallelInvocation": false, "strategy": "balanced", "balancedWeight": 0.7,
            "autoOptimize": true, "autoOptimizeAlias": "prod", "dryRun": false,
            "preProcessorARN": "before", "postProcessorARN": "123456789012:function:after:2",
            "discardTopBottom": 0.1, "sleepBetweenRunsMs": 250, "disablePayloadLogs": "yes",
            "includeOutputResults": 1, "onlyColdStarts": true, "allowedExceptions": ["NotReady"]
        }"#,
    );
    let request = &input.request;
    assert_eq!(request.function.qualifier(), Some("live"));
    assert_eq!(request.options.invocations, 50);
    assert_eq!(sizes(request), [128, 512, 1024]);
    assert_eq!(input.payload, PayloadSource::Inline(r#"{"a": 1.50}"#.to_owned()));
    assert_eq!((request.options.concurrency, request.options.max_concurrency), (1, 10));
    assert_eq!(request.options.objective, Objective::Balanced { cost_weight: 0.7 });
    let to = |from_latest| Apply::Alias {
        name: "prod".to_owned(),
        from_latest,
    };
    assert_eq!(request.options.apply, to(false));
    let meant = with(r#""autoOptimize": true, "autoOptimizeAlias": "prod", "applyFromLatest": true"#);
    assert_eq!((meant.request.options.apply, meant.warnings.len()), (to(true), 0));
    let without_alias = with(r#""autoOptimize": true, "applyFromLatest": true"#);
    assert!(
        without_alias.warnings[0].contains("applyFromLatest has no effect"),
        "{:?}",
        without_alias.warnings
    );
    assert!(!request.options.dry_run && request.options.only_cold_starts);
    assert_eq!(request.options.pre_processor, Some("before".parse().unwrap()));
    assert_eq!(
        request.options.post_processor,
        Some("123456789012:function:after:2".parse().unwrap())
    );
    assert_eq!(request.options.trim_share, 0.1);
    assert_eq!(request.options.pause_ms, 250);
    assert!(!request.options.keep_messages && input.include_output_results);
    assert_eq!(request.options.allowed_errors, ["NotReady"]);
    assert!(input.warnings.is_empty(), "{:?}", input.warnings);
}

#[test]
fn our_own_options_reach_the_request() {
    let request = with(
        r#""maxConcurrency": 3, "maxP95Ms": 250.5, "monthlyInvocations": 2e6,
           "roleARN": "arn:aws-us-gov:iam::123456789012:role/path/tuner""#,
    )
    .request;
    assert_eq!(request.options.max_concurrency, 3);
    let p95 = Constraint::Duration {
        statistic: Statistic::P95,
        max_ms: 250.5,
    };
    assert_eq!(request.options.constraints, [p95]);
    assert_eq!(request.options.monthly_invocations, Some(2e6));
    assert_eq!(
        request.options.role_arn.as_deref(),
        Some("arn:aws-us-gov:iam::123456789012:role/path/tuner")
    );
}

#[test]
fn all_is_every_size_worth_trying_in_any_letters() {
    for word in ["ALL", "all", "All"] {
        let input = with(&format!(r#""powerValues": "{word}""#));
        assert_eq!(sizes(&input.request), TuningOptions::ALL_SIZES);
    }
}

#[test]
fn sizes_not_given_are_the_deployment_s() {
    let defaults: Defaults = "256, 512,1024".parse().unwrap();
    let input = ExecutionInput::parse(r#"{"lambdaARN": "resize"}"#, &defaults).unwrap();
    assert_eq!(sizes(&input.request), [256, 512, 1024]);
    assert!("64".parse::<Defaults>().is_err() && "big".parse::<Defaults>().is_err());
    let error = ExecutionInput::parse(r#"{"lambdaARN": "resize"}"#, &"".parse().unwrap()).unwrap_err();
    assert!(error.to_string().contains("no memory size"), "{error}");
}

#[test]
fn trimming_is_off_for_cold_starts_unless_asked_for() {
    assert_eq!(with(r#""onlyColdStarts": true"#).request.options.trim_share, 0.0);
    let asked = with(r#""onlyColdStarts": true, "discardTopBottom": 0.3"#);
    assert_eq!(asked.request.options.trim_share, 0.3);
}

#[test]
fn parallel_is_in_five_turns_up_to_the_most_allowed() {
    for (fields, concurrency, most) in [
        (r#""parallelInvocation": true"#, 2, 100),
        (r#""parallelInvocation": true, "num": 500"#, 100, 100),
        (
            r#""parallelInvocation": true, "num": 500, "maxConcurrency": 1000"#,
            100,
            1000,
        ),
        (r#""parallelInvocation": true, "num": 50, "maxConcurrency": 4"#, 4, 4),
        (r#""maxConcurrency": 4"#, 1, 4),
    ] {
        let request = with(fields).request;
        assert_eq!(
            (request.options.concurrency, request.options.max_concurrency),
            (concurrency, most),
            "{fields}"
        );
    }
}

#[test]
fn what_has_no_effect_is_said() {
    for (fields, warning) in [
        (r#""preset": "standard", "num": 20"#, "num"),
        (r#""autoOptimizeAlias": "prod""#, "autoOptimizeAlias"),
        (r#""balancedWeight": 0.5"#, "balancedWeight"),
        (
            r#""parallelInvocation": true, "sleepBetweenRunsMs": 5"#,
            "sleepBetweenRunsMs",
        ),
    ] {
        let input = with(fields);
        assert_eq!(input.warnings.len(), 1, "{fields}");
        assert!(input.warnings[0].contains(warning), "{:?}", input.warnings);
        assert_eq!(
            (input.request.options.apply, input.request.options.pause_ms),
            (Apply::No, 0)
        );
    }
}

#[test]
fn true_is_true_as_javascript_has_it_where_lpt_says_truthy() {
    for (value, truthy) in [
        ("true", true),
        ("1", true),
        (r#""false""#, true),
        ("{}", true),
        ("false", false),
        ("0", false),
        ("0.0", false),
        (r#""""#, false),
        ("null", false),
    ] {
        let input = with(&format!(
            r#""disablePayloadLogs": {value}, "includeOutputResults": {value}"#
        ));
        assert_eq!(
            (!input.request.options.keep_messages, input.include_output_results),
            (truthy, truthy),
            "{value}"
        );
    }
}

/// Fields with something wrong, and what the message says.
pub(super) const WRONG: &[(&str, [&str; 2])] = &[
    (r#""num": 4"#, ["num is 4", "from 5 to 10000"]),
    (r#""num": 10001"#, ["num is 10001", "from 5 to 10000"]),
    (r#""num": 7.5"#, ["num is 7.5", "whole number"]),
    (r#""num": "ten""#, [r#"num is "ten""#, "whole number"]),
    (r#""num": 1e999"#, ["num is 1e999", "whole number"]),
    (r#""powerValues": 512"#, ["powerValues is 512", "a list"]),
    (r#""powerValues": "some""#, [r#"powerValues is "some""#, r#""ALL""#]),
    (r#""powerValues": [512, 64]"#, ["powerValues[1] is 64", "128 to 10240"]),
    (r#""powerValues": ["x"]"#, [r#"powerValues[0] is "x""#, "128 to 10240"]),
    (r#""payloadS3": "bucket/key""#, ["payloadS3 is", "s3://BUCKET/KEY"]),
    (
        r#""payload": 1, "payloadS3": "s3://bucket/key""#,
        ["payload and payloadS3", "leave one out"],
    ),
    (
        r#""payload": [{"payload": 1, "weight": 0}]"#,
        ["payload[0] has a weight of 0", "above 0"],
    ),
    (
        r#""payload": [{"payload": 1, "weight": 1}, {"payload": 1, "wieght": 2}]"#,
        [
            "payload[1] has no `weight`, but `wieght`",
            "give [{\"payload\": LIST, \"weight\": 1}]",
        ],
    ),
    (
        r#""parallelInvocation": "true""#,
        [r#"parallelInvocation is "true""#, "without quotes"],
    ),
    (
        r#""strategy": "fast""#,
        [r#"strategy is "fast""#, r#""cost", "speed" or "balanced""#],
    ),
    (
        r#""balancedWeight": 1.5"#,
        ["balancedWeight is 1.5", "0 (speed alone) to 1 (cost alone)"],
    ),
    (
        r#""autoOptimizeAlias": "12""#,
        [r#"autoOptimizeAlias is "12""#, "not digits alone"],
    ),
    (
        r#""preProcessorARN": "a b""#,
        [r#"preProcessorARN is "a b""#, "letters, digits"],
    ),
    (r#""discardTopBottom": 0.5"#, ["discardTopBottom is 0.5", "0.4"]),
    (
        r#""sleepBetweenRunsMs": -1"#,
        ["sleepBetweenRunsMs is -1", "from 0 to 600000"],
    ),
    (r#""allowedExceptions": "NotReady""#, ["allowedExceptions is", "a list"]),
    (
        r#""allowedExceptions": ["NotReady", 5]"#,
        ["allowedExceptions[1] is 5", "error type"],
    ),
    (r#""maxConcurrency": 0"#, ["maxConcurrency is 0", "from 1 to 1000"]),
    (r#""maxP95Ms": 0"#, ["maxP95Ms is 0", "above 0"]),
    (r#""monthlyInvocations": -1"#, ["monthlyInvocations is -1", "above 0"]),
    (
        r#""preset": "quick""#,
        [r#"preset is "quick""#, r#""frugal", "standard", "thorough" or "grid""#],
    ),
    (r#""maxMeanMs": -5"#, ["maxMeanMs is -5", "above 0"]),
    (r#""maxP50Ms": "300""#, [r#"maxP50Ms is "300""#, "above 0"]),
    (r#""maxP99Ms": 0.0"#, ["maxP99Ms is 0.0", "above 0"]),
    (r#""maxCostAboveCheapestPct": 0"#, ["maxCostAboveCheapestPct is 0", "%"]),
    (r#""maxCostPerMillion": true"#, ["maxCostPerMillion is true", "above 0"]),
    (r#""coldShare": 2"#, ["coldShare is 2", "from 0 to 1"]),
    (r#""headroom": 0.05"#, ["headroom is 0.05", "from 0.1"]),
    (
        r#""preset": "frugal", "budgetInvocations": 0"#,
        ["budgetInvocations is 0", "from 1"],
    ),
    (r#""preset": "frugal", "budgetCost": 0"#, ["budgetCost is 0", "above 0"]),
    (
        r#""preset": "frugal", "budgetSeconds": 1.5"#,
        ["budgetSeconds is 1.5", "whole number"],
    ),
    (
        r#""budgetInvocations": 40"#,
        ["budgetInvocations is 40", r#"left out with the preset "grid""#],
    ),
    (
        r#""preset": "grid", "budgetCost": 0.5"#,
        ["budgetCost is 0.5", r#"left out with the preset "grid""#],
    ),
    (
        r#""preset": null, "budgetSeconds": 60"#,
        ["budgetSeconds is 60", r#"left out with the preset "grid""#],
    ),
    (
        r#""preset": "standard", "dryRun": true"#,
        ["dryRun is true", r#"left out with the preset "standard""#],
    ),
    (
        r#""preset": "standard", "onlyColdStarts": true"#,
        ["onlyColdStarts is true", r#"it goes with "grid" only"#],
    ),
    (
        r#""preset": "thorough", "discardTopBottom": 0.2"#,
        ["discardTopBottom is 0.2", r#"left out with the preset "thorough""#],
    ),
    (
        r#""roleARN": "arn:aws:iam::123456789012:user/x""#,
        ["roleARN is", "not a role's"],
    ),
    (
        r#""powervalue": [128]"#,
        ["there is no field powervalue", "did you mean powerValues?"],
    ),
    (
        r#""objective": "cost""#,
        ["there is no field objective", "did you mean strategy?"],
    ),
    (r#""region": "eu-west-1""#, ["there is no field region", "schema"]),
];

#[test]
fn a_wrong_field_is_named_with_its_value_and_the_way_out() {
    // Two that a schema cannot see.
    let others: &[(&str, [&str; 2])] = &[
        (r#""lambdaARN": "x""#, ["lambdaARN is given twice", ""]),
        (
            r#""payload": [{"payload":1,"weight":1},{"payload":2,"weight":100}]"#,
            ["num is 10", "at least 51"],
        ),
    ];
    for (fields, words) in WRONG.iter().chain(others) {
        let message = refused(fields);
        assert!(words.iter().all(|word| message.contains(word)), "{fields}: {message}");
    }
}

#[test]
fn all_wrong_fields_are_said_at_once_in_one_line() {
    let message = ExecutionInput::parse(
        r#"{"num": 3, "stratgey": "cost", "dryRun": "no"}"#,
        &Defaults::default(),
    )
    .unwrap_err()
    .to_string();
    for field in [
        "lambdaARN is missing",
        "num is 3",
        "did you mean strategy?",
        "dryRun is",
    ] {
        assert!(message.contains(field), "{message}");
    }
    assert!(!message.contains('\n'));
}

#[test]
fn what_is_no_input_says_so() {
    for (text, words) in [
        ("", "is empty"),
        (" \n", "is empty"),
        ("{", "is not JSON: EOF"),
        (r#"{"lambdaARN": "x"} x"#, "is not JSON: trailing"),
        (r#"{"lambdaARN": 'x'}"#, "is not JSON"),
        ("[]", "is a list"),
        (r#""arn:aws:lambda""#, "is a text"),
        ("null", "is null"),
        ("7", "is a number"),
        ("{}", "lambdaARN is missing"),
        (r#"{"lambdaARN": ""}"#, "lambdaARN is missing"),
        (r#"{"lambdaARN": null}"#, "lambdaARN is missing"),
        (r#"{"lambdaARN": 5}"#, "lambdaARN is 5"),
        (r#"{"lambdaARN": "arn:aws:s3:::x"}"#, "another service"),
    ] {
        let message = ExecutionInput::parse(text, &Defaults::default())
            .unwrap_err()
            .to_string();
        assert!(message.contains(words), "{text}: {message}");
    }
}

#[test]
fn every_form_of_a_function_s_name_is_accepted() {
    for name in [
        "resize",
        "resize:live",
        "resize:7",
        "resize:$LATEST",
        "123456789012:function:resize",
        "arn:aws-cn:lambda:cn-north-1:123456789012:function:resize:7",
        " arn:aws:lambda:eu-west-1:123456789012:function:resize\\n",
    ] {
        let input = parse(&format!(r#"{{"lambdaARN": "{name}"}}"#));
        assert_eq!(input.request.function.name(), "resize");
    }
}

#[test]
fn what_others_add_to_an_input_is_left_alone() {
    let input =
        with(r#""$schema": "x", "comment": 1, "Comment": 2, "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID": "arn""#);
    assert_eq!(input, parse(r#"{"lambdaARN": "resize"}"#));
}

#[test]
fn a_long_value_is_shortened_and_no_payload_is_quoted() {
    let message = refused(&format!(r#""strategy": "{}""#, "x".repeat(10_000)));
    assert!(message.len() < 300, "{message}");
    for fields in [
        r#""payload": {"secret": "hunter2"}, "payloadS3": "s3://bucket/key""#,
        r#""payload": [{"payload": "hunter2", "weight": "x"}]"#,
        r#""payload": [{"payload": 1, "weight": "hunter2"}]"#,
        r#""payload": [{"payload": 1, "weight": 1}, {"hunter2": 1}]"#,
        r#""payload": [{"payload": 1, "weight": 1}, "hunter2"]"#,
        r#""num": 5, "payload": [{"payload": "hunter2", "weight": 1}, {"payload": 1, "weight": 900}]"#,
        r#""payload": "hunter2", "payload": "hunter2""#,
        r#""payloads": "hunter2""#,
    ] {
        let message = refused(fields);
        assert!(!message.contains("hunter2"), "{message}");
    }
}

#[test]
fn errors_name_their_field_for_programs() {
    let errors = ExecutionInput::parse(r#"{"num": 3, "memory": 1}"#, &Defaults::default()).unwrap_err();
    let fields: Vec<_> = errors.iter().filter_map(InputError::field).collect();
    assert_eq!(fields, ["memory", "lambdaARN", "num"]);
}

#[test]
fn a_check_has_its_limits_and_nothing_of_a_tuning() {
    use tuner_core::check::Undecided;

    let input = with(
        r#""check": true, "failOn": ["mean>1s", "success<99%"], "maxP95Ms": 800, "limits": "guide", "undecided": "pass""#,
    );
    let check = input.check.as_ref().unwrap();
    let limits: Vec<String> = check.absolute(&input.request).iter().map(ToString::to_string).collect();
    // Of a figure that the guide limits too, what was given counts.
    let wanted = [
        "p95 <= 800 ms",
        "mean <= 1,000 ms",
        "success >= 99 %",
        "cold-starts <= 20 %",
    ];
    assert_eq!(limits, wanted);
    assert_eq!(
        (check.undecided, input.request.options.max_concurrency),
        (Undecided::Pass, 1)
    );
    for (fields, words) in [
        (r#""check": true"#, ["check is true", "failOn"]),
        (r#""check": true, "failOn": []"#, ["failOn", "a list of conditions"]),
        (r#""check": true, "failOn": ["p97>8"]"#, ["p97", "cold-starts"]),
        (r#""check": true, "failOn": ["p95>+20%"]"#, ["p95>+20%", "baseline"]),
        (
            r#""check": true, "maxP95Ms": 1, "num": 10"#,
            ["num is 10", "changes nothing"],
        ),
        (
            r#""check": true, "maxP95Ms": 1, "autoOptimize": true"#,
            ["autoOptimize", "changes nothing"],
        ),
        (r#""check": true, "maxP95Ms": 1, "baseline": "first""#, ["first", "ID"]),
        (r#""failOn": ["p95>8"]"#, ["failOn", "unless check is true"]),
        (r#""check": "yes", "limits": "guide""#, ["check is", "true or false"]),
    ] {
        let said = refused(fields);
        assert!(words.iter().all(|word| said.contains(word)), "{fields}: {said}");
    }
    assert_eq!(with(r#""check": false, "failOn": null, "limits": """#).check, None);
}
