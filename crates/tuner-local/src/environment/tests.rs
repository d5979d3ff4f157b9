use std::collections::BTreeMap;
use std::time::Duration;

use tuner_core::Architecture;

use super::*;

/// A function of 128 MB with Lambda's default timeout, started by `command`.
pub(super) fn spec(command: &[&str]) -> EnvironmentSpec {
    EnvironmentSpec {
        function_name: "f".into(),
        version: "$LATEST".into(),
        command: command.iter().map(|&word| word.into()).collect(),
        working_directory: None,
        runtime_variables: std::collections::BTreeMap::new(),
        handler: "f.handler".into(),
        variables: BTreeMap::new(),
        memory_size_mb: 128,
        timeout: Duration::from_secs(3),
        init_timeout: Duration::from_secs(10),
        architecture: Architecture::X86_64,
        region: "us-east-1".into(),
        log_group: "/aws/lambda/f".into(),
        log_format: LogFormat::Text,
    }
}
