//! From a syntax tree to what is needed of it.

use std::collections::{BTreeMap, BTreeSet};

use tree_sitter::{Node, Parser};

use super::syntax::{
    Binding, Call, Class, Construction, Expr, Kind, Language, Object, Piece, Property, Repeated, Unit,
};
use crate::span::{FileId, Span};

/// Nodes within each other that are looked at.
const DEEPEST: usize = 250;

fn syntax_tree(text: &str, language: Language) -> Option<tree_sitter::Tree> {
    let grammar = match language {
        Language::TypeScript => tree_sitter_typescript::LANGUAGE_TYPESCRIPT,
        Language::Python => tree_sitter_python::LANGUAGE,
        Language::Java => tree_sitter_java::LANGUAGE,
    };
    let mut parser = Parser::new();
    parser.set_language(&grammar.into()).ok()?;
    parser.parse(text, None)
}

/// The tokens of a file in its order, comments aside.
pub(super) fn tokens(text: &str, language: Language) -> Option<Vec<String>> {
    let tree = syntax_tree(text, language)?;
    let mut tokens = Vec::new();
    let mut cursor = tree.walk();
    loop {
        let node = cursor.node();
        if node.child_count() == 0 && !node.is_extra() {
            tokens.push(text.get(node.byte_range()).unwrap_or_default().to_owned());
        }
        if cursor.goto_first_child() || cursor.goto_next_sibling() {
            continue;
        }
        loop {
            if !cursor.goto_parent() {
                return Some(tokens);
            }
            if cursor.goto_next_sibling() {
                break;
            }
        }
    }
}

/// Reads a file; none where the parser gives up.
pub(super) fn parse(text: &str, file: FileId, language: Language) -> Option<Unit> {
    let tree = syntax_tree(text, language)?;
    let mut walk = Walk {
        text,
        file,
        unit: Unit {
            file,
            language,
            constructions: Vec::new(),
            bindings: Vec::new(),
            names: Vec::new(),
            imports: BTreeSet::new(),
            classes: BTreeMap::new(),
            objects: Vec::new(),
        },
    };
    walk.node(tree.root_node(), &Around::default(), 0);
    Some(walk.unit)
}

/// What stands around a node.
#[derive(Debug, Clone, Default)]
struct Around {
    class: Option<String>,
    variable: Option<String>,
    repeated: Option<Repeated>,
}

struct Walk<'t> {
    text: &'t str,
    file: FileId,
    unit: Unit,
}

impl<'t> Walk<'t> {
    fn slice(&self, node: Node<'_>) -> &'t str {
        self.text.get(node.byte_range()).unwrap_or_default()
    }

    fn span(&self, node: Node<'_>) -> Span {
        Span::new(self.file, node.byte_range())
    }

    fn children<'n>(node: Node<'n>) -> Vec<Node<'n>> {
        let mut cursor = node.walk();
        node.named_children(&mut cursor)
            .filter(|child| !child.is_extra())
            .collect()
    }

    fn node(&mut self, node: Node<'_>, around: &Around, depth: usize) {
        if depth > DEEPEST {
            return;
        }
        let mut inner = around.clone();
        inner.variable = None;
        match node.kind() {
            "class_declaration" | "class" | "abstract_class_declaration" | "class_definition" => {
                if let Some(name) = node.child_by_field_name("name") {
                    let class = self.class(node);
                    let name = self.slice(name).to_owned();
                    self.unit.classes.insert(name.clone(), class);
                    inner.class = Some(name);
                }
            }
            "for_in_statement"
            | "for_statement"
            | "enhanced_for_statement"
            | "while_statement"
            | "list_comprehension" => {
                inner.repeated = Some(self.repeated(node, depth));
            }
            "call_expression" | "method_invocation" if self.is_each(node) => {
                inner.repeated = Some(self.each(node, depth));
            }
            "import_specifier" | "import_clause" | "import_from_statement" | "import_declaration" => {
                self.imported(node)
            }
            "variable_declarator" | "assignment" | "assignment_expression" | "public_field_definition" => {
                self.binding(node, &mut inner, depth);
            }
            "export_statement" | "return_statement" | "as_expression" | "satisfies_expression" | "await_expression" => {
                inner.variable.clone_from(&around.variable);
            }
            _ => {}
        }
        if matches!(
            node.kind(),
            "new_expression" | "call_expression" | "call" | "method_invocation" | "object_creation_expression"
        ) {
            let expr = self.expr(node, depth);
            let is_part = node.parent().is_some_and(|parent| {
                parent.kind() == "method_invocation" && parent.child_by_field_name("object") == Some(node)
            });
            if let (Kind::Call(call), false, false) = (expr.kind, is_part, node.has_error()) {
                self.unit.constructions.push(Construction {
                    span: expr.span,
                    call: *call,
                    class: around.class.clone(),
                    variable: around.variable.clone(),
                    repeated: inner.repeated.clone().or_else(|| around.repeated.clone()),
                });
            }
        }
        if matches!(node.kind(), "object" | "dictionary") && !node.has_error() {
            let is_top = node.parent().is_some_and(|parent| {
                !matches!(
                    parent.kind(),
                    "pair" | "arguments" | "argument_list" | "array" | "object"
                )
            });
            if is_top {
                let expr = self.expr(node, depth);
                self.unit.objects.push(expr);
            }
        }
        self.name(node);
        for child in Self::children(node) {
            self.node(child, &inner, depth + 1);
        }
    }

    fn imported(&mut self, node: Node<'_>) {
        for name in self
            .slice(node)
            .split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$'))
        {
            self.unit.imports.insert(name.to_owned());
        }
    }

    /// Notes the use of a name; a part of a path is noted with the whole path.
    fn name(&mut self, node: Node<'_>) {
        let is_subscript = matches!(node.kind(), "subscript" | "subscript_expression");
        if let (true, Some(path)) = (is_subscript, self.subscript(node)) {
            self.unit.names.push((path, self.span(node)));
            return;
        }
        let is_name = matches!(
            node.kind(),
            "identifier" | "shorthand_property_identifier" | "member_expression" | "attribute" | "field_access"
        );
        if !is_name {
            return;
        }
        let Some(parent) = node.parent() else { return };
        let is_declared = matches!(
            parent.kind(),
            "variable_declarator" | "assignment" | "required_parameter" | "import_specifier" | "import_clause"
        ) && (parent.child_by_field_name("name") == Some(node)
            || parent.child_by_field_name("left") == Some(node));
        let is_import = matches!(
            parent.kind(),
            "import_specifier" | "import_clause" | "dotted_name" | "aliased_import" | "export_specifier"
        );
        let is_keyword = parent.kind() == "keyword_argument" && parent.child_by_field_name("name") == Some(node);
        let is_part = matches!(parent.kind(), "member_expression" | "attribute" | "field_access")
            || (matches!(parent.kind(), "subscript" | "subscript_expression") && self.subscript(parent).is_some());
        if !(is_declared || is_import || is_keyword || is_part) {
            self.unit.names.push((self.slice(node).to_owned(), self.span(node)));
        }
    }

    fn class(&self, node: Node<'_>) -> Class {
        let mut class = Class::default();
        let mut cursor = node.walk();
        for child in node.named_children(&mut cursor) {
            match child.kind() {
                "class_heritage" => {
                    let text = self.slice(child).trim_start_matches("extends").trim();
                    class.base = text.split([' ', '<', '{']).next().unwrap_or_default().to_owned();
                }
                "superclass" => class.base = self.slice(child).trim_start_matches("extends").trim().to_owned(),
                "argument_list" => {
                    class.base = Self::children(child)
                        .first()
                        .map(|base| self.slice(*base).to_owned())
                        .unwrap_or_default()
                }
                "class_body" | "block" => {
                    for member in Self::children(child) {
                        let name = member.child_by_field_name("name").map(|name| self.slice(name));
                        let is_constructor = matches!(name, Some("constructor" | "__init__"))
                            || member.kind() == "constructor_declaration";
                        if let (true, Some(parameters)) = (is_constructor, member.child_by_field_name("parameters")) {
                            class.parameters = Self::children(parameters)
                                .into_iter()
                                .map(|parameter| self.parameter(parameter))
                                .collect();
                        }
                    }
                }
                _ => {}
            }
        }
        class
    }

    fn parameter(&self, node: Node<'_>) -> String {
        let name = node
            .child_by_field_name("pattern")
            .or_else(|| node.child_by_field_name("name"));
        let name = name.or_else(|| Self::children(node).into_iter().next()).unwrap_or(node);
        self.slice(name).to_owned()
    }

    fn binding(&mut self, node: Node<'_>, inner: &mut Around, depth: usize) {
        let name = node
            .child_by_field_name("name")
            .or_else(|| node.child_by_field_name("left"));
        let value = node
            .child_by_field_name("value")
            .or_else(|| node.child_by_field_name("right"));
        if let (Some(name), Some(value)) = (name, value) {
            let name = self
                .slice(name)
                .trim_start_matches("this.")
                .trim_start_matches("self.")
                .to_owned();
            let value = self.expr(value, depth + 1);
            self.unit.bindings.push(Binding {
                name: name.clone(),
                span: self.span(node),
                value,
            });
            inner.variable = Some(name);
        }
    }

    fn repeated(&self, node: Node<'_>, depth: usize) -> Repeated {
        let left = node
            .child_by_field_name("left")
            .or_else(|| node.child_by_field_name("name"));
        let right = node
            .child_by_field_name("right")
            .or_else(|| node.child_by_field_name("value"));
        Repeated {
            at: Span::new(self.file, node.start_byte()..node.start_byte()),
            name: left.map(|left| self.slice(left).to_owned()),
            items: right.map(|right| self.items(right, depth)).unwrap_or_default(),
        }
    }

    fn items(&self, node: Node<'_>, depth: usize) -> Vec<String> {
        match self.expr(node, depth + 1).kind {
            Kind::List(items) => items.iter().filter_map(|item| item.text().map(str::to_owned)).collect(),
            _ => Vec::new(),
        }
    }

    /// `list.forEach(name => ...)`
    fn is_each(&self, node: Node<'_>) -> bool {
        let function = node
            .child_by_field_name("function")
            .and_then(|function| function.child_by_field_name("property"));
        let function = function.or_else(|| node.child_by_field_name("name"));
        function.is_some_and(|name| matches!(self.slice(name), "forEach" | "map" | "flatMap" | "reduce" | "from"))
    }

    fn each(&self, node: Node<'_>, depth: usize) -> Repeated {
        let list = node
            .child_by_field_name("function")
            .and_then(|function| function.child_by_field_name("object"));
        let arguments = node.child_by_field_name("arguments");
        let callback = arguments.and_then(|arguments| Self::children(arguments).into_iter().next());
        let name = callback.and_then(|callback| {
            let parameters = callback.child_by_field_name("parameters");
            let first = parameters.and_then(|parameters| Self::children(parameters).into_iter().next());
            callback
                .child_by_field_name("parameter")
                .map(|name| self.slice(name).to_owned())
                .or_else(|| first.map(|first| self.parameter(first)))
        });
        Repeated {
            at: Span::new(self.file, node.start_byte()..node.start_byte()),
            name,
            items: list.map(|list| self.items(list, depth)).unwrap_or_default(),
        }
    }

    fn expr(&self, node: Node<'_>, depth: usize) -> Expr {
        let kind = if depth > DEEPEST || node.is_error() {
            Kind::Other
        } else {
            self.kind(node, depth + 1)
        };
        Expr {
            span: self.span(node),
            kind,
        }
    }

    fn kind(&self, node: Node<'_>, depth: usize) -> Kind {
        let field = |name: &str| node.child_by_field_name(name);
        match node.kind() {
            "number" | "integer" | "decimal_integer_literal" => Kind::Number,
            "true" | "false" => Kind::Bool,
            "string" | "template_string" | "string_literal" => self.string(node, depth),
            "identifier" | "this" | "shorthand_property_identifier" | "type_identifier" => {
                Kind::Path(self.slice(node).to_owned())
            }
            "member_expression" | "attribute" | "field_access" | "scoped_type_identifier" => {
                let text = self.slice(node);
                if text.chars().all(|c| c.is_alphanumeric() || "_.$".contains(c)) {
                    Kind::Path(text.to_owned())
                } else {
                    Kind::Other
                }
            }
            "subscript" | "subscript_expression" => match self.subscript(node) {
                Some(path) => Kind::Path(path),
                None => Kind::Other,
            },
            "parenthesized_expression"
            | "as_expression"
            | "satisfies_expression"
            | "non_null_expression"
            | "await_expression"
            | "await" => match Self::children(node).first() {
                Some(inner) => self.expr(*inner, depth).kind,
                None => Kind::Other,
            },
            "array" | "list" | "tuple" => Kind::List(
                Self::children(node)
                    .into_iter()
                    .map(|item| self.expr(item, depth))
                    .collect(),
            ),
            "object" | "dictionary" => Kind::Object(self.object(node, depth)),
            "new_expression" => self.call(field("constructor"), field("arguments"), depth),
            "call_expression" | "call" => self.call(field("function"), field("arguments"), depth),
            "object_creation_expression" => self.call(field("type"), field("arguments"), depth),
            "method_invocation" => self.chain(node, depth),
            "binary_expression" | "boolean_operator" => {
                let operator = field("operator").map(|operator| self.slice(operator));
                match (operator, field("left"), field("right")) {
                    (Some("??" | "||" | "or"), Some(left), Some(right)) => {
                        Kind::Or(Box::new([self.expr(left, depth), self.expr(right, depth)]))
                    }
                    _ => Kind::Other,
                }
            }
            _ => Kind::Other,
        }
    }

    /// `a['b']` is `a.b`.
    fn subscript(&self, node: Node<'_>) -> Option<String> {
        let object = node
            .child_by_field_name("object")
            .or_else(|| node.child_by_field_name("value"))?;
        let index = node
            .child_by_field_name("index")
            .or_else(|| node.child_by_field_name("subscript"))?;
        let key = self.slice(index).trim_matches(['"', '\'', '`']);
        let is_word =
            |text: &str| !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-');
        let object = self.slice(object);
        let is_path = object.chars().all(|c| c.is_alphanumeric() || "_.$".contains(c));
        let is_text = matches!(index.kind(), "string" | "template_string");
        (is_text && is_word(key) && is_path).then(|| format!("{object}.{key}"))
    }

    fn string(&self, node: Node<'_>, depth: usize) -> Kind {
        let mut pieces = Vec::new();
        let mut bytes = None;
        let parts = Self::children(node);
        for part in &parts {
            match part.kind() {
                "string_fragment" | "string_content" => {
                    pieces.push(Piece::Text(self.slice(*part).to_owned()));
                    bytes = Some(part.byte_range());
                }
                "escape_sequence" => pieces.push(Piece::Text(self.slice(*part).to_owned())),
                "template_substitution" | "interpolation" => {
                    let inner = Self::children(*part).into_iter().next().unwrap_or(*part);
                    pieces.push(Piece::Hole(self.expr(inner, depth)));
                }
                _ => {}
            }
        }
        let is_plain = pieces.len() == 1 && matches!(pieces.first(), Some(Piece::Text(_)));
        Kind::Text(pieces, bytes.filter(|_| is_plain))
    }

    fn object(&self, node: Node<'_>, depth: usize) -> Object {
        let mut object = Object {
            literal: Some(self.span(node)),
            ..Object::default()
        };
        for child in Self::children(node) {
            self.property(child, &mut object, depth);
        }
        object
    }

    fn property(&self, child: Node<'_>, object: &mut Object, depth: usize) {
        let span = self.span(child);
        match child.kind() {
            "pair" | "keyword_argument" => {
                let key = child
                    .child_by_field_name("key")
                    .or_else(|| child.child_by_field_name("name"));
                if let (Some(key), Some(value)) = (key, child.child_by_field_name("value")) {
                    object.properties.push(Property {
                        name: self.slice(key).trim_matches(['"', '\'', '`']).to_owned(),
                        span,
                        value: self.expr(value, depth),
                    });
                }
            }
            "shorthand_property_identifier" => object.properties.push(Property {
                name: self.slice(child).to_owned(),
                span,
                value: self.expr(child, depth),
            }),
            "spread_element" | "dictionary_splat" => {
                if let Some(inner) = Self::children(child).first() {
                    object.spreads.push(self.expr(*inner, depth));
                }
            }
            _ => {}
        }
    }

    fn call(&self, callee: Option<Node<'_>>, arguments: Option<Node<'_>>, depth: usize) -> Kind {
        let Some(callee) = callee else { return Kind::Other };
        let mut call = Call {
            callee: self.slice(callee).split('<').next().unwrap_or_default().to_owned(),
            arguments: Vec::new(),
            named: Object::default(),
        };
        for argument in arguments.into_iter().flat_map(Self::children) {
            if matches!(argument.kind(), "keyword_argument" | "dictionary_splat") {
                self.property(argument, &mut call.named, depth);
            } else {
                call.arguments.push(self.expr(argument, depth));
            }
        }
        if call.callee == "dict" {
            return Kind::Object(call.named);
        }
        Kind::Call(Box::new(call))
    }

    /// Java: `Function.Builder.create(this, "X").memorySize(512).build()` has named arguments, as it were.
    fn chain(&self, node: Node<'_>, depth: usize) -> Kind {
        let mut named = Object::default();
        let mut current = node;
        for _ in 0..DEEPEST {
            let name = current
                .child_by_field_name("name")
                .map(|name| self.slice(name))
                .unwrap_or_default();
            let arguments: Vec<Node<'_>> = current
                .child_by_field_name("arguments")
                .into_iter()
                .flat_map(Self::children)
                .collect();
            let object = current.child_by_field_name("object");
            match object {
                Some(object) if object.kind() == "method_invocation" => {
                    if let [only] = arguments.as_slice() {
                        let start = current
                            .child_by_field_name("name")
                            .map_or(current.start_byte(), |name| name.start_byte());
                        named.properties.push(Property {
                            name: name.to_owned(),
                            span: Span::new(self.file, start..current.end_byte()),
                            value: self.expr(*only, depth),
                        });
                    }
                    current = object;
                }
                _ => {
                    let owner = object.map(|object| self.slice(object)).unwrap_or_default();
                    named.properties.reverse();
                    let is_builder = matches!(name, "create" | "builder");
                    if is_builder && name == "builder" {
                        return Kind::Object(named);
                    }
                    let callee = if is_builder {
                        owner.trim_end_matches(".Builder").to_owned()
                    } else if owner.is_empty() {
                        name.to_owned()
                    } else {
                        format!("{owner}.{name}")
                    };
                    return Kind::Call(Box::new(Call {
                        callee,
                        arguments: arguments
                            .into_iter()
                            .map(|argument| self.expr(argument, depth))
                            .collect(),
                        named,
                    }));
                }
            }
        }
        Kind::Other
    }
}
