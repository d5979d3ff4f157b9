//! What the AWS CLI prints of versions and aliases: at which sizes traffic runs.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use tuner_core::FunctionName;
use tuner_core::review::{Alias, FunctionVersion, ListedFunction, PublishedVersion};

/// Of `aws lambda list-aliases`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PrintedAlias {
    alias_arn: String,
    name: String,
    function_version: String,
    routing_config: Option<Routing>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Routing {
    additional_version_weights: Option<BTreeMap<String, f64>>,
}

/// The aliases of such a list, and the function that each is of.
pub(super) fn aliases(list: Value) -> Result<Vec<(FunctionName, Alias)>, String> {
    let list: Option<Vec<PrintedAlias>> = serde_json::from_value(list).map_err(|e| format!("Aliases: {e}"))?;
    let version = |text: &str| text.parse::<FunctionVersion>().map_err(|e| e.to_string());
    list.into_iter()
        .flatten()
        .map(|printed| {
            let function: FunctionName = (printed.alias_arn.parse())
                .map_err(|e: tuner_core::FunctionNameError| format!("`{}`: {e}", printed.alias_arn))?;
            let weights = printed
                .routing_config
                .and_then(|routing| routing.additional_version_weights);
            let weights = weights
                .into_iter()
                .flatten()
                .map(|(to, share)| Ok((version(&to)?, share)));
            let alias = Alias {
                version: version(&printed.function_version)?,
                name: printed.name,
                weights: weights.collect::<Result<_, String>>()?,
            };
            Ok((function.unqualified(), alias))
        })
        .collect()
}

/// Of `aws lambda list-event-source-mappings`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PrintedMapping {
    function_arn: String,
    /// A Kafka cluster of one's own has none.
    event_source_arn: Option<String>,
}

/// The functions of such a list, each with the ARN of the queue or stream that Lambda reads for it.
pub(super) fn event_sources(list: Value) -> Result<Vec<(FunctionName, String)>, String> {
    let list: Option<Vec<PrintedMapping>> =
        serde_json::from_value(list).map_err(|e| format!("EventSourceMappings: {e}"))?;
    let known = list.into_iter().flatten().filter_map(|printed| {
        let source = printed.event_source_arn?;
        Some((printed.function_arn, source))
    });
    known
        .map(|(arn, source)| {
            let function: FunctionName = arn
                .parse()
                .map_err(|e: tuner_core::FunctionNameError| format!("`{arn}`: {e}"))?;
            Ok((function.unqualified(), source))
        })
        .collect()
}

/// The published version that a list of versions describes as a function.
pub(super) fn published(version: FunctionVersion, listed: &ListedFunction) -> PublishedVersion {
    PublishedVersion {
        version,
        memory_size_mb: listed.memory_size_mb,
        timeout_s: listed.timeout_s,
        snap_start: listed.snap_start,
        code_sha256: listed.code_sha256.clone(),
    }
}
