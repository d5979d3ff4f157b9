//! Functions as `aws lambda list-functions`, `get-function-configuration` and `get-function` print them.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;
use tuner_core::review::{ListedFunction, PackageType};
use tuner_core::{Architecture, FunctionName};

use crate::commands::read_text;
use crate::error::CliError;

/// The functions that a file lists: one document of the AWS CLI, a list of them, or several behind each other.
pub(super) fn read(file: &Path) -> Result<Vec<ListedFunction>, CliError> {
    let text = read_text(file, "inventory")?;
    parse(&text).map_err(|reason| {
        CliError::usage(format!("`{}` is no inventory", file.display()))
            .cause(reason)
            .hint("give what `aws lambda list-functions` prints")
    })
}

fn parse(text: &str) -> Result<Vec<ListedFunction>, String> {
    let mut functions = Vec::new();
    for document in serde_json::Deserializer::from_str(text).into_iter::<Value>() {
        collect(document.map_err(|e| e.to_string())?, &mut functions)?;
    }
    Ok(functions)
}

fn collect(document: Value, functions: &mut Vec<ListedFunction>) -> Result<(), String> {
    match document {
        Value::Array(documents) => documents
            .into_iter()
            .try_for_each(|document| collect(document, functions)),
        Value::Object(mut fields) => {
            if let Some(list) = fields.remove("Functions") {
                return collect(list, functions);
            }
            // `get-function` has tags and concurrency beside the configuration.
            if let Some(Value::Object(configuration)) = fields.remove("Configuration") {
                fields.extend(configuration);
            }
            let name = fields
                .get("FunctionName")
                .and_then(Value::as_str)
                .unwrap_or("?")
                .to_owned();
            let printed: Printed =
                serde_json::from_value(Value::Object(fields)).map_err(|e| format!("function `{name}`: {e}"))?;
            functions.push(printed.listed()?);
            Ok(())
        }
        other => Err(format!("`{other}` is no function")),
    }
}

/// The fields that matter, in the API's words.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Printed {
    function_name: String,
    function_arn: Option<String>,
    runtime: Option<String>,
    memory_size: Option<u32>,
    timeout: Option<u32>,
    last_modified: Option<String>,
    architectures: Option<Vec<String>>,
    package_type: Option<String>,
    ephemeral_storage: Option<EphemeralStorage>,
    snap_start: Option<SnapStart>,
    logging_config: Option<LoggingConfig>,
    tags: Option<BTreeMap<String, String>>,
    concurrency: Option<Concurrency>,
    capacity_provider_config: Option<Value>,
    master_arn: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct EphemeralStorage {
    size: Option<u32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SnapStart {
    apply_on: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct LoggingConfig {
    log_format: Option<String>,
    system_log_level: Option<String>,
    log_group: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Concurrency {
    reserved_concurrent_executions: Option<u32>,
}

impl Printed {
    fn listed(self) -> Result<ListedFunction, String> {
        let name = self.function_arn.as_deref().unwrap_or(&self.function_name);
        let name: FunctionName = name.parse().map_err(|e: tuner_core::FunctionNameError| e.to_string())?;
        let logging = self.logging_config.as_ref();
        let json_logs = logging.is_some_and(|l| l.log_format.as_deref() == Some("JSON"));
        Ok(ListedFunction {
            memory_size_mb: self.memory_size,
            // Lambda leaves it out for nothing but the default.
            architecture: Some(match self.architectures.iter().flatten().next() {
                Some(text) => text
                    .parse()
                    .map_err(|e: tuner_core::UnknownArchitecture| e.to_string())?,
                None => Architecture::X86_64,
            }),
            package: match self.package_type.as_deref() {
                Some("Image") => Some(PackageType::Image),
                Some("Zip") => Some(PackageType::Zip),
                _ => None,
            },
            runtime: self.runtime,
            timeout_s: self.timeout,
            ephemeral_storage_mb: self.ephemeral_storage.and_then(|storage| storage.size),
            snap_start: self
                .snap_start
                .is_some_and(|s| s.apply_on.as_deref() == Some("PublishedVersions")),
            log_group: logging.and_then(|l| l.log_group.clone()),
            json_logs,
            reports_hidden: json_logs && logging.is_some_and(|l| l.system_log_level.as_deref() == Some("WARN")),
            reserved_concurrency: self.concurrency.and_then(|c| c.reserved_concurrent_executions),
            last_modified: self.last_modified.and_then(|time| time.parse().ok()),
            tags: self.tags.unwrap_or_default(),
            unsupported: match (self.capacity_provider_config, self.master_arn) {
                (Some(config), _) if !config.is_null() => Some(
                    "it runs on Managed Instances, which are billed by instance and have no memory size to tune".into(),
                ),
                (_, Some(master)) => Some(format!("it is an edge replica; tune its master {master} instead")),
                _ => None,
            },
            ..ListedFunction::named(name)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAY: &str = r#"{
        "FunctionName": "pay", "FunctionArn": "arn:aws:lambda:eu-west-1:123456789012:function:pay", "Runtime": "python3.13",
        "MemorySize": 1024, "Timeout": 30, "LastModified": "2026-10-01T12:00:00.000+0000", "Architectures": ["arm64"],
        "PackageType": "Zip", "EphemeralStorage": {"Size": 1024}, "SnapStart": {"ApplyOn": "None"},
        "LoggingConfig": {"LogFormat": "JSON", "SystemLogLevel": "WARN", "LogGroup": "/shared"}, "CodeSize": 1}"#;

    #[test]
    fn a_function_is_read_as_the_api_prints_it() {
        let functions = parse(&format!(r#"{{"Functions": [{PAY}]}}"#)).unwrap();
        let [pay] = &functions[..] else { panic!("{functions:?}") };
        assert_eq!((pay.name.name(), pay.region.as_deref()), ("pay", Some("eu-west-1")));
        assert_eq!(
            (pay.memory_size_mb, pay.timeout_s, pay.ephemeral_storage_mb),
            (Some(1024), Some(30), Some(1024))
        );
        assert_eq!(
            (pay.architecture, pay.package),
            (Some(Architecture::Arm64), Some(PackageType::Zip))
        );
        assert_eq!(pay.last_modified, Some("2026-10-01T12:00:00Z".parse().unwrap()));
        assert!(pay.json_logs && pay.reports_hidden && !pay.snap_start);
        assert_eq!(pay.log_group.as_deref(), Some("/shared"));
    }

    #[test]
    fn lists_pages_lines_and_single_functions_are_taken() {
        let list = format!(r#"{{"Functions": [{PAY}, {PAY}], "NextMarker": "x"}}"#);
        let single = format!(
            r#"{{"Configuration": {PAY}, "Tags": {{"team": "media"}}, "Concurrency": {{"ReservedConcurrentExecutions": 5}}}}"#
        );
        for (text, functions) in [
            (list.clone(), 2),
            (format!("[{list}, {list}]"), 4),
            (format!("{PAY}\n{PAY}"), 2),
            (format!("[{PAY}]"), 1),
            (single.clone(), 1),
            (r#"{"Functions": []}"#.into(), 0),
        ] {
            assert_eq!(parse(&text).unwrap().len(), functions, "{text}");
        }
        let single = parse(&single).unwrap().remove(0);
        assert_eq!((single.owner(), single.reserved_concurrency), (Some("media"), Some(5)));
        let managed = PAY.replace(
            r#""CodeSize": 1"#,
            r#""CapacityProviderConfig": {"LambdaManagedInstancesCapacityProviderConfig": {}}"#,
        );
        assert!(parse(&managed).unwrap()[0].unsupported.is_some());
    }

    #[test]
    fn what_is_none_says_why() {
        for (text, words) in [
            ("nothing", "expected"),
            ("7", "`7`"),
            (r#"{"FunctionName": "a b"}"#, "letters, digits"),
            (r#"{"FunctionName": "pay", "MemorySize": "big"}"#, "`pay`"),
            (r#"{"Buckets": []}"#, "FunctionName"),
            (r#"{"FunctionName": "pay", "Architectures": ["sparc"]}"#, "sparc"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(words), "{text}: {error}");
        }
    }
}
