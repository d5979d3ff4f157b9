//! Commands that change a setting where traffic meets it. What `$LATEST` is given reaches nobody who calls a published version
//! or an alias: that takes a new version, and the alias led to it.
//!
//! Source: AWS CLI reference (`publish-version`, `update-alias`: what is not named stays as it is).

use tuner_core::review::{Alias, FunctionReview, FunctionVersion};

use super::actions::{shell, target};

/// `update-function-configuration` with `change`, and what leads the traffic to it.
pub(super) fn configure(of: &FunctionReview, change: &str) -> String {
    let function = target("--function-name", of);
    let update = format!("aws lambda update-function-configuration {function}{change}");
    let Some(version) = of.serving().published() else {
        return update;
    };
    let mut steps = vec![
        update,
        format!("aws lambda wait function-updated-v2 {function}"),
        // Fails where `$LATEST` holds other code than what serves.
        format!(
            "version=$(aws lambda publish-version {function} --code-sha256 \"$(aws lambda get-function-configuration \
             {function} --qualifier {version} --query CodeSha256 --output text)\" --query Version --output text)"
        ),
        format!("aws lambda wait published-version-active {function} --qualifier \"$version\""),
    ];
    let aliases: Vec<&Alias> = of.function.aliases_to(version).collect();
    if aliases.is_empty() && of.function.aliases.is_none() {
        steps.push(format!(
            "for alias in $(aws lambda list-aliases {function} --function-version {version} --query 'Aliases[].Name' \
             --output text); do aws lambda update-alias {function} --name \"$alias\" --function-version \"$version\"; done"
        ));
    }
    for alias in aliases {
        steps.push(format!(
            "aws lambda update-alias {function} --name {}{}",
            shell(&alias.name),
            routing(alias, version)
        ));
    }
    steps.join(" && ")
}

/// The present routing with the new version in place of `old`.
fn routing(alias: &Alias, old: FunctionVersion) -> String {
    let main = match alias.version == old {
        true => " --function-version \"$version\"".to_owned(),
        false => String::new(),
    };
    let weights: Vec<String> = (alias.weights.iter())
        .map(|(version, weight)| match *version == old {
            true => format!("$version={weight}"),
            false => format!("{version}={weight}"),
        })
        .collect();
    match weights.is_empty() {
        true => main,
        false => format!(
            "{main} --routing-config \"AdditionalVersionWeights={{{}}}\"",
            weights.join(",")
        ),
    }
}

/// What else is to be known of that, as the end of a sentence.
pub(super) fn words(of: &FunctionReview) -> String {
    let Some(version) = of.serving().published() else {
        return String::new();
    };
    let aliases: Vec<&str> = of
        .function
        .aliases_to(version)
        .map(|alias| alias.name.as_str())
        .collect();
    let lead = match (&aliases[..], &of.function.aliases) {
        ([], Some(_)) => "lead its callers there".to_owned(),
        ([], None) => "lead the aliases there that serve".to_owned(),
        ([one], _) => format!("lead the alias {one} there"),
        (several, _) => format!("lead the aliases {} there", several.join(", ")),
    };
    let old = of
        .function
        .version(version)
        .and_then(|known| known.code_sha256.as_deref());
    let code = match (old, of.function.code_sha256.as_deref()) {
        (Some(old), Some(now)) if old != now => {
            format!("; $LATEST holds other code than version {version}: deploy that first, or nothing is published")
        }
        _ => format!("; it is published only if $LATEST holds the code of version {version}"),
    };
    format!(", publish that as a version, and {lead}{code}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn served_by(version: &str, aliases: Option<Vec<Alias>>) -> FunctionReview {
        let duration = json!({ "mean_ms": 10.0, "p50_ms": 10.0, "p95_ms": 10.0, "p99_ms": 10.0, "max_ms": 10.0 });
        let size = json!({
            "memory_size_mb": 256, "invocations": 900, "versions": [{ "version": version }], "duration": duration,
            "billed_duration_ms": 9_000,
        });
        let of = json!({
            "function": {
                "name": "arn:aws:lambda:eu-west-1:123456789012:function:pay", "memory_size_mb": 384, "aliases": aliases,
            },
            "evidence": { "sizes": [size] },
        });
        serde_json::from_value(of).unwrap()
    }

    fn alias(version: u64, weights: &[(u64, f64)]) -> Alias {
        let weights = weights
            .iter()
            .map(|&(v, weight)| (FunctionVersion::Published(v), weight));
        Alias {
            name: "live".into(),
            version: FunctionVersion::Published(version),
            weights: weights.collect(),
        }
    }

    #[test]
    fn latest_takes_one_call() {
        let command = configure(&served_by("$LATEST", None), " --memory-size 512");
        assert_eq!(
            command,
            "aws lambda update-function-configuration --function-name pay --region eu-west-1 --memory-size 512"
        );
    }

    #[test]
    fn a_version_is_published_and_its_alias_led_there() {
        let of = served_by("7", Some(vec![alias(7, &[])]));
        let command = configure(&of, " --memory-size 384");
        let steps: Vec<&str> = command.split(" && ").collect();
        assert_eq!(
            steps,
            [
                "aws lambda update-function-configuration --function-name pay --region eu-west-1 --memory-size 384",
                "aws lambda wait function-updated-v2 --function-name pay --region eu-west-1",
                "version=$(aws lambda publish-version --function-name pay --region eu-west-1 --code-sha256 \"$(aws lambda \
                 get-function-configuration --function-name pay --region eu-west-1 --qualifier 7 --query CodeSha256 \
                 --output text)\" --query Version --output text)",
                "aws lambda wait published-version-active --function-name pay --region eu-west-1 --qualifier \"$version\"",
                "aws lambda update-alias --function-name pay --region eu-west-1 --name live --function-version \"$version\"",
            ]
        );
        assert!(words(&of).contains("lead the alias live there"));
    }

    #[test]
    fn the_present_routing_is_kept() {
        let command = |aliases| configure(&served_by("7", aliases), "");
        let main = command(Some(vec![alias(7, &[(8, 0.1)])]));
        assert!(
            main.ends_with(
                "--name live --function-version \"$version\" --routing-config \"AdditionalVersionWeights={8=0.1}\""
            ),
            "{main}"
        );
        let canary = command(Some(vec![alias(6, &[(7, 0.25)])]));
        assert!(
            canary.ends_with("--name live --routing-config \"AdditionalVersionWeights={$version=0.25}\""),
            "{canary}"
        );
        // Aliases that are not known are found when it is pasted.
        assert!(command(None).contains("list-aliases --function-name pay --region eu-west-1 --function-version 7"));
        assert!(!command(Some(Vec::new())).contains("alias"));
    }
}
