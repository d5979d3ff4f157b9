//! The rules of functions, versions, aliases and concurrency, without HTTP or processes.

use std::time::{Duration, Instant};

use serde_json::json;

use super::super::alias::AliasRequest;
use super::super::configuration::{LastUpdateStatus, State};
use super::super::error::ErrorKind;
use super::*;

const DELAY: Duration = Duration::from_secs(1);

fn target(text: &str) -> Target {
    Target::parse(&place(), text, None).expect("target")
}

fn place() -> Place {
    Place {
        region: "eu-west-1".into(),
        account_id: "123456789012".into(),
    }
}

fn changes(json: serde_json::Value) -> Changes {
    serde_json::from_value(json).expect("changes")
}

fn code(words: &[&str]) -> Code {
    Code::of_command(words.iter().map(|w| (*w).to_owned()).collect(), None, BTreeMap::new()).expect("code")
}

/// An account with the active function `f`, and a moment after its creation.
fn account() -> (Account, Instant) {
    let mut account = Account::new(place(), 1000, 10_240, DELAY);
    let now = Instant::now();
    let settings = Settings::new(account.default_role());
    account
        .create("f", &settings, Changes::default(), code(&["true"]), now)
        .expect("created");
    (account, now + DELAY)
}

fn kind<T>(result: Result<T, ApiError>) -> ErrorKind {
    result.map(|_| ()).expect_err("refused").kind
}

fn publish(account: &mut Account, request: serde_json::Value, now: Instant) -> Result<u64, ApiError> {
    account.publish("f", serde_json::from_value(request).expect("request"), now)
}

fn revision(account: &mut Account, now: Instant) -> String {
    account.describe(&target("f"), now).expect("described").revision_id
}

#[test]
fn a_new_function_is_pending_until_its_time() {
    let mut account = Account::new(place(), 1000, 10_240, DELAY);
    let now = Instant::now();
    let settings = Settings::new(account.default_role());
    account
        .create("f", &settings, Changes::default(), code(&["true"]), now)
        .expect("created");
    let first = account.describe(&target("f"), now).expect("described");
    assert_eq!(
        (first.state, first.function_arn.as_str()),
        (Some(State::Pending), "arn:aws:lambda:eu-west-1:123456789012:function:f")
    );
    assert_eq!(kind(account.enter(&target("f"), now)), ErrorKind::ResourceConflict);
    assert_eq!(
        kind(account.update_settings("f", Changes::default(), now)),
        ErrorKind::ResourceConflict
    );
    let later = account.describe(&target("f"), now + DELAY).expect("described");
    assert_eq!(
        (later.state, later.last_update_status),
        (Some(State::Active), Some(LastUpdateStatus::Successful))
    );
    assert_ne!(first.revision_id, later.revision_id);
    assert!(account.enter(&target("f"), now + DELAY).is_ok());
    let again = account
        .create("f", &settings, Changes::default(), code(&["true"]), now)
        .map(|_| ());
    assert_eq!(kind(again), ErrorKind::ResourceConflict);
}

#[test]
fn an_update_takes_a_moment_and_shuts_others_out() {
    let (mut account, now) = account();
    let read = revision(&mut account, now);
    account
        .update_settings("f", changes(json!({"MemorySize": 512, "RevisionId": read})), now)
        .expect("updated");
    let during = account.describe(&target("f"), now).expect("described");
    assert_eq!(
        (during.memory_size, during.last_update_status),
        (512, Some(LastUpdateStatus::InProgress))
    );
    assert_eq!(
        kind(account.update_settings("f", Changes::default(), now)),
        ErrorKind::ResourceConflict
    );
    assert_eq!(kind(publish(&mut account, json!({}), now)), ErrorKind::ResourceConflict);
    // Invocations still run what was there before.
    let old = account.find(&target("f"), now).expect("found");
    assert_eq!(old.settings.memory_size_mb, 128);
    let after = account.describe(&target("f"), now + DELAY).expect("described");
    assert_eq!(after.last_update_status, Some(LastUpdateStatus::Successful));
    assert_eq!(
        account
            .find(&target("f"), now + DELAY)
            .expect("found")
            .settings
            .memory_size_mb,
        512
    );
    assert!(old.is_retired() && account.retired.iter().any(|s| s.generation == old.generation));
    assert!(read != during.revision_id && during.revision_id != after.revision_id && read != after.revision_id);
}

#[test]
fn a_stale_revision_changes_nothing() {
    let (mut account, now) = account();
    let stale = revision(&mut account, now);
    account
        .update_code("f", None, Changes::default(), code(&["false"]), now)
        .expect("deployed");
    let now = now + DELAY;
    let before = account.describe(&target("f"), now).expect("described");
    let update = account.update_settings("f", changes(json!({"MemorySize": 512, "RevisionId": stale})), now);
    assert_eq!(kind(update), ErrorKind::PreconditionFailed);
    assert_eq!(
        kind(publish(&mut account, json!({"RevisionId": stale}), now)),
        ErrorKind::PreconditionFailed
    );
    assert_eq!(
        kind(publish(&mut account, json!({"CodeSha256": "x"}), now)),
        ErrorKind::InvalidParameterValue
    );
    assert_eq!(account.describe(&target("f"), now).expect("described"), before);
}

#[test]
fn an_invalid_update_changes_nothing() {
    let (mut account, now) = account();
    let before = account.describe(&target("f"), now).expect("described");
    let update = account.update_settings("f", changes(json!({"Timeout": 30, "MemorySize": 64})), now);
    assert_eq!(kind(update), ErrorKind::Validation);
    assert_eq!(account.describe(&target("f"), now).expect("described"), before);
}

#[test]
fn publishing_twice_is_one_version_until_something_changes() {
    let (mut account, mut now) = account();
    let before = revision(&mut account, now);
    assert_eq!(publish(&mut account, json!({"Description": "first"}), now), Ok(1));
    let after = revision(&mut account, now);
    assert_ne!(before, after, "publishing gives $LATEST a new revision");
    assert_eq!(publish(&mut account, json!({"Description": "second"}), now), Ok(1));
    assert_eq!(revision(&mut account, now), after, "a no-op changes nothing");
    let first = account.describe(&target("f:1"), now).expect("described");
    assert_eq!(
        (first.description.as_str(), first.state),
        ("first", Some(State::Pending))
    );
    assert_eq!(kind(account.enter(&target("f:1"), now)), ErrorKind::ResourceConflict);
    account
        .update_settings("f", changes(json!({"MemorySize": 256})), now)
        .expect("updated");
    now += DELAY;
    assert_eq!(publish(&mut account, json!({}), now), Ok(2));
    // The version published before has not changed, but for being active, and that gives no new revision.
    let first_later = account.describe(&target("f:1"), now).expect("described");
    assert_eq!((first_later.memory_size, first_later.state), (128, Some(State::Active)));
    assert_eq!(first_later.revision_id, first.revision_id);
    // Numbers are not used again.
    account.delete(&target("f:2"), now).expect("deleted");
    assert_eq!(publish(&mut account, json!({}), now), Ok(3));
    let numbers: Vec<_> = account
        .function("f", now)
        .expect("f")
        .listed(&place())
        .into_iter()
        .map(|v| v.version)
        .collect();
    assert_eq!(numbers, ["$LATEST", "1", "3"]);
}

#[test]
fn versions_are_deleted_only_when_no_alias_needs_them() {
    let (mut account, now) = account();
    publish(&mut account, json!({}), now).expect("1");
    let place = place();
    let alias: AliasRequest = serde_json::from_value(json!({"Name": "live", "FunctionVersion": "1"})).expect("alias");
    let function = account.function("f", now).expect("f");
    function.create_alias(&place, alias).expect("created");
    let refused = account.delete(&target("f:1"), now).expect_err("refused");
    assert_eq!(refused.kind, ErrorKind::ResourceConflict);
    assert!(refused.message.contains("[live]"), "{refused}");
    assert_eq!(
        kind(account.delete(&target("f:live"), now)),
        ErrorKind::InvalidParameterValue
    );
    assert_eq!(
        kind(account.delete(&target("f:$LATEST"), now)),
        ErrorKind::InvalidParameterValue
    );
    assert_eq!(kind(account.delete(&target("f:9"), now)), ErrorKind::ResourceNotFound);
    account.function("f", now).expect("f").aliases.clear();
    account.delete(&target("f:1"), now).expect("deleted");
    assert_eq!(kind(account.describe(&target("f:1"), now)), ErrorKind::ResourceNotFound);
    account.delete(&target("f"), now).expect("deleted");
    let gone = account.describe(&target("f"), now).expect_err("gone");
    assert_eq!(
        gone.message,
        "Function not found: arn:aws:lambda:eu-west-1:123456789012:function:f"
    );
}

#[test]
fn aliases_check_versions_weights_and_revisions() {
    let (mut account, mut now) = account();
    publish(&mut account, json!({}), now).expect("1");
    account
        .update_settings("f", changes(json!({"MemorySize": 256})), now)
        .expect("updated");
    now += DELAY;
    publish(&mut account, json!({}), now).expect("2");
    now += DELAY;
    let place = place();
    let request = |json| serde_json::from_value::<AliasRequest>(json).expect("request");
    let function = account.function("f", now).expect("f");
    for (bad, error) in [
        (json!({"Name": "9", "FunctionVersion": "1"}), ErrorKind::Validation),
        (
            json!({"Name": "a", "FunctionVersion": "9"}),
            ErrorKind::ResourceNotFound,
        ),
        (json!({"Name": "a"}), ErrorKind::Validation),
        (
            json!({"Name": "a", "FunctionVersion": "1", "RoutingConfig": {"AdditionalVersionWeights": {"2": 1.5}}}),
            ErrorKind::Validation,
        ),
        (
            json!({"Name": "a", "FunctionVersion": "1", "RoutingConfig": {"AdditionalVersionWeights": {"1": 0.5}}}),
            ErrorKind::InvalidParameterValue,
        ),
        (
            json!({"Name": "a", "FunctionVersion": "$LATEST", "RoutingConfig": {"AdditionalVersionWeights": {"1": 0.5}}}),
            ErrorKind::InvalidParameterValue,
        ),
    ] {
        assert_eq!(
            kind(function.create_alias(&place, request(bad.clone()))),
            error,
            "{bad}"
        );
    }
    let half = json!({"Name": "a", "FunctionVersion": "1", "RoutingConfig": {"AdditionalVersionWeights": {"2": 0.5}}});
    function.create_alias(&place, request(half.clone())).expect("created");
    assert_eq!(
        kind(function.create_alias(&place, request(half))),
        ErrorKind::ResourceConflict
    );
    let old = function.describe_alias(&place, "a").expect("shown").revision_id;
    function
        .update_alias(&place, "a", request(json!({"Description": "x", "RevisionId": old})))
        .expect("updated");
    let stale = function.update_alias(&place, "a", request(json!({"FunctionVersion": "2", "RevisionId": old})));
    assert_eq!(kind(stale), ErrorKind::PreconditionFailed);
    // What is left out stays, and has to go with what is new.
    for version in ["$LATEST", "2"] {
        let beside_itself = function.update_alias(&place, "a", request(json!({"FunctionVersion": version})));
        assert_eq!(kind(beside_itself), ErrorKind::InvalidParameterValue, "{version}");
    }
    let ran: Vec<_> = (0..4)
        .map(|_| account.find(&target("f:a"), now).expect("found").version)
        .collect();
    assert_eq!(ran.iter().filter(|v| **v == Some(2)).count(), 2);
    assert_eq!(
        account.describe(&target("f:a"), now).expect("shown").function_arn,
        format!("{}:a", place.arn("f"))
    );
}

#[test]
fn versions_share_an_alias_only_with_one_role_and_one_queue() {
    for change in [
        json!({"Role": "arn:aws:iam::000000000000:role/other"}),
        json!({"DeadLetterConfig": {"TargetArn": "arn:aws:sqs:us-east-1:000000000000:q"}}),
    ] {
        let (mut account, mut now) = account();
        publish(&mut account, json!({}), now).expect("1");
        now += DELAY;
        account.update_settings("f", changes(change), now).expect("updated");
        now += DELAY;
        publish(&mut account, json!({}), now).expect("2");
        let function = account.function("f", now + DELAY).expect("f");
        let half =
            json!({"Name": "a", "FunctionVersion": "1", "RoutingConfig": {"AdditionalVersionWeights": {"2": 0.5}}});
        let request = serde_json::from_value::<AliasRequest>(half).expect("request");
        assert_eq!(
            kind(function.create_alias(&place(), request)),
            ErrorKind::InvalidParameterValue
        );
    }
}

#[test]
fn concurrency_is_shared_and_reserved() {
    let (mut account, now) = account();
    account.concurrency_limit = 102;
    let settings = Settings::new(account.default_role());
    account
        .create("g", &settings, Changes::default(), code(&["true"]), now - DELAY)
        .expect("created");
    assert_eq!(kind(account.reserve("g", 3, now)), ErrorKind::InvalidParameterValue);
    assert_eq!(kind(account.reserve("g", -1, now)), ErrorKind::Validation);
    assert_eq!(account.reserve("g", 2, now), Ok(2));
    assert_eq!(account.reserve("g", 2, now), Ok(2), "the same again takes nothing more");
    for _ in 0..2 {
        account.enter(&target("g"), now).expect("reserved");
    }
    let own = kind(account.enter(&target("g"), now));
    assert_eq!(
        own,
        ErrorKind::TooManyRequests(ThrottleReason::ReservedFunctionConcurrentInvocationLimitExceeded)
    );
    for _ in 0..100 {
        account.enter(&target("f"), now).expect("unreserved");
    }
    let shared = kind(account.enter(&target("f"), now));
    assert_eq!(
        shared,
        ErrorKind::TooManyRequests(ThrottleReason::ConcurrentInvocationLimitExceeded)
    );
    account.leave("f");
    assert!(account.enter(&target("f"), now).is_ok());
}
