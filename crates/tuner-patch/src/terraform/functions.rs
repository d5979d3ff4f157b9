//! The functions of Terraform's language that choose a value without changing it.

use std::rc::Rc;

use super::scope::{Item, Reader, Scope, Thunk, Value};
use super::syntax::{Expr, Key, Kind};
use crate::name::Pattern;

impl<'a> Reader<'a, '_> {
    pub(super) fn key(&self, key: &'a Key, scope: &Rc<Scope<'a>>) -> Pattern {
        match key {
            Key::Word(word) => Pattern::text(word.clone()),
            Key::Computed(expr) => self.text(expr, scope),
        }
    }

    pub(super) fn call(&self, expr: &'a Expr, name: &str, arguments: &'a [Expr], scope: &Rc<Scope<'a>>) -> Value<'a> {
        match (name, arguments) {
            (
                "tonumber" | "tostring" | "tomap" | "tolist" | "toset" | "nonsensitive" | "sensitive"
                | "ephemeralasnull" | "one",
                [value],
            ) => match (name, self.read(value, scope)) {
                ("one", Value::List(items)) if items.len() == 1 => self.item(&items[0]),
                ("one", _) => Value::Unknown(expr.span, "is computed by an expression"),
                (_, value) => value,
            },
            ("lookup", [map, key, rest @ ..]) => {
                let map = self.read(map, scope);
                let key = self.text(key, scope);
                self.first(self.get(&map, &key, expr.span), rest, scope)
            }
            ("try" | "coalesce", [first, rest @ ..]) => self.first(self.read(first, scope), rest, scope),
            ("merge", parts) => self.merge(parts, scope),
            ("concat" | "flatten", parts) => {
                let mut all = Vec::new();
                for part in parts {
                    match self.read(part, scope) {
                        Value::List(items) => all.extend(items),
                        _ => return Value::Unknown(expr.span, "is computed by an expression"),
                    }
                }
                if name == "flatten" {
                    all = match self.flat(all) {
                        Some(all) => all,
                        None => return Value::Unknown(expr.span, "is computed by an expression"),
                    };
                }
                Value::List(all)
            }
            ("keys" | "values", [map]) => match self.read(map, scope) {
                Value::Object(mut entries, _) => {
                    entries.sort_by(|(a, _), (b, _)| a.known_text().cmp(&b.known_text()));
                    let items = entries.into_iter().map(|(key, item)| {
                        if name == "keys" {
                            Item::Ready(Value::Text(key, None))
                        } else {
                            item
                        }
                    });
                    Value::List(items.collect())
                }
                _ => Value::Unknown(expr.span, "is computed by an expression"),
            },
            ("length", [list]) => match self.aside_read(list, scope) {
                Value::List(items) => Value::Text(Pattern::text(items.len().to_string()), None),
                Value::Object(entries, _) => Value::Text(Pattern::text(entries.len().to_string()), None),
                _ => Value::Unknown(expr.span, "is computed by an expression"),
            },
            ("element", [list, index]) => {
                let list = self.read(list, scope);
                let index = self.text(index, scope);
                self.get(&list, &index, expr.span)
            }
            ("lower" | "upper" | "trimspace" | "title", [text]) => {
                let pattern = self.text(text, scope);
                match (name, pattern.known_text()) {
                    ("lower", Some(text)) => Value::Text(Pattern::text(text.to_lowercase()), None),
                    ("upper", Some(text)) => Value::Text(Pattern::text(text.to_uppercase()), None),
                    ("trimspace", Some(text)) => Value::Text(Pattern::text(text.trim()), None),
                    _ => Value::Unknown(expr.span, "is computed by an expression"),
                }
            }
            ("join", [separator, list]) => {
                let separator = self.text(separator, scope);
                let Value::List(items) = self.read(list, scope) else {
                    return Value::Unknown(expr.span, "is computed by an expression");
                };
                let mut joined = Pattern::default();
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        joined.append(&separator);
                    }
                    match self.item(item) {
                        Value::Text(text, _) => joined.append(&text.filled(self.known)),
                        _ => joined.append(&Pattern::hole(format!(
                            "{}.{index}@{}",
                            expr.span.start, expr.span.file
                        ))),
                    }
                }
                Value::Text(joined, None)
            }
            ("format", [template, rest @ ..]) => self.format(expr, template, rest, scope),
            ("replace", [..]) => Value::Unknown(expr.span, "is computed by an expression"),
            ("yamldecode" | "jsondecode", [inner]) => self.decoded(expr, inner, scope),
            _ => Value::Unknown(expr.span, "is computed by an expression"),
        }
    }

    /// `value`, or the first of `rest` that is there.
    fn first(&self, value: Value<'a>, rest: &'a [Expr], scope: &Rc<Scope<'a>>) -> Value<'a> {
        match (value, rest.split_first()) {
            (Value::Absent | Value::Null(_), Some((next, rest))) => {
                let own = self.trail.borrow().own.clone();
                let value = self.first(self.read(next, scope), rest, scope);
                // The first place that has nothing is where an own value goes.
                self.trail.borrow_mut().own = own.or_else(|| self.trail.borrow().own.clone());
                value
            }
            (value, _) => value,
        }
    }

    fn merge(&self, parts: &'a [Expr], scope: &Rc<Scope<'a>>) -> Value<'a> {
        let mut all = Vec::new();
        let mut last = None;
        for part in parts {
            match self.read(part, scope) {
                Value::Object(entries, literal) => {
                    all.extend(entries);
                    last = literal;
                }
                Value::Null(_) => {}
                Value::Unknown(span, why) => return Value::Unknown(span, why),
                _ => return Value::Unknown(part.span, "is computed by an expression"),
            }
        }
        Value::Object(all, last)
    }

    fn flat(&self, items: Vec<Item<'a>>) -> Option<Vec<Item<'a>>> {
        let mut flat = Vec::new();
        for item in items {
            match self.item(&item) {
                Value::List(inner) => flat.extend(inner),
                Value::Unknown(..) => return None,
                _ => flat.push(item),
            }
        }
        Some(flat)
    }

    /// `format("%s-%s", a, b)`: only `%s`, `%d` and `%v` stand for a value as it is.
    fn format(&self, expr: &'a Expr, template: &'a Expr, rest: &'a [Expr], scope: &Rc<Scope<'a>>) -> Value<'a> {
        let Some(text) = template.text() else {
            return Value::Unknown(expr.span, "is computed by an expression");
        };
        let mut pattern = Pattern::default();
        let mut values = rest.iter();
        let mut pieces = text.split('%');
        pattern.push(crate::name::Part::Text(pieces.next().unwrap_or_default().to_owned()));
        for piece in pieces {
            let verb = piece.chars().next();
            match (verb, values.next()) {
                (Some('s' | 'd' | 'v'), Some(value)) => pattern.append(&self.text(value, scope)),
                _ => return Value::Unknown(expr.span, "is computed by an expression"),
            }
            pattern.push(crate::name::Part::Text(piece[1..].to_owned()));
        }
        Value::Text(pattern, None)
    }

    /// `yamldecode(file("x.yaml"))`
    fn decoded(&self, expr: &'a Expr, inner: &'a Expr, scope: &Rc<Scope<'a>>) -> Value<'a> {
        let path = match &inner.kind {
            Kind::Call(name, arguments) if matches!(name.as_str(), "file" | "templatefile") => arguments.first(),
            _ => None,
        };
        let path = path.map(|path| self.text(path, scope));
        let path = path.as_ref().and_then(Pattern::known_text).unwrap_or_default();
        let relative = ["path.module/", "path.root/", "./"]
            .iter()
            .find_map(|start| path.strip_prefix(start))
            .unwrap_or(path);
        match (self.files)(scope.module, relative) {
            Some(root) => self.read(root, scope),
            None => Value::Unknown(expr.span, "comes from a file that is not read"),
        }
    }

    pub(super) fn for_each(&self, expr: &'a Expr, scope: &Rc<Scope<'a>>) -> Value<'a> {
        let Kind::For(each) = &expr.kind else {
            return Value::Absent;
        };
        let items: Vec<(Value<'a>, Value<'a>)> = match self.read(&each.collection, scope) {
            Value::Object(entries, _) => (entries.into_iter())
                .map(|(key, item)| (Value::Text(key, None), self.item(&item)))
                .collect(),
            Value::List(items) => {
                let number = |index: usize| Value::Text(Pattern::text(index.to_string()), None);
                (items.iter().enumerate())
                    .map(|(index, item)| (number(index), self.item(item)))
                    .collect()
            }
            Value::Unknown(span, why) => return Value::Unknown(span, why),
            _ => return Value::Unknown(expr.span, "is computed by an expression"),
        };
        let mut entries = Vec::new();
        let mut list = Vec::new();
        for (key, value) in items {
            let mut names = scope.names.clone();
            if let Some(name) = &each.key_name {
                names.insert(name.clone(), key);
            }
            names.insert(each.value_name.clone(), value);
            let inner = Rc::new(Scope {
                module: scope.module,
                inputs: scope.inputs.clone(),
                names,
                count: scope.count.clone(),
                path: scope.path.clone(),
                giver: scope.giver,
            });
            match each.condition.as_ref().map(|condition| self.truth(condition, &inner)) {
                Some(Some(false)) => continue,
                Some(None) => return Value::Unknown(expr.span, "depends on a condition that the deployment decides"),
                _ => {}
            }
            let item = Item::Lazy(Thunk {
                expr: &each.value,
                scope: inner.clone(),
            });
            match &each.key {
                Some(key) => entries.push((self.text(key, &inner), item)),
                None => list.push(item),
            }
        }
        match each.key {
            Some(_) => Value::Object(entries, None),
            None => Value::List(list),
        }
    }
}
