//! Totals by owner, stack and tag.

use proptest::prelude::*;
use tuner_core::review::{AdviceFile, Evidence, FunctionReview, GroupBy, Groups, ListedFunction, MemoryReview, Totals};

use super::decided::{company, fine, tight, wasteful};
use super::fixture::*;

const TEAM: &str = "team";
const STACK: &str = "aws:cloudformation:stack-name";

fn tagged((mut function, evidence): (ListedFunction, Evidence), tags: &[(&str, &str)]) -> (ListedFunction, Evidence) {
    function.tags = tags
        .iter()
        .map(|&(key, value)| (key.to_owned(), value.to_owned()))
        .collect();
    (function, evidence)
}

fn account() -> Vec<(ListedFunction, Evidence)> {
    vec![
        tagged(wasteful("batch-import"), &[(TEAM, "data"), (STACK, "etl")]),
        tagged(wasteful("batch-export"), &[("Team", "data"), (STACK, "etl")]),
        tagged(tight("checkout"), &[(TEAM, "shop")]),
        tagged(tight("pay-card"), &[]),
        tagged(fine("pay-invoice"), &[(TEAM, " ")]),
        tagged(fine("search"), &[("owner", "shop"), (STACK, "shop-prod")]),
    ]
}

fn names(groups: &Groups) -> Vec<(Option<&str>, u64)> {
    let all = groups.groups.iter();
    all.map(|group| (group.name.as_deref(), group.totals.functions))
        .collect()
}

/// Sums up once more, by nothing but the functions.
fn adds_up(review: &MemoryReview) {
    let groups = &review.groups.as_ref().unwrap().groups;
    let counts: [fn(&Totals) -> u64; 9] = [
        |t| t.functions,
        |t| t.without_cost,
        |t| t.ignored,
        |t| t.accepted,
        |t| t.overdue,
        |t| t.expired,
        |t| t.new_findings,
        |t| t.unjudged.functions,
        |t| t.findings.values().sum(),
    ];
    for count in counts {
        assert_eq!(
            groups.iter().map(|g| count(&g.totals)).sum::<u64>(),
            count(&review.totals)
        );
    }
    let amounts: [fn(&Totals) -> f64; 6] = [
        |t| t.monthly.map_or(0.0, |m| m.amount),
        |t| t.billed.map_or(0.0, |m| m.amount),
        |t| t.saving_at_best.map_or(0.0, |m| m.amount),
        |t| t.saving_at_worst.map_or(0.0, |m| m.amount),
        |t| t.arm64_at_best.map_or(0.0, |m| m.amount),
        |t| t.ignored_at_best.map_or(0.0, |m| m.amount),
    ];
    for amount in amounts {
        close(groups.iter().map(|g| amount(&g.totals)).sum(), amount(&review.totals));
    }
    let risky = review.functions.iter().filter(|f| f.may_break()).count() as u64;
    assert_eq!(groups.iter().map(|g| g.may_break).sum::<u64>(), risky);
}

#[test]
fn every_function_is_in_one_group_and_those_of_nobody_are_one() {
    let review = review(account());
    for (by, expected) in [
        ("tag:team", vec![(Some("data"), 2), (Some("shop"), 1), (None, 3)]),
        ("stack", vec![(Some("etl"), 2), (Some("shop-prod"), 1), (None, 3)]),
        ("owner", vec![(Some("data"), 2), (Some("shop"), 2), (None, 2)]),
    ] {
        let grouped = review.clone().grouped_by(&by.parse().unwrap());
        assert_eq!(names(grouped.groups.as_ref().unwrap()), expected, "{by}");
        adds_up(&grouped);
    }
}

#[test]
fn a_mapping_says_whose_they_are_where_tags_do_not() {
    let file = AdviceFile::parse(
        "[[owner]]\nfunction = \"*\"\nowner = \"platform\"\n[[owner]]\nfunction = \"pay-*\"\nowner = \"payments\"\n\
         [[ignore]]\nfunction = \"batch-import\"\nfinding = \"memory_overprovisioned\"\nuntil = 2027-01-01\nreason = \"x\"\n",
    )
    .unwrap();
    let grouped = review(account()).grouped_by(&GroupBy::Owner).with_advice_file(&file);
    let found = names(grouped.groups.as_ref().unwrap());
    assert_eq!(found, [(Some("data"), 2), (Some("payments"), 2), (Some("shop"), 2)]);
    adds_up(&grouped);
    assert!(grouped.totals.ignored == 1);
    // All that `*` would name is named more exactly, or by tags.
    assert_eq!(grouped.advice_file.unwrap().unused.len(), 1);
}

#[test]
fn one_group_alone_has_its_functions_and_nothing_of_others() {
    let mut gathered = gathered(account());
    gathered.warnings = vec![
        "`checkout` is in 2 regions".into(),
        "checkout-2 is another name".into(),
        "logs are of 3 days".into(),
    ];
    let review = MemoryReview::new(
        gathered,
        tuner_core::pricing::PriceTable::embedded(),
        Default::default(),
        None,
    )
    .grouped_by(&GroupBy::Owner);
    let data = review.of_group(&GroupBy::Owner, Some("data"));
    assert_eq!(data.functions.len(), 2);
    assert_eq!(data.totals, review.groups.as_ref().unwrap().groups[0].totals);
    assert_eq!(data.warnings, ["checkout-2 is another name", "logs are of 3 days"]);
    assert_eq!(data.of_group.as_ref().unwrap().warnings_left_out, 1);
    let text = serde_json::to_string(&data).unwrap();
    for other in review.functions.iter().filter(|f| f.function.owner() != Some("data")) {
        assert!(
            !text.contains(&format!("{}\"", other.function.name.name())),
            "{}",
            other.function.name
        );
    }
    assert_eq!(review.of_group(&GroupBy::Owner, None).functions.len(), 2);
}

#[test]
fn ways_of_grouping_are_read_back() {
    for text in ["owner", "stack", "tag:team", "tag:aws:cloudformation:stack-name"] {
        assert_eq!(text.parse::<GroupBy>().unwrap().to_string(), text);
    }
    for text in ["", "team", "tag:", "tag: ", "Owner"] {
        assert!(
            text.parse::<GroupBy>().unwrap_err().to_string().contains("tag:team"),
            "{text}"
        );
    }
}

#[test]
fn amounts_of_another_currency_are_in_no_group_either() {
    let mut functions = account();
    for name in ["one", "two"] {
        let mut china = wasteful(name);
        let arn = format!("arn:aws-cn:lambda:cn-north-1:123456789012:function:{name}");
        china.0.name = arn.parse().unwrap();
        china.0.region = Some("cn-north-1".into());
        functions.push(tagged(china, &[(TEAM, "china")]));
    }
    let grouped = review(functions).grouped_by(&"tag:team".parse().unwrap());
    adds_up(&grouped);
    let groups = &grouped.groups.unwrap().groups;
    let china = groups.iter().find(|g| g.name.as_deref() == Some("china")).unwrap();
    assert!(china.totals.monthly.is_none() && china.totals.functions == 2);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, rng_seed: prop::test_runner::RngSeed::Fixed(7), ..ProptestConfig::default() })]

    #[test]
    fn groups_add_up_whatever_the_tags(values in prop::collection::vec("[a-c é/]{0,3}", 12)) {
        let functions = company().into_iter().zip(&values).map(|(f, value)| tagged(f, &[(TEAM, value)])).collect();
        let grouped = review(functions).grouped_by(&"tag:team".parse().unwrap());
        adds_up(&grouped);
        let by = "tag:team".parse().unwrap();
        let members: Vec<FunctionReview> = grouped.groups.as_ref().unwrap().groups.iter()
            .flat_map(|group| grouped.of_group(&by, group.name.as_deref()).functions)
            .collect();
        prop_assert_eq!(members.len(), grouped.functions.len());
    }
}
