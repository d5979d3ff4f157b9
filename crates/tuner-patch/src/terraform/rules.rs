//! Rules that variables have for their values.

use super::instances::World;
use super::scope::Trail;
use super::syntax::{Expr, Kind, Step};
use crate::model::{Note, Wanted};
use crate::span::Span;

/// Rules of the variables on the way that the new value breaks.
pub(super) fn broken(world: &World<'_>, trail: &Trail<'_>, place: Span, wanted: Wanted) -> Vec<Note> {
    let mut notes = Vec::new();
    let (Wanted::Memory(value) | Wanted::Timeout(value)) = wanted else {
        return notes;
    };
    for (folder, kind, name) in &trail.hops {
        let module = world.modules.get(folder).filter(|_| *kind == "var");
        let Some(variable) = module.and_then(|module| module.variables.get(name.as_str())) else {
            continue;
        };
        for block in variable
            .blocks()
            .flat_map(|block| &block.body.blocks)
            .filter(|block| block.kind == "validation")
        {
            let Some(condition) = block.body.attribute("condition") else {
                continue;
            };
            let check = Check {
                name,
                value: f64::from(value),
            };
            if check.truth(&condition.value) == Some(false) && condition.span != place {
                notes.push(Note::new(condition.span, "does not allow the new value"));
            }
        }
    }
    notes
}

/// A condition with the new value in the variable's place; what is not understood forbids nothing.
struct Check<'c> {
    name: &'c str,
    value: f64,
}

impl Check<'_> {
    fn truth(&self, expr: &Expr) -> Option<bool> {
        match &expr.kind {
            Kind::Paren(inner) => self.truth(inner),
            Kind::Not(inner) => self.truth(inner).map(|truth| !truth),
            Kind::Bool(value) => Some(*value),
            Kind::Equal(sides, equal) => Some((self.number(&sides[0])? == self.number(&sides[1])?) == *equal),
            Kind::Binary(sign, sides) => {
                let truths = || (self.truth(&sides[0]), self.truth(&sides[1]));
                match *sign {
                    "&&" => match truths() {
                        (Some(false), _) | (_, Some(false)) => Some(false),
                        (Some(true), Some(true)) => Some(true),
                        _ => None,
                    },
                    "||" => match truths() {
                        (Some(true), _) | (_, Some(true)) => Some(true),
                        (Some(false), Some(false)) => Some(false),
                        _ => None,
                    },
                    _ => {
                        let (a, b) = (self.number(&sides[0])?, self.number(&sides[1])?);
                        match *sign {
                            "<" => Some(a < b),
                            "<=" => Some(a <= b),
                            ">" => Some(a > b),
                            ">=" => Some(a >= b),
                            _ => None,
                        }
                    }
                }
            }
            Kind::Call(name, arguments) if name == "contains" => match arguments.as_slice() {
                [list, item] => {
                    let item = self.number(item)?;
                    let Kind::List(items) = &list.kind else { return None };
                    let numbers: Option<Vec<f64>> = items.iter().map(|item| self.number(item)).collect();
                    Some(numbers?.contains(&item))
                }
                _ => None,
            },
            _ => None,
        }
    }

    fn number(&self, expr: &Expr) -> Option<f64> {
        match &expr.kind {
            Kind::Paren(inner) => self.number(inner),
            Kind::Number(number) => number.parse().ok(),
            Kind::Text(_) => expr.text()?.parse().ok(),
            Kind::Traversal(root, steps) => {
                let is_variable = matches!(&root.kind, Kind::Name(name) if name == "var");
                let is_name = matches!(steps.as_slice(), [Step::Key(key)] if key == self.name);
                (is_variable && is_name).then_some(self.value)
            }
            Kind::Call(name, arguments) if matches!(name.as_str(), "tonumber" | "floor" | "ceil") => {
                self.number(arguments.first()?)
            }
            Kind::Binary(sign, sides) => {
                let (a, b) = (self.number(&sides[0])?, self.number(&sides[1])?);
                match *sign {
                    "+" => Some(a + b),
                    "-" => Some(a - b),
                    "*" => Some(a * b),
                    "/" => Some(a / b),
                    "%" => Some(a % b),
                    _ => None,
                }
            }
            _ => None,
        }
    }
}
