//! What AWS Compute Optimizer says of functions, as it exports it: a CSV file in a bucket of
//! `aws compute-optimizer export-lambda-function-recommendations`, or what `get-lambda-function-recommendations` prints.
//!
//! Source of the names: "Exporting your recommendations", whose columns are the fields of the export in this form:
//! `recommendationOptions_1_configuration_memorySize`, the first option being the one that it ranks first. People write them
//! in other cases, and with other separators.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use tuner_core::FunctionName;
use tuner_core::review::{OptimizerFinding, ProjectedDuration};

/// What it says of a function.
pub(super) type Said = (FunctionName, OptimizerFinding);

/// Whether this is the head of such a table.
pub(super) fn is_export(text: &str) -> bool {
    let head: Vec<String> = text.lines().next().unwrap_or_default().split(',').map(plain).collect();
    let has = |name: &str| head.iter().any(|column| column == name);
    has("functionarn") && has("finding")
}

/// A column's name, as letters and digits in one case.
fn plain(name: &str) -> String {
    let letters = name.chars().filter(char::is_ascii_alphanumeric);
    letters.collect::<String>().to_ascii_lowercase()
}

/// Reads an export. Rows of published versions are left out: what is judged is what is configured.
pub(super) fn read_export(text: &str) -> Result<Vec<Said>, String> {
    let mut table = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let head: BTreeMap<String, usize> = match table.headers() {
        Ok(head) => head.iter().map(plain).zip(0..).collect(),
        Err(e) => return Err(e.to_string()),
    };
    let mut all = Vec::new();
    for row in table.records() {
        let row = row.map_err(|e| e.to_string())?;
        let cell = |name: &str| {
            let text = row.get(*head.get(name)?)?.trim();
            (!text.is_empty()).then_some(text)
        };
        let number = |name: &str| cell(name)?.parse::<f64>().ok().filter(|n| n.is_finite() && *n > 0.0);
        let size = |name: &str| number(name).map(|mb| mb as u32);
        let Some(arn) = cell("functionarn") else { continue };
        let name: FunctionName = (arn.parse())
            .map_err(|e: tuner_core::FunctionNameError| format!("`{arn}` in row {}: {e}", all.len() + 2))?;
        let version = cell("functionversion").or_else(|| name.qualifier());
        if version.is_some_and(|version| version != "$LATEST") {
            continue;
        }
        // Each reason has a column of its own; an older form has them all in one.
        let has = |reason: &&str| {
            let own = cell(&format!("findingreasoncodesis{}", reason.to_ascii_lowercase()));
            own.is_some_and(|text| text.eq_ignore_ascii_case("true"))
                || cell("findingreasoncodes").is_some_and(|text| text.contains(*reason))
        };
        let projected = |bound: &str| {
            number(&format!(
                "recommendationoptions1projectedutilizationmetricsduration{bound}"
            ))
        };
        let projected = ProjectedDuration {
            lower_ms: projected("lowerbound"),
            expected_ms: projected("expected"),
            upper_ms: projected("upperbound"),
        };
        all.push((
            name.unqualified(),
            OptimizerFinding {
                finding: finding(cell("finding").unwrap_or("Unavailable")),
                reasons: REASONS
                    .iter()
                    .filter(|reason| has(reason))
                    .map(|reason| (*reason).to_owned())
                    .collect(),
                memory_size_mb: size("recommendationoptions1configurationmemorysize"),
                projected: is_any(&projected).then_some(projected),
                current_memory_size_mb: size("currentconfigurationmemorysize"),
            },
        ));
    }
    Ok(all)
}

const REASONS: [&str; 4] = [
    "MemoryOverprovisioned",
    "MemoryUnderprovisioned",
    "InsufficientData",
    "Inconclusive",
];

/// The export writes `NOT_OPTIMIZED` where the API has `NotOptimized`.
fn finding(text: &str) -> String {
    match plain(text).as_str() {
        "optimized" => "Optimized".to_owned(),
        "notoptimized" => "NotOptimized".to_owned(),
        "unavailable" => "Unavailable".to_owned(),
        _ => text.to_owned(),
    }
}

const fn is_any(projected: &ProjectedDuration) -> bool {
    projected.lower_ms.is_some() || projected.expected_ms.is_some() || projected.upper_ms.is_some()
}

/// Of `aws compute-optimizer get-lambda-function-recommendations`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Printed {
    function_arn: String,
    function_version: Option<String>,
    finding: String,
    #[serde(default)]
    finding_reason_codes: Vec<String>,
    current_memory_size: Option<u32>,
    #[serde(default)]
    memory_size_recommendation_options: Vec<PrintedOption>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PrintedOption {
    rank: Option<u32>,
    memory_size: Option<u32>,
    #[serde(default)]
    projected_utilization_metrics: Vec<PrintedMetric>,
}

#[derive(Deserialize)]
struct PrintedMetric {
    name: String,
    statistic: String,
    value: f64,
}

/// Reads such a list.
pub(super) fn read_list(list: Value) -> Result<Vec<Said>, String> {
    let list: Option<Vec<Printed>> =
        serde_json::from_value(list).map_err(|e| format!("lambdaFunctionRecommendations: {e}"))?;
    let mut all = Vec::new();
    for printed in list.into_iter().flatten() {
        let name: FunctionName = (printed.function_arn.parse())
            .map_err(|e: tuner_core::FunctionNameError| format!("`{}`: {e}", printed.function_arn))?;
        let version = printed.function_version.as_deref().or_else(|| name.qualifier());
        if version.is_some_and(|version| version != "$LATEST") {
            continue;
        }
        let options = printed.memory_size_recommendation_options;
        let first = options.into_iter().min_by_key(|option| option.rank.unwrap_or(u32::MAX));
        let projected = first.as_ref().map(|option| {
            let of = |statistic: &str| {
                let mut metrics = option.projected_utilization_metrics.iter();
                let found = metrics.find(|metric| metric.name == "Duration" && metric.statistic == statistic);
                found.map(|metric| metric.value)
            };
            ProjectedDuration {
                lower_ms: of("LowerBound"),
                expected_ms: of("Expected"),
                upper_ms: of("UpperBound"),
            }
        });
        all.push((
            name.unqualified(),
            OptimizerFinding {
                finding: printed.finding,
                reasons: printed.finding_reason_codes,
                memory_size_mb: first.and_then(|option| option.memory_size),
                projected: projected.filter(is_any),
                current_memory_size_mb: printed.current_memory_size,
            },
        ));
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXPORT: &str = "accountId,functionArn,functionVersion,finding,findingReasonCodes_IsMemoryOverprovisioned,\
        findingReasonCodes_IsMemoryUnderprovisioned,findingReasonCodes_IsInsufficientData,findingReasonCodes_IsInconclusive,\
        numberOfInvocations,lookbackPeriodInDays,lastRefreshTimestamp_UTC,currentConfiguration_memorySize,\
        currentConfiguration_timeout,current_costTotal,current_costAverage,recommendations_count,\
        recommendationOptions_1_configuration_memorySize,recommendationOptions_1_costLow,recommendationOptions_1_costHigh,\
        recommendationOptions_1_projectedUtilizationMetrics_durationLowerBound,\
        recommendationOptions_1_projectedUtilizationMetrics_durationUpperBound,\
        recommendationOptions_1_projectedUtilizationMetrics_durationExpected,utilizationMetrics_durationMaximum\n\
        123456789012,arn:aws:lambda:eu-west-1:123456789012:function:pay:$LATEST,$LATEST,NOT_OPTIMIZED,true,false,false,false,\
        40000,14,2026-11-01T00:00:00Z,1024,30,1.2,0.00003,1,512,0.6,0.9,110.5,180,140.25,900\n\
        123456789012,arn:aws:lambda:eu-west-1:123456789012:function:pay:7,7,OPTIMIZED,false,false,false,false,\
        1,14,2026-11-01T00:00:00Z,256,30,,,0,,,,,,,\n\
        123456789012,arn:aws:lambda:us-east-1:123456789012:function:rare:$LATEST,$LATEST,Unavailable,false,false,true,false,\
        1,14,2026-11-01T00:00:00Z,256,30,,,0,,,,,,,\n";

    #[test]
    fn an_export_is_read() {
        assert!(is_export(EXPORT) && !is_export("{\"Functions\": []}"));
        for text in [
            EXPORT.to_owned(),
            EXPORT.to_ascii_lowercase().replace("$latest", "$LATEST"),
        ] {
            let all = read_export(&text).unwrap();
            assert_eq!(all.len(), 2, "{all:?}");
            let (name, pay) = &all[0];
            assert_eq!((name.name(), name.region()), ("pay", Some("eu-west-1")));
            assert_eq!(pay.finding, "NotOptimized");
            assert_eq!(pay.reasons, ["MemoryOverprovisioned"]);
            assert_eq!(
                (pay.current_memory_size_mb, pay.memory_size_mb),
                (Some(1024), Some(512))
            );
            let projected = pay.projected.unwrap();
            assert_eq!(
                (projected.lower_ms, projected.expected_ms, projected.upper_ms),
                (Some(110.5), Some(140.25), Some(180.0))
            );
            assert_eq!((all[1].1.finding.as_str(), all[1].1.projected), ("Unavailable", None));
        }
        assert!(
            read_export("functionArn,finding\na b,Optimized\n")
                .unwrap_err()
                .contains("row 2")
        );
    }

    #[test]
    fn what_the_cli_prints_is_read() {
        let list = serde_json::json!([{
            "functionArn": "arn:aws:lambda:eu-west-1:123456789012:function:pay:$LATEST", "functionVersion": "$LATEST",
            "finding": "NotOptimized", "findingReasonCodes": ["MemoryOverprovisioned"], "currentMemorySize": 1024,
            "memorySizeRecommendationOptions": [
                {"rank": 2, "memorySize": 900},
                {"rank": 1, "memorySize": 512, "projectedUtilizationMetrics": [
                    {"name": "Duration", "statistic": "Expected", "value": 140.25}]},
            ],
        }]);
        let all = read_list(list).unwrap();
        assert_eq!(all[0].1.memory_size_mb, Some(512));
        assert_eq!(all[0].1.projected.unwrap().expected_ms, Some(140.25));
    }
}
