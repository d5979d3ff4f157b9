//! Finds where infrastructure code writes a Lambda function's memory size, time-out and architecture, and changes them there.
//!
//! A file is parsed for the bytes of a value; these bytes are replaced, and nothing else. The changed tree is then read again: it must
//! say the wanted values for this function. A function or a place that is not sure is named, never guessed.
//!
//! ```
//! use tuner_patch::{Request, Target, Wanted, patch};
//!
//! let folder = tempfile::tempdir()?;
//! let template = "Resources:\n  Resize:\n    Type: AWS::Serverless::Function\n    Properties:\n      FunctionName: resize\n      \
//!     MemorySize: 512 # enough\n";
//! std::fs::write(folder.path().join("template.yaml"), template)?;
//!
//! let request = Request {
//!     target: Target { function: "resize".to_owned(), ..Target::default() },
//!     wanted: vec![Wanted::Memory(1024)],
//! };
//! let patch = patch(folder.path(), &[request])?;
//! assert!(patch.diff().ends_with("-      MemorySize: 512 # enough\n+      MemorySize: 1024 # enough\n"));
//! # Ok::<(), std::io::Error>(())
//! ```

mod cloudformation;
#[cfg(feature = "code")]
mod code;
mod data;
mod diff;
mod edit;
mod find;
mod git;
mod insert;
mod literal;
mod model;
mod name;
mod place;
mod scripts;
mod serverless;
mod settings;
mod span;
mod terraform;
mod tree;
mod write;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

pub use model::{Arch, Target, Tool, Wanted};
pub use place::Why;
pub use tree::Unread;
pub use write::WriteError;

use find::Choice;
use model::{Candidate, Note, Splice};
use place::Decision;
use span::FileId;
use tree::Tree;

/// A place in a file, and what it has to do with the question.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Below the folder.
    pub file: PathBuf,
    /// From 1.
    pub line: usize,
    /// What stands there.
    pub what: String,
}

/// A function that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// Whose file it is.
    pub tool: Tool,
    /// As the tool names it.
    pub address: String,
    /// Where it is defined.
    pub place: Place,
}

/// One function, and what it is to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Which function.
    pub target: Target,
    /// At most one value of each kind.
    pub wanted: Vec<Wanted>,
}

/// What the tree says of one function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// These lines change.
    Change(Definition, Vec<Place>),
    /// Nothing is to be done.
    Already(Definition, Vec<Place>),
    /// Nothing was decided; these places matter.
    Ambiguous(Why, Vec<Place>),
    /// No function of the tree can be it.
    NotFound,
}

/// What was found, and what is to be changed; nothing is written yet.
pub struct Patch {
    root: PathBuf,
    changes: Vec<write::Change>,
    /// One for each request.
    pub verdicts: Vec<Verdict>,
    /// Scripts that set these values too when they run.
    pub undoing: Vec<Place>,
    /// Sources that could not be read.
    pub unread: Vec<Unread>,
    /// Sources that an ignore file leaves out.
    pub ignored: usize,
}

impl std::fmt::Debug for Patch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Patch")
            .field("verdicts", &self.verdicts)
            .field("unread", &self.unread)
            .finish_non_exhaustive()
    }
}

impl Patch {
    /// A unified diff, relative to the folder.
    pub fn diff(&self) -> String {
        let one = |change: &write::Change| diff::unified(&change.path, &change.before, &change.after);
        self.changes.iter().map(one).collect()
    }

    /// Writes it. Files with changes that are not committed are refused unless `allow_dirty`.
    pub fn write(&self, allow_dirty: bool) -> Result<(), WriteError> {
        write::write(&self.root, &self.changes, allow_dirty)
    }

    /// The files that change, below the folder.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        self.changes.iter().map(|change| change.path.as_path())
    }
}

/// Looks in `folder` for the functions, and for what makes their values the wanted ones.
pub fn patch(folder: &Path, requests: &[Request]) -> std::io::Result<Patch> {
    let first = Tree::open(folder)?;
    let mut verdicts = Vec::new();
    let mut texts: HashMap<FileId, String> = HashMap::new();
    for request in requests {
        // The next function is looked for in what is changed already.
        let changed = (!texts.is_empty()).then(|| first.with(&texts));
        let (verdict, more) = verdict(changed.as_ref().unwrap_or(&first), request);
        verdicts.push(verdict);
        texts.extend(more);
    }
    let undoing = requests
        .iter()
        .flat_map(|request| scripts::undoing(&first, &request.target.function, &request.wanted));
    let mut files: Vec<_> = texts.into_iter().collect();
    files.sort_by_key(|(file, _)| *file);
    let changes = files.into_iter().map(|(file, after)| {
        let mark = first.mark(file);
        write::Change {
            path: first.path(file).to_path_buf(),
            before: format!("{mark}{}", first.text(file).unwrap_or_default()),
            after: format!("{mark}{after}"),
        }
    });
    Ok(Patch {
        root: first.root().to_path_buf(),
        changes: changes.collect(),
        verdicts,
        undoing: places(&first, undoing.collect()),
        unread: first.unread(),
        ignored: first.ignored,
    })
}

/// What is to be said, and the new texts of the files that change.
fn verdict(tree: &Tree, request: &Request) -> (Verdict, HashMap<FileId, String>) {
    let all = |all: Vec<Candidate<'_>>| all.iter().map(|one| defined(tree, one)).collect();
    Sources::read(tree).choose(tree, &request.target, |choice| match choice {
        Choice::None => (Verdict::NotFound, HashMap::new()),
        Choice::Several(several) => (Verdict::Ambiguous(Why::SeveralFunctions, all(several)), HashMap::new()),
        Choice::Nameless(nameless) => (Verdict::Ambiguous(Why::NamesUnknown, all(nameless)), HashMap::new()),
        Choice::One(function) => of_function(tree, request, &function),
    })
}

/// What each tool's files say.
struct Sources {
    terraform: terraform::Terraform,
    cloudformation: cloudformation::CloudFormation,
    serverless: serverless::Serverless,
    #[cfg(feature = "code")]
    code: code::Code,
}

impl Sources {
    fn read(tree: &Tree) -> Self {
        #[cfg(feature = "code")]
        let code = code::Code::read(tree);
        #[cfg(feature = "code")]
        let service = |file| code.service(tree, file);
        #[cfg(not(feature = "code"))]
        let service = |_| None;
        Self {
            terraform: terraform::Terraform::read(tree),
            cloudformation: cloudformation::CloudFormation::read(tree),
            serverless: serverless::Serverless::read(tree, service),
            #[cfg(feature = "code")]
            code,
        }
    }

    fn choose<R>(&self, tree: &Tree, target: &Target, with: impl FnOnce(Choice<'_>) -> R) -> R {
        let mut others = self.cloudformation.candidates(tree, target);
        others.extend(self.serverless.candidates(tree, target));
        others.extend(settings::candidates(tree, target));
        #[cfg(feature = "code")]
        others.extend(self.code.candidates(tree, target));
        self.terraform.candidates(tree, target, others, |candidates| {
            with(find::choose(tree, target, candidates))
        })
    }
}

fn of_function(tree: &Tree, request: &Request, function: &Candidate<'_>) -> (Verdict, HashMap<FileId, String>) {
    let definition = Definition {
        tool: function.tool,
        address: function.address.clone(),
        place: defined(tree, function),
    };
    let mut changes: Vec<Splice> = Vec::new();
    let mut same = Vec::new();
    let mut asked: Option<(Why, Vec<Note>)> = None;
    for value in &request.wanted {
        match place::decide(function, *value) {
            Decision::Same(span) => same.push(Note::new(span, value.to_string())),
            Decision::Change(splice) => changes.push(splice),
            Decision::Ask(why, notes) => asked.get_or_insert((why, Vec::new())).1.extend(notes),
        }
    }
    if let Some((why, notes)) = asked {
        return (Verdict::Ambiguous(why, places(tree, notes)), HashMap::new());
    }
    if changes.is_empty() {
        return (Verdict::Already(definition, places(tree, same)), HashMap::new());
    }
    let lines = places(
        tree,
        changes
            .iter()
            .map(|splice| Note::new(splice.span, splice.text.trim()))
            .collect(),
    );
    match edit::spliced(tree, &changes).filter(|texts| is_proven(tree, texts, &changes, request)) {
        Some(texts) => (Verdict::Change(definition, lines), texts),
        None => (Verdict::Ambiguous(Why::NotProven, lines), HashMap::new()),
    }
}

/// Whether the changed tree says the wanted values for the same function, and nothing else differently.
fn is_proven(tree: &Tree, texts: &HashMap<FileId, String>, changes: &[Splice], request: &Request) -> bool {
    let changed = tree.with(texts);
    let proven = Sources::read(&changed).choose(&changed, &request.target, |choice| match choice {
        Choice::One(function) => {
            (request.wanted.iter()).all(|value| matches!(place::decide(&function, *value), Decision::Same(_)))
        }
        _ => false,
    });
    proven && changed.unread() == tree.unread() && edit::keeps_the_rest(tree, &changed, changes)
}

fn defined(tree: &Tree, function: &Candidate<'_>) -> Place {
    Place {
        file: tree.path(function.at.file).to_path_buf(),
        line: tree.line_of(function.at.file, function.at.start),
        what: format!("{} ({})", function.address, function.tool.name()),
    }
}

fn places(tree: &Tree, notes: Vec<Note>) -> Vec<Place> {
    let mut places: Vec<Place> = (notes.into_iter())
        .map(|note| Place {
            file: tree.path(note.span.file).to_path_buf(),
            line: tree.line_of(note.span.file, note.span.start),
            what: note.what,
        })
        .collect();
    places.sort();
    places.dedup_by(|a, b| a.file == b.file && a.line == b.line);
    places
}
