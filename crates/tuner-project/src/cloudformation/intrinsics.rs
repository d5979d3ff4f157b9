//! CloudFormation's intrinsic functions, as far as they can be evaluated without an account. What cannot is said to be
//! unknown, with what it refers to: it never becomes a wrong text.

use std::collections::BTreeMap;

use crate::value::Value;

/// Conditions that refer to conditions: more is a circle.
const MOST_CONDITIONS: usize = 30;

/// What a value of a template is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Eval {
    Known(Value),
    /// `AWS::NoValue`: as if it had not been written.
    Absent,
    /// Only a deployment knows it: what it refers to, in words.
    Unknown(String),
}

/// What names of a template mean.
#[derive(Debug)]
pub(crate) struct Scope<'a> {
    parameters: &'a Value,
    mappings: &'a Value,
    conditions: &'a Value,
    overrides: &'a BTreeMap<String, String>,
    region: &'a str,
    stack_name: Option<&'a str>,
}

static NOTHING: Value = Value::Null;

impl<'a> Scope<'a> {
    pub(crate) fn new(
        template: &'a Value,
        overrides: &'a BTreeMap<String, String>,
        region: &'a str,
        stack_name: Option<&'a str>,
    ) -> Self {
        let part = |key| template.get(key).unwrap_or(&NOTHING);
        Self {
            parameters: part("Parameters"),
            mappings: part("Mappings"),
            conditions: part("Conditions"),
            overrides,
            region,
            stack_name,
        }
    }

    /// Follows what stands for the whole of a value (`Fn::If`, `Ref` ...); what is inside of it stays as it is written.
    pub(crate) fn shallow(&self, value: &Value) -> Eval {
        match function(value) {
            Some(("Fn::If", argument)) => match argument.list() {
                [condition, yes, no] => match condition.text().and_then(|name| self.condition(name, 0)) {
                    Some(true) => self.shallow(yes),
                    Some(false) => self.shallow(no),
                    None => self.eval(value),
                },
                _ => malformed("Fn::If"),
            },
            Some(_) => self.eval(value),
            None => Eval::Known(value.clone()),
        }
    }

    /// A value with everything in it.
    pub(crate) fn eval(&self, value: &Value) -> Eval {
        if let Some((name, argument)) = function(value) {
            return self.call(name, argument);
        }
        match value {
            Value::Text(text) if text.contains("{{resolve:") => {
                let service = text
                    .split("{{resolve:")
                    .nth(1)
                    .and_then(|t| t.split(':').next())
                    .unwrap_or_default();
                Eval::Unknown(format!("a dynamic reference to {service}"))
            }
            Value::Null | Value::Text(_) => Eval::Known(value.clone()),
            Value::List(items) => {
                let mut known = Vec::with_capacity(items.len());
                for item in items {
                    match self.eval(item) {
                        Eval::Known(value) => known.push(value),
                        Eval::Absent => {}
                        unknown => return unknown,
                    }
                }
                Eval::Known(Value::List(known))
            }
            Value::Map(entries) => {
                let mut known = Vec::with_capacity(entries.len());
                for (key, item) in entries {
                    match self.eval(item) {
                        Eval::Known(value) => known.push((key.clone(), value)),
                        Eval::Absent => {}
                        unknown => return unknown,
                    }
                }
                Eval::Known(Value::Map(known))
            }
        }
    }

    /// A value that must be text.
    ///
    /// # Errors
    /// What it refers to.
    pub(crate) fn text(&self, value: &Value) -> Result<Option<String>, String> {
        match self.eval(value) {
            Eval::Known(Value::Text(text)) => Ok(Some(text)),
            Eval::Known(Value::Null) => Ok(Some(String::new())),
            Eval::Known(_) => Err("a value that is no text".to_owned()),
            Eval::Absent => Ok(None),
            Eval::Unknown(why) => Err(why),
        }
    }

    fn call(&self, name: &str, argument: &Value) -> Eval {
        match (name, argument) {
            ("Ref", Value::Text(name)) => self.reference(name),
            ("Fn::Sub", argument) => self.sub(argument),
            ("Fn::If", argument) => match argument.list() {
                [condition, yes, no] => match condition.text().and_then(|name| self.condition(name, 0)) {
                    Some(true) => self.eval(yes),
                    Some(false) => self.eval(no),
                    None => match (self.eval(yes), self.eval(no)) {
                        (a, b) if a == b => a,
                        _ => Eval::Unknown("a condition that only a deployment knows".to_owned()),
                    },
                },
                _ => malformed(name),
            },
            ("Fn::GetAtt", argument) => {
                let of = argument
                    .list()
                    .first()
                    .or(Some(argument))
                    .and_then(Value::text)
                    .unwrap_or_default();
                Eval::Unknown(format!(
                    "an attribute of the resource {}",
                    of.split('.').next().unwrap_or_default()
                ))
            }
            ("Fn::ImportValue", _) => Eval::Unknown("an export of another stack".to_owned()),
            ("Fn::Transform", _) => Eval::Unknown("what a macro gives".to_owned()),
            _ => match self.eval(argument) {
                Eval::Known(argument) => pure(name, &argument, self.mappings),
                other => other,
            },
        }
    }

    fn reference(&self, name: &str) -> Eval {
        let known = |text: &str| Eval::Known(Value::from(text));
        match name {
            "AWS::NoValue" => return Eval::Absent,
            "AWS::Region" => return known(self.region),
            "AWS::Partition" => {
                return known(match self.region {
                    r if r.starts_with("cn-") => "aws-cn",
                    r if r.starts_with("us-gov-") => "aws-us-gov",
                    _ => "aws",
                });
            }
            "AWS::URLSuffix" => {
                return known(if self.region.starts_with("cn-") {
                    "amazonaws.com.cn"
                } else {
                    "amazonaws.com"
                });
            }
            "AWS::StackName" => {
                return self
                    .stack_name
                    .map_or_else(|| Eval::Unknown("the name of the stack".to_owned()), known);
            }
            _ if name.starts_with("AWS::") => return Eval::Unknown(format!("{name}, which only a deployment has")),
            _ => {}
        }
        let Some(parameter) = self.parameters.get(name) else {
            return Eval::Unknown(format!("the resource {name}"));
        };
        let kind = parameter.get("Type").and_then(Value::text).unwrap_or("String");
        if kind.starts_with("AWS::SSM::Parameter") {
            return Eval::Unknown(format!("the parameter {name}, whose value is in SSM"));
        }
        let given = self.overrides.get(name).map(String::as_str);
        let Some(text) = given.or_else(|| parameter.get("Default").and_then(Value::text)) else {
            return Eval::Unknown(format!("the parameter {name}, which has no default"));
        };
        if kind == "CommaDelimitedList" || kind.starts_with("List<") {
            return Eval::Known(Value::List(
                text.split(',').map(|part| Value::from(part.trim())).collect(),
            ));
        }
        match text.contains("{{resolve:") {
            true => self.eval(&Value::from(text)),
            false => known(text),
        }
    }

    fn sub(&self, argument: &Value) -> Eval {
        let (text, own) = match argument {
            Value::Text(text) => (text.as_str(), &NOTHING),
            Value::List(parts) => match parts.as_slice() {
                [Value::Text(text), own] => (text.as_str(), own),
                _ => return malformed("Fn::Sub"),
            },
            _ => return malformed("Fn::Sub"),
        };
        let mut result = String::new();
        let mut rest = text;
        while let Some(start) = rest.find("${") {
            result.push_str(&rest[..start]);
            let Some(length) = rest[start..].find('}') else { break };
            let name = rest[start + 2..start + length].trim();
            rest = &rest[start + length + 1..];
            if let Some(literal) = name.strip_prefix('!') {
                result.push_str(&format!("${{{literal}}}"));
                continue;
            }
            let value = match own.get(name) {
                Some(value) => self.eval(value),
                None if name.contains('.') => self.call("Fn::GetAtt", &Value::from(name)),
                None => self.reference(name),
            };
            match value {
                Eval::Known(Value::Text(text)) => result.push_str(&text),
                Eval::Known(Value::List(items)) => {
                    result.push_str(&items.iter().filter_map(Value::text).collect::<Vec<_>>().join(","));
                }
                Eval::Known(_) => return malformed("Fn::Sub"),
                Eval::Absent => {}
                unknown => return unknown,
            }
        }
        result.push_str(rest);
        match result.contains("{{resolve:") {
            true => self.eval(&Value::Text(result)),
            false => Eval::Known(Value::Text(result)),
        }
    }

    /// Whether a condition holds; `None` where only a deployment knows.
    pub(crate) fn condition(&self, name: &str, depth: usize) -> Option<bool> {
        self.holds(self.conditions.get(name)?, depth + 1)
    }

    fn holds(&self, value: &Value, depth: usize) -> Option<bool> {
        if depth > MOST_CONDITIONS {
            return None;
        }
        let (name, argument) = function(value)?;
        let each = || argument.list().iter().map(|part| self.holds(part, depth + 1));
        match name {
            "Condition" => self.condition(argument.text()?, depth),
            "Fn::Equals" => match argument.list() {
                [a, b] => match (self.eval(a), self.eval(b)) {
                    (Eval::Known(a), Eval::Known(b)) => Some(a == b),
                    _ => None,
                },
                _ => None,
            },
            "Fn::Not" => each().next()?.map(|holds| !holds),
            "Fn::And" if each().any(|h| h == Some(false)) => Some(false),
            "Fn::And" => each().try_fold(true, |all, h| h.map(|h| all && h)),
            "Fn::Or" if each().any(|h| h == Some(true)) => Some(true),
            "Fn::Or" => each().try_fold(false, |any, h| h.map(|h| any || h)),
            _ => None,
        }
    }
}

/// The function that a map of one key calls.
pub(super) fn function(value: &Value) -> Option<(&str, &Value)> {
    match value.entries() {
        [(name, argument)] if name == "Ref" || name == "Condition" || name.starts_with("Fn::") => {
            Some((name, argument))
        }
        _ => None,
    }
}

fn malformed(name: &str) -> Eval {
    Eval::Unknown(format!("{name} with arguments that it does not take"))
}

/// Functions of nothing but their arguments, which are known.
fn pure(name: &str, argument: &Value, mappings: &Value) -> Eval {
    let texts =
        |value: &Value| -> Option<Vec<String>> { value.list().iter().map(|v| v.text().map(str::to_owned)).collect() };
    let known = match (name, argument.list()) {
        ("Fn::Join", [Value::Text(between), list]) => texts(list).map(|parts| Value::Text(parts.join(between))),
        ("Fn::Split", [Value::Text(at), Value::Text(text)]) if !at.is_empty() => {
            Some(Value::List(text.split(at.as_str()).map(Value::from).collect()))
        }
        ("Fn::Select", [index, list]) => index.number().and_then(|i| list.list().get(i as usize).cloned()),
        ("Fn::FindInMap", [map, first, second, ..]) => {
            let keys: Option<Vec<&str>> = [map, first, second].iter().map(|key| key.text()).collect();
            keys.and_then(|keys| mappings.at(&keys).cloned())
        }
        ("Fn::Length", list) => Some(Value::Text(list.len().to_string())),
        _ => None,
    };
    known.map_or_else(
        || Eval::Unknown(format!("{name}, which is not evaluated here")),
        Eval::Known,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(template: &str, check: impl Fn(&dyn Fn(&str) -> Eval)) {
        let template = crate::yaml::parse(template).unwrap();
        let overrides = BTreeMap::from([("Given".to_owned(), "g".to_owned())]);
        let scope = Scope::new(&template, &overrides, "eu-west-1", Some("shop"));
        check(&|yaml| scope.eval(&crate::yaml::parse(yaml).unwrap()));
    }

    const TEMPLATE: &str = "
Parameters:
  Given: {Type: String, Default: d}
  Default: {Type: String, Default: d}
  None: {Type: String}
  Stored: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /a/b}
  List: {Type: CommaDelimitedList, Default: 'a, b'}
Mappings: {M: {eu-west-1: {size: '7'}}}
Conditions:
  Yes: !Equals [!Ref Given, g]
  No: !Not [!Condition Yes]
  Both: !And [!Condition Yes, !Not [!Condition No]]
  Unknown: !Equals [!Ref None, x]
  Either: !Or [!Condition Unknown, !Condition Yes]
  Circle: !Not [!Condition Circle]
Resources: {}
";

    #[test]
    fn what_is_known_is_evaluated() {
        with(TEMPLATE, |eval| {
            for (yaml, text) in [
                ("!Ref Given", "g"),
                ("!Ref Default", "d"),
                ("!Sub '${Given}-${AWS::Region}-${!literal}'", "g-eu-west-1-${literal}"),
                ("!Sub ['${a}${Given}', {a: !Ref Default}]", "dg"),
                ("!Join ['-', [a, !Ref Given]]", "a-g"),
                ("!Select [1, !Split ['/', 'x/y']]", "y"),
                ("!Select ['0', !Ref List]", "a"),
                ("!FindInMap [M, !Ref 'AWS::Region', size]", "7"),
                ("!If [Yes, 1, 2]", "1"),
                ("!If [No, 1, 2]", "2"),
                ("!If [Both, 1, 2]", "1"),
                ("!If [Either, 1, 2]", "1"),
                ("!If [Unknown, 1, 1]", "1"),
                ("!Ref 'AWS::StackName'", "shop"),
            ] {
                assert_eq!(eval(yaml), Eval::Known(Value::from(text)), "{yaml}");
            }
            assert_eq!(eval("!Ref 'AWS::NoValue'"), Eval::Absent);
        });
    }

    #[test]
    fn what_is_not_never_becomes_text() {
        with(TEMPLATE, |eval| {
            for yaml in [
                "!Ref None",
                "!Ref Stored",
                "!Ref Table",
                "!GetAtt Table.Arn",
                "!Sub 'x-${Table}'",
                "!Sub 'x-${Table.Arn}'",
                "!Join ['', [a, !Ref Table]]",
                "!ImportValue x",
                "'{{resolve:ssm:/a}}'",
                "!Sub '{{resolve:ssm:/${Given}}}'",
                "!Ref 'AWS::AccountId'",
                "!If [Unknown, 1, 2]",
                "!If [Circle, 1, 2]",
                "!If [Nowhere, 1, 2]",
                "!Select [9, [a]]",
                "!Sub [1]",
                "!Join 3",
                "!Base64 x",
            ] {
                assert!(matches!(eval(yaml), Eval::Unknown(_)), "{yaml}: {:?}", eval(yaml));
            }
        });
    }
}
