//! What the state machine is given: the function in full, and the execution's input and name.

use jiff::Timestamp;
use tuner_core::FunctionName;
use tuner_engine::TuningRequest;
use tuner_engine::execution::{Defaults, ExecutionInput, PayloadSource};
use uuid::Uuid;

use crate::error::CliError;
use crate::exit::Exit;
use crate::states_arn::StateMachineArn;

/// The function's full ARN: the Lambdas of the service would look for a plain name where they are themselves.
///
/// A name belongs to the account of the role, if one is to be assumed, else to that of the state machine.
pub(super) fn in_full(
    function: &FunctionName,
    machine: &StateMachineArn,
    region: Option<&str>,
    role_arn: Option<&str>,
) -> Result<FunctionName, CliError> {
    if function.region().is_some() {
        return Ok(function.clone());
    }
    let role_account = role_arn.and_then(|role| role.split(':').nth(4));
    let account = function.account().or(role_account).unwrap_or(machine.account());
    let region = region.unwrap_or(machine.region());
    let qualifier = function.qualifier().map(|q| format!(":{q}")).unwrap_or_default();
    let arn = format!(
        "arn:{}:lambda:{region}:{account}:function:{}{qualifier}",
        machine.partition(),
        function.name()
    );
    arn.parse().map_err(|e| CliError::new(Exit::Unexpected, e))
}

/// The most that StartExecution takes is 262,144 bytes, and so is the most that the first step is called with, which is
/// this and the execution's ARN and time. Source: "Step Functions service quotas".
const MOST_BYTES: usize = 262_144 - 1024;

/// The input of an execution, which the state machine is certain to accept.
pub(super) fn json(request: &TuningRequest, payload: PayloadSource) -> Result<String, CliError> {
    let input = ExecutionInput::new(request.clone(), payload);
    let text = input
        .to_json()
        .map_err(|e| CliError::new(Exit::Unexpected, "cannot make the input of an execution").cause(e))?;
    if text.len() > MOST_BYTES {
        return Err(CliError::usage(format!(
            "with this payload the input of an execution has {} bytes, and {MOST_BYTES} are the most that can be sent",
            text.len()
        ))
        .hint(
            "put the payload into S3 and name it with --payload-s3 s3://BUCKET/KEY (the service must have been deployed with \
             payloadS3Bucket), or tune from here with --direct",
        ));
    }
    ExecutionInput::parse(&text, &Defaults::default())
        .map(drop)
        .map_err(|e| CliError::usage("the state machine would not take this").cause(e))?;
    Ok(text)
}

/// Names have at most 80 characters.
const LONGEST_NAME: usize = 80;

/// A name that people recognise and that is not used twice: `tuner-FUNCTION-20261121-093000-1a2b`.
pub(super) fn execution_name(function: &str, now: Timestamp, random: Uuid) -> String {
    let [a, b, ..] = *random.as_bytes();
    let end = format!("-{}-{a:02x}{b:02x}", now.strftime("%Y%m%d-%H%M%S"));
    let start: String = format!("tuner-{function}")
        .chars()
        .take(LONGEST_NAME - end.len())
        .collect();
    start + &end
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine() -> StateMachineArn {
        "arn:aws-cn:states:cn-north-1:123456789012:stateMachine:m"
            .parse()
            .unwrap()
    }

    #[test]
    fn a_name_becomes_an_arn() {
        let full = |name: &str, region, role| {
            in_full(&name.parse().unwrap(), &machine(), region, role)
                .unwrap()
                .to_string()
        };
        let elsewhere = "arn:aws:lambda:eu-west-1:111111111111:function:f:live";
        assert_eq!(full(elsewhere, Some("us-east-1"), None), elsewhere);
        assert_eq!(
            full("f", None, None),
            "arn:aws-cn:lambda:cn-north-1:123456789012:function:f"
        );
        assert_eq!(
            full("f:7", Some("cn-northwest-1"), None),
            "arn:aws-cn:lambda:cn-northwest-1:123456789012:function:f:7"
        );
        let role = Some("arn:aws-cn:iam::222222222222:role/tuner");
        assert_eq!(
            full("f", None, role),
            "arn:aws-cn:lambda:cn-north-1:222222222222:function:f"
        );
        assert_eq!(
            full("333333333333:function:f", None, role),
            "arn:aws-cn:lambda:cn-north-1:333333333333:function:f"
        );
    }

    #[test]
    fn names_are_readable_and_short_enough() {
        let now = "2026-11-21T09:30:00Z".parse().unwrap();
        let random = Uuid::from_u128(0x1a2b << 112);
        assert_eq!(
            execution_name("resize", now, random),
            "tuner-resize-20261121-093000-1a2b"
        );
        let long = execution_name(&"x".repeat(64), now, random);
        assert_eq!(long.len(), LONGEST_NAME);
        assert!(long.ends_with("x-20261121-093000-1a2b"), "{long}");
    }

    #[test]
    fn too_large_a_payload_names_the_way_out() {
        let request = TuningRequest::new("f".parse().unwrap());
        let payload = |bytes: usize| PayloadSource::Inline(format!("\"{}\"", "x".repeat(bytes)));
        assert!(json(&request, payload(200_000)).is_ok());
        let error = json(&request, payload(262_144)).unwrap_err();
        assert_eq!(error.exit(), Exit::Usage);
        assert!(error.to_string().contains("--payload-s3"), "{error}");
    }

    #[test]
    fn what_the_state_machine_would_refuse_is_refused_here() {
        let request = TuningRequest::new("f".parse().unwrap()).with(|o| o.pause_ms = 600_001);
        let error = json(&request, PayloadSource::None).unwrap_err().to_string();
        assert!(error.contains("sleepBetweenRunsMs"), "{error}");
    }
}
