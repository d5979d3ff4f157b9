//! What the AWS CLI prints of functions and of export tasks: what tells more of logs than they say themselves.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value};
use tuner_core::review::{
    Alias, FunctionVersion, ListedFunction, PackageType, ProvisionedConcurrency, PublishedVersion,
};
use tuner_core::{Architecture, FunctionName, Tuning};

use super::{encoding, optimizer, serving};
use crate::error::CliError;

/// What inventories tell.
#[derive(Debug, Default)]
pub(super) struct Inventory {
    pub(super) functions: Vec<ListedFunction>,
    /// Documents of `aws logs describe-export-tasks`, which name the log groups of exports.
    pub(super) export_tasks: Vec<Value>,
    /// Documents of `aws lambda list-provisioned-concurrency-configs`: version or alias, and what is kept for it.
    pub(super) provisioned: Option<Vec<(FunctionName, ProvisionedConcurrency)>>,
    /// Published versions, of `aws lambda list-versions-by-function` or `list-functions --function-version ALL`.
    versions: Vec<(FunctionName, PublishedVersion)>,
    /// Aliases, of `aws lambda list-aliases`.
    aliases: Vec<(FunctionName, Alias)>,
    /// What Lambda reads for functions, of `aws lambda list-event-source-mappings`: their names and the ARNs of queues and streams.
    event_sources: Vec<(FunctionName, String)>,
    /// What Compute Optimizer says.
    pub(super) optimizer: Vec<optimizer::Said>,
    /// Documents of `tuner run`.
    pub(super) tunings: Vec<Tuning>,
    /// What is doubtful about it.
    pub(super) warnings: Vec<String>,
}

/// What a file lists: one document of the AWS CLI, a list of them, or several behind each other.
pub(super) fn read(file: &Path) -> Result<Inventory, CliError> {
    let name = file.display();
    let bytes =
        std::fs::read(file).map_err(|e| CliError::usage(format!("cannot read the inventory `{name}`")).cause(e))?;
    let none = |reason: String| {
        CliError::usage(format!("`{name}` is no inventory")).cause(reason).hint(
            "give what `aws lambda list-functions --output json` prints; also what `list-versions-by-function`, `list-aliases` \
             and `list-provisioned-concurrency-configs` print with `--function-name NAME`, `list-event-source-mappings`, of exported logs \
             `aws logs describe-export-tasks --output json`, of Compute Optimizer the CSV of \
             `aws compute-optimizer export-lambda-function-recommendations`, and of `tuner run` its tuning.json",
        )
    };
    let text = encoding::decode(bytes).map_err(|e| none(e.to_string()))?;
    let mut inventory = parse(&text).map_err(none)?;
    for warning in &mut inventory.warnings {
        *warning = format!("`{name}`: {warning}");
    }
    Ok(inventory)
}

fn parse(text: &str) -> Result<Inventory, String> {
    let mut inventory = Inventory::default();
    if optimizer::is_export(text) {
        inventory.optimizer = optimizer::read_export(text)?;
        return Ok(inventory);
    }
    for document in serde_json::Deserializer::from_str(text).into_iter::<Value>() {
        let document = document.map_err(|e| format!("{e}; it takes JSON"))?;
        inventory.collect(without_wrapping(document))?;
    }
    Ok(inventory)
}

/// SDKs for .NET print enumerations as `{"Value": "Image"}`.
fn without_wrapping(value: Value) -> Value {
    match value {
        Value::Object(mut fields) if fields.len() == 1 && fields.get("Value").is_some_and(Value::is_string) => {
            fields.remove("Value").unwrap_or_default()
        }
        Value::Object(fields) => Value::Object(
            fields
                .into_iter()
                .map(|(name, value)| (name, without_wrapping(value)))
                .collect(),
        ),
        Value::Array(values) => Value::Array(values.into_iter().map(without_wrapping).collect()),
        other => other,
    }
}

impl Inventory {
    /// Takes what another file tells.
    pub(super) fn add(&mut self, other: Self) {
        self.functions.extend(other.functions);
        self.export_tasks.extend(other.export_tasks);
        self.versions.extend(other.versions);
        self.aliases.extend(other.aliases);
        self.event_sources.extend(other.event_sources);
        self.optimizer.extend(other.optimizer);
        self.tunings.extend(other.tunings);
        if let Some(more) = other.provisioned {
            self.provisioned.get_or_insert_default().extend(more);
        }
        self.warnings.extend(other.warnings);
    }

    fn collect(&mut self, document: Value) -> Result<(), String> {
        match document {
            Value::Array(documents) => documents.into_iter().try_for_each(|document| match document {
                // `--query 'Functions[].FunctionName'`
                Value::String(name) => self.named(&name),
                Value::Array(row)
                    if !row.is_empty() && row.iter().all(|cell| !cell.is_object() && !cell.is_array()) =>
                {
                    Err(format!(
                        "{} has no names of fields; name them: --query \
                         'Functions[].{{FunctionName:FunctionName,MemorySize:MemorySize,Timeout:Timeout}}'",
                        Value::Array(row)
                    ))
                }
                other => self.collect(other),
            }),
            Value::Object(mut fields) => {
                if fields.contains_key("exportTasks") {
                    self.is_whole(&fields, "export tasks", "aws logs describe-export-tasks");
                    self.export_tasks.push(Value::Object(fields));
                    return Ok(());
                }
                if let Some(list) = fields.remove("ProvisionedConcurrencyConfigs") {
                    self.is_whole(
                        &fields,
                        "configurations",
                        "aws lambda list-provisioned-concurrency-configs",
                    );
                    return self.provisioned(list);
                }
                if let Some(list) = fields.remove("EventSourceMappings") {
                    self.is_whole(
                        &fields,
                        "event source mappings",
                        "aws lambda list-event-source-mappings",
                    );
                    self.event_sources.extend(serving::event_sources(list)?);
                    return Ok(());
                }
                if let Some(list) = fields.remove("lambdaFunctionRecommendations") {
                    self.is_whole(
                        &fields,
                        "recommendations",
                        "aws compute-optimizer get-lambda-function-recommendations",
                    );
                    self.optimizer.extend(optimizer::read_list(list)?);
                    return Ok(());
                }
                if fields.contains_key("tuning_id") {
                    let tuning: Tuning = serde_json::from_value(Value::Object(fields))
                        .map_err(|e| format!("it looks like the document of a tuning, and is none: {e}"))?;
                    self.tunings.push(tuning);
                    return Ok(());
                }
                if let Some(list) = fields.remove("Aliases") {
                    self.is_whole(&fields, "aliases", "aws lambda list-aliases");
                    self.aliases.extend(serving::aliases(list)?);
                    return Ok(());
                }
                for (key, what, call) in [
                    ("Functions", "functions", "aws lambda list-functions"),
                    ("Versions", "versions", "aws lambda list-versions-by-function"),
                ] {
                    if let Some(list) = fields.remove(key) {
                        self.is_whole(&fields, what, call);
                        return if list.is_null() { Ok(()) } else { self.collect(list) };
                    }
                }
                self.function(fields)
            }
            other => Err(format!("`{other}` is no function")),
        }
    }

    /// Provisioned concurrency of versions and aliases; an empty list names no function.
    fn provisioned(&mut self, list: Value) -> Result<(), String> {
        let list: Option<Vec<PrintedProvisioned>> =
            serde_json::from_value(list).map_err(|e| format!("ProvisionedConcurrencyConfigs: {e}"))?;
        let all = self.provisioned.get_or_insert_default();
        for config in list.into_iter().flatten() {
            let name: FunctionName = (config.function_arn.parse())
                .map_err(|e: tuner_core::FunctionNameError| format!("`{}`: {e}", config.function_arn))?;
            let Some(qualifier) = name.qualifier().map(str::to_owned) else {
                return Err(format!(
                    "`{name}` of ProvisionedConcurrencyConfigs names no version or alias"
                ));
            };
            let environments = config.requested_provisioned_concurrent_executions;
            all.push((
                name,
                ProvisionedConcurrency {
                    qualifier,
                    environments,
                },
            ));
        }
        Ok(())
    }

    /// The functions with what is known of their versions and aliases; one that only those lists name is one too.
    pub(super) fn functions(self) -> Vec<ListedFunction> {
        let mut functions = Functions::of(self.functions);
        for (name, version) in self.versions {
            let function = functions.named(name);
            if function.version(version.version).is_none() {
                function.versions.push(version);
            }
        }
        for (name, alias) in self.aliases {
            let aliases = functions.named(name).aliases.get_or_insert_default();
            if !aliases.iter().any(|known| known.name == alias.name) {
                aliases.push(alias);
            }
        }
        // Whether they are of all functions is not told: one that they do not name may have others.
        for (name, source) in self.event_sources {
            let sources = functions.named(name).event_sources.get_or_insert_default();
            if !sources.contains(&source) {
                sources.push(source);
            }
        }
        for (name, kept) in self.provisioned.into_iter().flatten() {
            let function = functions.named(name);
            let is_known = |known: &ProvisionedConcurrency| known.qualifier == kept.qualifier;
            if !function.provisioned.iter().any(is_known) {
                function.provisioned.push(kept);
            }
        }
        functions.all
    }

    /// Says so where a list goes on in another page.
    fn is_whole(&mut self, fields: &Map<String, Value>, what: &str, call: &str) {
        let goes_on = |name: &&str| fields.get(*name).is_some_and(|value| !value.is_null() && value != "");
        if let Some(marker) = ["NextMarker", "NextToken", "nextToken"]
            .iter()
            .find(|name| goes_on(name))
        {
            self.warnings.push(format!(
                "its {marker} says that there are more {what} than it lists; let `{call}` list them all, without \
                 --max-items and --no-paginate"
            ));
        }
    }

    fn named(&mut self, name: &str) -> Result<(), String> {
        let name: FunctionName = name
            .parse()
            .map_err(|e: tuner_core::FunctionNameError| format!("`{name}`: {e}"))?;
        self.functions.push(ListedFunction::named(name));
        Ok(())
    }

    fn function(&mut self, mut fields: Map<String, Value>) -> Result<(), String> {
        // `get-function` has tags and concurrency beside the configuration.
        if let Some(Value::Object(configuration)) = fields.remove("Configuration") {
            fields.extend(configuration);
        }
        let is_whole = WHOLE.iter().any(|name| fields.contains_key(*name));
        let fields = if fields.contains_key("FunctionName") || fields.contains_key("FunctionArn") {
            fields
        } else {
            with_usual_names(fields)
        };
        let printed = Printed::of(fields, &mut self.warnings)?;
        let version = printed.version.as_deref().and_then(|version| version.parse().ok());
        let listed = printed.listed(is_whole)?;
        match version.filter(|version: &FunctionVersion| version.is_published()) {
            Some(version) => self
                .versions
                .push((listed.name.unqualified(), serving::published(version, &listed))),
            None => self.functions.push(listed),
        }
        Ok(())
    }
}

/// Functions, by name and region.
struct Functions {
    all: Vec<ListedFunction>,
    places: BTreeMap<(String, Option<String>), usize>,
}

impl Functions {
    fn of(all: Vec<ListedFunction>) -> Self {
        let mut places = BTreeMap::new();
        for (at, function) in all.iter().enumerate() {
            places.entry(Self::key(function)).or_insert(at);
        }
        Self { all, places }
    }

    fn key(function: &ListedFunction) -> (String, Option<String>) {
        (function.name.name().to_owned(), function.region.clone())
    }

    /// The function of this name, added where there is none.
    fn named(&mut self, name: FunctionName) -> &mut ListedFunction {
        let named = ListedFunction::named(name);
        let key = Self::key(&named);
        // A function that was listed by its name alone may be in any region.
        let known = self
            .places
            .get(&key)
            .or_else(|| self.places.get(&(key.0.clone(), None)));
        let at = match known {
            Some(at) => *at,
            None => {
                self.places.insert(key, self.all.len());
                self.all.push(named);
                self.all.len() - 1
            }
        };
        &mut self.all[at]
    }
}

/// Fields that a whole configuration has and a query for a few figures does not ask for.
const WHOLE: [&str; 4] = ["CodeSha256", "CodeSize", "Role", "Handler"];

/// Names that people give fields in a `--query`, and that SDKs print, as Lambda's own.
fn with_usual_names(fields: Map<String, Value>) -> Map<String, Value> {
    let usual = |name: &str| {
        let letters = name.chars().filter(char::is_ascii_alphanumeric);
        Some(match letters.collect::<String>().to_ascii_lowercase().as_str() {
            "name" | "function" | "functionname" | "fn" => "FunctionName",
            "arn" | "functionarn" => "FunctionArn",
            "memory" | "mem" | "memorysize" | "memorymb" | "memorysizemb" | "size" | "mb" => "MemorySize",
            "timeout" | "timeouts" | "timeoutseconds" => "Timeout",
            "runtime" => "Runtime",
            "arch" | "archs" | "architecture" | "architectures" => "Architectures",
            "package" | "packagetype" | "type" => "PackageType",
            "lastmodified" | "modified" | "updated" => "LastModified",
            "loggingconfig" | "logging" => "LoggingConfig",
            "snapstart" => "SnapStart",
            "ephemeralstorage" => "EphemeralStorage",
            _ => return None,
        })
    };
    fields
        .into_iter()
        .map(|(name, value)| (usual(&name).map_or(name, str::to_owned), value))
        .collect()
}

/// The fields that matter, in the API's words.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Printed {
    function_name: Option<String>,
    function_arn: Option<String>,
    runtime: Option<String>,
    memory_size: Option<u32>,
    timeout: Option<u32>,
    code_sha256: Option<String>,
    last_modified: Option<String>,
    architectures: Option<OneOrMore>,
    package_type: Option<String>,
    ephemeral_storage: Option<EphemeralStorage>,
    snap_start: Option<SnapStart>,
    logging_config: Option<LoggingConfig>,
    tags: Option<BTreeMap<String, String>>,
    concurrency: Option<Concurrency>,
    capacity_provider_config: Option<Value>,
    master_arn: Option<String>,
    version: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PrintedProvisioned {
    function_arn: String,
    requested_provisioned_concurrent_executions: u32,
}

/// A query may take the first of a list.
#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

impl OneOrMore {
    fn first(&self) -> Option<&str> {
        match self {
            Self::One(one) => Some(one),
            Self::More(all) => all.first().map(String::as_str),
        }
    }
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
    /// What cannot be read in a field is left out and said: the others are as good without it.
    fn of(mut fields: Map<String, Value>, warnings: &mut Vec<String>) -> Result<Self, String> {
        let named = ["FunctionName", "FunctionArn"]
            .iter()
            .find_map(|name| fields.get(*name)?.as_str());
        let name = named.ok_or("it has no FunctionName")?.to_owned();
        // Figures in quotation marks are figures.
        for figure in ["MemorySize", "Timeout"] {
            let number = fields
                .get(figure)
                .and_then(Value::as_str)
                .and_then(|text| text.trim().parse::<u32>().ok());
            if let Some(number) = number {
                fields.insert(figure.to_owned(), number.into());
            }
        }
        match serde_json::from_value(Value::Object(fields.clone())) {
            Ok(printed) => return Ok(printed),
            // One of them, which is found by leaving out one at a time.
            Err(_) => fields.retain(|field, value| {
                let alone = Map::from_iter([(field.clone(), value.clone())]);
                let read: Result<Self, _> = serde_json::from_value(Value::Object(alone));
                if let Err(why) = &read {
                    warnings.push(format!("function `{name}`: its {field} is left out: {why}"));
                }
                read.is_ok()
            }),
        }
        serde_json::from_value(Value::Object(fields)).map_err(|e| format!("function `{name}`: {e}"))
    }

    /// `is_whole` where all of its configuration was printed, and not some fields of it.
    fn listed(self, is_whole: bool) -> Result<ListedFunction, String> {
        let name = self.function_arn.as_deref().or(self.function_name.as_deref());
        let name = name.ok_or("it has no FunctionName")?;
        let name: FunctionName = name.parse().map_err(|e: tuner_core::FunctionNameError| e.to_string())?;
        let logging = self.logging_config.as_ref();
        let json_logs = logging.is_some_and(|l| l.log_format.as_deref() == Some("JSON"));
        Ok(ListedFunction {
            memory_size_mb: self.memory_size,
            architecture: match self.architectures.as_ref().and_then(OneOrMore::first) {
                Some(text) => Some(
                    text.parse()
                        .map_err(|e: tuner_core::UnknownArchitecture| e.to_string())?,
                ),
                // Lambda leaves it out for nothing but the default.
                None => is_whole.then_some(Architecture::X86_64),
            },
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
            code_sha256: self.code_sha256,
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
        let functions = parse(&format!(r#"{{"Functions": [{PAY}]}}"#)).unwrap().functions;
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
            assert_eq!(parse(&text).unwrap().functions.len(), functions, "{text}");
        }
        let single = parse(&single).unwrap().functions.remove(0);
        assert_eq!((single.owner(), single.reserved_concurrency), (Some("media"), Some(5)));
        let managed = PAY.replace(
            r#""CodeSize": 1"#,
            r#""CapacityProviderConfig": {"LambdaManagedInstancesCapacityProviderConfig": {}}"#,
        );
        assert!(parse(&managed).unwrap().functions[0].unsupported.is_some());
    }

    #[test]
    fn versions_and_aliases_are_of_their_function() {
        let version = |number: &str, mb: &str| {
            PAY.replace("function:pay\"", &format!("function:pay:{number}\""))
                .replace(
                    "\"MemorySize\": 1024",
                    &format!("\"MemorySize\": {mb}, \"Version\": \"{number}\""),
                )
        };
        let aliases = r#"{"Aliases": [{"AliasArn": "arn:aws:lambda:eu-west-1:123456789012:function:pay:live", "Name": "live",
            "FunctionVersion": "7", "RoutingConfig": {"AdditionalVersionWeights": {"6": 0.1}}}]}"#;
        let (seven, six, latest) = (version("7", "256"), version("6", "512"), version("$LATEST", "1024"));
        // Whatever comes first.
        for text in [
            format!(r#"{{"Functions": [{seven}, {latest}, {six}]}} {aliases}"#),
            format!(r#"{aliases} {{"Versions": [{six}, {latest}, {seven}]}} {{"Functions": [{PAY}]}}"#),
            format!(r#"{PAY} {seven} {six} {aliases}"#),
        ] {
            let functions = parse(&text).unwrap().functions();
            let pay = &functions[0];
            assert_eq!((pay.memory_size_mb, pay.versions.len()), (Some(1024), 2), "{text}");
            let size = |version| pay.version(FunctionVersion::Published(version)).unwrap().memory_size_mb;
            assert_eq!((size(7), size(6)), (Some(256), Some(512)));
            let alias = &pay.aliases.as_ref().unwrap()[0];
            assert_eq!(alias.name, "live");
            assert!((alias.share(FunctionVersion::Published(7)) - 0.9).abs() < 1e-9);
        }
        assert!(parse(r#"{"Aliases": [{"AliasArn": "a b", "Name": "x", "FunctionVersion": "1"}]}"#).is_err());
    }

    #[test]
    fn queues_are_of_the_functions_that_read_them() {
        let queue = "arn:aws:sqs:eu-west-1:123456789012:orders";
        let mappings = format!(
            r#"{{"EventSourceMappings": [{{"FunctionArn": "arn:aws:lambda:eu-west-1:123456789012:function:pay:live",
            "EventSourceArn": "{queue}"}}, {{"FunctionArn": "arn:aws:lambda:eu-west-1:123456789012:function:pay"}}]}}"#
        );
        let functions = parse(&format!("{PAY} {mappings}")).unwrap().functions();
        assert_eq!(functions.len(), 1);
        assert_eq!(functions[0].queues(), Some(vec!["orders"]));
        // Of one that no list names it is not known.
        assert_eq!(parse(PAY).unwrap().functions()[0].queues(), None);
    }

    #[test]
    fn what_is_none_says_why() {
        for (text, words) in [
            ("nothing", "expected"),
            ("7", "`7`"),
            (r#"{"FunctionName": "a b"}"#, "letters, digits"),
            (r#"[["pay", 1024]]"#, "--query"),
            (r#"["a b"]"#, "`a b`"),
            (r#"{"Buckets": []}"#, "FunctionName"),
            (r#"{"FunctionName": "pay", "Architectures": ["sparc"]}"#, "sparc"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(words), "{text}: {error}");
        }
    }

    #[test]
    fn a_page_that_is_not_the_last_is_said() {
        let warnings = |text: &str| parse(text).unwrap().warnings;
        for (marker, says) in [("NextMarker", true), ("NextToken", true), ("ResponseMetadata", false)] {
            let all = warnings(&format!(r#"{{"Functions": [{PAY}], "{marker}": "x"}}"#));
            assert_eq!(all.iter().any(|text| text.contains(marker)), says, "{all:?}");
        }
        assert!(warnings(r#"{"Functions": [], "NextMarker": null}"#).is_empty());
        let tasks = parse(r#"{"exportTasks": [{"taskId": "t", "logGroupName": "/aws/lambda/pay"}], "nextToken": "x"}"#)
            .unwrap();
        assert_eq!(
            (tasks.export_tasks.len(), tasks.functions.len(), tasks.warnings.len()),
            (1, 0, 1)
        );
    }

    #[test]
    fn enumerations_of_net_are_read() {
        let text = PAY
            .replace(r#""Zip""#, r#"{"Value": "Image"}"#)
            .replace(r#"["arm64"]"#, r#"[{"Value": "arm64"}]"#)
            .replace(r#""JSON""#, r#"{"Value": "JSON"}"#);
        let pay = parse(&text).unwrap().functions.remove(0);
        assert_eq!(
            (pay.package, pay.architecture, pay.json_logs),
            (Some(PackageType::Image), Some(Architecture::Arm64), true)
        );
    }

    #[test]
    fn what_cannot_be_read_in_a_field_is_left_out_and_said() {
        let text = PAY.replace(r#""Timeout": 30"#, r#""Timeout": {"Seconds": 30}"#);
        let Inventory {
            functions, warnings, ..
        } = parse(&text).unwrap();
        assert_eq!(
            (functions[0].timeout_s, functions[0].memory_size_mb),
            (None, Some(1024))
        );
        assert!(
            warnings[0].contains("`pay`") && warnings[0].contains("Timeout"),
            "{warnings:?}"
        );
    }

    #[test]
    fn queries_for_some_fields_are_taken_and_tell_no_more_than_they_say() {
        let one = |text: &str| {
            let mut functions = parse(text).unwrap().functions;
            assert_eq!(functions.len(), 1, "{text}");
            functions.remove(0)
        };
        let arn = r#""arn:aws:lambda:eu-west-1:123456789012:function:pay""#;
        for text in [
            r#"[{"FunctionName": "pay", "MemorySize": 1024}]"#,
            r#"[{"Name": "pay", "Memory": 1024}]"#,
            r#"[{"functionName": "pay", "memorySize": "1024"}]"#,
            r#"{"name": "pay", "mem": 1024}"#,
        ] {
            let pay = one(text);
            assert_eq!(
                (pay.name.name(), pay.memory_size_mb, pay.architecture),
                ("pay", Some(1024), None),
                "{text}"
            );
        }
        assert_eq!(one(r#"["pay"]"#).memory_size_mb, None);
        assert_eq!(one(&format!("[{arn}]")).region.as_deref(), Some("eu-west-1"));
        assert_eq!(
            one(&format!(r#"[{{"Arn": {arn}, "Arch": "arm64"}}]"#)).architecture,
            Some(Architecture::Arm64)
        );
    }
}
