//! What handlers, hooks and children have in common as methods: the receiver, the qualifiers, the
//! names of parameters, and the attributes that go with them to what is generated.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{Attribute, FnArg, Ident, Meta, Pat, PatType, ReceiverKind, Safety};

use crate::diagnose::Diagnostics;
use crate::model::Origin;
use crate::names::mentions;
use crate::parse::block::Method;

/// The attributes and names that generated items take over.
pub(crate) fn origin(method: &Method) -> Origin {
    let named = |names: &[&str]| -> Vec<Attribute> {
        method.attrs.iter().filter(|attr| carries(attr, names)).cloned().collect()
    };
    Origin {
        method: method.sig.ident.clone(),
        vis: method.vis.clone(),
        docs: named(&["doc"]),
        cfgs: named(&["cfg"]),
        deprecated: named(&["deprecated"]),
        is_async: method.sig.asyncness.is_some(),
    }
}

/// Whether `attr` is one of `names`, also by way of `cfg_attr(condition, name ..)`.
fn carries(attr: &Attribute, names: &[&str]) -> bool {
    let named = names.iter().any(|name| attr.path().is_ident(name));
    let Meta::List(list) = &attr.meta else { return named };
    if !attr.path().is_ident("cfg_attr") {
        return named;
    }
    let after = list.tokens.clone().into_iter().skip_while(|token| token.to_string() != ",");
    let after: TokenStream = after.collect();
    names.iter().any(|name| mentions(&after, name))
}

/// Reports what no handler, hook or child may be: `what` is how messages call the method.
pub(crate) fn check_form(method: &Method, what: &str, report: &Diagnostics) {
    check_plain(method, what, report);
    let sig = &method.sig;
    let name = &sig.ident;
    if !sig.generics.params.is_empty() {
        report.on(
            &sig.generics,
            format!(
                "`{name}` cannot be generic: what it is given is one variant of an enum. Write \
                 the parameters on the `impl` block, or take a concrete type"
            ),
        );
    }
    if let Some(clause) = sig.generics.where_clause.as_ref().filter(|c| !c.predicates.is_empty()) {
        report.on(
            clause,
            format!(
                "`{name}` cannot have a `where` clause of its own: write it on the `impl` \
                 block"
            ),
        );
    }
}

/// Reports what nothing may be that the runtime calls.
pub(crate) fn check_plain(method: &Method, what: &str, report: &Diagnostics) {
    let sig = &method.sig;
    if let Some(token) = &sig.constness {
        report.on(
            token,
            format!("{what} runs in its process, never at compile time: remove `const`"),
        );
    }
    if let Safety::Unsafe(token) = &sig.safety {
        report.on(
            token,
            format!(
                "{what} is called by the runtime, which cannot keep `unsafe` promises: remove \
                 `unsafe`, and write an `unsafe` block in the body"
            ),
        );
    }
    if let Some(abi) = &sig.abi {
        report.on(abi, format!("{what} is called by the runtime only: remove the ABI"));
    }
    if let Some(variadic) = &sig.variadic {
        report.on(variadic, format!("{what} cannot take a variable number of arguments"));
    }
}

/// Reports a receiver other than `&self` and `&mut self`; `wanted` is the one to advise.
pub(crate) fn check_receiver(method: &Method, wanted: &str, report: &Diagnostics) {
    let sig = &method.sig;
    let Some(receiver) = sig.receiver() else {
        report.on(
            &sig.ident,
            format!(
                "`{}` needs the process it works on: write `{wanted}` as its first parameter",
                sig.ident
            ),
        );
        return;
    };
    match &receiver.kind {
        ReceiverKind::Reference(_, lifetime, mutability) => {
            if let Some(lifetime) = lifetime {
                report.on(lifetime, "the receiver needs no lifetime: write `&self` or `&mut self`");
            }
            if let (Some(token), "&self") = (mutability, wanted) {
                report.on(token, "a supervisor's arguments never change: write `&self`");
            }
        }
        ReceiverKind::Value => report.on(
            receiver,
            format!(
                "`{}` cannot take `self` by value: the process keeps its state after the \
                 call. Write `{wanted}`",
                sig.ident
            ),
        ),
        _ => report.on(receiver, format!("this receiver is not supported: write `{wanted}`")),
    }
}

/// The parameters after `self`, with their names; one without a usable name is reported.
pub(crate) fn parameters<'a>(
    method: &'a Method,
    report: &Diagnostics,
) -> Vec<(Option<&'a Ident>, &'a PatType)> {
    let typed = method.sig.inputs.iter().filter_map(|input| match input {
        FnArg::Typed(typed) => Some(typed),
        FnArg::Receiver(_) => None,
    });
    typed
        .map(|typed| (name(typed), typed))
        .inspect(|(_, typed)| {
            for attr in typed.attrs.iter().filter(|attr| attr.path().is_ident("cfg")) {
                report.on(
                attr,
                "`#[cfg]` on one parameter is not carried over: write the method twice, each with \
                 its `#[cfg]`",
            );
            }
        })
        .collect()
}

/// The name of a parameter that is a plain name.
fn name(typed: &PatType) -> Option<&Ident> {
    match &*typed.pat {
        Pat::Ident(pat) if pat.by_ref.is_none() && pat.subpat.is_none() => Some(&pat.ident),
        _ => None,
    }
}

/// Reports a parameter that is a pattern, saying which name it could have.
pub(crate) fn refuse_pattern(typed: &PatType, what: &str, report: &Diagnostics) {
    let advice = match &*typed.pat {
        Pat::Wild(_) => "name it, as in `_unused`, which then is the field's name",
        Pat::Tuple(_) => "name it, as in `pair`, and take it apart in the body",
        _ => "name it, and take it apart in the body",
    };
    report.on(
        typed.pat.to_token_stream(),
        format!("{what} is known by its name, so this cannot be a pattern: {advice}"),
    );
}
