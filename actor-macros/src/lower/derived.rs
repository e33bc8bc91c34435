//! Types under `#[derive(Process)]` and `#[derive(Supervisor)]`.

use proc_macro2::TokenStream;
use syn::punctuated::Punctuated;
use syn::{Data, DeriveInput, Expr, GenericParam, Path};

use crate::check::types::check_state;
use crate::diagnose::Diagnostics;
use crate::duration::Time;
use crate::model::DerivedType;
use crate::parse::options::{Options, default_crate};

/// The options of `#[process(..)]`.
const PROCESS: [&str; 6] =
    ["version", "mailbox", "overflow", "priority", "hibernate_after", "crate"];
/// The options of `#[supervisor(..)]` beside the derive.
const SUPERVISOR: [&str; 1] = ["crate"];

/// As options write them, and as variants of `Priority`.
const PRIORITIES: [(&str, &str); 4] =
    [("low", "Low"), ("normal", "Normal"), ("high", "High"), ("max", "Max")];

/// Reads a type under `#[derive(Process)]`.
pub(crate) fn process(item: TokenStream, report: &Diagnostics) -> Option<DerivedType> {
    read("Process", "process", &PROCESS, item, report)
}

/// Reads a type under `#[derive(StateMachine)]`.
pub(crate) fn machine(item: TokenStream, report: &Diagnostics) -> Option<DerivedType> {
    read("StateMachine", "process", &PROCESS, item, report)
}

/// Reads a type under `#[derive(Supervisor)]`.
pub(crate) fn supervisor(item: TokenStream, report: &Diagnostics) -> Option<DerivedType> {
    read("Supervisor", "supervised", &SUPERVISOR, item, report)
}

/// As options write them, and as variants of `Overflow`.
const OVERFLOWS: [(&str, &str); 4] = [
    ("hold", "Hold"),
    ("reject", "Reject"),
    ("drop_newest", "DropNewest"),
    ("drop_oldest", "DropOldest"),
];

fn read(
    derive: &str,
    helper: &str,
    known: &[&str],
    item: TokenStream,
    report: &Diagnostics,
) -> Option<DerivedType> {
    let input = match syn::parse2::<DeriveInput>(item) {
        Ok(input) => input,
        Err(error) => {
            report.push(error);
            return None;
        }
    };
    if let Data::Union(data) = &input.data {
        let text = format!("`{derive}` cannot be derived for a union: write a struct or an enum");
        report.on(data.union_token, text);
    }
    let no_variants = Punctuated::new();
    let (fields, variants) = match &input.data {
        Data::Struct(data) => (Some(&data.fields), &no_variants),
        Data::Enum(data) => (None, &data.variants),
        Data::Union(_) => (None, &no_variants),
    };
    let all = fields.into_iter().chain(variants.iter().map(|variant| &variant.fields));
    all.flatten().for_each(|field| check_state(&field.ty, report));
    for param in &input.generics.params {
        if let GenericParam::Lifetime(lifetime) = param {
            report.on(
                lifetime,
                "a process outlives whoever starts it, so its state cannot borrow: own the data, \
                 or share it in an `Arc`",
            );
        }
    }
    let borrows = input.generics.lifetimes().next().is_some();
    let mut ty = DerivedType {
        krate: default_crate(),
        vis: input.vis,
        ident: input.ident,
        generics: input.generics,
        version: None,
        mailbox: None,
        hibernate_after: None,
        overflow: None,
        priority: None,
    };
    for attr in input.attrs.iter().filter(|attr| attr.path().is_ident(helper)) {
        let mut options = Options::of(&format!("#[{helper}]"), attr, known, report);
        ty.krate = krate(&mut options, report).unwrap_or(ty.krate);
        ty.version = options.expr("version", report).or(ty.version);
        ty.mailbox = options.expr("mailbox", report).or(ty.mailbox);
        let hibernate_after: Option<Expr> = options.expr("hibernate_after", report);
        ty.hibernate_after = hibernate_after
            .and_then(|value| Time::read("hibernate_after", &value, report))
            .or(ty.hibernate_after);
        let overflow = options.choice("overflow", &OVERFLOWS.map(|(word, _)| word), report);
        ty.overflow = overflow.map(|at| OVERFLOWS[at].1).or(ty.overflow);
        let priority = options.choice("priority", &PRIORITIES.map(|(word, _)| word), report);
        ty.priority = priority.map(|at| PRIORITIES[at].1).or(ty.priority);
    }
    // What borrows cannot be sent, and each generated impl would say so again.
    (!borrows).then_some(ty)
}

/// `crate = path`.
pub(crate) fn krate(options: &mut Options, report: &Diagnostics) -> Option<Path> {
    options.path("crate", report)
}
