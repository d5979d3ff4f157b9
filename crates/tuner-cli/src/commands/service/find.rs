//! Which state machine: a flag, the environment or the configuration names it, else its tag tells.

use tuner_aws::{StateMachine, StateMachineError, StateMachines};

use super::failures;
use crate::config::Config;
use crate::error::CliError;
use crate::exit::Exit;
use crate::reach::Reach;
use crate::states_arn::{StateMachineArn, StateMachineRef};

pub(crate) const VARIABLE: &str = "TUNER_STATE_MACHINE";
const TAG: (&str, &str) = ("tuner:state-machine", "power-tuning");

/// What names the state machine, if anything does: the flag first, then the environment, then the configuration.
pub(crate) fn named(flag: Option<&StateMachineRef>, config: &Config) -> Result<Option<StateMachineRef>, CliError> {
    let variable = std::env::var(VARIABLE).ok().filter(|value| !value.is_empty());
    first_of(flag, variable.as_deref(), config.state_machine.as_deref())
}

fn first_of(
    flag: Option<&StateMachineRef>,
    variable: Option<&str>,
    config: Option<&str>,
) -> Result<Option<StateMachineRef>, CliError> {
    if let Some(flag) = flag {
        return Ok(Some(flag.clone()));
    }
    let (text, origin) = match (variable, config) {
        (Some(text), _) => (text, VARIABLE),
        (None, Some(text)) => (text, "`state_machine` in the configuration file"),
        (None, None) => return Ok(None),
    };
    let parsed = text.parse();
    parsed
        .map(Some)
        .map_err(|e: String| CliError::usage(e).cause(format!("it comes from {origin}")))
}

/// Finds the state machine, and the connection to it.
pub(crate) async fn find(named: Option<StateMachineRef>, reach: &Reach) -> Result<StateMachineArn, CliError> {
    let name = match named {
        Some(StateMachineRef::Arn(arn)) => return Ok(arn),
        Some(StateMachineRef::Name(name)) => Some(name),
        None => None,
    };
    let connection = reach.services(None).await;
    let machines = connection.state_machines();
    let found = match &name {
        Some(name) => by_name(&machines, name).await,
        None => machines.find_by_tag(TAG.0, TAG.1).await,
    };
    let found = found.map_err(|e| {
        let told = failures::of_call("cannot look for the state machine", &e, reach);
        match &e {
            StateMachineError::Denied { .. } => {
                told.hint("name it in full: --state-machine ARN, TUNER_STATE_MACHINE, or `state_machine` in tuner.toml")
            }
            e if failures::is_signed_out(e) => told.hint(format!(
                "{}; --local tunes a program on this machine, with no account",
                reach.sign_in()
            )),
            _ => told,
        }
    })?;
    one_of(&found, name.as_deref(), connection.region())
}

async fn by_name(machines: &StateMachines, name: &str) -> Result<Vec<StateMachine>, StateMachineError> {
    let mut all = machines.all().await?;
    all.retain(|machine| machine.name == name);
    Ok(all)
}

fn one_of(found: &[StateMachine], name: Option<&str>, region: Option<&str>) -> Result<StateMachineArn, CliError> {
    let place = region.map_or_else(String::new, |region| format!(" in {region}"));
    match (found, name) {
        ([machine], _) => machine
            .arn
            .parse()
            .map_err(|e: String| CliError::new(Exit::Unexpected, e)),
        ([], Some(name)) => Err(
            CliError::usage(format!("there is no state machine `{name}`{place} in this account"))
                .hint("check the name, the region (--region) and the account (--profile)"),
        ),
        ([], None) => Err(CliError::usage(format!(
            "no state machine of tuner was found{place} in this account (none has the tag {} = {})",
            TAG.0, TAG.1
        ))
        .hint(
            "deploy it with Terraform or SAM, as infra/README.md says:\n  infra/build && terraform -chdir=infra/terraform apply\n  \
             infra/build && sam deploy --guided --template infra/sam/template.yaml --capabilities CAPABILITY_IAM\nlook \
             elsewhere with --region and --profile; or tune from here, without the service, with --direct",
        )),
        (several, _) => {
            let error = CliError::usage(format!("there are {} state machines of tuner{place}", several.len()));
            let listed = several.iter().map(|machine| format!("  {}", machine.arn));
            Err(listed
                .fold(error, CliError::note)
                .hint("choose one with --state-machine, TUNER_STATE_MACHINE, or `state_machine` in tuner.toml"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(name: &str) -> StateMachine {
        StateMachine {
            arn: format!("arn:aws:states:eu-west-1:123456789012:stateMachine:{name}"),
            name: name.to_owned(),
        }
    }

    #[test]
    fn flag_then_environment_then_configuration() {
        let name = |text: &str| StateMachineRef::Name(text.to_owned());
        let flag = name("flag");
        assert_eq!(first_of(Some(&flag), Some("env"), Some("file")).unwrap(), Some(flag));
        assert_eq!(first_of(None, Some("env"), Some("file")).unwrap(), Some(name("env")));
        assert_eq!(first_of(None, None, Some("file")).unwrap(), Some(name("file")));
        assert_eq!(first_of(None, None, None).unwrap(), None);
        let error = first_of(None, Some("a b"), None).unwrap_err().to_string();
        assert!(error.contains("`a b`") && error.contains(VARIABLE), "{error}");
    }

    #[test]
    fn none_or_several_say_what_to_do() {
        let found = one_of(&[machine("x")], None, None).unwrap();
        assert_eq!(found.name(), "x");
        let none = one_of(&[], None, Some("eu-west-1")).unwrap_err().to_string();
        for word in [
            "eu-west-1",
            "tuner:state-machine",
            "terraform",
            "sam deploy",
            "--direct",
        ] {
            assert!(none.contains(word), "{none}");
        }
        let several = one_of(&[machine("x"), machine("y")], None, None).unwrap_err();
        let several = several.to_string();
        for word in ["stateMachine:x", "stateMachine:y", "--state-machine"] {
            assert!(several.contains(word), "{several}");
        }
        assert!(one_of(&[], Some("z"), None).unwrap_err().to_string().contains("`z`"));
    }
}
