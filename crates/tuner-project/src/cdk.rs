//! What `cdk synth` left in `cdk.out`.

use std::path::{Path, PathBuf};

use crate::cloudformation::{self, SamConfig, Template};
use crate::code::{self, Code};
use crate::draft::{Build, Draft};
use crate::tree::{Tree, tidy};
use crate::value::Value;

const MOST_BYTES: u64 = 16 << 20;
/// Assemblies inside assemblies: a stage each.
const MOST_LEVELS: usize = 4;
/// Beginnings of the IDs of constructs that CDK adds for itself.
const OWN_CONSTRUCTS: [&str; 9] = [
    "LogRetention",
    "Custom::",
    "BucketNotificationsHandler",
    "AWS679f53fac002430cb0da5b7982bd2287",
    "AWSCDK",
    "framework-onEvent",
    "framework-isComplete",
    "framework-onTimeout",
    "SingletonLambda",
];

/// The functions of every `cdk.out`, and the folders that they stand for.
pub(crate) fn find(tree: &Tree, notes: &mut Vec<String>) -> (Vec<Draft>, Vec<PathBuf>) {
    let (mut drafts, mut folders) = (Vec::new(), Vec::new());
    for folder in tree.builds.iter().filter(|b| b.ends_with("cdk.out")) {
        assembly(folder, 0, tree, &mut drafts, notes);
        folders.extend(folder.parent().map(Path::to_owned));
    }
    for file in tree.files.iter().filter(|f| f.ends_with("cdk.json")) {
        let folder = file.parent().unwrap_or(Path::new("."));
        if !folders.iter().any(|f| f == folder) {
            notes.push(format!(
                "{} is a CDK app that was not synthesized, which is a program of its own: run `cdk synth`, which writes cdk.out",
                tree.relative(file)
            ));
            folders.push(folder.to_owned());
        }
    }
    (drafts, folders)
}

fn assembly(folder: &Path, level: usize, tree: &Tree, drafts: &mut Vec<Draft>, notes: &mut Vec<String>) {
    let manifest = folder.join("manifest.json");
    let artifacts = match code::read(&manifest, MOST_BYTES).and_then(|text| Value::of_json(&text)) {
        Ok(manifest) => manifest.get("artifacts").cloned().unwrap_or_default(),
        Err(why) => return notes.push(format!("cannot read {}: {why}", tree.relative(&manifest))),
    };
    for (name, artifact) in artifacts.entries() {
        let text = |path: &[&str]| artifact.at(path).and_then(Value::text);
        match text(&["type"]) {
            Some("aws:cloudformation:stack") => {
                let file = text(&["properties", "templateFile"])
                    .map_or_else(|| format!("{name}.template.json"), str::to_owned);
                stack(&folder.join(file), folder, tree, drafts, notes);
            }
            Some("cdk:cloud-assembly") if level < MOST_LEVELS => {
                let inner = text(&["properties", "directoryName"]).unwrap_or(name);
                if code::is_inside(inner) {
                    assembly(&folder.join(inner), level + 1, tree, drafts, notes);
                }
            }
            _ => {}
        }
    }
}

fn stack(file: &Path, folder: &Path, tree: &Tree, drafts: &mut Vec<Draft>, notes: &mut Vec<String>) {
    let template = match cloudformation::read(file) {
        Ok(Some(template)) => template,
        Ok(None) => return,
        Err(why) => return notes.push(format!("cannot read {}: {why}", tree.relative(file))),
    };
    let assets = file.with_file_name(
        file.file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .replace(".template.json", ".assets.json"),
    );
    let assets = code::read(&assets, MOST_BYTES)
        .and_then(|text| Value::of_json(&text))
        .unwrap_or_default();
    let config = SamConfig::default();
    let template = Template::new(&template, file, &config);
    for mut draft in template.drafts() {
        let Some(resource) = template.resource(&draft.name) else {
            continue;
        };
        let path = resource
            .at(&["Metadata", "aws:cdk:path"])
            .and_then(Value::text)
            .unwrap_or_default();
        if is_of_cdk(path, &draft.name) {
            continue;
        }
        draft.build = Build::Cdk;
        if let Code::Elsewhere(_) = draft.code
            && let Some(asset) = asset_of(resource, &assets)
        {
            draft.code = Code::at(tidy(&folder.join(asset)));
        }
        if let Some(construct) = construct(path) {
            draft.name = construct.to_owned();
            draft.qualified = Some(path.trim_end_matches("/Resource").to_owned());
        }
        drafts.push(draft);
    }
}

/// The construct's ID in `Stack/Construct/Resource`.
fn construct(path: &str) -> Option<&str> {
    path.strip_suffix("/Resource")?
        .rsplit('/')
        .next()
        .filter(|name| !name.is_empty())
}

/// Whether CDK made it for itself: providers of custom resources and the like.
fn is_of_cdk(path: &str, logical_id: &str) -> bool {
    let is_own =
        |part: &str| OWN_CONSTRUCTS.iter().any(|own| part.starts_with(own)) || part == "CustomResourceProvider";
    path.split('/').any(is_own) || is_own(logical_id) || logical_id.contains("CustomResourceProvider")
}

/// The asset whose hash is the key of the code.
fn asset_of(resource: &Value, assets: &Value) -> Option<String> {
    let key = resource.at(&["Properties", "Code", "S3Key"])?.text()?;
    let hash = key.rsplit('/').next()?.split('.').next()?;
    assets.at(&["files", hash, "source", "path"])?.text().map(str::to_owned)
}
