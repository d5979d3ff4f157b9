//! What names mean in one place of the configuration, and what expressions come to there.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::module::Module;
use super::syntax::{Block, Expr, Key, Kind, Piece, Step};
use crate::name::{Known, Part, Pattern};
use crate::span::{FileId, Span};

/// Expressions followed for one value; what needs more goes in circles.
const MOST_STEPS: usize = 20_000;
/// Expressions within each other.
const DEEPEST: usize = 200;

/// Where an expression is read.
#[derive(Debug)]
pub(super) struct Scope<'a> {
    pub(super) module: &'a Module<'a>,
    /// What the variables are given, by name.
    pub(super) inputs: BTreeMap<String, Thunk<'a>>,
    /// `each`, and what a `for` binds.
    pub(super) names: BTreeMap<String, Value<'a>>,
    pub(super) count: Option<String>,
    /// Tells holes of one call from those of another.
    pub(super) path: String,
    /// Who gives the inputs; an input that is not given could be given there.
    pub(super) giver: Giver<'a>,
}

/// Who gives a module its inputs.
#[derive(Debug, Clone, Copy)]
pub(super) enum Giver<'a> {
    /// Files that Terraform reads by itself, or nobody.
    Nobody,
    Call(&'a Block),
    /// An object of inputs.
    Object(&'a Expr),
    /// A file of values that is named at deployment.
    Values(FileId),
}

/// An expression that is read where it is needed.
#[derive(Debug, Clone)]
pub(super) struct Thunk<'a> {
    pub(super) expr: &'a Expr,
    pub(super) scope: Rc<Scope<'a>>,
}

/// What an expression comes to.
#[derive(Debug, Clone)]
pub(super) enum Value<'a> {
    /// Text, a number or a truth, with the literal that says so.
    Text(Pattern, Option<Span>),
    Null(Option<Span>),
    Object(Vec<(Pattern, Item<'a>)>, Option<&'a Expr>),
    List(Vec<Item<'a>>),
    /// `each` itself, with key and value.
    Each(Rc<(Value<'a>, Value<'a>)>),
    Absent,
    /// Known at deployment only, or by means that are not followed.
    Unknown(Span, &'static str),
}

/// A value in an object or list.
#[derive(Debug, Clone)]
pub(super) enum Item<'a> {
    Lazy(Thunk<'a>),
    Ready(Value<'a>),
}

/// What was gone through on the way to a value.
#[derive(Debug, Default)]
pub(super) struct Trail<'a> {
    pub(super) steps: usize,
    pub(super) depth: usize,
    /// References that were followed, by their bytes.
    pub(super) visited: Vec<Span>,
    /// Variables and locals that were followed: folder, `var` or `local`, name.
    pub(super) hops: Vec<(std::path::PathBuf, &'static str, String)>,
    /// Where an own value would go: an object without the key, or a call without the argument.
    pub(super) own: Option<Own<'a>>,
    /// It depends on which instance this is.
    pub(super) by_each: bool,
}

/// A place for a value of this function alone.
#[derive(Debug, Clone)]
pub(super) enum Own<'a> {
    Entry(&'a Expr, String),
    Argument(&'a Block, String),
    Assignment(FileId, String),
}

/// Reads expressions.
pub(super) struct Reader<'a, 'k> {
    pub(super) known: &'k Known,
    pub(super) trail: RefCell<Trail<'a>>,
    pub(super) files: &'k dyn Fn(&Module<'a>, &str) -> Option<&'a Expr>,
}

impl<'a> Reader<'a, '_> {
    pub(super) fn thunk(&self, thunk: &Thunk<'a>) -> Value<'a> {
        self.read(thunk.expr, &thunk.scope)
    }

    pub(super) fn item(&self, item: &Item<'a>) -> Value<'a> {
        match item {
            Item::Lazy(thunk) => self.thunk(thunk),
            Item::Ready(value) => value.clone(),
        }
    }

    pub(super) fn read(&self, expr: &'a Expr, scope: &Rc<Scope<'a>>) -> Value<'a> {
        {
            let mut trail = self.trail.borrow_mut();
            if trail.steps >= MOST_STEPS || trail.depth >= DEEPEST {
                return Value::Unknown(expr.span, "goes in circles");
            }
            trail.steps += 1;
            trail.depth += 1;
        }
        let value = self.kind(expr, scope);
        self.trail.borrow_mut().depth -= 1;
        value
    }

    fn kind(&self, expr: &'a Expr, scope: &Rc<Scope<'a>>) -> Value<'a> {
        let lazy = |expr: &'a Expr| {
            Item::Lazy(Thunk {
                expr,
                scope: scope.clone(),
            })
        };
        match &expr.kind {
            Kind::Null => Value::Null(Some(expr.span)),
            Kind::Bool(value) => Value::Text(Pattern::text(value.to_string()), Some(expr.span)),
            Kind::Number(number) => Value::Text(Pattern::text(number.clone()), Some(expr.span)),
            Kind::Text(pieces) => self.template(expr, pieces, scope),
            Kind::List(items) => Value::List(items.iter().map(lazy).collect()),
            Kind::Object(entries) => {
                let entries = entries
                    .iter()
                    .map(|entry| (self.key(&entry.key, scope), lazy(&entry.value)));
                Value::Object(entries.collect(), Some(expr))
            }
            Kind::Paren(inner) => self.read(inner, scope),
            Kind::Name(name) => scope
                .names
                .get(name)
                .cloned()
                .unwrap_or(Value::Unknown(expr.span, "is not known here")),
            Kind::Conditional(parts) => self.conditional(expr, parts, scope),
            Kind::Call(name, arguments) => self.call(expr, name, arguments, scope),
            Kind::Traversal(root, steps) => self.traversal(expr, root, steps, scope),
            Kind::For(_) => self.for_each(expr, scope),
            Kind::Not(_) | Kind::Equal(..) | Kind::Binary("&&" | "||", _) => match self.truth(expr, scope) {
                Some(truth) => Value::Text(Pattern::text(truth.to_string()), None),
                None => Value::Unknown(expr.span, "is decided at deployment"),
            },
            Kind::Binary(..) | Kind::Other(_) => Value::Unknown(expr.span, "is computed by an expression"),
        }
    }

    pub(super) fn aside_read(&self, expr: &'a Expr, scope: &Rc<Scope<'a>>) -> Value<'a> {
        self.aside(|| self.read(expr, scope))
    }

    /// A condition, where the tree decides it.
    pub(super) fn truth(&self, expr: &'a Expr, scope: &Rc<Scope<'a>>) -> Option<bool> {
        self.aside(|| self.truth_of(expr, scope))
    }

    /// Reads what leads to a value and is no part of it: keys, conditions, names.
    fn aside<R>(&self, read: impl FnOnce() -> R) -> R {
        let (hops, own) = {
            let mut trail = self.trail.borrow_mut();
            (std::mem::take(&mut trail.hops), trail.own.take())
        };
        let result = read();
        let mut trail = self.trail.borrow_mut();
        trail.hops = hops;
        trail.own = own;
        result
    }

    fn truth_of(&self, expr: &'a Expr, scope: &Rc<Scope<'a>>) -> Option<bool> {
        match &expr.kind {
            Kind::Paren(inner) => self.truth(inner, scope),
            Kind::Not(inner) => self.truth(inner, scope).map(|truth| !truth),
            Kind::Equal(sides, equal) => {
                let side = |at: usize| match self.read(&sides[at], scope) {
                    Value::Text(pattern, _) => pattern
                        .filled(self.known)
                        .known_text()
                        .map(|text| Some(text.to_owned())),
                    Value::Null(_) => Some(None),
                    _ => None,
                };
                Some((side(0)? == side(1)?) == *equal)
            }
            Kind::Binary("&&", sides) => match (self.truth(&sides[0], scope), self.truth(&sides[1], scope)) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            },
            Kind::Binary("||", sides) => match (self.truth(&sides[0], scope), self.truth(&sides[1], scope)) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            },
            _ => match self.read(expr, scope) {
                Value::Text(pattern, _) => match pattern.filled(self.known).known_text()? {
                    "true" => Some(true),
                    "false" => Some(false),
                    _ => None,
                },
                _ => None,
            },
        }
    }

    fn conditional(&self, expr: &'a Expr, parts: &'a [Expr; 3], scope: &Rc<Scope<'a>>) -> Value<'a> {
        if self.is_any_other(&parts[0], scope) {
            return Value::Unknown(expr.span, "is that of every stage that is not named here");
        }
        match self.truth(&parts[0], scope) {
            Some(true) => self.read(&parts[1], scope),
            Some(false) => self.read(&parts[2], scope),
            None => Value::Unknown(expr.span, "depends on a condition that the deployment decides"),
        }
    }

    /// Whether a comparison with something that only the deployment knows fails: other stages take the same value then.
    fn is_any_other(&self, condition: &'a Expr, scope: &Rc<Scope<'a>>) -> bool {
        let inner = match &condition.kind {
            Kind::Paren(inner) | Kind::Not(inner) => return self.is_any_other(inner, scope),
            Kind::Equal(sides, _) => sides,
            _ => return false,
        };
        let sides = self.aside(|| [0, 1].map(|at| self.read(&inner[at], scope)));
        let texts = sides.map(|side| match side {
            Value::Text(pattern, _) => pattern.filled(self.known).known_text().map(str::to_owned),
            _ => None,
        });
        let open = |at: usize| {
            let nothing = Known::new();
            let reader = Reader {
                known: &nothing,
                trail: RefCell::default(),
                files: self.files,
            };
            matches!(reader.read(&inner[at], scope), Value::Text(pattern, _) if pattern.known_text().is_none())
        };
        matches!(&texts, [Some(a), Some(b)] if a != b) && (open(0) || open(1))
    }

    fn template(&self, expr: &'a Expr, pieces: &'a [Piece], scope: &Rc<Scope<'a>>) -> Value<'a> {
        let mut pattern = Pattern::default();
        for piece in pieces {
            match piece {
                Piece::Text(text) => pattern.push(Part::Text(text.clone())),
                Piece::Hole(hole) => pattern.append(&self.text(hole, scope)),
            }
        }
        let is_literal = pieces.iter().all(|piece| matches!(piece, Piece::Text(_)));
        if let ([Piece::Hole(hole)], false) = (pieces, is_literal) {
            // "${x}" is x.
            return self.read(hole, scope);
        }
        Value::Text(pattern, is_literal.then_some(expr.span))
    }

    /// An expression as text; what is not known is a hole.
    pub(super) fn text(&self, expr: &'a Expr, scope: &Rc<Scope<'a>>) -> Pattern {
        match self.aside(|| self.read(expr, scope)) {
            Value::Text(pattern, _) => pattern.filled(self.known),
            Value::Null(_) | Value::Absent => Pattern::default(),
            _ => Pattern::hole(format!("{}@{}", expr.span.start, expr.span.file)),
        }
    }

    /// The value of a key.
    pub(super) fn get(&self, value: &Value<'a>, key: &Pattern, at: Span) -> Value<'a> {
        let key = key.filled(self.known);
        match value {
            Value::Object(entries, literal) => {
                let Some(word) = key.known_text() else {
                    return Value::Unknown(at, "is chosen at deployment");
                };
                let found = entries.iter().rev().find(|(name, _)| name.known_text() == Some(word));
                match found {
                    Some((_, item)) => {
                        // Of merged objects: the last one is the entry's own, and it has no such key yet.
                        if let Some(object) = literal.filter(|object| !has_key(object, word)) {
                            self.trail.borrow_mut().own = Some(Own::Entry(object, word.to_owned()));
                        }
                        self.item(item)
                    }
                    None if entries.iter().any(|(name, _)| name.known_text().is_none()) => {
                        Value::Unknown(at, "is chosen at deployment")
                    }
                    None => {
                        if let Some(object) = literal {
                            self.trail.borrow_mut().own = Some(Own::Entry(object, word.to_owned()));
                        }
                        Value::Absent
                    }
                }
            }
            Value::List(items) => match key.known_text().and_then(|text| text.parse::<usize>().ok()) {
                Some(index) => items.get(index).map_or(Value::Absent, |item| self.item(item)),
                None => Value::Unknown(at, "is chosen at deployment"),
            },
            Value::Each(each) => {
                self.trail.borrow_mut().by_each = true;
                match key.known_text() {
                    Some("key") => each.0.clone(),
                    Some("value") => each.1.clone(),
                    _ => Value::Absent,
                }
            }
            Value::Unknown(span, why) => Value::Unknown(*span, why),
            Value::Text(..) | Value::Null(_) | Value::Absent => Value::Absent,
        }
    }

    fn traversal(&self, expr: &'a Expr, root: &'a Expr, steps: &'a [Step], scope: &Rc<Scope<'a>>) -> Value<'a> {
        let key = |at: usize| match steps.get(at) {
            Some(Step::Key(key)) => Some(key.as_str()),
            _ => None,
        };
        self.trail.borrow_mut().visited.push(expr.span);
        let name = match &root.kind {
            Kind::Name(name) => name.as_str(),
            _ => "",
        };
        let (value, used) = match (name, key(0)) {
            _ if scope.names.contains_key(name) && name != "each" => (self.read(root, scope), 0),
            ("var", Some(variable)) => (self.variable(variable, scope), 1),
            ("local", Some(local)) => (self.local(expr, local, scope), 1),
            ("each", Some(_)) => match scope.names.get("each") {
                Some(each) => (each.clone(), 0),
                None => return Value::Unknown(expr.span, "is not known here"),
            },
            ("count", Some("index")) => {
                self.trail.borrow_mut().by_each = true;
                let index = scope
                    .count
                    .clone()
                    .map_or_else(|| Pattern::hole(format!("{}count.index", scope.path)), Pattern::text);
                (Value::Text(index, None), 1)
            }
            ("terraform", Some("workspace")) => (
                Value::Text(Pattern::hole("terraform.workspace").filled(self.known), None),
                1,
            ),
            ("path", Some(which)) => (Value::Text(Pattern::text(format!("path.{which}")), None), 1),
            ("", _) => (self.read(root, scope), 0),
            _ => (Value::Unknown(expr.span, "is known at deployment only"), steps.len()),
        };
        steps.iter().skip(used).fold(value, |value, step| match step {
            Step::Key(key) => self.get(&value, &Pattern::text(key.clone()), expr.span),
            Step::Index(index) => {
                let index = self.text(index, scope);
                self.get(&value, &index, expr.span)
            }
            Step::Splat => Value::Unknown(expr.span, "is computed by an expression"),
        })
    }

    fn variable(&self, name: &str, scope: &Rc<Scope<'a>>) -> Value<'a> {
        self.hop(scope, "var", name);
        if let Some(input) = scope.inputs.get(name) {
            let value = self.thunk(input);
            // `null` as an argument is the default, unless the variable may be null; it may where it has none.
            if !matches!(value, Value::Null(_)) || scope.module.default_of(name).is_none() {
                return value;
            }
        }
        let own = match scope.giver {
            Giver::Nobody => None,
            Giver::Call(call) => Some(Own::Argument(call, name.to_owned())),
            Giver::Object(inputs) => Some(Own::Entry(inputs, name.to_owned())),
            Giver::Values(file) => Some(Own::Assignment(file, name.to_owned())),
        };
        if own.is_some() {
            self.trail.borrow_mut().own = own;
        }
        match scope.module.default_of(name) {
            Some(default) => self.read(default, scope),
            None => Value::Text(
                Pattern::hole(format!("{}var.{name}", scope.path)).filled(self.known),
                None,
            ),
        }
    }

    fn local(&self, expr: &'a Expr, name: &str, scope: &Rc<Scope<'a>>) -> Value<'a> {
        self.hop(scope, "local", name);
        match scope.module.locals.get(name) {
            Some(local) => self.read(&local.value, scope),
            None => Value::Unknown(expr.span, "names a local that is not there"),
        }
    }

    fn hop(&self, scope: &Scope<'a>, kind: &'static str, name: &str) {
        let hop = (scope.module.folder.clone(), kind, name.to_owned());
        let mut trail = self.trail.borrow_mut();
        if !trail.hops.contains(&hop) {
            trail.hops.push(hop);
        }
    }
}

fn has_key(object: &Expr, key: &str) -> bool {
    match &object.kind {
        Kind::Object(entries) => entries
            .iter()
            .any(|entry| !matches!(&entry.key, Key::Word(word) if word != key)),
        _ => true,
    }
}
