//! States as options and return types name them.

use proc_macro2::TokenStream;
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, Meta, Path, ReturnType, Token, Type};

use crate::diagnose::Diagnostics;
use crate::model::machine::{Goes, StateName, Which, last};
use crate::names::{last_segment, pretty, type_arguments};
use crate::parse::options::Options;

/// `key = Open`, `key = [Open, Broken]`, `key = _`.
pub(crate) fn which(key: &str, options: &mut Options, report: &Diagnostics) -> Which {
    let mut which = Which::default();
    let Some(value) = options.expr(key, report) else { return which };
    let one = |value: &Expr, which: &mut Which| match value {
        Expr::Infer(rest) => which.rest = Some(rest.underscore_token.span),
        Expr::Path(path) if path.qself.is_none() => which.named.push(path.path.clone()),
        other => report.on(
            other,
            format!(
                "`{key}` takes states: write `{key} = Open`, `{key} = [Open, Closed]`, or \
                 `{key} = _` for all that nothing else is said of"
            ),
        ),
    };
    match &value {
        Expr::Array(list) => list.elems.iter().for_each(|value| one(value, &mut which)),
        value => one(value, &mut which),
    }
    which
}

/// The states of `#[enter(Open, Broken)]`.
pub(crate) fn entered(attr: &Attribute, report: &Diagnostics) -> Vec<StateName> {
    match &attr.meta {
        Meta::Path(_) => Vec::new(),
        _ => match attr.parse_args_with(Punctuated::<Path, Token![,]>::parse_terminated) {
            Ok(paths) => paths.into_iter().collect(),
            Err(error) => {
                let text = "`#[enter]` takes states: write `#[enter(Open)]`";
                report.at(error.span(), text);
                Vec::new()
            }
        },
    }
}

/// The state that `initial = ..` makes: `Locked`, `Open { .. }`, `Open(..)`, `Open::new(..)`.
pub(crate) fn made(initial: &Expr, report: &Diagnostics) -> Option<StateName> {
    let path = match initial {
        Expr::Path(path) => Some(&path.path),
        Expr::Struct(made) => Some(&made.path),
        Expr::Call(call) => match &*call.func {
            Expr::Path(path) => Some(&path.path),
            _ => None,
        },
        _ => None,
    };
    let mut path = path.cloned();
    if let Some(path) = &mut path {
        // `Open::new`: a type's name begins with a capital.
        let is_type = |path: &Path| {
            last(path).is_some_and(|name| name.to_string().starts_with(char::is_uppercase))
        };
        if !is_type(path) && path.segments.len() > 1 {
            path.segments.pop();
            path.segments.pop_punct();
        }
    }
    if path.is_none() {
        report.on(
            initial,
            "`initial` is the state to start in: write its type, as in `initial = Locked` or \
             `initial = Open { by: 0 }`",
        );
    }
    path
}

/// What a return type says: the `To`, and what is left of it for a handler of the plain kind.
pub(crate) fn goes(output: &ReturnType, report: &Diagnostics) -> (Option<Goes>, ReturnType) {
    let ReturnType::Type(arrow, ty) = output else { return (None, output.clone()) };
    let Some((name, arguments)) = last_segment(ty) else { return (None, output.clone()) };
    if name != "To" {
        return (None, output.clone());
    }
    let arguments = type_arguments(arguments);
    let Some(targets) = arguments.first() else {
        report.on(
            ty,
            "`To` names the states that this handler goes to: write `To<Open>`, \
             `To<(Open, Broken)>`, or `To<()>` if it never leaves its state",
        );
        return (None, ReturnType::Default);
    };
    let mut goes = Goes { to: Vec::new(), postpones: false };
    match targets {
        Type::Tuple(list) => list.elems.iter().for_each(|ty| target(ty, &mut goes, report)),
        ty => target(ty, &mut goes, report),
    }
    let rest = match arguments.get(1) {
        Some(reply) => ReturnType::Type(*arrow, Box::new((*reply).clone())),
        None => ReturnType::Default,
    };
    (Some(goes), rest)
}

fn target(ty: &Type, goes: &mut Goes, report: &Diagnostics) {
    match ty {
        Type::Path(path) if path.qself.is_none() => match last(&path.path) {
            Some(name) if name == "Postpone" => goes.postpones = true,
            Some(name) if goes.to.iter().any(|other| last(other) == Some(name)) => {
                report.on(ty, format!("`{name}` is named twice: remove one"));
            }
            _ => goes.to.push(path.path.clone()),
        },
        _ => report.on(ty, format!("`{}` is no state: name the type of one", pretty(ty))),
    }
}

/// `attr` with those of its options only that `keep` names.
pub(crate) fn only(attr: &Attribute, keep: &[&str]) -> Attribute {
    let mut attr = attr.clone();
    if let Meta::List(list) = &mut attr.meta {
        let mut kept = TokenStream::new();
        let mut entry = Vec::new();
        let mut add = |entry: &mut Vec<proc_macro2::TokenTree>| {
            if entry.first().is_some_and(|key| keep.contains(&&*key.to_string())) {
                kept.extend(entry.drain(..));
                kept.extend(quote::quote!(,));
            }
            entry.clear();
        };
        for token in list.tokens.clone() {
            if crate::check::self_call::is_punct(&token, ',') {
                add(&mut entry);
            } else {
                entry.push(token);
            }
        }
        add(&mut entry);
        list.tokens = kept;
    }
    attr
}
