//! What following a piece of advice costs, and what it may break.
//!
//! Sources: "Amazon API Gateway quotas" (29 s for REST APIs by default, 30 s for HTTP APIs), "Application Load Balancers"
//! (idle time-out, 60 s by default), "AWS AppSync quotas" (30 s), "Using Lambda with Amazon SQS" (a visibility time-out of
//! six times the function's).

use tuner_core::planning::Preset;
use tuner_core::pricing::Money;
use tuner_core::review::FunctionReview;

use super::amounts::Scale;
use crate::numbers;

const REST_API_S: u32 = 29;
const HTTP_API_S: u32 = 30;
const LOAD_BALANCER_S: u32 = 60;
/// An SQS queue's visibility time-out is to be so many times that of the function.
const VISIBILITY_TIMES: u32 = 6;

/// Measuring invokes the function, with all that it does.
pub(super) fn of_measuring(of: &FunctionReview) -> String {
    let most = Preset::Standard.effort().map_or(0, |effort| effort.most_calls);
    let each = of.monthly.filter(|monthly| monthly.invocations > 0.0).map(|monthly| {
        let bill = monthly.bill;
        let amount = bill.duration.amount + bill.requests.amount + bill.ephemeral_storage.amount;
        Money::new(amount / monthly.invocations, bill.total.currency)
    });
    let cost = each.map_or_else(String::new, |each| {
        let all = each * f64::from(most);
        format!(
            ", at about {} in all by what one costs now",
            numbers::money(all.amount, all.currency)
        )
    });
    format!(
        "It invokes the function up to {most} times{cost}, and whatever the event makes it do is done as often; `tuner plan` \
         with the same arguments says what would be done, and invokes nothing."
    )
}

/// Memory is paid for by the second, whether it makes the function faster or not.
pub(super) fn of_memory_size(of: &FunctionReview, memory_size_mb: u32) -> String {
    let changes = "It changes $LATEST; a deployment with another size in its template puts that back.";
    let Some(now) = of.memory_size_mb().filter(|now| *now > 0) else {
        return changes.to_owned();
    };
    let ratio = f64::from(memory_size_mb) / f64::from(now) - 1.0;
    if ratio <= 0.0 {
        return format!("Less memory is less processor too. {changes}");
    }
    let percent = numbers::percent(ratio);
    let more = of.monthly.map(|monthly| {
        let bill = monthly.bill;
        let by_size = bill.duration.amount + bill.provisioned_concurrency.amount + bill.snapstart.amount;
        Scale::Month.amount(Money::new(by_size * ratio, bill.total.currency))
    });
    let amount = more.map_or_else(String::new, |more| format!(", {more} a month"));
    format!(
        "It costs up to {percent} more{amount}: as much if it takes as long as now, less if it gets faster. {changes}"
    )
}

/// Whoever calls the function may give up before it does.
pub(super) fn of_timeout(of: &FunctionReview, timeout_s: u32) -> String {
    if of.function.timeout_s.is_some_and(|now| timeout_s < now) {
        let longest = of
            .evidence
            .all_sizes()
            .map(|size| size.duration.max_ms)
            .fold(0.0, f64::max);
        return format!(
            "What takes longer than {timeout_s} s is cut off then; the longest that was seen took {} ms.",
            numbers::ms(longest)
        );
    }
    let hanging = hanging(of, timeout_s).map(|hanging| {
        format!(
            "A call that hangs is billed for all of it: {}.",
            numbers::money(hanging.amount, hanging.currency)
        )
    });
    let sentences = [impatient(of, timeout_s), queues(of, timeout_s), hanging];
    sentences.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// A service that waits for the function's answer, and for how long.
struct Caller {
    /// As resource policies name it; AppSync calls by a role instead.
    principal: Option<&'static str>,
    waits_s: u32,
    gives_up: &'static str,
}

const CALLERS: [Caller; 3] = [
    Caller {
        principal: Some("apigateway.amazonaws.com"),
        waits_s: REST_API_S,
        gives_up: "API Gateway gives up after 29 s (REST, by default) or 30 s (HTTP)",
    },
    Caller {
        principal: None,
        waits_s: HTTP_API_S,
        gives_up: "AppSync gives up after 30 s",
    },
    Caller {
        principal: Some("elasticloadbalancing.amazonaws.com"),
        waits_s: LOAD_BALANCER_S,
        gives_up: "a load balancer gives up after 60 s by default",
    },
];

/// Who does not wait so long: known of those that the function's resource policy names, possible of the others.
fn impatient(of: &FunctionReview, timeout_s: u32) -> Option<String> {
    let is_named = |caller: &&Caller| {
        let policy = of.function.callers.as_ref();
        policy
            .zip(caller.principal)
            .is_some_and(|(policy, principal)| policy.contains(principal))
    };
    let (named, others): (Vec<_>, Vec<_>) = CALLERS
        .iter()
        .filter(|caller| timeout_s > caller.waits_s)
        .partition(is_named);
    let all = |callers: &[&Caller]| {
        let all: Vec<_> = callers.iter().map(|caller| caller.gives_up).collect();
        all.join(", ")
    };
    let named = (!named.is_empty()).then(|| {
        format!(
            "Its resource policy lets them call it, and more time is of no use to such calls: {}.",
            all(&named)
        )
    });
    let others = (!others.is_empty()).then(|| {
        format!(
            "If one of these calls it, more time is of no use there: {}.",
            all(&others)
        )
    });
    let both: Vec<_> = named.into_iter().chain(others).collect();
    (!both.is_empty()).then(|| both.join(" "))
}

/// What is to be done first of the queues that trigger it, known or not.
fn queues(of: &FunctionReview, timeout_s: u32) -> Option<String> {
    let visibility_s = timeout_s.saturating_mul(VISIBILITY_TIMES);
    match of.function.queues().as_deref() {
        Some([]) => None,
        Some([queue]) => Some(format!(
            "The SQS queue {queue} triggers it: give that a visibility time-out of {visibility_s} s first, or messages are \
             handled twice."
        )),
        Some(queues) => Some(format!(
            "SQS queues trigger it: give {} a visibility time-out of {visibility_s} s first, or messages are handled twice.",
            queues.join(", ")
        )),
        None => Some(format!(
            "If an SQS queue triggers it, give the queue a visibility time-out of {visibility_s} s first, or messages are \
             handled twice."
        )),
    }
}

/// What a call costs that takes all the time it has.
fn hanging(of: &FunctionReview, timeout_s: u32) -> Option<Money> {
    let monthly = of.monthly.filter(|monthly| monthly.gb_seconds > 0.0)?;
    let gb_second = monthly.bill.duration * (1.0 / monthly.gb_seconds);
    Some(gb_second * tuner_core::gb_seconds(of.memory_size_mb()?, f64::from(timeout_s) * 1000.0))
}
