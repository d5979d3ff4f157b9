//! A page of a sentence, a table and notes. One file, no script, no request.

use std::io::Write;
use std::sync::LazyLock;

use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde::Serialize;

use crate::{ReportError, escape};

static TEMPLATES: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut env = Environment::new();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.set_auto_escape_callback(|_| AutoEscape::Html);
    escape::in_pages(&mut env);
    // Whether it parses is tested; an error shows when the page is asked for.
    let _ = env.add_template("plain", include_str!("page.html"));
    env
});

/// What the page says.
#[derive(Debug, Default, Serialize)]
pub(crate) struct PlainPage {
    pub(crate) title: String,
    pub(crate) tone: Tone,
    /// Below the title, small.
    pub(crate) lines: Vec<String>,
    pub(crate) warnings: Vec<String>,
    pub(crate) head: Vec<&'static str>,
    pub(crate) rows: Vec<PlainRow>,
    /// Below the first table.
    pub(crate) sections: Vec<PlainSection>,
    pub(crate) notes: Vec<String>,
    pub(crate) picture: Option<PlainPicture>,
}

/// A further table, with a title and what is said of it.
#[derive(Debug, Default, Serialize)]
pub(crate) struct PlainSection {
    pub(crate) title: String,
    pub(crate) lines: Vec<String>,
    pub(crate) head: Vec<&'static str>,
    pub(crate) rows: Vec<Vec<String>>,
}

/// A picture, drawn twice: `<svg>` elements, which stand in the page as they are.
#[derive(Debug, Serialize)]
pub(crate) struct PlainPicture {
    pub(crate) wide: String,
    /// For a phone.
    pub(crate) narrow: String,
}

/// How something is to be taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Tone {
    Good,
    Bad,
    #[default]
    Plain,
}

/// A row; its last cell is in its tone.
#[derive(Debug, Serialize)]
pub(crate) struct PlainRow {
    pub(crate) tone: Tone,
    pub(crate) cells: Vec<PlainCell>,
}

/// Text, perhaps with a link to a file below the page's folder.
#[derive(Debug, Serialize)]
pub(crate) struct PlainCell {
    pub(crate) text: String,
    pub(crate) href: Option<String>,
}

impl From<String> for PlainCell {
    fn from(text: String) -> Self {
        Self { text, href: None }
    }
}

impl PlainPage {
    pub(crate) fn write(&self, out: &mut impl Write) -> Result<(), ReportError> {
        let text = TEMPLATES.get_template("plain")?.render(Serde(self))?;
        Ok(out.write_all(text.as_bytes())?)
    }
}
