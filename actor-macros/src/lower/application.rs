//! A block under `#[application]`: its options, and the methods that are called when.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{Expr, ExprLit, Lit, LitStr, ReceiverKind, ReturnType, Type};

use super::handler::is_unit;
use super::marker::{self, Marker};
use super::method::{check_plain, origin, parameters};
use super::subject::without_self;
use super::{derived, subject};
use crate::diagnose::Diagnostics;
use crate::model::Subject;
use crate::model::application::{Application, Callback, CallbackKind, Dependency};
use crate::names::{self, last_segment, pretty, type_arguments};
use crate::parse::block::{ImplBlock, Method};
use crate::parse::options::{Options, default_crate};

/// The options of `#[application(..)]`.
const OPTIONS: [&str; 4] = ["name", "depends", "restart", "crate"];

/// The markers, and what they mark.
const MARKERS: [(&str, CallbackKind); 4] = [
    ("start", CallbackKind::Start),
    ("phase", CallbackKind::Phase),
    ("prep_stop", CallbackKind::PrepStop),
    ("stop", CallbackKind::Stop),
];

/// As options write them, and as variants of `RestartType`.
const RESTARTS: [(&str, &str); 3] =
    [("permanent", "Permanent"), ("transient", "Transient"), ("temporary", "Temporary")];

impl CallbackKind {
    /// How it is marked.
    pub(crate) fn marker(self) -> &'static str {
        let found = MARKERS.iter().find(|(_, kind)| *kind == self);
        found.map_or("start", |(marker, _)| marker)
    }
}

/// Reads a block and takes its markers off.
pub(crate) fn read(
    options: TokenStream,
    block: &mut ImplBlock,
    report: &Diagnostics,
) -> Option<Application> {
    let mut options = Options::read("#[application]", options, &OPTIONS, report);
    let krate = derived::krate(&mut options, report).unwrap_or_else(default_crate);
    let name = options.text("name", report);
    let depends = options.expr("depends", report);
    let restart = options.choice("restart", &RESTARTS.map(|(word, _)| word), report);
    let words = MARKERS.map(|(word, _)| word);
    let markers: Vec<Option<Marker>> =
        block.methods_mut().map(|method| marker::take(method, &words, report)).collect();
    let subject = subject::read("#[application]", &block.head, krate, report)?;
    if !subject.generics.params.is_empty() {
        let text = "an application is known by its one name, so its type takes no parameters: use \
                    concrete types";
        report.on(&subject.generics.params, text);
        return None;
    }
    let name = match name {
        Some(name) => checked(name, report),
        None => LitStr::new(&names::snake_case(&subject.ident), subject.ident.span()),
    };
    let depends = depends.map(|list| dependencies(&list, report)).unwrap_or_default();
    let restart = restart.map(|at| RESTARTS[at].1);
    let mut callbacks = Vec::new();
    for (method, marker) in block.methods_mut().zip(markers) {
        if let Some(marker) = marker {
            callbacks.push(callback(method, &marker, &subject, report));
        }
    }
    Some(Application { subject, name, depends, restart, callbacks })
}

/// A name becomes part of the names of variables.
fn checked(name: LitStr, report: &Diagnostics) -> LitStr {
    let text = name.value();
    let known = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !text.starts_with(|c: char| c.is_ascii_alphabetic()) || !text.chars().all(known) {
        report.on(
            &name,
            "an application's name begins with a letter, and has letters, digits, `_` and `-`: \
             its environment is named after it, as in `SHOP_PORT`",
        );
    }
    name
}

/// `depends = [Ledger, "audit"]`, or one of them.
fn dependencies(list: &Expr, report: &Diagnostics) -> Vec<Dependency> {
    let one = |value: &Expr| match value {
        Expr::Path(path) if path.qself.is_none() => Some(Dependency::Type(path.path.clone())),
        Expr::Lit(ExprLit { lit: Lit::Str(name), .. }) => Some(Dependency::Name(name.clone())),
        other => {
            report.on(
                other,
                "`depends` takes applications: write their types, as in `depends = [Ledger]`, or \
                 the name of one, as in `depends = [\"ledger\"]`",
            );
            None
        }
    };
    match list {
        Expr::Array(list) => list.elems.iter().filter_map(one).collect(),
        value => one(value).into_iter().collect(),
    }
}

fn callback(method: &Method, marker: &Marker, subject: &Subject, report: &Diagnostics) -> Callback {
    let before = report.count();
    let (word, kind) = MARKERS[marker.which];
    // Reading reports whatever is in the list: these have no options.
    let _none = Options::of(&format!("#[{word}]"), &marker.attr, &[], report);
    check_plain(method, "this method", report);
    check_parameters_of_its_own(method, report);
    check_receiver(method, report);
    let given = given(method, kind, report);
    let made = (kind == CallbackKind::Start).then(|| made(method, subject, report)).flatten();
    if let (CallbackKind::PrepStop | CallbackKind::Stop, ReturnType::Type(_, ty)) =
        (kind, &method.sig.output)
        && !is_unit(ty)
    {
        let text = format!("the application stops whatever `#[{word}]` returns: return nothing");
        report.on(ty, text);
    }
    let fails = matches!(&method.sig.output, ReturnType::Type(_, ty) if is_result(ty));
    Callback { origin: origin(method), kind, given, made, fails, sound: report.count() == before }
}

fn check_parameters_of_its_own(method: &Method, report: &Diagnostics) {
    let generics = &method.sig.generics;
    if !generics.params.is_empty() || generics.where_clause.is_some() {
        let name = &method.sig.ident;
        let text = format!("`{name}` is called as it is: it takes no type or lifetime parameters");
        report.on(&method.sig.ident, text);
    }
}

fn check_receiver(method: &Method, report: &Diagnostics) {
    let name = &method.sig.ident;
    let Some(receiver) = method.sig.receiver() else {
        let text =
            format!("`{name}` is asked of an application: write `&self` as its first parameter");
        report.on(name, text);
        return;
    };
    match &receiver.kind {
        ReceiverKind::Reference(_, None, None) => {}
        _ => report.on(
            receiver,
            "an application's configuration stays as it is while it runs: write `&self`",
        ),
    }
}

/// Whether the method takes the one argument that there is for it.
fn given(method: &Method, kind: CallbackKind, report: &Diagnostics) -> bool {
    let mut given = false;
    let name = &method.sig.ident;
    let (wanted, lent) = match kind {
        CallbackKind::Start => ("how: StartType", false),
        CallbackKind::Phase | CallbackKind::PrepStop => ("tree: &TreeRef", true),
        CallbackKind::Stop => ("", false),
    };
    for (_, typed) in parameters(method, report) {
        if given || kind == CallbackKind::Stop {
            let comma = if wanted.is_empty() { "" } else { ", " };
            report.on(
                typed,
                format!(
                    "`#[{}]` gives no such argument: write `fn {name}(&self{comma}{wanted})`",
                    kind.marker()
                ),
            );
            continue;
        }
        given = true;
        match (&*typed.ty, lent) {
            (Type::Reference(_), true) => {}
            (ty, true) => report
                .on(ty, format!("`{name}` is lent the ref of the tree: write `&{}`", pretty(ty))),
            (Type::Reference(ty), false) => report
                .on(ty, format!("`{name}` is given this for itself: write `{}`", pretty(&ty.elem))),
            (_, false) => {}
        }
    }
    given
}

fn is_result(ty: &Type) -> bool {
    last_segment(ty).is_some_and(|(name, _)| name == "Result")
}

/// The type of the tree.
fn made(method: &Method, subject: &Subject, report: &Diagnostics) -> Option<Type> {
    let name = &method.sig.ident;
    if let Some(token) = &method.sig.asyncness {
        report.on(
            token,
            format!(
                "`{name}` says at once what to start: make it a plain `fn`, and wait in a \
                 `#[phase]`, or in the `#[init]` of a process of the tree"
            ),
        );
    }
    let ReturnType::Type(_, ty) = &method.sig.output else {
        report.on(
            name,
            format!(
                "`{name}` returns nothing to start: write the tree's type, as in `-> ShopTree` or \
                 `-> io::Result<ShopTree>`"
            ),
        );
        return None;
    };
    let made = match last_segment(ty) {
        Some((_, arguments)) if is_result(ty) => {
            let inner = type_arguments(arguments);
            inner.first().map_or_else(|| (**ty).clone(), |inner| (*inner).clone())
        }
        Some((name, _)) if name == "Option" => {
            report.on(ty, "an application that starts has a tree: return it, or a `Result` of it");
            return None;
        }
        _ => (**ty).clone(),
    };
    if let Type::ImplTrait(hidden) = &made {
        let written = hidden.to_token_stream();
        let text =
            format!("a tree is known by its type: write it instead of `{}`", pretty(written));
        report.on(hidden, text);
        return None;
    }
    Some(without_self(&made, &subject.path))
}
