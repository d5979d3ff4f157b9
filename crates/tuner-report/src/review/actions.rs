//! What to do about a finding: the words, the exact command, and the line to change in Terraform and SAM.
//!
//! Sources of the names: AWS CLI reference (`lambda`), Terraform's `aws_lambda_function` and
//! `aws_lambda_provisioned_concurrency_config`, SAM's `AWS::Serverless::Function`.

use serde::Serialize;
use tuner_core::review::{Action, Advice, FindingKind, FunctionReview};

use crate::numbers;

/// One thing to do. What is absent does not apply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct ToDo {
    /// In words.
    pub(crate) words: String,
    /// For a shell.
    pub(crate) command: Option<String>,
    pub(crate) terraform: Option<String>,
    pub(crate) sam: Option<String>,
}

/// All that is advised for a function, in order.
pub(crate) fn all(of: &FunctionReview) -> Vec<ToDo> {
    of.advice.iter().map(|advice| to_do(of, advice)).collect()
}

/// The first thing to do.
pub(crate) fn first(of: &FunctionReview) -> Option<ToDo> {
    of.advice.first().map(|advice| to_do(of, advice))
}

fn to_do(of: &FunctionReview, advice: &Advice) -> ToDo {
    let to_do = to_do_by_name(of, advice);
    match of.function.nameless {
        // A command for a name that stands in for the real one would change another function.
        true => ToDo { command: None, ..to_do },
        false => to_do,
    }
}

fn to_do_by_name(of: &FunctionReview, advice: &Advice) -> ToDo {
    let aws = |call: &str, rest: &str| Some(format!("aws lambda {call} {}{rest}", target("--function-name", of)));
    let configure = |rest: &str| aws("update-function-configuration", rest);
    match &advice.action {
        Action::Tune { memory_sizes_mb } => {
            let sizes: Vec<String> = memory_sizes_mb.iter().map(u32::to_string).collect();
            ToDo {
                words: "Measure it before anything is changed".to_owned(),
                command: Some(format!(
                    "tuner run {} --memory {}",
                    target("--function", of),
                    sizes.join(",")
                )),
                terraform: None,
                sam: None,
            }
        }
        Action::SetMemorySize { memory_size_mb } => ToDo {
            words: match of.memory_size_mb() {
                Some(now) => format!(
                    "Give it {} MB instead of {}",
                    numbers::count((*memory_size_mb).into()),
                    numbers::count(now.into())
                ),
                None => format!("Give it {} MB", numbers::count((*memory_size_mb).into())),
            },
            command: configure(&format!(" --memory-size {memory_size_mb}")),
            terraform: Some(format!("memory_size = {memory_size_mb}")),
            sam: Some(format!("MemorySize: {memory_size_mb}")),
        },
        Action::SetTimeout { timeout_s } => ToDo {
            words: match of.function.timeout_s {
                Some(now) => format!("Give it {timeout_s} s instead of {now}"),
                None => format!("Give it {timeout_s} s"),
            },
            command: configure(&format!(" --timeout {timeout_s}")),
            terraform: Some(format!("timeout = {timeout_s}")),
            sam: Some(format!("Timeout: {timeout_s}")),
        },
        Action::SetProvisionedConcurrency {
            qualifier,
            environments: 0,
        } => ToDo {
            words: format!("Keep no environments ready for {qualifier}"),
            command: aws(
                "delete-provisioned-concurrency-config",
                &format!(" --qualifier {}", shell(qualifier)),
            ),
            terraform: Some("remove its aws_lambda_provisioned_concurrency_config".to_owned()),
            sam: Some("remove ProvisionedConcurrencyConfig".to_owned()),
        },
        Action::SetProvisionedConcurrency {
            qualifier,
            environments,
        } => ToDo {
            words: format!("Keep {environments} environments ready for {qualifier}"),
            command: aws(
                "put-provisioned-concurrency-config",
                &format!(
                    " --qualifier {} --provisioned-concurrent-executions {environments}",
                    shell(qualifier)
                ),
            ),
            terraform: Some(format!("provisioned_concurrent_executions = {environments}")),
            sam: Some(format!("ProvisionedConcurrentExecutions: {environments}")),
        },
        Action::TryArm64 => ToDo {
            words: "Build it for arm64, publish that beside the present version, and measure both".to_owned(),
            command: None,
            terraform: Some("architectures = [\"arm64\"]".to_owned()),
            sam: Some("Architectures: [arm64]".to_owned()),
        },
        Action::ShowReports => ToDo {
            words: "Let its logs hold the reports again".to_owned(),
            // The log group is named again, so that it stays whatever the call makes of what it is not told.
            command: {
                let group = of
                    .function
                    .log_group
                    .as_deref()
                    .map(|group| format!(",LogGroup={group}"));
                let config = format!("LogFormat=JSON,SystemLogLevel=INFO{}", group.unwrap_or_default());
                configure(&format!(" --logging-config {}", shell(&config)))
            },
            terraform: Some("system_log_level = \"INFO\"".to_owned()),
            sam: Some("SystemLogLevel: INFO".to_owned()),
        },
        Action::Allow { call } => ToDo {
            words: format!("Allow {call} to the role that reviews"),
            command: None,
            terraform: None,
            sam: None,
        },
        Action::Investigate => ToDo {
            words: investigate(of, advice.about).to_owned(),
            command: where_to_look(of, advice.about),
            terraform: None,
            sam: None,
        },
    }
}

/// What to look into, where no one setting is known to mend it.
fn investigate(of: &FunctionReview, about: FindingKind) -> &'static str {
    match about {
        FindingKind::Throttles if of.function.reserved_concurrency.is_some() => {
            "Give it more reserved concurrency, or none reserved, so that it shares what the account has"
        }
        FindingKind::Throttles => "See how much concurrency the account has left for it",
        FindingKind::TimeoutRisk => "Look into what takes so long",
        FindingKind::Regression => "Look into what changed",
        FindingKind::InitHeavy => "Load less before the first event, or weigh what would keep its environments ready",
        FindingKind::ProvisionedConcurrencyUnused => "See which of its environments are idle",
        FindingKind::NotEnoughData => "Look again when it was called more often, or over more days",
        FindingKind::NoLogs => "See where its logs go",
        FindingKind::Unsupported => "Leave it, there is no memory size to tune",
        FindingKind::NoAccess | FindingKind::Failed => "Look into why it could not be read",
        FindingKind::MemoryUnderprovisioned
        | FindingKind::Errors
        | FindingKind::MemoryOverprovisioned
        | FindingKind::CpuBound
        | FindingKind::Arm64Candidate => "Look into it, no setting mends this",
    }
}

/// The command that shows most of it: logs have no throttled request, and a function without logs has none to follow.
fn where_to_look(of: &FunctionReview, about: FindingKind) -> Option<String> {
    let lambda = |call: &str| format!("aws lambda {call} {}", target("--function-name", of));
    match about {
        FindingKind::Throttles if of.function.reserved_concurrency.is_none() => {
            Some(format!("aws lambda get-account-settings{}", region(of)))
        }
        FindingKind::Throttles => Some(lambda("get-function-concurrency")),
        FindingKind::ProvisionedConcurrencyUnused => Some(lambda("list-provisioned-concurrency-configs")),
        FindingKind::NoLogs => Some(lambda("get-function-configuration") + " --query LoggingConfig"),
        FindingKind::InitHeavy
        | FindingKind::NotEnoughData
        | FindingKind::NoAccess
        | FindingKind::Unsupported
        | FindingKind::Failed => None,
        _ => (of.function.log_group.as_deref())
            .map(|group| format!("aws logs tail {} --since 1d{}", shell(group), region(of))),
    }
}

/// The name without its account, which may be masked; the profile of the reader knows it. One that looks like an option is
/// tied to its own.
fn target(option: &str, of: &FunctionReview) -> String {
    let name = of.function.name.name();
    let tie = if name.starts_with('-') { '=' } else { ' ' };
    format!("{option}{tie}{}{}", shell(name), region(of))
}

fn region(of: &FunctionReview) -> String {
    let region = of.function.region.as_deref().or_else(|| of.function.name.region());
    region.map_or_else(String::new, |region| format!(" --region {}", shell(region)))
}

/// One word of a POSIX shell.
pub(crate) fn shell(text: &str) -> String {
    let is_plain = |b: u8| {
        b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'/' | b',' | b':' | b'=' | b'@' | b'%' | b'+')
    };
    if !text.is_empty() && text.bytes().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tuner_core::review::{Evidence, ListedFunction};

    fn function(action: Action) -> FunctionReview {
        let mut function =
            ListedFunction::named("arn:aws:lambda:eu-west-1:123456789012:function:resize".parse().unwrap());
        function.memory_size_mb = Some(1024);
        function.log_group = Some("/aws/lambda/resize".to_owned());
        FunctionReview {
            function,
            evidence: Evidence::default(),
            monthly: None,
            cost_unknown: None,
            findings: Vec::new(),
            advice: vec![Advice {
                about: FindingKind::MemoryOverprovisioned,
                action,
            }],
            tuned: None,
            changes: None,
        }
    }

    fn command(action: Action) -> String {
        first(&function(action)).unwrap().command.unwrap()
    }

    #[test]
    fn a_name_like_an_option_is_tied_to_its_own() {
        let mut function = function(Action::SetTimeout { timeout_s: 30 });
        function.function.name = "-rf".parse().unwrap();
        assert_eq!(
            first(&function).unwrap().command.as_deref(),
            Some("aws lambda update-function-configuration --function-name=-rf --region eu-west-1 --timeout 30")
        );
    }

    #[test]
    fn a_function_without_a_name_has_no_command() {
        for action in [
            Action::SetTimeout { timeout_s: 30 },
            Action::Investigate,
            Action::Tune {
                memory_sizes_mb: vec![256],
            },
        ] {
            let mut function = function(action);
            function.function.nameless = true;
            let to_do = first(&function).unwrap();
            assert!(to_do.command.is_none() && !to_do.words.is_empty());
        }
    }

    #[test]
    fn what_to_look_into_is_told_by_what_was_found() {
        let looking = |about, reserved_concurrency| {
            let mut function = function(Action::Investigate);
            function.advice[0].about = about;
            function.function.reserved_concurrency = reserved_concurrency;
            let to_do = first(&function).unwrap();
            (to_do.words, to_do.command)
        };
        // What is turned away leaves nothing in the logs.
        let (words, command) = looking(FindingKind::Throttles, Some(20));
        assert!(words.contains("more reserved concurrency"), "{words}");
        assert_eq!(
            command.as_deref(),
            Some("aws lambda get-function-concurrency --function-name resize --region eu-west-1")
        );
        let (_, command) = looking(FindingKind::Throttles, None);
        assert_eq!(
            command.as_deref(),
            Some("aws lambda get-account-settings --region eu-west-1")
        );
        // A log group that is not there can't be followed, and what is set mends init.
        let (_, command) = looking(FindingKind::NoLogs, None);
        assert_eq!(
            command.as_deref(),
            Some(
                "aws lambda get-function-configuration --function-name resize --region eu-west-1 --query LoggingConfig"
            )
        );
        let (words, command) = looking(FindingKind::InitHeavy, None);
        assert!(!words.contains("no setting") && command.is_none());
        assert!(looking(FindingKind::Errors, None).0.contains("no setting"));
    }

    #[test]
    fn commands_can_be_pasted() {
        assert_eq!(
            command(Action::Tune {
                memory_sizes_mb: vec![256, 512, 1024]
            }),
            "tuner run --function resize --region eu-west-1 --memory 256,512,1024"
        );
        assert_eq!(
            command(Action::SetMemorySize { memory_size_mb: 512 }),
            "aws lambda update-function-configuration --function-name resize --region eu-west-1 --memory-size 512"
        );
        assert_eq!(
            command(Action::SetProvisionedConcurrency {
                qualifier: "live; rm -rf ~".to_owned(),
                environments: 0
            }),
            "aws lambda delete-provisioned-concurrency-config --function-name resize --region eu-west-1 \
             --qualifier 'live; rm -rf ~'"
        );
        assert_eq!(
            command(Action::ShowReports),
            "aws lambda update-function-configuration --function-name resize --region eu-west-1 \
             --logging-config LogFormat=JSON,SystemLogLevel=INFO,LogGroup=/aws/lambda/resize"
        );
        assert_eq!(
            command(Action::Investigate),
            "aws logs tail /aws/lambda/resize --since 1d --region eu-west-1"
        );
    }

    #[test]
    fn lines_to_change_are_those_of_the_templates() {
        let to_do = first(&function(Action::SetMemorySize { memory_size_mb: 512 })).unwrap();
        assert_eq!(to_do.words, "Give it 512 MB instead of 1,024");
        assert_eq!(to_do.terraform.as_deref(), Some("memory_size = 512"));
        assert_eq!(to_do.sam.as_deref(), Some("MemorySize: 512"));
    }

    #[test]
    fn a_shell_reads_one_word() {
        for (text, word) in [
            ("resize", "resize"),
            ("", "''"),
            ("a b", "'a b'"),
            ("it's", "'it'\\''s'"),
            ("$(reboot)", "'$(reboot)'"),
            ("~x", "'~x'"),
        ] {
            assert_eq!(shell(text), word);
        }
    }
}
