//! A literal of a data file as a place that can be changed.

use std::rc::Rc;

use crate::data::{Kind, Node};
use crate::model::{Found, Note, Splice, Traced, Wanted};
use crate::span::Span;

/// The literal with the wanted value in its place; none where it is no literal of this kind.
pub(crate) fn found(node: &Rc<Node>, wanted: Wanted) -> Option<Found> {
    let node = node.resolved();
    let Kind::Scalar(scalar) = &node.kind else {
        return None;
    };
    if !wanted.is_kind_of(&scalar.text) {
        return None;
    }
    if wanted.is(&scalar.text) {
        return Some(Found::Same(node.span));
    }
    let bytes = scalar.bytes.clone()?;
    Some(Found::Other(Splice {
        span: Span::new(node.span.file, bytes),
        text: wanted.text(),
    }))
}

/// The only item of a list, where there is one; else the node itself.
pub(crate) fn only_item(node: &Rc<Node>) -> Option<Rc<Node>> {
    let node = node.resolved();
    match node.list() {
        Some([item]) => Some(item.resolved()),
        Some(_) => None,
        None => Some(node),
    }
}

/// Aliases through which others than `mine` take what stands at `place`, and owners other than `mine` that it stands in.
pub(crate) fn alias_users(root: &Rc<Node>, place: Span, mine: Span, others: &[(String, Span)]) -> Vec<Note> {
    let mut users = Vec::new();
    root.walk(&mut |node| {
        if let Kind::Alias(target) = &node.kind
            && target.span.holds(place)
            && !mine.holds(node.span)
        {
            users.push(Note::new(node.span, "takes the same value"));
        }
    });
    for (name, span) in others {
        if span.holds(place) && !mine.holds(place) {
            users.push(Note::new(*span, format!("{name} has the same value")));
        }
    }
    users
}

impl Traced {
    pub(crate) fn users(mut self, users: Vec<Note>) -> Self {
        self.users.extend(users);
        self
    }

    /// Where the value stands, if it stands anywhere.
    pub(crate) const fn place(&self) -> Option<Span> {
        match &self.found {
            Found::Same(span) => Some(*span),
            Found::Other(splice) => Some(splice.span),
            _ => None,
        }
    }
}
