//! The Lambda functions of a project folder: found by reading alone, and how each of them is started on this machine.
//!
//! [`find`] reads a folder and says which functions are there, as their templates describe them, and which of them can run
//! here. Nothing of the project is executed by it. [`start::prepare`] makes what one of them needs (packages, a build) and
//! gives the command that is started.
//!
//! ```
//! let folder = tempfile::tempdir()?;
//! let template = "Resources:\n  Resize:\n    Type: AWS::Serverless::Function\n    Properties:\n      Runtime: python3.13\n      \
//!     Handler: app.handler\n      CodeUri: .\n      MemorySize: 512\n";
//! std::fs::write(folder.path().join("template.yaml"), template)?;
//! std::fs::write(folder.path().join("app.py"), "def handler(event, context):\n    return event\n")?;
//!
//! let found = tuner_project::find(folder.path(), &tuner_project::Options::default())?;
//! let resize = &found.functions[0];
//! assert_eq!((resize.name.as_str(), resize.memory_mb), ("Resize", Some(512)));
//! assert_eq!(resize.handler.as_deref(), Some("app.handler"));
//! # Ok::<(), std::io::Error>(())
//! ```

mod cargo;
mod cdk;
mod chalice;
mod cloudformation;
mod code;
mod document;
mod draft;
mod events;
mod find;
mod interpreters;
mod javascript;
mod named;
mod node_package;
mod other_sources;
mod python;
mod python_package;
mod readiness;
mod runtime;
mod serverless;
pub mod start;
mod terraform;
mod tree;
mod value;
mod yaml;

pub use document::{Found, Function, Layer, PackageType, Reason};
pub use find::{Options, find, of_zip};
pub use interpreters::{Interpreter, Tools};
