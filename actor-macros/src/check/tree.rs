//! Rules across the children of a tree. Their order in the block is their start order, so a child
//! can be given the refs of those above it and of no others: cycles cannot be written.

use std::collections::BTreeMap;

use syn::{Ident, Type};

use crate::check::types::{self, Place};
use crate::diagnose::{Diagnostics, did_you_mean, list};
use crate::model::{Child, Number, Parameter, Source, Tree};
use crate::names::{last_segment, pretty};

/// Finds out where every parameter comes from, and reports what does not fit together.
pub(crate) fn check(tree: &mut Tree, report: &Diagnostics) {
    one_child_a_name(tree, report);
    refuse_significant(tree, report);
    for at in 0..tree.children.len() {
        let before = report.count();
        let mut parameters = std::mem::take(&mut tree.children[at].parameters);
        for parameter in &mut parameters {
            parameter.source = source(&tree.children, at, parameter, report);
        }
        let child = &mut tree.children[at];
        refuse_key(child, &parameters, report);
        child.sound &= report.count() == before;
        child.parameters = parameters;
    }
    one_method_a_name(tree, report);
}

/// A key that is no start argument.
fn refuse_key(child: &Child, parameters: &[Parameter], report: &Diagnostics) {
    let Some(key) = child.key.as_ref().filter(|_| matches!(child.number, Number::Dynamic)) else {
        return;
    };
    let given = parameters.iter().filter(|one| matches!(one.source, Source::Start));
    let names: Vec<String> = given.map(|one| one.name.to_string()).collect();
    if names.iter().any(|name| key == name) {
        return;
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let hint = match (did_you_mean(&key.to_string(), &names), &*names) {
        (Some(near), _) => format!("did you mean `{near}`?"),
        (None, []) => "it has none".into(),
        (None, _) => format!("there are {}", list(&names)),
    };
    let text = format!("`key` names a start argument of `{}`: {hint}", child.origin.method);
    report.at(key.span(), text);
}

/// Significant children of a supervisor that does not shut down by itself.
fn refuse_significant(tree: &mut Tree, report: &Diagnostics) {
    if tree.auto_shutdown.is_some() {
        return;
    }
    for child in &mut tree.children {
        let Some(at) = child.significant.filter(|_| child.sound) else { continue };
        report.at(
            at,
            "nothing comes of the end of a significant child here: add \
             `auto_shutdown = any_significant` (or `all_significant`) to `#[supervisor(..)]`",
        );
        child.sound = false;
    }
}

/// Two children of one name, unless each stands under its own `#[cfg]`.
fn one_child_a_name(tree: &mut Tree, report: &Diagnostics) {
    let mut kept: Vec<Child> = Vec::with_capacity(tree.children.len());
    for child in tree.children.drain(..) {
        let name = &child.origin.method;
        let twin = kept.iter().find(|other| {
            let exclusive = !other.origin.cfgs.is_empty() && !child.origin.cfgs.is_empty();
            other.origin.method == *name && !exclusive
        });
        if let Some(first) = twin {
            report.at(name.span(), format!("there is a child called `{name}` already: rename one"));
            report.at(first.origin.method.span(), format!("the first child called `{name}`"));
        } else {
            kept.push(child);
        }
    }
    tree.children = kept;
}

/// Where a parameter of the child number `at` comes from.
fn source(children: &[Child], at: usize, parameter: &Parameter, report: &Diagnostics) -> Source {
    let (child, name) = (&children[at], &parameter.name);
    if name == "index" && matches!(child.number, Number::Counted(_) | Number::Partitioned(_)) {
        return Source::Index;
    }
    let named = |child: &Child| child.origin.method == *name;
    if let Some(found) = children[..at].iter().position(named) {
        return sibling(&children[found], found, parameter, report);
    }
    if named(child) {
        report.at(name.span(), format!("`{name}` cannot be given itself: remove this parameter"));
        return Source::Unknown;
    }
    if children[at..].iter().any(named) {
        let text = format!(
            "`{name}` is started after `{}`, so there is no ref of it yet: move it up, or use one \
             of the earlier children ({})",
            child.origin.method,
            earlier(children, at)
        );
        report.at(name.span(), text);
        return Source::Unknown;
    }
    if matches!(child.number, Number::Dynamic) {
        types::check_owned(&parameter.ty, Place::Start, report);
        return Source::Start;
    }
    refuse_unknown(children, at, name, report);
    Source::Unknown
}

/// The ref of a child further up.
fn sibling(child: &Child, at: usize, parameter: &Parameter, report: &Diagnostics) -> Source {
    let (name, ty) = (&parameter.name, &parameter.ty);
    if let Type::Reference(reference) = ty {
        let inner = pretty(&reference.elem);
        report.on(ty, format!("the ref of `{name}` is given, not lent: write `{name}: {inner}`"));
        return Source::Unknown;
    }
    let last = last_segment(ty).map(|(ident, _)| ident.to_string()).unwrap_or_default();
    let written = pretty(ty);
    match &child.number {
        Number::Optional if last != "Option" => report.on(
            ty,
            format!(
                "`{name}` may be absent, since its method returns an `Option`: write `{name}: \
                 Option<{written}>`"
            ),
        ),
        Number::Counted(_) if last != "Vec" => report.on(
            ty,
            format!(
                "`{name}` is several children, as `count` says: write `{name}: \
                 Vec<{written}>`"
            ),
        ),
        Number::Partitioned(_) if last != "Partitions" => report.on(
            ty,
            format!(
                "`{name}` is several children, as `partitions` says: write `{name}: \
                 Partitions<{written}>`"
            ),
        ),
        Number::Dynamic => report.at(
            name.span(),
            format!(
                "`{name}` is dynamic: there is none when the tree starts. Pass its ref in a \
                 message, or look it up when it is needed"
            ),
        ),
        _ => return Source::Sibling(at),
    }
    Source::Unknown
}

fn refuse_unknown(children: &[Child], at: usize, name: &Ident, report: &Diagnostics) {
    let text = if name == "index" {
        "`index` is the number of a counted child: add `count = ..` to `#[child]`, or remove this \
         parameter"
            .to_owned()
    } else {
        let names: Vec<String> = known(children, at);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let hint = match (did_you_mean(&name.to_string(), &names), &*names) {
            (Some(near), _) => format!("did you mean `{near}`?"),
            (None, []) => "there is none before it, and what is no child comes from `self`".into(),
            (None, _) => {
                format!("there are {}, and what is no child comes from `self`", list(&names))
            }
        };
        format!(
            "no child called `{name}` is started before `{}`: {hint}",
            children[at].origin.method
        )
    };
    report.at(name.span(), text);
}

fn earlier(children: &[Child], at: usize) -> String {
    let names = known(children, at);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    if names.is_empty() { "there are none".to_owned() } else { list(&names) }
}

/// The children before `at` that have refs when the tree starts.
fn known(children: &[Child], at: usize) -> Vec<String> {
    let fixed = |child: &&Child| !matches!(child.number, Number::Dynamic);
    children[..at].iter().filter(fixed).map(|child| child.origin.method.to_string()).collect()
}

/// The methods that the ref gets must not clash: `shard_refs` is a child's own, or of `shard`s.
fn one_method_a_name(tree: &mut Tree, report: &Diagnostics) {
    let mut names: BTreeMap<String, Ident> = BTreeMap::new();
    tree.children.retain(|child| {
        let before = report.count();
        let method = &child.origin.method;
        let made = match child.number {
            Number::Dynamic if child.key.is_some() => {
                vec![format!("start_{method}"), method.to_string()]
            }
            Number::Dynamic => vec![format!("start_{method}")],
            Number::Counted(_) | Number::Partitioned(_) => {
                vec![method.to_string(), format!("{method}_refs")]
            }
            Number::One | Number::Optional => vec![method.to_string()],
        };
        for name in made {
            if name == "clone" {
                let text = "a child called `clone` would hide the ref's own `clone`: rename it";
                report.at(method.span(), text);
            }
            let other = names.insert(name.clone(), method.clone());
            if let Some(other) = other.filter(|other| other != method) {
                let text = format!(
                    "`{other}` and `{method}` would both make a method `{name}` of \
                     the ref: rename one"
                );
                report.at(method.span(), text);
            }
        }
        report.count() == before
    });
}
