use tuner_core::{FunctionName, Remedy};

use crate::Reader;
use crate::review::actions::shell_option;

/// What to do, in words for `reader`: a clause without an end.
pub fn remedy(remedy: &Remedy, reader: Reader) -> String {
    match reader {
        Reader::CommandLine => for_command_line(remedy),
        Reader::Console => for_console(remedy),
    }
}

/// Several of them in one sentence; `None` where there is none.
pub fn remedies(all: &[Remedy], reader: Reader) -> Option<String> {
    let words: Vec<String> = all.iter().map(|one| remedy(one, reader)).collect();
    (!words.is_empty()).then(|| words.join("; "))
}

/// With the flags of the command line.
fn for_command_line(remedy: &Remedy) -> String {
    match remedy {
        Remedy::CheckFunction => "check the name, the region (--region) and the account".to_owned(),
        Remedy::Allow { action } => format!("allow {action} for these credentials, or refresh them"),
        Remedy::AllowRole => {
            "allow sts:AssumeRole on the role of --role-arn for these credentials; its trust policy must \
                              name them too"
                .to_owned()
        }
        Remedy::SignIn => {
            "sign in (`aws sso login`, `aws configure`), choose a profile with --profile, a region with --region"
                .to_owned()
        }
        Remedy::LowerConcurrency => "lower --max-concurrency, or try again when the account is less busy".to_owned(),
        Remedy::CheckNetwork => "check the network, the region and AWS_ENDPOINT_URL, then try again".to_owned(),
        Remedy::LeaveOutLargerSizes => "leave out the larger sizes, or ask AWS to raise the account's quota".to_owned(),
        Remedy::StayAboveFloor { floor_mb } => format!(
            "ask for {floor_mb} MB and more, or accept that invocations may fail for want of memory or time, with \
             --risk-failures-below-floor"
        ),
        Remedy::ConfirmLatest => {
            "deploy to $LATEST what the alias runs, or say that all of $LATEST is meant, with --from-latest".to_owned()
        }
        Remedy::WaitOrRestore { function } => format!(
            "wait until that tuning ends; if it was broken off, put things back with `{}`",
            restore(function)
        ),
        Remedy::Restore { function } => format!("run `{}` to put that back", restore(function)),
        Remedy::DeleteApplied { function, tuning_id } => {
            format!(
                "run `{} --tuning {tuning_id}` to delete that version",
                restore(function)
            )
        }
        Remedy::TuneAgain => "run the tuning again when no deployment is under way".to_owned(),
        Remedy::ShortenDescription { characters } => shorten(*characters),
        Remedy::ChangeStore => "choose another place with --out, or make room on the disk".to_owned(),
        Remedy::GivePrices { published: true } => {
            "run `tuner prices refresh` to read AWS's price list, or give a price file with `--prices FILE`".to_owned()
        }
        Remedy::GivePrices { published: false } => "give a price file with `--prices FILE`".to_owned(),
        Remedy::NameRegions => "name regions with --regions, or set one with --region".to_owned(),
        Remedy::NameSizes => "give some with --memory 128,512,1024".to_owned(),
        other => unworded(other),
    }
}

/// With the fields of an execution's input, and the parameters of the deployment in Terraform's spelling and in SAM's.
fn for_console(remedy: &Remedy) -> String {
    match remedy {
        Remedy::CheckFunction => "check the name, the region and the account in lambdaARN".to_owned(),
        Remedy::Allow { action } => format!(
            "the step needs {action}: {}, or the role in roleARN must allow it where one is given",
            parameter(action)
        ),
        Remedy::AllowRole => {
            "the step may not call sts:AssumeRole on roleARN: assumable_role_arns (assumableRoleArns) of \
                              the deployment must name that role, and its trust policy must name the role of the step"
                .to_owned()
        }
        Remedy::SignIn => {
            "the step has no credentials: its Lambda function needs the role of the deployment; deploy it again"
                .to_owned()
        }
        Remedy::LowerConcurrency => {
            "lower maxConcurrency in the input, or start it again when the account is less busy".to_owned()
        }
        Remedy::CheckNetwork => {
            "start it again; if the steps run in a VPC (subnet_ids), they need a way to the endpoints of AWS".to_owned()
        }
        Remedy::LeaveOutLargerSizes => {
            "leave the larger sizes out of powerValues, or ask AWS to raise the account's quota".to_owned()
        }
        Remedy::StayAboveFloor { floor_mb } => format!(
            "ask for {floor_mb} MB and more in powerValues, or accept that invocations may fail for want of memory or time, \
             with \"riskFailuresBelowFloor\": true in the input"
        ),
        Remedy::ConfirmLatest => "deploy to $LATEST what the alias runs, or say that all of $LATEST is meant: \
                                  \"applyFromLatest\": true in the input"
            .to_owned(),
        Remedy::WaitOrRestore { .. } => {
            "wait until that tuning ends; what an execution that is over has left is put back by \
                                         the next one for the function, and what anybody has left by `tuner restore`"
                .to_owned()
        }
        Remedy::Restore { .. } => {
            "the next execution for the function puts that back too, or `tuner restore` at once".to_owned()
        }
        Remedy::DeleteApplied { .. } => {
            "delete that version in the console of Lambda if no alias points to it, or with `tuner restore`".to_owned()
        }
        Remedy::TuneAgain => "start it again when no deployment is under way".to_owned(),
        Remedy::ShortenDescription { characters } => shorten(*characters),
        Remedy::ChangeStore => {
            "the bucket of the deployment must be there, and the role of the step must be allowed to read \
                                and write it"
                .to_owned()
        }
        Remedy::GivePrices { published: true } => {
            "a newer version of the tuner may know them, and `tuner prices refresh` reads them for the command line"
                .to_owned()
        }
        Remedy::GivePrices { published: false } => "the command line takes a file of prices".to_owned(),
        Remedy::NameRegions => "name one in regions".to_owned(),
        Remedy::NameSizes => "give some in powerValues, such as [128, 512, 1024]".to_owned(),
        other => unworded(other),
    }
}

/// Which parameter of the deployment keeps an action from being allowed.
fn parameter(action: &str) -> &'static str {
    match action {
        "lambda:ListFunctions" => "the role of the step must allow it on all functions",
        "logs:FilterLogEvents" => "log_group_resource (logGroupResource) of the deployment must cover its log group",
        action if action.starts_with("lambda:") => {
            "lambda_resource (lambdaResource) of the deployment must cover the function"
        }
        _ => "the role of the step must allow it",
    }
}

fn restore(function: &FunctionName) -> String {
    format!("tuner restore {}", shell_option("--function", &function.to_string()))
}

fn shorten(characters: u32) -> String {
    format!("shorten the description to {characters} characters or fewer")
}

/// One that has no words here yet: better its name than nothing.
fn unworded(remedy: &Remedy) -> String {
    format!("{remedy:?}")
}

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use super::*;

    fn all() -> Vec<Remedy> {
        let function = || FunctionName::from_str("-rf").unwrap();
        vec![
            Remedy::CheckFunction,
            Remedy::Allow {
                action: "lambda:InvokeFunction".into(),
            },
            Remedy::AllowRole,
            Remedy::SignIn,
            Remedy::LowerConcurrency,
            Remedy::CheckNetwork,
            Remedy::LeaveOutLargerSizes,
            Remedy::StayAboveFloor { floor_mb: 512 },
            Remedy::ConfirmLatest,
            Remedy::WaitOrRestore { function: function() },
            Remedy::Restore { function: function() },
            Remedy::DeleteApplied {
                function: function(),
                tuning_id: uuid::Uuid::nil(),
            },
            Remedy::TuneAgain,
            Remedy::ShortenDescription { characters: 190 },
            Remedy::ChangeStore,
            Remedy::GivePrices { published: true },
            Remedy::GivePrices { published: false },
            Remedy::NameRegions,
            Remedy::NameSizes,
        ]
    }

    #[test]
    fn the_console_is_told_no_flag_and_no_credentials_of_its_own() {
        for one in all() {
            let words = remedy(&one, Reader::Console);
            assert!(!words.contains("--") && !words.contains("these credentials"), "{words}");
        }
    }

    #[test]
    fn the_command_line_is_told_no_field_of_the_input() {
        for one in all() {
            let words = remedy(&one, Reader::CommandLine);
            for field in [
                "lambdaARN",
                "powerValues",
                "roleARN",
                "maxConcurrency",
                "riskFailures",
                "in the input",
            ] {
                assert!(!words.contains(field), "{words}");
            }
        }
    }

    #[test]
    fn a_command_is_complete_and_safe_to_paste() {
        let words = |function: &str| {
            let function = FunctionName::from_str(function).unwrap();
            remedy(&Remedy::Restore { function }, Reader::CommandLine)
        };
        assert!(words("-rf").contains("`tuner restore --function=-rf`"));
        assert!(words("resize:$LATEST").contains("--function 'resize:$LATEST'`"));
        let arn = "arn:aws:lambda:eu-west-1:123456789012:function:resize";
        assert!(words(arn).contains(&format!("--function {arn}`")));
    }

    #[test]
    fn every_remedy_has_words() {
        for one in all() {
            for reader in [Reader::CommandLine, Reader::Console] {
                assert_ne!(remedy(&one, reader), unworded(&one));
            }
        }
    }
}
