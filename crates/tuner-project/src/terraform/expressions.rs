//! Terraform's expressions, as far as the configuration itself says what they are.

use hcl_edit::expr::{BinaryOperator, Expression, ObjectKey, TraversalOperator, UnaryOperator};
use hcl_edit::template::Element;

use crate::value::Value;

/// References to references: more is a circle.
pub(super) const MOST_LEVELS: usize = 40;

/// What a reference means: `root` and the names after it. Gives how many of the names it took.
pub(super) trait Names {
    fn look_up(&self, root: &str, path: &[String], level: usize) -> Result<(Value, usize), String>;
    fn file(&self, path: &str) -> Result<String, String>;
}

/// A value without references.
pub(super) fn constant(expression: &Expression) -> Result<Value, String> {
    struct Nothing;
    impl Names for Nothing {
        fn look_up(&self, root: &str, _: &[String], _: usize) -> Result<(Value, usize), String> {
            Err(format!("`{root}`"))
        }
        fn file(&self, path: &str) -> Result<String, String> {
            Err(format!("the file {path}"))
        }
    }
    eval(expression, &Nothing, 0)
}

/// What an expression gives.
///
/// # Errors
/// What it refers to.
pub(super) fn eval(expression: &Expression, names: &dyn Names, level: usize) -> Result<Value, String> {
    if level > MOST_LEVELS {
        return Err("a circle of references".to_owned());
    }
    let level = level + 1;
    let inner = |e: &Expression| eval(e, names, level);
    match expression {
        Expression::Null(_) => Ok(Value::Null),
        Expression::Bool(b) => Ok(Value::Text(b.value().to_string())),
        Expression::Number(n) => Ok(Value::Text(n.value().to_string())),
        Expression::String(s) => Ok(Value::from(s.value().as_str())),
        Expression::Array(items) => Ok(Value::List(items.iter().map(inner).collect::<Result<_, _>>()?)),
        Expression::Object(object) => {
            let mut entries = Vec::new();
            for (key, value) in object.iter() {
                entries.push((key_text(key, names, level)?, inner(value.expr())?));
            }
            Ok(Value::Map(entries))
        }
        Expression::StringTemplate(template) => text(template.iter(), names, level),
        Expression::HeredocTemplate(heredoc) => text(heredoc.template.iter(), names, level),
        Expression::Parenthesis(e) => inner(e.inner()),
        Expression::Conditional(c) => match inner(&c.cond_expr)?.is_true() {
            true => inner(&c.true_expr),
            false => inner(&c.false_expr),
        },
        Expression::FuncCall(call) => {
            let name = call.name.name.as_str();
            if matches!(name, "try" | "coalesce") {
                let mut last = Err(format!("{name}()"));
                for argument in call.args.iter() {
                    last = inner(argument);
                    if last.as_ref().is_ok_and(|v| name == "try" || !matches!(v, Value::Null)) {
                        break;
                    }
                    // What only a plan knows may be there: what follows it is not what it gives.
                    if last.is_err() && name == "coalesce" {
                        break;
                    }
                }
                return last;
            }
            let arguments = call.args.iter().map(inner).collect::<Result<Vec<_>, _>>()?;
            if name == "file" {
                return arguments
                    .first()
                    .and_then(Value::text)
                    .map_or_else(|| Err("a file".to_owned()), |p| names.file(p).map(Value::Text));
            }
            function(name, &arguments).ok_or_else(|| format!("{name}(), which is not evaluated here"))
        }
        Expression::Variable(name) => names.look_up(name.value().as_str(), &[], level).map(|(value, _)| value),
        Expression::Traversal(traversal) => {
            let mut path = Vec::new();
            for operator in &traversal.operators {
                match operator.value() {
                    TraversalOperator::GetAttr(name) => path.push(name.value().to_string()),
                    TraversalOperator::Index(index) => match inner(index)? {
                        Value::Text(key) => path.push(key),
                        _ => return Err("an index that is no text".to_owned()),
                    },
                    TraversalOperator::LegacyIndex(index) => path.push(index.value().to_string()),
                    TraversalOperator::AttrSplat(_) | TraversalOperator::FullSplat(_) => {
                        return Err(format!("`{}`", expression.to_string().trim()));
                    }
                }
            }
            let (mut value, taken) = match &traversal.expr {
                Expression::Variable(root) => names.look_up(root.value().as_str(), &path, level)?,
                other => (inner(other)?, 0),
            };
            for key in &path[taken..] {
                let next = match &value {
                    Value::List(items) => key.parse::<usize>().ok().and_then(|i| items.get(i)),
                    value => value.get(key),
                };
                value = next
                    .cloned()
                    .ok_or_else(|| format!("`{}`, which has no {key}", expression.to_string().trim()))?;
            }
            Ok(value)
        }
        Expression::UnaryOp(op) => {
            let value = inner(&op.expr)?;
            match op.operator.value() {
                UnaryOperator::Not => Ok(Value::Text((!value.is_true()).to_string())),
                UnaryOperator::Neg => number(&value)
                    .map(|n| shown(-n))
                    .ok_or_else(|| "a sign before what is no number".to_owned()),
            }
        }
        Expression::BinaryOp(op) => {
            let (a, b) = (inner(&op.lhs_expr)?, inner(&op.rhs_expr)?);
            binary(*op.operator.value(), &a, &b).ok_or_else(|| format!("`{}`", expression.to_string().trim()))
        }
        Expression::ForExpr(_) => Err("a `for` expression, which is not evaluated here".to_owned()),
    }
}

pub(super) fn key_text(key: &ObjectKey, names: &dyn Names, level: usize) -> Result<String, String> {
    match key {
        ObjectKey::Ident(name) => Ok(name.value().to_string()),
        ObjectKey::Expression(e) => match eval(e, names, level)? {
            Value::Text(text) => Ok(text),
            _ => Err("a key that is no text".to_owned()),
        },
    }
}

fn text<'a>(elements: impl Iterator<Item = &'a Element>, names: &dyn Names, level: usize) -> Result<Value, String> {
    let elements: Vec<&Element> = elements.collect();
    // `"${x}"` is x itself.
    if let [Element::Interpolation(only)] = elements.as_slice() {
        return eval(&only.expr, names, level);
    }
    let mut text = String::new();
    for element in elements {
        match element {
            Element::Literal(literal) => text.push_str(literal),
            Element::Interpolation(part) => match eval(&part.expr, names, level)? {
                Value::Text(part) => text.push_str(&part),
                _ => return Err("a part that is no text".to_owned()),
            },
            Element::Directive(_) => return Err("a directive in a template".to_owned()),
        }
    }
    Ok(Value::Text(text))
}

fn number(value: &Value) -> Option<f64> {
    value.text()?.parse().ok()
}

fn shown(n: f64) -> Value {
    Value::Text(n.to_string())
}

fn binary(operator: BinaryOperator, a: &Value, b: &Value) -> Option<Value> {
    let yes = |holds: bool| Some(Value::Text(holds.to_string()));
    let (x, y) = (number(a), number(b));
    match operator {
        BinaryOperator::Eq => yes(a == b),
        BinaryOperator::NotEq => yes(a != b),
        BinaryOperator::And => yes(a.is_true() && b.is_true()),
        BinaryOperator::Or => yes(a.is_true() || b.is_true()),
        BinaryOperator::Less => yes(x? < y?),
        BinaryOperator::LessEq => yes(x? <= y?),
        BinaryOperator::Greater => yes(x? > y?),
        BinaryOperator::GreaterEq => yes(x? >= y?),
        BinaryOperator::Plus => Some(shown(x? + y?)),
        BinaryOperator::Minus => Some(shown(x? - y?)),
        BinaryOperator::Mul => Some(shown(x? * y?)),
        BinaryOperator::Div => Some(shown(x? / y?)).filter(|_| y != Some(0.0)),
        BinaryOperator::Mod => Some(shown(x? % y?)).filter(|_| y != Some(0.0)),
    }
}

/// <https://developer.hashicorp.com/terraform/language/functions>
fn function(name: &str, arguments: &[Value]) -> Option<Value> {
    let text = |i: usize| arguments.get(i).and_then(Value::text);
    let texts =
        |value: &Value| -> Option<Vec<String>> { value.list().iter().map(|v| v.text().map(str::to_owned)).collect() };
    let some = |text: String| Some(Value::Text(text));
    match name {
        "tostring" | "tonumber" | "tobool" | "tolist" | "toset" | "tomap" | "nonsensitive" | "sensitive"
        | "abspath" | "pathexpand" => arguments.first().cloned(),
        "lower" => some(text(0)?.to_lowercase()),
        "upper" => some(text(0)?.to_uppercase()),
        "trimspace" => some(text(0)?.trim().to_owned()),
        "trimprefix" => some(text(0)?.strip_prefix(text(1)?).unwrap_or(text(0)?).to_owned()),
        "trimsuffix" => some(text(0)?.strip_suffix(text(1)?).unwrap_or(text(0)?).to_owned()),
        "replace" if !text(1)?.starts_with('/') => some(text(0)?.replace(text(1)?, text(2)?)),
        "join" => some(texts(arguments.get(1)?)?.join(text(0)?)),
        "split" if !text(0)?.is_empty() => Some(Value::List(text(1)?.split(text(0)?).map(Value::from).collect())),
        "format" => format(text(0)?, &arguments[1..]),
        "basename" => some(text(0)?.rsplit('/').next()?.to_owned()),
        "dirname" => some(text(0)?.rsplit_once('/').map_or(".", |(folder, _)| folder).to_owned()),
        "concat" => Some(Value::List(
            arguments.iter().flat_map(|list| list.list().to_vec()).collect(),
        )),
        "merge" => {
            let mut merged = Value::Map(Vec::new());
            for (key, value) in arguments.iter().flat_map(Value::entries) {
                merged.set(key, value.clone());
            }
            Some(merged)
        }
        "lookup" => arguments.first()?.get(text(1)?).or(arguments.get(2)).cloned(),
        "element" => {
            let list = arguments.first()?.list();
            list.get(arguments.get(1)?.number()? as usize % list.len().max(1))
                .cloned()
        }
        "length" => some(
            match arguments.first()? {
                Value::Text(text) => text.chars().count(),
                Value::List(items) => items.len(),
                Value::Map(entries) => entries.len(),
                Value::Null => return None,
            }
            .to_string(),
        ),
        "max" => arguments
            .iter()
            .map(number)
            .try_fold(f64::MIN, |a, b| Some(a.max(b?)))
            .map(shown),
        "min" => arguments
            .iter()
            .map(number)
            .try_fold(f64::MAX, |a, b| Some(a.min(b?)))
            .map(shown),
        _ => None,
    }
}

/// `%s`, `%d`, `%v` and `%%`.
fn format(pattern: &str, arguments: &[Value]) -> Option<Value> {
    let mut result = String::new();
    let mut arguments = arguments.iter();
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        match c {
            '%' => match chars.next()? {
                '%' => result.push('%'),
                's' | 'd' | 'v' => result.push_str(arguments.next()?.text()?),
                _ => return None,
            },
            c => result.push(c),
        }
    }
    Some(Value::Text(result))
}
