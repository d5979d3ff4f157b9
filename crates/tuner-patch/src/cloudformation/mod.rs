//! CloudFormation and SAM.

mod settings;
mod template;
mod text;
mod trace;

use std::rc::Rc;

use self::settings::Deployment;
use self::template::{Function, Nested, Template};
use self::text::Context;
use self::trace::Tracer;
use crate::data::Node;
use crate::model::{Candidate, Certainty, Note, Target, Tool, Traced, Wanted};
use crate::name::{Known, Letters, Part, Pattern};
use crate::tree::Tree;

/// All templates of a tree.
pub(crate) struct CloudFormation {
    templates: Vec<Template>,
}

/// Another template that uses this one as a nested stack.
#[derive(Clone)]
struct Use {
    parent: usize,
    nested: Nested,
}

impl CloudFormation {
    pub(crate) fn read(tree: &Tree) -> Self {
        Self {
            templates: template::read(tree),
        }
    }

    pub(crate) fn candidates<'a>(&'a self, tree: &'a Tree, target: &Target) -> Vec<Candidate<'a>> {
        let mut all: Vec<(bool, Candidate<'a>)> = Vec::new();
        for template in &self.templates {
            let deployments = settings::deployments(tree, template);
            let uses = self.uses(tree, template);
            for function in &template.functions {
                for fit in self.fits(template, function, &deployments, &uses, target) {
                    let is_proven = fit.is_proven;
                    all.push((is_proven, self.candidate(tree, template, function, fit)));
                }
            }
        }
        // Where the tree says of one which stack it is, the others are of other stacks.
        if all.iter().any(|(is_proven, _)| *is_proven) {
            all.retain(|(is_proven, _)| *is_proven);
        }
        all.into_iter().map(|(_, candidate)| candidate).collect()
    }

    fn uses(&self, tree: &Tree, template: &Template) -> Vec<Use> {
        let mut uses = Vec::new();
        for (parent, other) in self.templates.iter().enumerate() {
            for nested in &other.nested {
                let path = tree.resolve(tree.folder(other.file), &nested.path);
                if path.is_some_and(|path| tree.find(&path) == Some(template.file)) {
                    uses.push(Use {
                        parent,
                        nested: nested.clone(),
                    });
                }
            }
        }
        uses
    }

    /// The ways in which a function of a template can be the one that is looked for.
    fn fits(
        &self,
        template: &Template,
        function: &Function,
        deployments: &[Deployment],
        uses: &[Use],
        target: &Target,
    ) -> Vec<Fit> {
        if target.logical_id.as_ref().is_some_and(|id| *id != function.logical_id) {
            return Vec::new();
        }
        let uses: Vec<Option<Use>> = if uses.is_empty() {
            vec![None]
        } else {
            uses.iter().cloned().map(Some).collect()
        };
        let of_stack: Vec<&Deployment> = deployments
            .iter()
            .filter(|one| one.stack.is_some() && one.stack == target.stack)
            .collect();
        let mut fits = Vec::new();
        for used in &uses {
            let given = match used {
                Some(used) => trace::given_texts(used.nested.parameters.as_ref()),
                None => Vec::new(),
            };
            let is_nested_stack = used
                .as_ref()
                .zip(target.stack.as_deref())
                .map(|(used, stack)| is_nested(stack, &used.nested.logical_id));
            if uses.len() > 1 && is_nested_stack == Some(false) {
                continue;
            }
            let sure: Vec<Option<&Deployment>> = match of_stack.as_slice() {
                [] => deployments.iter().map(Some).chain([None]).collect(),
                some => some.iter().copied().map(Some).collect(),
            };
            let siblings: Vec<Note> = (uses.iter().flatten())
                .filter(|other| used.as_ref().is_some_and(|used| used.nested.at != other.nested.at))
                .map(|other| {
                    Note::new(
                        other.nested.at,
                        format!("{} uses the same template", other.nested.logical_id),
                    )
                })
                .collect();
            let mut of_use: Vec<Fit> = Vec::new();
            for deployment in sure {
                let nothing = Deployment::default();
                let context = Context {
                    template,
                    function,
                    deployment: deployment.unwrap_or(&nothing),
                    given: &given,
                    stack: target.stack.as_deref(),
                    known: &Known::new(),
                };
                let Some((certainty, known)) = certainty(&context, target) else {
                    continue;
                };
                let stack = target.stack.clone().or_else(|| known.get("AWS::StackName").cloned());
                let of_other_stack =
                    deployment.is_some_and(|one| one.stack.is_some() && stack.is_some() && one.stack != stack);
                if of_other_stack {
                    continue;
                }
                of_use.push(Fit {
                    certainty,
                    is_proven: !of_stack.is_empty() || is_nested_stack == Some(true),
                    known,
                    stack,
                    used: used.clone(),
                    given: given.clone(),
                    siblings: siblings.clone(),
                    deployment: deployment.cloned(),
                    others: Vec::new(),
                });
            }
            fits.extend(one_fit(of_use, !of_stack.is_empty(), target));
        }
        fits
    }

    fn candidate<'a>(
        &'a self,
        tree: &'a Tree,
        template: &'a Template,
        function: &'a Function,
        fit: Fit,
    ) -> Candidate<'a> {
        Candidate {
            tool: Tool::CloudFormation,
            address: function.logical_id.clone(),
            at: function.at,
            certainty: fit.certainty,
            trace: Box::new(move |wanted| self.trace(tree, template, function, &fit, wanted)),
        }
    }

    fn trace(&self, tree: &Tree, template: &Template, function: &Function, fit: &Fit, wanted: Wanted) -> Traced {
        let nothing = Deployment::default();
        let parent = |name: &str, wanted: Wanted| {
            fit.used
                .as_ref()
                .and_then(|used| self.given_by_parent(tree, used, name, wanted))
        };
        let tracer = Tracer {
            tree,
            context: Context {
                template,
                function,
                deployment: fit.deployment.as_ref().unwrap_or(&nothing),
                given: &fit.given,
                stack: fit.stack.as_deref(),
                known: &fit.known,
            },
            others: &fit.others,
            parent: Some(&parent),
            siblings: &fit.siblings,
        };
        tracer.trace(wanted)
    }

    /// What the parent stack gives to a parameter of a nested one.
    fn given_by_parent(&self, tree: &Tree, used: &Use, name: &str, wanted: Wanted) -> Option<Traced> {
        let given = used.nested.parameters.as_ref()?.get(name)?;
        let template = &self.templates[used.parent];
        // The parent's own parameters are followed as if the nested stack's entry were a function's property.
        let stand_in = Function {
            logical_id: used.nested.logical_id.clone(),
            at: used.nested.at,
            resource: Rc::new(Node {
                span: given.key_span,
                tag: None,
                kind: crate::data::Kind::Null,
            }),
            is_sam: false,
            bound: Vec::new(),
            loop_at: None,
        };
        let deployments = settings::deployments(tree, template);
        let nothing = Deployment::default();
        let known = Known::new();
        let tracer = Tracer {
            tree,
            context: Context {
                template,
                function: &stand_in,
                deployment: &nothing,
                given: &[],
                stack: None,
                known: &known,
            },
            others: &deployments,
            parent: None,
            siblings: &[],
        };
        Some(tracer.value_of(&given.node, given.key_span, wanted))
    }
}

/// One way in which a function can be it.
struct Fit {
    certainty: Certainty,
    is_proven: bool,
    known: Known,
    stack: Option<String>,
    used: Option<Use>,
    given: Vec<(String, Option<String>)>,
    siblings: Vec<Note>,
    deployment: Option<Deployment>,
    /// Deployments that may be the one as well.
    others: Vec<Deployment>,
}

/// Several deployments of one template: the one that the names prove, or all of them as possible.
fn one_fit(mut fits: Vec<Fit>, is_sure: bool, target: &Target) -> Option<Fit> {
    if is_sure || fits.len() < 2 {
        return fits.into_iter().next();
    }
    let best = fits.iter().map(|fit| fit.certainty).max()?;
    fits.retain(|fit| fit.certainty == best);
    let deployments: Vec<Deployment> = fits.iter().filter_map(|fit| fit.deployment.clone()).collect();
    let without = fits.iter().position(|fit| fit.deployment.is_none());
    match without {
        // The name fits with defaults too: nothing says which deployment it is.
        Some(at) => {
            let mut fit = fits.swap_remove(at);
            match deployments.as_slice() {
                // There is one only, and it says which stack it is of.
                [only] if only.stack.is_some() => fit.deployment = Some(only.clone()),
                all => {
                    let name = fit.stack.clone().unwrap_or_else(|| target.function.clone());
                    let mut named = all.iter().filter(|one| one.is_named_in(&name));
                    match (named.next(), named.next()) {
                        (Some(one), None) => fit.deployment = Some(one.clone()),
                        _ => fit.others = deployments,
                    }
                }
            }
            Some(fit)
        }
        None if fits.len() == 1 => fits.pop(),
        None => {
            let mut fit = fits.swap_remove(0);
            fit.deployment = None;
            fit.others = deployments;
            Some(fit)
        }
    }
}

fn certainty(context: &Context<'_>, target: &Target) -> Option<(Certainty, Known)> {
    let name = context
        .function
        .properties()
        .and_then(|properties| properties.get("FunctionName"));
    let pattern = name.as_ref().map(|name| context.text(&name.node).pattern);
    if target.logical_id.is_some() {
        // The tags decide; the name says more where it fits.
        let known = pattern
            .and_then(|pattern| pattern.fits(&target.function))
            .map(|fit| fit.known);
        return Some((Certainty::Sure, known.unwrap_or_default()));
    }
    // Of a name by a condition that is not known either may be it.
    if let Some((kind, argument)) = name.as_ref().and_then(|name| template::intrinsic(&name.node))
        && let ("If", Some([condition, yes, no])) = (kind.as_str(), argument.list())
        && condition.text().and_then(|name| context.condition(name)).is_none()
    {
        let fits = [yes, no]
            .into_iter()
            .filter_map(|name| Candidate::certainty(&context.text(name).pattern, &target.function));
        return fits.max_by_key(|(certainty, _)| *certainty);
    }
    match pattern {
        Some(pattern) => Candidate::certainty(&pattern, &target.function),
        None => generated(&context.function.logical_id, target),
    }
}

/// `STACK-LOGICALID-RANDOM`, as CloudFormation names what has no name, cut where it is too long.
fn generated(logical_id: &str, target: &Target) -> Option<(Certainty, Known)> {
    const LONGEST: usize = 64;
    let stack = match &target.stack {
        Some(stack) => Part::Text(stack.clone()),
        None => Part::Hole("AWS::StackName".to_owned()),
    };
    let shortest = if target.function.len() > LONGEST - 6 {
        logical_id.len().min(20)
    } else {
        logical_id.len()
    };
    (shortest..=logical_id.len()).rev().find_map(|length| {
        let mut pattern = Pattern::default();
        pattern.push(stack.clone());
        pattern.push(Part::Text(format!("-{}-", logical_id.get(..length)?)));
        pattern.push(Part::Random(Letters::Alphanumeric, 12, 13));
        Candidate::certainty(&pattern, &target.function)
    })
}

/// Whether a stack's name is that of a nested one: `PARENT-LOGICALID-RANDOM`.
fn is_nested(stack: &str, logical_id: &str) -> bool {
    let mut pattern = Pattern::hole("parent");
    pattern.push(Part::Text(format!("-{logical_id}-")));
    pattern.push(Part::Random(Letters::Alphanumeric, 12, 13));
    pattern.fits(stack).is_some()
}
