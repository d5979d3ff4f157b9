//! ARNs of Step Functions, as far as the command line looks into them.

use std::fmt;
use std::str::FromStr;

use tuner_core::arn::Arn;

/// Which state machine: as flags, environment and configuration name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum StateMachineRef {
    /// In full, perhaps with a version or an alias.
    Arn(StateMachineArn),
    /// The one of that name, in the account and region that are called.
    Name(String),
}

impl FromStr for StateMachineRef {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.starts_with("arn:") {
            return text.parse().map(Self::Arn);
        }
        if is_name(text) {
            return Ok(Self::Name(text.to_owned()));
        }
        Err(format!(
            "`{text}` is neither the ARN nor the name of a state machine; use one such as \
             arn:aws:states:eu-west-1:123456789012:stateMachine:tuner-power-tuning"
        ))
    }
}

/// `arn:PARTITION:states:REGION:ACCOUNT:stateMachine:NAME`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StateMachineArn {
    place: Place,
    /// With the version or alias, if there is one.
    name: String,
}

/// `arn:PARTITION:states:REGION:ACCOUNT:execution:STATE_MACHINE:NAME`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ExecutionArn {
    place: Place,
    state_machine: String,
    name: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    partition: String,
    region: String,
    account: String,
}

impl StateMachineArn {
    pub(crate) fn partition(&self) -> &str {
        &self.place.partition
    }

    pub(crate) fn region(&self) -> &str {
        &self.place.region
    }

    pub(crate) fn account(&self) -> &str {
        &self.place.account
    }

    /// Without version or alias.
    pub(crate) fn name(&self) -> &str {
        self.name.split(':').next().unwrap_or(&self.name)
    }

    /// Without version or alias.
    pub(crate) fn unqualified(&self) -> Self {
        Self {
            place: self.place.clone(),
            name: self.name().to_owned(),
        }
    }

    /// Its execution of that name.
    pub(crate) fn execution(&self, name: &str) -> ExecutionArn {
        ExecutionArn {
            place: self.place.clone(),
            state_machine: self.name().to_owned(),
            name: name.to_owned(),
        }
    }
}

impl ExecutionArn {
    pub(crate) fn region(&self) -> &str {
        &self.place.region
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Its page in the console; `None` in partitions whose console's address is not public.
    pub(crate) fn console(&self) -> Option<String> {
        let host = match self.place.partition.as_str() {
            "aws" => "console.aws.amazon.com",
            "aws-cn" => "console.amazonaws.cn",
            "aws-us-gov" => "console.amazonaws-us-gov.com",
            "aws-eusc" => "console.amazonaws-eusc.eu",
            _ => return None,
        };
        let region = self.region();
        Some(format!(
            "https://{region}.{host}/states/home?region={region}#/v2/executions/details/{self}"
        ))
    }
}

impl FromStr for StateMachineArn {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (place, resource) = split(text)?;
        match resource[..] {
            ["stateMachine", name] if is_name(name) => Ok(Self {
                place,
                name: name.to_owned(),
            }),
            ["stateMachine", name, qualifier] if is_name(name) && is_name(qualifier) => Ok(Self {
                place,
                name: format!("{name}:{qualifier}"),
            }),
            ["execution" | "express", ..] => Err(format!(
                "`{text}` is the ARN of an execution; `tuner run --follow` takes it"
            )),
            _ => Err(format!("`{text}` is not the ARN of a state machine")),
        }
    }
}

impl FromStr for ExecutionArn {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (place, resource) = split(text)?;
        match resource[..] {
            ["execution", state_machine, name] if is_name(state_machine) && is_name(name) => Ok(Self {
                place,
                state_machine: state_machine.to_owned(),
                name: name.to_owned(),
            }),
            ["express", ..] => Err(format!(
                "`{text}` is an execution of an express state machine, which can't be looked at"
            )),
            _ => Err(format!("`{text}` is not the ARN of an execution")),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "arn:{}:states:{}:{}", self.partition, self.region, self.account)
    }
}

impl fmt::Display for StateMachineArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:stateMachine:{}", self.place, self.name)
    }
}

impl fmt::Display for ExecutionArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:execution:{}:{}", self.place, self.state_machine, self.name)
    }
}

/// Where it is, and what it is.
fn split(text: &str) -> Result<(Place, Vec<&str>), String> {
    let arn = Arn::parse(text).map_err(|reason| format!("`{text}`: {reason}"))?;
    if arn.service != "states" || arn.region.is_empty() || arn.account.is_empty() {
        return Err(format!(
            "`{text}` is no ARN of Step Functions, such as arn:aws:states:eu-west-1:123456789012:..."
        ));
    }
    let place = Place {
        partition: arn.partition.to_owned(),
        region: arn.region.to_owned(),
        account: arn.account.to_owned(),
    };
    Ok((place, arn.resource.split(':').collect()))
}

/// Names of state machines and executions. Source: "Step Functions service quotas".
fn is_name(text: &str) -> bool {
    (1..=80).contains(&text.chars().count())
        && !text
            .chars()
            .any(|c| c.is_whitespace() || c.is_control() || "?*<>{}[]:;,\\|^~$#%&`\"/".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MACHINE: &str = "arn:aws:states:eu-west-1:123456789012:stateMachine:tuner-power-tuning";

    #[test]
    fn a_state_machine_is_named_or_given_in_full() {
        assert_eq!("tuner".parse(), Ok(StateMachineRef::Name("tuner".to_owned())));
        for text in [MACHINE, &format!("{MACHINE}:live")] {
            let arn: StateMachineArn = text.parse().unwrap();
            assert_eq!((arn.to_string().as_str(), arn.name()), (text, "tuner-power-tuning"));
            assert_eq!(arn.unqualified().to_string(), MACHINE);
            assert_eq!(text.parse(), Ok(StateMachineRef::Arn(arn)));
        }
    }

    #[test]
    fn an_execution_knows_its_state_machine() {
        let machine: StateMachineArn = format!("{MACHINE}:7").parse().unwrap();
        let execution = machine.execution("x-1");
        assert_eq!(
            execution.to_string(),
            "arn:aws:states:eu-west-1:123456789012:execution:tuner-power-tuning:x-1"
        );
        assert_eq!(execution.to_string().parse(), Ok(execution.clone()));
        assert_eq!((execution.name(), execution.region()), ("x-1", "eu-west-1"));
    }

    #[test]
    fn what_is_something_else_is_told() {
        let wrong = |text: &str| text.parse::<StateMachineRef>().unwrap_err();
        for (text, words) in [
            ("", "neither"),
            ("a b", "neither"),
            ("arn:aws:lambda:eu-west-1:123456789012:function:x", "Step Functions"),
            (
                "arn:aws:states:europe:123456789012:stateMachine:x",
                "region is malformed",
            ),
            ("arn:aws:states:eu-west-1:12:stateMachine:x", "12 digits"),
            ("arn:aws:states:eu-west-1:123456789012:activity:x", "not the ARN"),
            ("arn:aws:states:eu-west-1:123456789012:execution:x:y", "--follow"),
        ] {
            assert!(wrong(text).contains(words), "{text}: {}", wrong(text));
        }
        let wrong = |text: &str| text.parse::<ExecutionArn>().unwrap_err();
        assert!(wrong(MACHINE).contains("not the ARN of an execution"));
        let express = "arn:aws:states:eu-west-1:123456789012:express:x:y:z";
        assert!(wrong(express).contains("express"));
    }

    #[test]
    fn each_partition_has_a_console_of_its_own() {
        let console = |partition: &str, region: &str| {
            let arn = format!("arn:{partition}:states:{region}:123456789012:execution:m:e");
            arn.parse::<ExecutionArn>().unwrap().console()
        };
        assert_eq!(
            console("aws", "eu-west-1").unwrap(),
            "https://eu-west-1.console.aws.amazon.com/states/home?region=eu-west-1#/v2/executions/details/\
             arn:aws:states:eu-west-1:123456789012:execution:m:e"
        );
        let china = console("aws-cn", "cn-north-1").unwrap();
        assert!(
            china.starts_with("https://cn-north-1.console.amazonaws.cn/states/"),
            "{china}"
        );
        assert_eq!(console("aws-iso", "us-iso-east-1"), None);
    }
}
