//! Values in programs: followed to the literal, with all who use it.

use super::Program;
use super::syntax::{Construction, Expr, Kind, Language, Object, Piece, Unit};
use crate::insert;
use crate::model::{Arch, Found, Note, Splice, Traced, Wanted};
use crate::name::{Part, Pattern};
use crate::span::Span;

/// How a tool's property is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// `512`
    Plain,
    /// `'512 MB'`, `'20 seconds'`
    WithUnit,
    /// `Duration.seconds(30)`, `Architecture.ARM_64`
    Cdk,
}

/// A property of a call, followed.
pub(super) struct Tracer<'p> {
    pub(super) program: &'p Program<'p>,
    pub(super) unit: &'p Unit,
    pub(super) construction: &'p Construction,
    /// The calls that make the class in which the construction stands.
    pub(super) via: &'p [(&'p Unit, &'p Construction)],
    pub(super) form: Form,
}

/// Names that are followed.
const MOST_HOPS: usize = 8;

impl Tracer<'_> {
    pub(super) fn trace(&self, names: &[&str], wanted: Wanted) -> Traced {
        if let Some(over) = self.overridden(wanted) {
            return Traced::unclear(over, "sets it after all");
        }
        let object = self.construction.call.properties();
        let whole = self.construction.call.properties_by_name();
        let mut traced = match names.iter().find_map(|name| object.get(name)) {
            Some(property) => self.value(&property.value, self.unit, property.span, wanted, 0),
            None => match self.spreads(
                whole.map_or(object.spreads.as_slice(), std::slice::from_ref),
                names,
                wanted,
            ) {
                None if whole.is_some() => Traced::unclear(
                    self.construction.span,
                    "its properties stand elsewhere, and this is not among them",
                ),
                Some(traced) => traced,
                None => Traced::new(Found::Absent).own(self.own(object, names, wanted)),
            },
        };
        if let (Some(repeated), true) = (&self.construction.repeated, traced.place().is_some()) {
            traced
                .users
                .push(Note::new(repeated.at, "a loop makes several functions of one value"));
        }
        if let (Some(repeated), Found::Absent) = (&self.construction.repeated, &traced.found) {
            return Traced::unclear(repeated.at, "a loop makes several functions")
                .with(self.construction.span, "the function");
        }
        if !traced.users.is_empty() {
            traced.users.push(Note::new(self.construction.span, "the function"));
        }
        traced
    }

    /// `addPropertyOverride('MemorySize', ...)` in the same file stands over everything.
    fn overridden(&self, wanted: Wanted) -> Option<Span> {
        let name = match wanted {
            Wanted::Memory(_) => "MemorySize",
            Wanted::Timeout(_) => "Timeout",
            Wanted::Arch(_) => "Architectures",
        };
        let over = self.unit.constructions.iter().find(|other| {
            let is_override = matches!(
                other.call.name(),
                "addPropertyOverride" | "add_property_override" | "addOverride" | "add_override"
            );
            let path = other.call.arguments.first().and_then(Expr::text).unwrap_or_default();
            is_override && path.rsplit('.').next() == Some(name)
        });
        over.map(|over| over.span)
    }

    /// `...common`, `**common`, or a variable that is all of them
    fn spreads(&self, spreads: &[Expr], names: &[&str], wanted: Wanted) -> Option<Traced> {
        for spread in spreads.iter().rev() {
            let Some((unit, common)) = self.object(spread, self.unit, 0) else {
                return Some(
                    Traced::unclear(spread.span, "more properties that are not read")
                        .with(self.construction.span, "the function"),
                );
            };
            let Some(property) = names.iter().find_map(|name| common.get(name)) else {
                continue;
            };
            let mut traced = self.value(&property.value, unit, property.span, wanted, 1);
            if let Kind::Path(path) = &spread.kind {
                traced.users.extend(self.program.uses(path, unit, spread.span));
            }
            return Some(traced);
        }
        None
    }

    fn object<'s>(&'s self, expr: &'s Expr, unit: &'s Unit, hops: usize) -> Option<(&'s Unit, &'s Object)> {
        match &expr.kind {
            Kind::Object(object) => Some((unit, object)),
            Kind::Path(path) if hops < MOST_HOPS => {
                let (unit, expr) = self.program.bound(path, unit)?;
                self.object(expr, unit, hops + 1)
            }
            _ => None,
        }
    }

    fn value(&self, expr: &Expr, unit: &Unit, site: Span, wanted: Wanted, hops: usize) -> Traced {
        let unclear = |why: &str| Traced::unclear(site, why);
        if hops > MOST_HOPS {
            return unclear("goes in circles");
        }
        if let Some(found) = self.literal(expr, wanted) {
            return Traced::new(found);
        }
        match &expr.kind {
            Kind::Path(path) => {
                if let Some(traced) = self.given_by_caller(path, unit, wanted, None) {
                    return traced;
                }
                match self.program.bound(path, unit) {
                    Some((other, value)) => {
                        let mut traced = self.value(value, other, site, wanted, hops + 1);
                        traced.users.extend(self.program.uses(path, other, expr.span));
                        if let Found::Unclear(notes) = &mut traced.found {
                            notes.push(Note::new(value.span, "the value"));
                        }
                        traced
                    }
                    None => unclear("a value that is not followed"),
                }
            }
            Kind::Or(sides) => match sides[0]
                .path()
                .and_then(|path| self.given_by_caller(path, unit, wanted, Some(&sides[1])))
            {
                Some(traced) => traced,
                None => {
                    let mut notes = vec![Note::new(site, "one of two values")];
                    notes.extend(sides.iter().flat_map(|side| self.program.settings(side)));
                    Traced::new(Found::Unclear(notes))
                }
            },
            Kind::List(items) if matches!(wanted, Wanted::Arch(_)) => match items.as_slice() {
                [item] => self.value(item, unit, site, wanted, hops + 1),
                _ => unclear("is not one architecture"),
            },
            Kind::Call(_) => {
                let mut notes = vec![Note::new(site, "is computed")];
                notes.extend(self.program.settings(expr));
                Traced::new(Found::Unclear(notes))
            }
            _ => unclear("is computed"),
        }
    }

    /// `props.memory` in a class: what the call that makes it gives.
    fn given_by_caller(&self, path: &str, unit: &Unit, wanted: Wanted, otherwise: Option<&Expr>) -> Option<Traced> {
        let (object, name) = path.rsplit_once('.')?;
        let class = self
            .construction
            .class
            .as_ref()
            .and_then(|class| unit.classes.get(class))?;
        let is_parameter = class
            .parameters
            .iter()
            .skip(2)
            .any(|parameter| parameter == object.trim_start_matches("this."));
        let (caller_unit, caller) = self.via.last().filter(|_| is_parameter)?;
        let given = caller.call.properties();
        if let Some(property) = given.get(name) {
            let outer = Tracer {
                program: self.program,
                unit: caller_unit,
                construction: caller,
                via: &self.via[..self.via.len() - 1],
                form: self.form,
            };
            let mut traced = outer.value(&property.value, caller_unit, property.span, wanted, 0);
            if let Some(repeated) = &caller.repeated {
                traced.users.push(Note::new(repeated.at, "a loop makes several of it"));
            }
            return Some(traced);
        }
        if !given.spreads.is_empty() {
            return None;
        }
        let own = self.own_in(given, name, wanted, caller_unit.language);
        let Some(default) = otherwise else {
            return Some(Traced::new(Found::Absent).own(own));
        };
        let found = self.literal(default, wanted)?;
        let mut traced = Traced::new(found).own(own);
        let class = self.construction.class.as_deref().unwrap_or_default();
        for (_, other) in self.program.constructions() {
            if other.call.name() == class && other.span != caller.span && other.call.properties().get(name).is_none() {
                traced.users.push(Note::new(other.span, "takes the same default"));
            }
        }
        Some(traced)
    }

    fn literal(&self, expr: &Expr, wanted: Wanted) -> Option<Found> {
        let tree = self.program.tree;
        let found = |span: Span, now: &str, new: String| {
            let same = wanted.is(now);
            if same {
                Found::Same(span)
            } else {
                Found::Other(Splice { span, text: new })
            }
        };
        match (&expr.kind, wanted, self.form) {
            (Kind::Number, Wanted::Memory(_) | Wanted::Timeout(_), _) => {
                let digits = tree.slice(expr.span).replace('_', "");
                wanted
                    .is_kind_of(&digits)
                    .then(|| found(expr.span, &digits, wanted.text()))
            }
            (Kind::Text(_, Some(bytes)), Wanted::Arch(arch), _) => {
                let text = expr.text()?;
                let now = if text == "x86" { "x86_64" } else { text };
                wanted
                    .is_kind_of(now)
                    .then(|| found(Span::new(expr.span.file, bytes.clone()), now, arch.word().to_owned()))
            }
            (Kind::Text(_, Some(bytes)), Wanted::Memory(_) | Wanted::Timeout(_), Form::WithUnit) => {
                let (now, new) = with_unit(expr.text()?, wanted)?;
                Some(found(Span::new(expr.span.file, bytes.clone()), &now.to_string(), new))
            }
            (Kind::Path(path), Wanted::Arch(arch), Form::Cdk) => {
                let (owner, word) = path.rsplit_once('.')?;
                let now = match word {
                    "X86_64" => Arch::X86_64,
                    "ARM_64" => Arch::Arm64,
                    _ => return None,
                };
                if !owner.ends_with("Architecture") {
                    return None;
                }
                let new = if arch == Arch::Arm64 { "ARM_64" } else { "X86_64" };
                let start = expr.span.end - word.len();
                Some(found(
                    Span::new(expr.span.file, start..expr.span.end),
                    now.word(),
                    new.to_owned(),
                ))
            }
            (Kind::Call(call), Wanted::Timeout(seconds), Form::Cdk) => {
                let [amount] = call.arguments.as_slice() else {
                    return None;
                };
                let unit_seconds = match (call.callee.rsplit_once('.')?.0.ends_with("Duration"), call.name()) {
                    (true, "seconds") => 1,
                    (true, "minutes") => 60,
                    _ => return None,
                };
                let Kind::Number = amount.kind else { return None };
                let now: u32 = tree.slice(amount.span).parse().ok()?;
                let total = now.checked_mul(unit_seconds)?;
                if total == seconds {
                    return Some(Found::Same(amount.span));
                }
                if seconds % unit_seconds == 0 {
                    return Some(found(amount.span, "", (seconds / unit_seconds).to_string()));
                }
                // Another unit: the word and the number.
                let text = tree.slice(expr.span);
                let start = expr.span.start + text.rfind("minutes")?;
                Some(found(
                    Span::new(expr.span.file, start..expr.span.end),
                    "",
                    format!("seconds({seconds})"),
                ))
            }
            _ => None,
        }
    }

    /// A new property in the call's object; none where there is no object, or where others stand over it.
    fn own(&self, object: &Object, names: &[&str], wanted: Wanted) -> Option<Splice> {
        self.own_in(object, names.first()?, wanted, self.unit.language)
    }

    fn own_in(&self, object: &Object, name: &str, wanted: Wanted, language: Language) -> Option<Splice> {
        let is_plain = object.spreads.is_empty() && matches!(self.form, Form::Plain | Form::WithUnit | Form::Cdk);
        let last = object.properties.last().filter(|_| is_plain)?;
        let value = match (self.form, wanted) {
            (_, Wanted::Memory(size)) if self.form == Form::WithUnit => format!("'{size} MB'"),
            (_, Wanted::Memory(size)) => size.to_string(),
            (Form::Plain, Wanted::Timeout(seconds)) => seconds.to_string(),
            (Form::WithUnit, Wanted::Timeout(seconds)) => format!("'{seconds} seconds'"),
            (Form::WithUnit, Wanted::Arch(arch)) => format!("'{}'", arch.word()),
            // Words of a library that may not be imported here.
            _ => return None,
        };
        let line = match language {
            Language::TypeScript if object.literal.is_some() => format!("{name}: {value},"),
            Language::Python if object.literal.is_none() => format!("{name}={value},"),
            _ => return None,
        };
        let text = self.program.tree.text(last.span.file)?;
        if insert::indent(text, last.span.start).is_some() {
            return insert::line_before(self.program.tree, last.span, &line);
        }
        Some(Splice {
            span: Span::new(last.span.file, last.span.start..last.span.start),
            text: format!("{line} "),
        })
    }
}

/// `512 MB`, `1 GB`, `20 seconds`, `2 minutes`: the number in MB or seconds, and the new text.
fn with_unit(text: &str, wanted: Wanted) -> Option<(u32, String)> {
    let (number, unit) = text.trim().split_once(' ')?;
    let number: f64 = number.parse().ok()?;
    let (factor, one) = match (wanted, unit) {
        (Wanted::Memory(_), "MB") => (1, "MB"),
        (Wanted::Memory(_), "GB") => (1024, "MB"),
        (Wanted::Timeout(_), "second" | "seconds") => (1, "seconds"),
        (Wanted::Timeout(_), "minute" | "minutes") => (60, "seconds"),
        _ => return None,
    };
    let now = number * f64::from(factor);
    if !(now.fract() == 0.0 && (0.0..=1e6).contains(&now)) {
        return None;
    }
    let (Wanted::Memory(new) | Wanted::Timeout(new)) = wanted else {
        return None;
    };
    let text = if factor > 1 && new % factor == 0 {
        format!("{} {unit}", new / factor)
    } else {
        format!("{new} {one}")
    };
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    Some((now as u32, text))
}

impl Program<'_> {
    /// An expression as text, what is not known as holes.
    pub(super) fn text(&self, expr: &Expr, unit: &Unit, hops: usize) -> Pattern {
        let unknown = || Pattern::hole(format!("{}@{}", self.tree.slice(expr.span), expr.span.file));
        match &expr.kind {
            Kind::Text(pieces, _) => {
                let mut pattern = Pattern::default();
                for piece in pieces {
                    match piece {
                        Piece::Text(text) => pattern.push(Part::Text(text.clone())),
                        Piece::Hole(hole) => pattern.append(&self.text(hole, unit, hops + 1)),
                    }
                }
                pattern
            }
            Kind::Path(path) if hops < MOST_HOPS => match self.bound(path, unit) {
                Some((unit, value)) => self.text(value, unit, hops + 1),
                None => unknown(),
            },
            _ => unknown(),
        }
    }
}

impl Traced {
    fn with(mut self, span: Span, what: &str) -> Self {
        if let Found::Unclear(notes) = &mut self.found {
            notes.push(Note::new(span, what));
        }
        self
    }
}
