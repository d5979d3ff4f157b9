//! What Lambda checks settings by, and how it words what is wrong.

use std::collections::BTreeMap;

use super::error::ApiError;
use super::settings::LoggingConfig;

/// A number within what the API model allows.
pub(super) fn in_model(field: &str, value: i64, least: u32, most: u32) -> Result<u32, ApiError> {
    if value < i64::from(least) {
        return Err(ApiError::constraint(
            field,
            value,
            format_args!("have value greater than or equal to {least}"),
        ));
    }
    match u32::try_from(value) {
        Ok(fits) if fits <= most => Ok(fits),
        _ => Err(ApiError::constraint(
            field,
            value,
            format_args!("have value less than or equal to {most}"),
        )),
    }
}

/// A text of at most so many characters.
pub(super) fn at_most(field: &str, value: &str, characters: usize) -> Result<(), ApiError> {
    if value.chars().count() > characters {
        return Err(ApiError::constraint(
            field,
            value,
            format_args!("have length less than or equal to {characters}"),
        ));
    }
    Ok(())
}

/// Names that Lambda sets itself.
const RESERVED: [&str; 17] = [
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
    "AWS_DEFAULT_REGION",
    "AWS_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_LAMBDA_RUNTIME_API",
    "LAMBDA_TASK_ROOT",
    "LAMBDA_RUNTIME_DIR",
];

pub(super) fn check_variables(variables: &BTreeMap<String, String>) -> Result<(), ApiError> {
    const UNABLE: &str = "Lambda was unable to configure your environment variables because the environment variables \
                          you have provided";
    let reserved: Vec<&str> = variables
        .keys()
        .map(String::as_str)
        .filter(|key| RESERVED.contains(key))
        .collect();
    if !reserved.is_empty() {
        return Err(ApiError::invalid(format!(
            "{UNABLE} contains reserved keys that are currently not supported for modification. Reserved keys used in \
             this request: {}",
            reserved.join(", ")
        )));
    }
    for key in variables.keys() {
        let mut bytes = key.bytes();
        let starts_well = bytes.next().is_some_and(|b| b.is_ascii_alphabetic());
        if !starts_well || key.len() < 2 || !bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            return Err(ApiError::constraint(
                "environment.variables",
                format_args!("{{{key}=...}}"),
                "satisfy constraint: [Member must satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+]",
            ));
        }
    }
    let measured = serde_json::to_string(variables).unwrap_or_default();
    if measured.len() > 4096 {
        return Err(ApiError::invalid(format!(
            "{UNABLE} exceeded the 4KB limit. String measured: {measured}"
        )));
    }
    Ok(())
}

pub(super) fn check_logging(logging: &LoggingConfig) -> Result<(), ApiError> {
    if !matches!(logging.log_format.as_str(), "Text" | "JSON") {
        return Err(ApiError::constraint(
            "loggingConfig.logFormat",
            &logging.log_format,
            "satisfy enum value set: [JSON, Text]",
        ));
    }
    if logging.log_format == "Text" && (logging.application_log_level.is_some() || logging.system_log_level.is_some()) {
        return Err(ApiError::invalid(
            "Log level settings are only supported for the JSON log format. Set LogFormat to JSON, or leave the levels \
             out.",
        ));
    }
    if let Some(group) = &logging.log_group
        && (group.is_empty()
            || group.len() > 512
            || !group
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b".-_/#".contains(&b)))
    {
        return Err(ApiError::constraint(
            "loggingConfig.logGroup",
            group,
            "satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+",
        ));
    }
    Ok(())
}
