//! The environment variables of the function's process.

use std::ffi::OsString;

use super::EnvironmentSpec;

/// Passed on from our own environment: without them `python3` or a shared library may not be found. Nothing else is,
/// least of all the caller's credentials.
const INHERITED: [&str; 2] = ["PATH", "LD_LIBRARY_PATH"];

/// Every variable of the process, later ones winning over earlier ones: what a user may override, the user's own, and
/// what Lambda reserves.
///
/// `cell` is a variable by which the processes of one cell are found.
pub(super) fn of(
    spec: &EnvironmentSpec,
    runtime_api: &str,
    log_stream: &str,
    cell: (&str, &str),
) -> Vec<(OsString, OsString)> {
    let inherited = INHERITED
        .iter()
        .filter_map(|name| Some((OsString::from(name), std::env::var_os(name)?)));
    let overridable = [
        ("LANG", "en_US.UTF-8"),
        ("TZ", ":UTC"),
        // The caller's home holds credentials that SDKs would find and use.
        ("HOME", "/tmp"),
        // On an EC2 host an SDK would otherwise find the host's role.
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ];
    let task_root = spec
        .working_directory
        .clone()
        .or_else(|| std::env::current_dir().ok())
        .map_or_else(|| OsString::from("."), std::path::PathBuf::into_os_string);
    let memory = spec.memory_size_mb.to_string();
    let reserved = [
        ("AWS_LAMBDA_RUNTIME_API", runtime_api),
        ("AWS_LAMBDA_FUNCTION_NAME", &spec.function_name),
        ("AWS_LAMBDA_FUNCTION_VERSION", &spec.version),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", &memory),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", &spec.log_group),
        ("AWS_LAMBDA_LOG_STREAM_NAME", log_stream),
        ("AWS_REGION", &spec.region),
        ("AWS_DEFAULT_REGION", &spec.region),
        ("_HANDLER", &spec.handler),
        cell,
    ];
    let pairs = |list: &[(&str, &str)]| list.iter().map(|(k, v)| (k.into(), v.into())).collect::<Vec<_>>();
    inherited
        .chain(pairs(&overridable))
        .chain(spec.runtime_variables.iter().map(|(k, v)| (k.into(), v.into())))
        .chain(spec.variables.iter().map(|(k, v)| (k.into(), v.into())))
        .chain(pairs(&reserved))
        .chain([(OsString::from("LAMBDA_TASK_ROOT"), task_root)])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::spec;
    use super::*;

    fn value(variables: &[(OsString, OsString)], name: &str) -> Option<String> {
        variables
            .iter()
            .rev()
            .find(|(k, _)| k == name)
            .map(|(_, v)| v.to_string_lossy().into_owned())
    }

    #[test]
    fn the_user_may_override_defaults_but_not_what_lambda_reserves() {
        let mut spec = spec(&["true"]);
        spec.variables.insert("TZ".into(), "Europe/Berlin".into());
        spec.variables.insert("_HANDLER".into(), "mine".into());
        let variables = of(&spec, "127.0.0.1:9", "stream", ("CELL", "c"));
        assert_eq!(value(&variables, "TZ").as_deref(), Some("Europe/Berlin"));
        assert_eq!(value(&variables, "_HANDLER"), Some(spec.handler));
        assert_eq!(
            value(&variables, "AWS_LAMBDA_RUNTIME_API").as_deref(),
            Some("127.0.0.1:9")
        );
    }

    #[test]
    fn only_named_variables_of_ours_are_passed_on() {
        let names: Vec<_> = of(&spec(&["true"]), "a", "b", ("CELL", "c"))
            .into_iter()
            .map(|(k, _)| k)
            .collect();
        assert!(names.contains(&"PATH".into()));
        // Cargo sets this one for every test, so it stands for whatever else the caller has.
        assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some());
        assert!(!names.contains(&"CARGO_MANIFEST_DIR".into()));
    }
}
