//! Whether a function can run on this machine, and why not.

use std::path::Path;

use crate::code::{Code, Files, is_inside, read};
use crate::document::Reason;
use crate::draft::{Build, Draft, LayerAt};
use crate::interpreters::{Missing, Tools, on_path, upwards};
use crate::javascript::Exports;
use crate::other_sources::is_executable;
use crate::python::Module;
use crate::runtime::Family;
use crate::tree::relative;

/// Why a function cannot run here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NotReady {
    pub(crate) reason: Reason,
    pub(crate) message: String,
    pub(crate) hint: String,
}

impl NotReady {
    fn new(reason: Reason, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            reason,
            message: message.into(),
            hint: hint.into(),
        }
    }
}

impl From<Missing> for NotReady {
    fn from(missing: Missing) -> Self {
        Self::new(Reason::Toolchain, missing.message, missing.hint)
    }
}

/// What the runtime of a function is: as it is named, else by its files.
pub(crate) fn family(draft: &Draft) -> Option<Family> {
    if let Some(runtime) = &draft.runtime {
        return Family::of(runtime);
    }
    let handler = draft.handler.as_deref()?;
    let files = draft.code.open();
    let has = |candidates: Vec<String>| candidates.iter().any(|file| files.has(file));
    if has(python_files(handler)) {
        Some(Family::Python(None))
    } else if has(node_files(handler, &["js", "mjs", "cjs", "ts", "mts"])) {
        Some(Family::Node(None))
    } else if files.has("bootstrap") {
        Some(Family::Provided)
    } else {
        // What has a main file that is not built yet.
        files.has("package.json").then_some(Family::Node(None))
    }
}

/// Looks whether a function can run here. Gives what is special about how it does.
pub(crate) fn check(draft: &Draft, root: &Path, tools: &Tools) -> Result<Vec<String>, NotReady> {
    if draft.is_image {
        return Err(NotReady::new(
            Reason::Image,
            "it is a container image",
            "run its code by the folder and `--handler`, or start the image's program after `--`",
        ));
    }
    if let Code::Elsewhere(place) = &draft.code {
        return Err(NotReady::new(
            Reason::CodeNotLocal,
            format!("its code is not on this machine: it is {place}"),
            "download the package and give it with `--zip`, with `--runtime` and `--handler`",
        ));
    }
    if let Build::Cargo { binary } = &draft.build {
        return cargo(draft, binary.as_deref(), tools);
    }
    let shown = draft
        .code
        .path()
        .map_or_else(|| "the template".to_owned(), |p| relative(root, p));
    if let Some(path) = draft.code.path()
        && !path.exists()
    {
        return Err(missing_code(draft, &shown));
    }
    if let Files::Unreadable(why) = draft.code.open() {
        return Err(NotReady::new(
            Reason::CodeNotLocal,
            format!("{shown} cannot be read: {why}"),
            "make the package again, or name another one with `--zip`",
        ));
    }
    let Some(family) = family(draft) else {
        return Err(match &draft.runtime {
            Some(runtime) => NotReady::new(
                Reason::Toolchain,
                format!("the runtime {runtime} is not known here"),
                "start its program after `--`",
            ),
            None => not_found(draft, &shown, "no runtime is named, and its handler was not found"),
        });
    };
    match family {
        Family::Python(minor) => python(draft, minor, root, tools, &shown),
        Family::Node(major) => node(draft, major, root, tools, &shown),
        Family::Provided => provided(draft, tools, &shown),
        Family::Ruby => ruby(draft, tools, &shown),
        Family::Java => Err(compiled(
            draft,
            &shown,
            &["pom.xml", "build.gradle", "build.gradle.kts"],
            "Java",
            java_build(&draft.code),
        )),
        Family::DotNet => Err(compiled(
            draft,
            &shown,
            &[".csproj", ".fsproj"],
            ".NET",
            "dotnet publish",
        )),
    }
}

/// The folder in which the project of a function is looked for.
pub(crate) fn code_folder<'a>(draft: &'a Draft, root: &'a Path) -> &'a Path {
    match &draft.code {
        Code::Folder(folder) => folder,
        Code::Zip(path) => path.parent().unwrap_or(root),
        _ => draft.folder(),
    }
}

fn missing_code(draft: &Draft, shown: &str) -> NotReady {
    const OUTPUTS: [&str; 14] = [
        "build",
        "dist",
        "target",
        "out",
        "bin",
        "publish",
        "package",
        "packages",
        "zip",
        "artifacts",
        ".build",
        "lib",
        ".webpack",
        ".esbuild",
    ];
    let is_made = matches!(draft.code, Code::Zip(_)) || shown.split('/').any(|part| OUTPUTS.contains(&part));
    let metadata = matches!(&draft.build, Build::Sam(Some(_)));
    match is_made || metadata || draft.build == Build::Cdk {
        true => NotReady::new(
            Reason::NeedsBuild,
            format!("{shown} is not there: it has not been built"),
            build_words(
                draft,
                if shown.contains("target/lambda") {
                    "cargo lambda build --release"
                } else {
                    "the project's own build"
                },
            ),
        ),
        false => NotReady::new(
            Reason::HandlerNotFound,
            format!("{shown}, where its code should be, is not there"),
            "correct the path, or make the folder",
        ),
    }
}

/// What builds a function, as a hint.
fn build_words(draft: &Draft, own: &str) -> String {
    match &draft.build {
        Build::Sam(_) => "run `sam build`, and this again".to_owned(),
        Build::Serverless => {
            "run `serverless package` and give the zip file of .serverless with `--zip`, or build it into the folder that the handler names"
                .to_owned()
        }
        Build::Cdk => "run `cdk synth`, and this again".to_owned(),
        Build::Terraform | Build::Own | Build::Cargo { .. } => match own {
            "the project's own build" => "run the project's own build, and this again".to_owned(),
            own => format!("run `{own}`, and this again"),
        },
    }
}

fn not_found(draft: &Draft, shown: &str, why: &str) -> NotReady {
    let handler = draft.handler.as_deref().unwrap_or("(none)");
    NotReady::new(
        Reason::HandlerNotFound,
        format!("the handler {handler} is not in {shown}: {why}"),
        "correct the handler, or name another one with `--handler`",
    )
}

/// The files that a Python handler may be in: `a.b.c` is `c` of `a/b.py` or of `a/b/__init__.py`.
fn python_files(handler: &str) -> Vec<String> {
    let Some((module, _)) = handler.rsplit_once('.') else {
        return Vec::new();
    };
    let path = module.replace('.', "/");
    vec![format!("{path}.py"), format!("{path}/__init__.py")]
}

/// The files that a Node handler may be in: `a/b.c.d` is `c.d` of `a/b.js`.
fn node_files(handler: &str, extensions: &[&str]) -> Vec<String> {
    let Some((path, _)) = node_parts(handler) else {
        return Vec::new();
    };
    extensions
        .iter()
        .map(|extension| format!("{path}.{extension}"))
        .collect()
}

fn node_parts(handler: &str) -> Option<(String, String)> {
    let (folder, name) = handler
        .rsplit_once('/')
        .map_or((None, handler), |(folder, name)| (Some(folder), name));
    let (file, export) = name.split_once('.')?;
    let path = folder.map_or_else(|| file.to_owned(), |folder| format!("{folder}/{file}"));
    (!file.is_empty() && !export.is_empty()).then(|| (path.trim_start_matches("./").to_owned(), export.to_owned()))
}

/// Whether the handler may be in a layer, which is looked for after the code.
fn in_layers(draft: &Draft, candidates: &[String], below: &[&str]) -> bool {
    draft.layers.iter().any(|layer| match layer {
        LayerAt::Path(folder) => below
            .iter()
            .any(|b| candidates.iter().any(|file| folder.join(b).join(file).is_file())),
        LayerAt::Elsewhere(_) => false,
    })
}

fn python(draft: &Draft, minor: Option<u32>, root: &Path, tools: &Tools, shown: &str) -> Result<Vec<String>, NotReady> {
    let handler = draft.handler.as_deref().unwrap_or_default();
    let candidates = python_files(handler);
    if candidates.is_empty() || !candidates.iter().all(|file| is_inside(file)) {
        return Err(not_found(
            draft,
            shown,
            "a handler is FILE.FUNCTION, in the folder of the code",
        ));
    }
    let mut files = draft.code.open();
    let name = handler.rsplit('.').next().unwrap_or_default();
    match candidates.iter().find(|file| files.has(file)) {
        Some(file) => {
            if let Some(text) = files.text(file)
                && !Module::parse(&text).may_have(name)
            {
                return Err(not_found(draft, shown, &format!("{file} has no {name} at its top")));
            }
        }
        None if in_layers(draft, &candidates, &["python", "."]) => {}
        None => return Err(not_found(draft, shown, &format!("there is no {}", candidates[0]))),
    }
    let found = tools.python(minor, code_folder(draft, root), root)?;
    Ok(match minor {
        Some(minor) if found.version.1 != minor => {
            vec![format!(
                "its runtime is Python 3.{minor}; here it runs with Python {}.{}",
                found.version.0, found.version.1
            )]
        }
        _ => Vec::new(),
    })
}

fn node(draft: &Draft, major: Option<u32>, root: &Path, tools: &Tools, shown: &str) -> Result<Vec<String>, NotReady> {
    let handler = draft.handler.as_deref().unwrap_or_default();
    let candidates = node_files(handler, &["js", "mjs", "cjs"]);
    if candidates.is_empty() || !candidates.iter().all(|file| is_inside(file)) {
        return Err(not_found(
            draft,
            shown,
            "a handler is FILE.FUNCTION, in the folder of the code",
        ));
    }
    let mut files = draft.code.open();
    match candidates.iter().find(|file| files.has(file)).cloned() {
        Some(file) => {
            let export = node_parts(handler).map(|(_, export)| export).unwrap_or_default();
            let first = export.split('.').next().unwrap_or_default();
            if let Some(text) = files.text(&file)
                && !Exports::parse(&text).may_have(first)
            {
                return Err(not_found(draft, shown, &format!("{file} does not export {first}")));
            }
        }
        None if in_layers(draft, &candidates, &["nodejs/node_modules", "nodejs", "."]) => {}
        None => return Err(unbuilt_node(draft, &mut files, root, shown, handler)),
    }
    let found = tools.node(major, code_folder(draft, root), root)?;
    Ok(match major {
        Some(major) if found.version.0 != major => {
            vec![format!(
                "its runtime is Node {major}; here it runs with Node {}",
                found.version.0
            )]
        }
        _ => Vec::new(),
    })
}

/// A Node handler whose file is not there: a source that nobody has built, or a mistake.
fn unbuilt_node(draft: &Draft, files: &mut Files<'_>, root: &Path, shown: &str, handler: &str) -> NotReady {
    let source = node_files(handler, &["ts", "mts", "cts", "tsx"])
        .into_iter()
        .find(|file| files.has(file));
    let folder = code_folder(draft, root);
    let package = upwards(folder, root, "package.json")
        .and_then(|file| read(&file, 1 << 20).ok())
        .unwrap_or_default();
    let has_build = package.contains("\"build\"");
    let has_typescript = files.has("tsconfig.json")
        || upwards(folder, root, "tsconfig.json").is_some()
        || ["typescript", "esbuild", "serverless-esbuild", "serverless-webpack"]
            .iter()
            .any(|tool| package.contains(&format!("\"{tool}\"")));
    let is_output = handler
        .split('/')
        .any(|part| matches!(part, "dist" | "build" | "out" | "lib" | ".esbuild" | ".build"));
    let by_sam = matches!(&draft.build, Build::Sam(Some(_)));
    if source.is_none()
        && !by_sam
        && !(is_output && (has_build || has_typescript))
        && !(has_typescript && draft.runtime.is_none())
    {
        return not_found(
            draft,
            shown,
            &format!(
                "there is no {}.js",
                node_parts(handler).map(|(path, _)| path).unwrap_or_default()
            ),
        );
    }
    let what = source.map_or_else(
        || "its JavaScript is not built".to_owned(),
        |source| format!("{source} is TypeScript that nobody has built"),
    );
    let own = match (has_build, package.contains("\"esbuild\"")) {
        (true, _) => "npm run build".to_owned(),
        (false, true) => format!(
            "npx esbuild {}.ts --bundle --platform=node --outdir=.",
            node_parts(handler).map(|(p, _)| p).unwrap_or_default()
        ),
        _ => "the project's own build".to_owned(),
    };
    NotReady::new(
        Reason::NeedsBuild,
        format!("{what} (handler {handler}, in {shown})"),
        build_words(draft, &own),
    )
}

fn provided(draft: &Draft, tools: &Tools, shown: &str) -> Result<Vec<String>, NotReady> {
    let files = draft.code.open();
    if !files.has("bootstrap") {
        let top = files.top();
        let has = |names: &[&str]| {
            names.iter().any(|name| {
                top.iter()
                    .any(|file| file == name || (name.starts_with('.') && file.ends_with(name)))
            })
        };
        let (source, own) = if has(&["go.mod", ".go"]) {
            ("a Go program", "GOOS=linux go build -tags lambda.norpc -o bootstrap .")
        } else if has(&["Cargo.toml"]) {
            ("a Rust program", "cargo lambda build --release")
        } else if has(&[".csproj", ".fsproj"]) {
            (".NET", "dotnet publish")
        } else if has(&["Makefile", "makefile"]) || matches!(&draft.build, Build::Sam(Some(_))) {
            ("a program", "the project's own build")
        } else {
            return Err(not_found(draft, shown, "there is no program named `bootstrap`"));
        };
        return Err(NotReady::new(
            Reason::NeedsBuild,
            format!("{shown} has {source} that is not built: there is no `bootstrap`"),
            build_words(draft, own),
        ));
    }
    if let Code::Folder(folder) = &draft.code {
        let program = folder.join("bootstrap");
        if !is_executable(&program) {
            return Err(NotReady::new(
                Reason::HandlerNotFound,
                format!("{shown}/bootstrap may not be executed"),
                "give it its mode with `chmod +x`",
            ));
        }
    }
    let mut notes = Vec::new();
    if let Some(text) = first_bytes(&draft.code) {
        if let Some(machine) = foreign_machine(&text) {
            return Err(NotReady::new(
                Reason::NeedsBuild,
                format!("{shown}/bootstrap is made for {machine}, not for this machine"),
                build_words(draft, "the project's own build for this machine"),
            ));
        }
        if text.starts_with(b"#!") {
            script(&String::from_utf8_lossy(&text), tools, shown)?;
        }
    } else {
        notes.push("its `bootstrap` could not be looked at".to_owned());
    }
    Ok(notes)
}

/// The beginning of a program: enough for its header, or for a script as a whole.
fn first_bytes(code: &Code) -> Option<Vec<u8>> {
    use std::io::Read;
    let mut bytes = Vec::new();
    match code {
        Code::Folder(folder) => std::fs::File::open(folder.join("bootstrap"))
            .ok()?
            .take(1 << 16)
            .read_to_end(&mut bytes)
            .ok()?,
        Code::Zip(path) => {
            let mut archive = zip::ZipArchive::new(std::fs::File::open(path).ok()?).ok()?;
            let file = archive.by_name("bootstrap").ok()?;
            file.take(1 << 16).read_to_end(&mut bytes).ok()?
        }
        _ => return None,
    };
    Some(bytes)
}

/// The machine that an ELF file is for, if it is not this one (`e_machine` of its header).
fn foreign_machine(bytes: &[u8]) -> Option<&'static str> {
    let header = bytes.strip_prefix(b"\x7fELF")?;
    let machine = u16::from_le_bytes([*header.get(14)?, *header.get(15)?]);
    let (name, here) = match machine {
        0x3e => ("Linux on x86_64", cfg!(target_arch = "x86_64")),
        0xb7 => ("Linux on arm64", cfg!(target_arch = "aarch64")),
        _ => ("another machine", false),
    };
    (!here || !cfg!(target_os = "linux")).then_some(name)
}

/// Programs that a script needs: its interpreter, and what runtimes in shell are mostly made of.
fn script(text: &str, tools: &Tools, shown: &str) -> Result<(), NotReady> {
    let mut words = text
        .lines()
        .next()
        .unwrap_or_default()
        .trim_start_matches("#!")
        .split_whitespace();
    let first = words.next().unwrap_or_default();
    let named = match first.rsplit('/').next() {
        Some("env") => words.find(|word| !word.starts_with('-')).unwrap_or_default(),
        _ => first,
    };
    let is_there = |program: &str| match program.contains('/') {
        true => Path::new(program).is_file(),
        false => !on_path(program).is_empty(),
    };
    let missing = |program: &str| {
        NotReady::new(
            Reason::Toolchain,
            format!("{shown}/bootstrap needs {program}, which is not here"),
            format!("install {program}; nothing was changed"),
        )
    };
    if !named.is_empty() && !is_there(named) {
        return Err(missing(named));
    }
    let code: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'))
        .collect();
    let uses = |program: &str| {
        code.iter().any(|line| {
            line.split(|c: char| !(c.is_alphanumeric() || "-_./".contains(c)))
                .any(|word| word == program)
        })
    };
    match ["curl", "wget", "jq"]
        .into_iter()
        .find(|program| uses(program) && tools.on_path(program).is_none())
    {
        Some(program) => Err(missing(program)),
        None => Ok(()),
    }
}

fn cargo(draft: &Draft, binary: Option<&str>, tools: &Tools) -> Result<Vec<String>, NotReady> {
    let folder = draft.code.path().unwrap_or(Path::new("."));
    let found = crate::cargo::binaries_of(folder);
    let is_there = match binary {
        Some(binary) => found.iter().any(|name| name == binary),
        None => !found.is_empty(),
    };
    if !is_there {
        return Err(NotReady::new(
            Reason::HandlerNotFound,
            match binary {
                Some(binary) => format!("there is no binary {binary} in its Cargo.toml"),
                None => "there is no binary in its Cargo.toml".to_owned(),
            },
            "correct the name of the binary",
        ));
    }
    match tools.on_path("cargo") {
        Some(_) => Ok(Vec::new()),
        None => Err(NotReady::new(
            Reason::Toolchain,
            "there is no cargo here, which builds it",
            "install Rust from https://rustup.rs; nothing was changed",
        )),
    }
}

fn ruby(draft: &Draft, tools: &Tools, shown: &str) -> Result<Vec<String>, NotReady> {
    let handler = draft.handler.as_deref().unwrap_or_default();
    let file = handler
        .split_once('.')
        .map(|(file, _)| format!("{file}.rb"))
        .unwrap_or_default();
    let files = draft.code.open();
    if !files.has(&file) {
        return Err(not_found(draft, shown, &format!("there is no {file}")));
    }
    if tools.on_path("ruby").is_none() {
        return Err(NotReady::new(
            Reason::Toolchain,
            "there is no ruby here",
            "install Ruby and its client with `gem install aws_lambda_ric`; nothing was changed",
        ));
    }
    match on_path("aws_lambda_ric").is_empty() {
        true => Err(NotReady::new(
            Reason::Toolchain,
            "Lambda's client for Ruby is not here",
            "install it with `gem install aws_lambda_ric`; nothing was changed",
        )),
        false => Ok(Vec::new()),
    }
}

fn java_build(code: &Code) -> &'static str {
    match code.open().has("pom.xml") {
        true => "mvn package",
        false => "gradle build",
    }
}

/// Languages whose functions are not started here: what is missing is the build, else the client.
fn compiled(draft: &Draft, shown: &str, manifests: &[&str], language: &str, own: &str) -> NotReady {
    let top = draft.code.open().top();
    if top.iter().any(|file| {
        manifests
            .iter()
            .any(|m| file == m || (m.starts_with('.') && file.ends_with(m)))
    }) {
        return NotReady::new(
            Reason::NeedsBuild,
            format!("{shown} has sources of {language} that are not built"),
            build_words(draft, own),
        );
    }
    NotReady::new(
        Reason::Toolchain,
        format!("Lambda's client for {language}, which starts {shown}, is not part of this program"),
        format!(
            "give the program that starts it after `--`{}",
            match language {
                "Java" =>
                    ", as `java -cp CLASSES:CLIENT com.amazonaws.services.lambda.runtime.api.client.AWSLambda HANDLER`",
                _ => "",
            }
        ),
    )
}
