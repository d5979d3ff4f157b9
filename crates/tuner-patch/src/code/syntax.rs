//! Programs, as far as they say how functions are made: calls, their arguments, and names.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::span::{FileId, Span};

/// A language that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    TypeScript,
    Python,
    Java,
}

/// An expression and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Expr {
    pub(crate) span: Span,
    pub(crate) kind: Kind,
}

/// What an expression is.
#[derive(Debug, Clone)]
pub(crate) enum Kind {
    Number,
    Bool,
    Text(Vec<Piece>, Option<Range<usize>>),
    /// `a` or `a.b.c`
    Path(String),
    Object(Object),
    List(Vec<Expr>),
    Call(Box<Call>),
    /// `a ?? b`
    Or(Box<[Expr; 2]>),
    Other,
}

/// A piece of a text.
#[derive(Debug, Clone)]
pub(crate) enum Piece {
    Text(String),
    Hole(Expr),
}

/// A call, or a constructor's.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) callee: String,
    pub(crate) arguments: Vec<Expr>,
    /// Arguments with names.
    pub(crate) named: Object,
}

/// Names with values.
#[derive(Debug, Clone, Default)]
pub(crate) struct Object {
    pub(crate) properties: Vec<Property>,
    pub(crate) spreads: Vec<Expr>,
    /// The braces, where it is written as an object.
    pub(crate) literal: Option<Span>,
}

/// `name: value`
#[derive(Debug, Clone)]
pub(crate) struct Property {
    pub(crate) name: String,
    pub(crate) span: Span,
    pub(crate) value: Expr,
}

/// A call that may make a function.
#[derive(Debug, Clone)]
pub(crate) struct Construction {
    pub(crate) span: Span,
    pub(crate) call: Call,
    /// The class in whose constructor it stands.
    pub(crate) class: Option<String>,
    /// The variable that holds it.
    pub(crate) variable: Option<String>,
    pub(crate) repeated: Option<Repeated>,
}

/// A loop around a call.
#[derive(Debug, Clone)]
pub(crate) struct Repeated {
    pub(crate) at: Span,
    pub(crate) name: Option<String>,
    pub(crate) items: Vec<String>,
}

/// `const name = value`
#[derive(Debug, Clone)]
pub(crate) struct Binding {
    pub(crate) name: String,
    pub(crate) span: Span,
    pub(crate) value: Expr,
}

/// A class.
#[derive(Debug, Clone, Default)]
pub(crate) struct Class {
    pub(crate) base: String,
    /// The constructor's parameters.
    pub(crate) parameters: Vec<String>,
}

/// A file.
#[derive(Debug)]
pub(crate) struct Unit {
    pub(crate) file: FileId,
    pub(crate) language: Language,
    pub(crate) constructions: Vec<Construction>,
    pub(crate) bindings: Vec<Binding>,
    /// Every use of a name or a path of names.
    pub(crate) names: Vec<(String, Span)>,
    /// Names that come from other files.
    pub(crate) imports: BTreeSet<String>,
    pub(crate) classes: BTreeMap<String, Class>,
    /// Objects that are written at the top or are exported.
    pub(crate) objects: Vec<Expr>,
}

impl Object {
    pub(crate) fn get(&self, name: &str) -> Option<&Property> {
        self.properties.iter().rev().find(|property| property.name == name)
    }
}

impl Expr {
    /// The text, where there is no hole in it.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(pieces, _) => match pieces.as_slice() {
                [] => Some(""),
                [Piece::Text(text)] => Some(text),
                _ => None,
            },
            _ => None,
        }
    }

    pub(crate) fn path(&self) -> Option<&str> {
        match &self.kind {
            Kind::Path(path) => Some(path),
            _ => None,
        }
    }
}

impl Call {
    /// The object among the arguments, or the arguments with names.
    pub(crate) fn properties(&self) -> &Object {
        let object = self.arguments.iter().rev().find_map(|argument| match &argument.kind {
            Kind::Object(object) => Some(object),
            // `FunctionArgs(memory_size=512)`
            Kind::Call(call) if call.name().ends_with("Args") || call.name().ends_with("Props") => Some(&call.named),
            _ => None,
        });
        object.unwrap_or(&self.named)
    }

    /// A variable that holds all properties, where they are not written in the call.
    pub(crate) fn properties_by_name(&self) -> Option<&Expr> {
        let has_own = self
            .arguments
            .iter()
            .any(|argument| matches!(argument.kind, Kind::Object(_)));
        let last = self
            .arguments
            .last()
            .filter(|_| !has_own && self.named.properties.is_empty() && self.arguments.len() > 1)?;
        // The scope comes first, the name second.
        let is_third = self.arguments.len() > 2 || self.arguments.first().is_some_and(|first| first.path().is_none());
        (is_third && last.path().is_some()).then_some(last)
    }

    /// The construct's ID or the resource's name among arguments with names.
    pub(crate) fn id(&self) -> Option<&Expr> {
        self.arguments.get(1).or_else(|| Some(&self.named.get("id")?.value))
    }

    /// The last word of what is called.
    pub(crate) fn name(&self) -> &str {
        self.callee.rsplit('.').next().unwrap_or(&self.callee)
    }
}
