//! Which function a file is of, by the path that an export gives it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use crate::lines::{
    function_of_log_stream, is_log_stream, looks_like_region, origin_of_log_group, version_of_log_stream,
};
use serde_json::Value;
use tuner_core::review::FunctionVersion;
use uuid::Uuid;

/// Tasks of `CreateExportTask`, as `aws logs describe-export-tasks` lists them: the paths that they write have the task's
/// ID, but not the log group.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExportTasks {
    groups: Arc<BTreeMap<Uuid, String>>,
}

impl ExportTasks {
    /// Takes the tasks of a document and says how many it has; none if it is no such document.
    pub fn add(&mut self, document: &Value) -> usize {
        let tasks = document.get("exportTasks").or(Some(document)).and_then(Value::as_array);
        let mut groups = BTreeMap::clone(&self.groups);
        let mut added = 0;
        for task in tasks.into_iter().flatten() {
            let text = |key: &str| task.get(key).and_then(Value::as_str);
            if let (Some(Ok(id)), Some(group)) = (text("taskId").map(Uuid::parse_str), text("logGroupName")) {
                groups.insert(id, group.to_owned());
                added += 1;
            }
        }
        self.groups = Arc::new(groups);
        added
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }
}

/// What a path says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct PathOrigin {
    pub(crate) function: Option<String>,
    pub(crate) region: Option<String>,
    pub(crate) edge: bool,
    /// As the folder of the log stream says.
    pub(crate) version: Option<FunctionVersion>,
}

/// By the folder of a stream whose name holds the function, `2026-01-31-NAME[$LATEST]0123`, as those of shared log groups
/// do; else by the group, `.../aws/lambda/NAME/...` or, exports writing slashes as dashes, `.../aws-lambda-NAME/...`; else by
/// the export's task. Of several the innermost counts: a checkout may be called `aws-lambda-toolbox`. A folder that is
/// called like a region says where.
pub(crate) fn origin_of_path(path: &Path, tasks: &ExportTasks) -> PathOrigin {
    let Some(text) = path.to_str().map(|text| text.replace('\\', "/")) else {
        return PathOrigin::default();
    };
    let parts: Vec<&str> = text.split('/').collect();
    let region = parts.iter().rev().find_map(|part| {
        let part = part.strip_prefix("region=").unwrap_or(part);
        looks_like_region(part).then(|| part.to_owned())
    });
    let version = (parts.iter().rev())
        .find_map(|part| version_of_log_stream(part.as_bytes()))
        .and_then(|version| version.parse().ok());
    let streamed = || {
        parts
            .iter()
            .rev()
            .find_map(|part| function_of_log_stream(part.as_bytes()))
    };
    if let Some(function) = streamed() {
        return PathOrigin {
            function: Some(function.to_owned()),
            region,
            edge: false,
            version,
        };
    }
    let group = grouped(&parts)
        .or_else(|| dashed(&parts))
        .or_else(|| of_task(&parts, tasks));
    let Some(group) = group else {
        return PathOrigin {
            region,
            version,
            ..PathOrigin::default()
        };
    };
    match origin_of_log_group(&group) {
        Some(origin) => PathOrigin {
            function: origin.function.map(str::to_owned),
            region: origin.region.map(str::to_owned).or(region),
            edge: origin.edge,
            version,
        },
        None => PathOrigin {
            region,
            version,
            ..PathOrigin::default()
        },
    }
}

/// `aws/lambda/NAME`; a file of that name has an extension.
fn grouped(parts: &[&str]) -> Option<String> {
    let at = parts
        .windows(3)
        .rposition(|part| part[0] == "aws" && part[1] == "lambda")?;
    let name = if at + 3 == parts.len() {
        without_extension(parts[at + 2])
    } else {
        parts[at + 2]
    };
    Some(format!("/aws/lambda/{name}"))
}

/// `aws-lambda-NAME`, above what an export writes: a task, a stream, or numbered parts.
fn dashed(parts: &[&str]) -> Option<String> {
    let (file, folders) = parts.split_last()?;
    let at = folders.iter().rposition(|part| part.starts_with("aws-lambda-"))?;
    let name = folders[at].strip_prefix("aws-lambda-")?;
    let is_exported = is_numbered(file)
        || folders[at + 1..]
            .iter()
            .any(|part| is_log_stream(part.as_bytes()) || Uuid::parse_str(part).is_ok());
    is_exported.then(|| format!("/aws/lambda/{name}"))
}

fn of_task(parts: &[&str], tasks: &ExportTasks) -> Option<String> {
    let group = |part: &&str| Uuid::parse_str(part).ok().and_then(|id| tasks.groups.get(&id));
    parts.iter().rev().find_map(group).cloned()
}

/// `000000.gz`
fn is_numbered(file: &str) -> bool {
    let name = file.split('.').next().unwrap_or_default();
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit())
}

/// Names of functions have no dots but that behind the region of Lambda@Edge.
fn without_extension(name: &str) -> &str {
    let from = match name.split_once('.') {
        Some((region, _)) if looks_like_region(region) => region.len() + 1,
        _ => 0,
    };
    let end = name[from..].find('.').map_or(name.len(), |dot| from + dot);
    &name[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(path: &str) -> Option<String> {
        origin_of_path(Path::new(path), &ExportTasks::default()).function
    }

    #[test]
    fn the_path_of_an_export_names_the_function() {
        for path in [
            "/data/aws/lambda/pay/exportId/stream/000000.gz",
            "aws/lambda/pay.log",
            "aws/lambda/pay.2026.json.gz",
            "exports/aws-lambda-pay/id/000000.gz",
            "exports/aws-lambda-pay/0198c8a0-0000-4000-8000-000000000000/2026-09-21-[$LATEST]ab/x.gz",
            "/src/aws/lambda/tools/aws/lambda/pay/x.log",
            "aws-lambda-toolbox/aws-lambda-pay/s/000000.gz",
            "C:\\logs\\aws\\lambda\\pay\\0.gz",
        ] {
            assert_eq!(name(path).as_deref(), Some("pay"), "{path}");
        }
        for path in [
            "logs/today.log",
            "aws-lambda-toolbox/captured/today.log",
            "aws-lambda-pay.log",
            "aws/lambda",
            "x/aws/lambda/",
        ] {
            assert_eq!(name(path), None, "{path}");
        }
    }

    #[test]
    fn the_stream_names_the_function_of_a_shared_group() {
        let task = "exportedlogs/0198c8a0-0000-4000-8000-000000000000";
        for (path, function) in [
            (
                format!("{task}/2026-10-01-pay[$LATEST]2f2faf726d06475489c93fe6f5a69d21/000000.gz"),
                Some("pay"),
            ),
            (
                "aws/lambda/shared/2026-10-01-pay_2[7]2f2f/000000.gz".into(),
                Some("pay_2"),
            ),
            // A function's own group has streams without a name.
            (format!("{task}/2026-10-01-[$LATEST]2f2f/000000.gz"), None),
            ("aws/lambda/pay/2026-10-01-[$LATEST]2f2f/000000.gz".into(), Some("pay")),
            ("2026-10-01-<b>[7]2f2f/000000.gz".into(), None),
        ] {
            assert_eq!(name(&path).as_deref(), function, "{path}");
        }
    }

    #[test]
    fn edge_functions_and_regions_are_told_apart() {
        let origin = |path: &str| origin_of_path(Path::new(path), &ExportTasks::default());
        let of = |function: &str, region: Option<&str>, edge| PathOrigin {
            function: Some(function.into()),
            region: region.map(str::to_owned),
            edge,
            version: None,
        };
        assert_eq!(
            origin("aws/lambda/us-east-1.auth/2026-09-21-[7]ab/000000.gz"),
            PathOrigin {
                version: Some(FunctionVersion::Published(7)),
                ..of("auth", None, true)
            }
        );
        assert_eq!(origin("aws/lambda/us-east-1.auth.log"), of("auth", None, true));
        assert_eq!(
            origin("eu-west-1/aws-lambda-pay/x/0.gz"),
            of("pay", Some("eu-west-1"), false)
        );
        assert_eq!(
            origin("us-east-1/aws/lambda/pay/x/0.gz"),
            of("pay", Some("us-east-1"), false)
        );
        assert_eq!(
            origin("region=us-east-1/aws/lambda/pay/x/0.gz"),
            of("pay", Some("us-east-1"), false)
        );
    }

    #[test]
    fn a_task_tells_the_group_of_what_it_exported() {
        let mut tasks = ExportTasks::default();
        let id = "0198c8a0-0000-4000-8000-000000000000";
        let document = serde_json::json!({ "exportTasks": [
            { "taskId": id, "logGroupName": "/aws/lambda/pay", "status": { "code": "COMPLETED" } }, { "taskId": "x" },
        ] });
        assert_eq!(tasks.add(&document), 1);
        assert_eq!(tasks.add(&serde_json::json!({ "Functions": [] })), 0);
        let path = format!("exportedlogs/{id}/2026-09-21-[$LATEST]ab/000000.gz");
        assert_eq!(
            origin_of_path(Path::new(&path), &tasks).function.as_deref(),
            Some("pay")
        );
        assert_eq!(name(&path), None);
    }
}
