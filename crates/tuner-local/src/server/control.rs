//! The control-plane operations: each reads its request, asks the account, and shapes the answer.

use std::collections::BTreeMap;
use std::time::Instant;

use serde::Deserialize;
use serde_json::{Value, json};

use super::alias::AliasRequest;
use super::call::{Call, Reply};
use super::code::UNZIPPED_LIMIT;
use super::error::ApiError;
use super::name::Qualifier;
use super::state::Server;

/// A control-plane operation; none of them waits for anything.
pub(super) type Operation = fn(&Server, &Call) -> Result<Reply, ApiError>;

pub(super) fn get_function(server: &Server, call: &Call) -> Result<Reply, ApiError> {
    let target = call.target()?;
    let now = Instant::now();
    let mut account = server.account();
    let shown = account.describe(&target, now)?;
    let function = account.function(&target.name, now)?;
    let program = function.latest.code.command.first().cloned().unwrap_or_default();
    let mut body = json!({
        "Configuration": shown,
        "Code": { "RepositoryType": "local", "Location": format!("file://{program}") },
    });
    if !function.tags.is_empty() {
        body["Tags"] = json!(function.tags);
    }
    if let Some(reserved) = function.reserved_concurrency {
        body["Concurrency"] = json!({ "ReservedConcurrentExecutions": reserved });
    }
    Reply::ok(body)
}

pub(super) fn get_function_configuration(server: &Server, call: &Call) -> Result<Reply, ApiError> {
    Reply::ok(server.account().describe(&call.target()?, Instant::now())?)
}

pub(super) fn update_function_configuration(server: &Server, call: &Call) -> Result<Reply, ApiError> {
    let name = call.function()?;
    let now = Instant::now();
    let mut account = server.account();
    account.update_settings(&name, call.json()?, now)?;
    Reply::ok(in_progress(&mut account, call, &name, now)?)
}

/// The function right after a change, which is still under way even when it takes no time at all.
pub(super) fn in_progress(
    account: &mut super::account::Account,
    call: &Call,
    name: &str,
    now: Instant,
) -> Result<super::FunctionConfiguration, ApiError> {
    account.function_unsettled(name)?.describe(&call.place, None, now)
}

pub(super) fn publish_version(server: &Server, call: &Call) -> Result<Reply, ApiError> {
    let name = call.function()?;
    let now = Instant::now();
    let mut account = server.account();
    let number = account.publish(&name, call.json()?, now)?;
    Reply::created(
        account
            .function(&name, now)?
            .describe(&call.place, Some(&Qualifier::Version(number)), now)?,
    )
}

pub(super) fn list_versions_by_function(server: &Server, call: &Call) -> Result<Reply, ApiError> {
    let name = call.target()?.name;
    let mut account = server.account();
    let versions = account.function(&name, Instant::now())?.listed(&call.place);
    let keyed = versions
        .into_iter()
        .map(|shown| (version_key(&shown.version), shown))
        .collect();
    let (versions, marker) = call.page(keyed)?;
    Reply::ok(listed("Versions", json!(versions), marker))
}

pub(super) fn list_functions(server: &Server, call: &Call) -> Result<Reply, ApiError> {
    let all = match call.query("FunctionVersion") {
        None => false,
        Some("ALL") => true,
        Some(other) => {
            return Err(ApiError::constraint(
                "functionVersion",
                other,
                "satisfy enum value set: [ALL]",
            ));
        }
    };
    let mut account = server.account();
    let names: Vec<String> = account.functions.keys().cloned().collect();
    let mut keyed = Vec::new();
    for name in names {
        let function = account.function(&name, Instant::now())?;
        if all {
            let versions = function.listed(&call.place);
            keyed.extend(
                versions
                    .into_iter()
                    .map(|shown| (format!("{name}:{}", version_key(&shown.version)), shown)),
            );
        } else {
            keyed.push((name, function.listed_latest(&call.place)));
        }
    }
    let (functions, marker) = call.page(keyed)?;
    Reply::ok(listed("Functions", json!(functions), marker))
}

pub(super) fn delete_function(server: &Server, call: &Call) -> Result<Reply, ApiError> {
    server.account().delete(&call.target()?, Instant::now())?;
    Reply::empty()
}

pub(super) fn create_alias(server: &Server, call: &Call) -> Result<Reply, ApiError> {
    let name = call.function()?;
    let request: AliasRequest = call.json()?;
    let mut account = server.account();
    let function = account.function(&name, Instant::now())?;
    let alias = function.create_alias(&call.place, request)?;
    Reply::created(function.describe_alias(&call.place, &alias)?)
}

pub(super) fn get_alias(server: &Server, call: &Call) -> Result<Reply, ApiError> {
    let name = call.function()?;
    let mut account = server.account();
    Reply::ok(
        account
            .function(&name, Instant::now())?
            .describe_alias(&call.place, call.in_path("alias"))?,
    )
}

pub(super) fn update_alias(server: &Server, call: &Call) -> Result<Reply, ApiError> {
    let name = call.function()?;
    let request: AliasRequest = call.json()?;
    let mut account = server.account();
    let function = account.function(&name, Instant::now())?;
    function.update_alias(&call.place, call.in_path("alias"), request)?;
    Reply::ok(function.describe_alias(&call.place, call.in_path("alias"))?)
}

/// Deleting an alias that is not there is no error on Lambda either.
pub(super) fn delete_alias(server: &Server, call: &Call) -> Result<Reply, ApiError> {
    let name = call.function()?;
    let mut account = server.account();
    account
        .function(&name, Instant::now())?
        .aliases
        .remove(call.in_path("alias"));
    Reply::empty()
}

pub(super) fn list_aliases(server: &Server, call: &Call) -> Result<Reply, ApiError> {
    let name = call.function()?;
    let mut account = server.account();
    let function = account.function(&name, Instant::now())?;
    let mut keyed = Vec::new();
    for alias in function.aliases.keys() {
        let shown = function.describe_alias(&call.place, alias)?;
        if call
            .query("FunctionVersion")
            .is_none_or(|version| version == shown.function_version)
        {
            keyed.push((alias.clone(), shown));
        }
    }
    let (aliases, marker) = call.page(keyed)?;
    Reply::ok(listed("Aliases", json!(aliases), marker))
}

pub(super) fn get_account_settings(server: &Server, _call: &Call) -> Result<Reply, ApiError> {
    let account = server.account();
    let code_size: u64 = account.functions.values().map(|f| f.latest.code.size).sum();
    Reply::ok(json!({
        "AccountLimit": {
            "TotalCodeSize": 322_122_547_200_u64,
            "CodeSizeUnzipped": UNZIPPED_LIMIT,
            "CodeSizeZipped": 52_428_800,
            "ConcurrentExecutions": account.concurrency_limit,
            "UnreservedConcurrentExecutions": account.unreserved_concurrency(),
        },
        "AccountUsage": { "TotalCodeSize": code_size, "FunctionCount": account.functions.len() },
    }))
}

pub(super) fn get_function_concurrency(server: &Server, call: &Call) -> Result<Reply, ApiError> {
    let name = call.function()?;
    let reserved = server.account().function(&name, Instant::now())?.reserved_concurrency;
    Reply::ok(reserved.map_or_else(|| json!({}), |n| json!({ "ReservedConcurrentExecutions": n })))
}

pub(super) fn put_function_concurrency(server: &Server, call: &Call) -> Result<Reply, ApiError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Request {
        reserved_concurrent_executions: i64,
    }
    let name = call.function()?;
    let request: Request = call.json()?;
    let reserved = server
        .account()
        .reserve(&name, request.reserved_concurrent_executions, Instant::now())?;
    Reply::ok(json!({ "ReservedConcurrentExecutions": reserved }))
}

pub(super) fn delete_function_concurrency(server: &Server, call: &Call) -> Result<Reply, ApiError> {
    let name = call.function()?;
    server.account().function(&name, Instant::now())?.reserved_concurrency = None;
    Reply::empty()
}

pub(super) fn list_tags(server: &Server, call: &Call) -> Result<Reply, ApiError> {
    let name = call.function()?;
    Reply::ok(json!({ "Tags": server.account().function(&name, Instant::now())?.tags }))
}

pub(super) fn tag_resource(server: &Server, call: &Call) -> Result<Reply, ApiError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Request {
        tags: BTreeMap<String, String>,
    }
    let name = call.function()?;
    let request: Request = call.json()?;
    server
        .account()
        .function(&name, Instant::now())?
        .tags
        .extend(request.tags);
    Reply::empty()
}

pub(super) fn untag_resource(server: &Server, call: &Call) -> Result<Reply, ApiError> {
    let name = call.function()?;
    let mut account = server.account();
    let tags = &mut account.function(&name, Instant::now())?.tags;
    for (_, key) in call.query.iter().filter(|(key, _)| key == "tagKeys") {
        tags.remove(key);
    }
    Reply::empty()
}

/// Sorts `$LATEST` first, then numbers by value.
fn version_key(version: &str) -> String {
    format!("{:020}", version.parse::<u64>().unwrap_or(0))
}

fn listed(field: &str, items: Value, marker: Option<String>) -> Value {
    let mut body = json!({ field: items });
    if let Some(marker) = marker {
        body["NextMarker"] = marker.into();
    }
    body
}
