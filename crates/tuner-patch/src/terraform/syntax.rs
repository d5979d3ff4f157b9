//! Terraform's language: blocks, attributes and expressions, each with its bytes.

use std::ops::Range;

use hcl_edit::Span as _;
use hcl_edit::expr::{Expression, ObjectKey, TraversalOperator};
use hcl_edit::structure::Structure;
use hcl_edit::template::{Element, Template};

use crate::span::{FileId, Span};

/// An expression and where it stands.
#[derive(Debug)]
pub(super) struct Expr {
    pub(super) span: Span,
    pub(super) kind: Kind,
}

/// What an expression is.
#[derive(Debug)]
pub(super) enum Kind {
    Null,
    Bool(bool),
    Number(String),
    Text(Vec<Piece>),
    List(Vec<Expr>),
    Object(Vec<Entry>),
    Paren(Box<Expr>),
    Name(String),
    Conditional(Box<[Expr; 3]>),
    Call(String, Vec<Expr>),
    Traversal(Box<Expr>, Vec<Step>),
    Not(Box<Expr>),
    Equal(Box<[Expr; 2]>, bool),
    /// Arithmetic and other comparisons, by their sign.
    Binary(&'static str, Box<[Expr; 2]>),
    /// What is not looked into.
    Other(Vec<Expr>),
    For(Box<For>),
}

/// A piece of a template.
#[derive(Debug)]
pub(super) enum Piece {
    Text(String),
    Hole(Expr),
}

/// One step of `a.b["c"]`.
#[derive(Debug)]
pub(super) enum Step {
    Key(String),
    Index(Expr),
    Splat,
}

/// A key with its value in an object.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) key: Key,
    pub(super) value: Expr,
}

/// The key of an object's entry.
#[derive(Debug)]
pub(super) enum Key {
    Word(String),
    Computed(Expr),
}

/// `[for k, v in collection : value]`
#[derive(Debug)]
pub(super) struct For {
    pub(super) key_name: Option<String>,
    pub(super) value_name: String,
    pub(super) collection: Expr,
    pub(super) key: Option<Expr>,
    pub(super) value: Expr,
    pub(super) condition: Option<Expr>,
}

/// `name = value`
#[derive(Debug)]
pub(super) struct Attribute {
    pub(super) name: String,
    pub(super) span: Span,
    pub(super) value: Expr,
}

/// `kind "label" { ... }`
#[derive(Debug)]
pub(super) struct Block {
    pub(super) kind: String,
    pub(super) labels: Vec<String>,
    pub(super) span: Span,
    pub(super) body: Body,
}

/// Attributes and blocks.
#[derive(Debug, Default)]
pub(super) struct Body {
    pub(super) attributes: Vec<Attribute>,
    pub(super) blocks: Vec<Block>,
}

impl Body {
    pub(super) fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| attribute.name == name)
    }

    pub(super) fn block(&self, kind: &str) -> Option<&Block> {
        self.blocks.iter().find(|block| block.kind == kind)
    }
}

impl Expr {
    /// The text of a template without holes, or a word.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(pieces) => match pieces.as_slice() {
                [] => Some(""),
                [Piece::Text(text)] => Some(text),
                _ => None,
            },
            _ => None,
        }
    }

    /// Calls `visit` for this and all expressions in it.
    pub(super) fn walk<'a>(&'a self, visit: &mut impl FnMut(&'a Self)) {
        visit(self);
        match &self.kind {
            Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Name(_) => {}
            Kind::Text(pieces) => pieces.iter().for_each(|piece| match piece {
                Piece::Text(_) => {}
                Piece::Hole(hole) => hole.walk(visit),
            }),
            Kind::List(items) | Kind::Call(_, items) | Kind::Other(items) => {
                items.iter().for_each(|item| item.walk(visit))
            }
            Kind::Object(entries) => entries.iter().for_each(|entry| {
                if let Key::Computed(key) = &entry.key {
                    key.walk(visit);
                }
                entry.value.walk(visit);
            }),
            Kind::Paren(inner) | Kind::Not(inner) => inner.walk(visit),
            Kind::Conditional(parts) => parts.iter().for_each(|part| part.walk(visit)),
            Kind::Equal(parts, _) | Kind::Binary(_, parts) => parts.iter().for_each(|part| part.walk(visit)),
            Kind::Traversal(root, steps) => {
                root.walk(visit);
                for step in steps {
                    if let Step::Index(index) = step {
                        index.walk(visit);
                    }
                }
            }
            Kind::For(each) => {
                each.collection.walk(visit);
                each.key.iter().for_each(|key| key.walk(visit));
                each.value.walk(visit);
                each.condition.iter().for_each(|condition| condition.walk(visit));
            }
        }
    }
}

/// Reads a file of the native syntax.
pub(super) fn parse(text: &str, file: FileId) -> Result<Body, (usize, String)> {
    match hcl_edit::parser::parse_body(text) {
        Ok(parsed) => Ok(body(&parsed, file)),
        Err(error) => {
            let location = error.location();
            let before: usize = text
                .split_inclusive('\n')
                .take(location.line().saturating_sub(1))
                .map(str::len)
                .sum();
            Err((before + location.column().saturating_sub(1), error.message().to_owned()))
        }
    }
}

/// Reads a template, as the strings of the JSON syntax are.
pub(super) fn parse_template(text: &str, at: Span) -> Vec<Piece> {
    match text.parse::<Template>() {
        Ok(template) => pieces(template.iter(), at.file, Some(at)),
        // A string that is no template is text.
        Err(_) => vec![Piece::Text(text.to_owned())],
    }
}

fn body(parsed: &hcl_edit::structure::Body, file: FileId) -> Body {
    let mut body = Body::default();
    for structure in parsed {
        let span = Span::new(file, structure.span().unwrap_or_default());
        match structure {
            Structure::Attribute(attribute) => body.attributes.push(Attribute {
                name: attribute.key.to_string(),
                span,
                value: expr(&attribute.value, file, None),
            }),
            Structure::Block(block) => body.blocks.push(Block {
                kind: block.ident.to_string(),
                labels: block.labels.iter().map(|label| label.as_str().to_owned()).collect(),
                span,
                body: self::body(&block.body, file),
            }),
        }
    }
    body
}

fn pieces<'a>(elements: impl Iterator<Item = &'a Element>, file: FileId, at: Option<Span>) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for element in elements {
        match element {
            Element::Literal(text) => pieces.push(Piece::Text(text.to_string())),
            Element::Interpolation(hole) => pieces.push(Piece::Hole(expr(&hole.expr, file, at))),
            Element::Directive(directive) => pieces.push(Piece::Hole(Expr {
                span: at.unwrap_or_else(|| Span::new(file, directive.span().unwrap_or_default())),
                kind: Kind::Other(Vec::new()),
            })),
        }
    }
    pieces
}

/// `at` is the place of everything in it, where the text was taken out of another syntax.
fn expr(parsed: &Expression, file: FileId, at: Option<Span>) -> Expr {
    let boxed = |parsed: &Expression| Box::new(expr(parsed, file, at));
    let one = |parsed: &Expression| expr(parsed, file, at);
    let range: Range<usize> = parsed.span().unwrap_or_default();
    let kind = match parsed {
        Expression::Null(_) => Kind::Null,
        Expression::Bool(value) => Kind::Bool(*value.value()),
        Expression::Number(number) => Kind::Number(number.value().to_string()),
        Expression::String(text) => Kind::Text(vec![Piece::Text(text.value().clone())]),
        Expression::StringTemplate(template) => Kind::Text(pieces(template.iter(), file, at)),
        Expression::HeredocTemplate(heredoc) => Kind::Text(pieces(heredoc.template.iter(), file, at)),
        Expression::Array(items) => Kind::List(items.iter().map(one).collect()),
        Expression::Object(object) => {
            let entries = object.iter().map(|(key, value)| Entry {
                key: match key {
                    ObjectKey::Ident(word) => Key::Word(word.to_string()),
                    ObjectKey::Expression(Expression::Variable(word)) => Key::Word(word.to_string()),
                    ObjectKey::Expression(key) => {
                        let key = one(key);
                        match key.text() {
                            Some(text) => Key::Word(text.to_owned()),
                            None => Key::Computed(key),
                        }
                    }
                },
                value: one(value.expr()),
            });
            Kind::Object(entries.collect())
        }
        Expression::Parenthesis(inner) => Kind::Paren(boxed(inner.inner())),
        Expression::Variable(name) => Kind::Name(name.to_string()),
        Expression::Conditional(parts) => Kind::Conditional(Box::new([
            one(&parts.cond_expr),
            one(&parts.true_expr),
            one(&parts.false_expr),
        ])),
        Expression::FuncCall(call) => {
            let name = if call.name.is_namespaced() {
                format!("provider::{}", call.name.name.as_str())
            } else {
                call.name.name.to_string()
            };
            let mut arguments: Vec<Expr> = call.args.iter().map(one).collect();
            if call.args.expand_final() {
                // merge(list...): which arguments they are is not written here.
                arguments = vec![Expr {
                    span: at.unwrap_or_else(|| Span::new(file, range.clone())),
                    kind: Kind::Other(arguments),
                }];
            }
            Kind::Call(name, arguments)
        }
        Expression::Traversal(traversal) => {
            let steps = traversal.operators.iter().map(|step| match step.value() {
                TraversalOperator::GetAttr(name) => Step::Key(name.to_string()),
                TraversalOperator::Index(index) => {
                    let index = one(index);
                    match (index.text(), &index.kind) {
                        (Some(text), _) => Step::Key(text.to_owned()),
                        (_, Kind::Number(number)) => Step::Key(number.clone()),
                        _ => Step::Index(index),
                    }
                }
                TraversalOperator::LegacyIndex(index) => Step::Key(index.value().to_string()),
                TraversalOperator::AttrSplat(_) | TraversalOperator::FullSplat(_) => Step::Splat,
            });
            Kind::Traversal(boxed(&traversal.expr), steps.collect())
        }
        Expression::UnaryOp(operation) => match operation.operator.value() {
            hcl_edit::expr::UnaryOperator::Not => Kind::Not(boxed(&operation.expr)),
            hcl_edit::expr::UnaryOperator::Neg => Kind::Other(vec![one(&operation.expr)]),
        },
        Expression::BinaryOp(operation) => {
            let sides = [one(&operation.lhs_expr), one(&operation.rhs_expr)];
            match operation.operator.value() {
                hcl_edit::expr::BinaryOperator::Eq => Kind::Equal(Box::new(sides), true),
                hcl_edit::expr::BinaryOperator::NotEq => Kind::Equal(Box::new(sides), false),
                other => Kind::Binary(other.as_str(), Box::new(sides)),
            }
        }
        Expression::ForExpr(each) => Kind::For(Box::new(For {
            key_name: each.intro.key_var.as_ref().map(ToString::to_string),
            value_name: each.intro.value_var.to_string(),
            collection: one(&each.intro.collection_expr),
            key: each.key_expr.as_ref().map(one),
            value: one(&each.value_expr),
            condition: each.cond.as_ref().map(|condition| one(&condition.expr)),
        })),
    };
    Expr {
        span: at.unwrap_or_else(|| Span::new(file, range)),
        kind,
    }
}
