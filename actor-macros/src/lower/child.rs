//! `#[child]` methods.

use proc_macro2::Span;
use quote::ToTokens;
use syn::{Attribute, Expr, Ident, ReturnType, Type};

use super::method::{check_form, check_receiver, origin, parameters, refuse_pattern};
use super::subject::without_self;
use crate::check::types::{self, Place};
use crate::diagnose::{Diagnostics, did_you_mean};
use crate::duration::Time;
use crate::model::{Child, Number, Parameter, Shutdown, Source, Subject};
use crate::names::{last_segment, mentions, type_arguments};
use crate::parse::block::Method;
use crate::parse::options::{Options, word};

/// The options of `#[child(..)]`.
const OPTIONS: [&str; 10] = [
    "restart",
    "shutdown",
    "count",
    "partitions",
    "dynamic",
    "key",
    "significant",
    "backoff",
    "keep_mailbox",
    "max_children",
];

/// As options write them, and as variants of `Restart`.
const RESTARTS: [(&str, &str); 3] =
    [("permanent", "Permanent"), ("transient", "Transient"), ("temporary", "Temporary")];

/// Reads a child; `None` if its form makes it unusable, which is reported.
pub(crate) fn read(
    method: &Method,
    attr: &Attribute,
    subject: &Subject,
    report: &Diagnostics,
) -> Option<Child> {
    let before = report.count();
    let mut options = Options::of("#[child]", attr, &OPTIONS, report);
    let restart = options.choice("restart", &RESTARTS.map(|(word, _)| word), report);
    let shutdown = shutdown(&mut options, report);
    let counts = Counts::read(&mut options, report);
    let dynamic = counts.dynamic;
    let restart = restart.map(|at| RESTARTS[at].1);
    let significant = options.flag("significant", report);
    refuse_significant(significant, restart, dynamic, report);
    let backoff = backoff(&mut options, restart, report);
    let keep_mailbox = keep_mailbox(&mut options, restart, report);
    let max_children = max_children(&mut options, dynamic, report);
    let key = key(&mut options, dynamic, report);
    check_form(method, "a child method", report);
    check_receiver(method, "&self", report);
    if let (Some(_), Some(Shutdown::After(Time::Expr(value)))) = (dynamic, &shutdown)
        && mentions(&value.to_token_stream(), "self")
    {
        report.on(
            value,
            "a dynamic child's `shutdown` cannot depend on `self`: write a length of \
             time, or a constant",
        );
    }
    let parameters = read_parameters(method, subject, report);
    let output = output(method, report)?;
    let output = without_self(&output, &subject.path);
    let (ty, optional) = made(&output);
    let number = counts.number(optional);
    if optional {
        refuse_option(&output, &number, report);
    }
    let made = ty.clone();
    let (origin, sound) = (origin(method), report.count() == before);
    Some(Child {
        origin,
        number,
        restart,
        shutdown,
        significant,
        backoff,
        key,
        keep_mailbox,
        max_children,
        made,
        parameters,
        sound,
    })
}

/// What says how many there are.
struct Counts {
    count: Option<Expr>,
    partitions: Option<Option<Expr>>,
    dynamic: Option<Span>,
}

impl Counts {
    fn read(options: &mut Options, report: &Diagnostics) -> Self {
        let (count_at, partitions_at) = (options.span_of("count"), options.span_of("partitions"));
        let count = options.expr("count", report);
        let partitions = options.flag_or_expr("partitions", report);
        let dynamic = options.flag("dynamic", report);
        if let (Some(at), true) = (partitions_at, dynamic.is_some() || count_at.is_some()) {
            report.at(
                at,
                "`partitions` is how many copies there are, from the start of the tree on: remove \
                 `count` or `dynamic`, or remove `partitions`",
            );
        }
        if let (Some(at), Some(_)) = (count_at, dynamic) {
            report.at(
                at,
                "a dynamic child is started as often as its start function is called: remove \
                 `count`, or remove `dynamic`",
            );
        }
        Self { count, partitions, dynamic }
    }

    fn number(self, optional: bool) -> Number {
        match (self.dynamic, self.count, self.partitions) {
            (Some(_), _, _) => Number::Dynamic,
            (None, Some(count), _) => Number::Counted(Box::new(count)),
            (None, None, Some(partitions)) => Number::Partitioned(partitions.map(Box::new)),
            (None, None, None) if optional => Number::Optional,
            (None, None, None) => Number::One,
        }
    }
}

fn keep_mailbox(options: &mut Options, restart: Option<&str>, report: &Diagnostics) -> bool {
    let flag = options.flag("keep_mailbox", report);
    if let (Some(at), Some("Temporary")) = (flag, restart) {
        report.at(
            at,
            "a temporary child is never started again, so nobody would have its mailbox: remove \
             `keep_mailbox`, or make it `restart = transient`",
        );
    }
    flag.is_some()
}

fn key(options: &mut Options, dynamic: Option<Span>, report: &Diagnostics) -> Option<Ident> {
    let key = options.name("key", report)?;
    if dynamic.is_none() {
        report.on(
            &key,
            "`key` is what a dynamic child is found by: add `dynamic`, or remove `key` (copies \
             that share keys are `partitions`)",
        );
    }
    Some(key)
}

/// A significant child is one that can end for good. That its supervisor then shuts down is looked
/// at where that is known.
fn refuse_significant(
    significant: Option<Span>,
    restart: Option<&str>,
    dynamic: Option<Span>,
    report: &Diagnostics,
) {
    let Some(at) = significant else { return };
    if dynamic.is_some() {
        report.at(
            at,
            "a dynamic child cannot be significant: remove one of the two (a child that is added \
             by `start_child` can)",
        );
    } else if !matches!(restart, Some("Transient" | "Temporary")) {
        report.at(
            at,
            "a significant child ends for good, and a permanent one is started again: add \
             `restart = transient` or `restart = temporary`",
        );
    }
}

/// `backoff = "100ms..30s"`, or a range of two expressions.
fn backoff(
    options: &mut Options,
    restart: Option<&str>,
    report: &Diagnostics,
) -> Option<(Time, Time)> {
    let at = options.span_of("backoff")?;
    if restart == Some("Temporary") {
        report.at(
            at,
            "a temporary child is never started again, so there is nothing to wait for: remove \
             `backoff`, or make it `restart = transient`",
        );
    }
    let (first, longest) = options.times("backoff", report)?;
    let wrong = match (&first, &longest) {
        (Time::Literal(first), _) if first.is_zero() => {
            "`backoff` cannot begin with no time: write the first wait and the longest, as in \
             `backoff = \"100ms..30s\"`"
        }
        (Time::Literal(first), Time::Literal(longest)) if first > longest => {
            "`backoff` goes from the first wait to the longest: exchange the two"
        }
        _ => return Some((first, longest)),
    };
    report.at(at, wrong);
    None
}

fn max_children(
    options: &mut Options,
    dynamic: Option<Span>,
    report: &Diagnostics,
) -> Option<Expr> {
    let at = options.span_of("max_children")?;
    if dynamic.is_none() {
        report.at(
            at,
            "`max_children` is how many dynamic children there may be: add `dynamic`, or remove \
             `max_children`",
        );
    }
    options.expr("max_children", report)
}

fn refuse_option(output: &Type, number: &Number, report: &Diagnostics) {
    match number {
        Number::Dynamic => report.on(
            output,
            "a dynamic child is started because somebody asked for it: return it, or an `Err` that \
             says why not, instead of an `Option`",
        ),
        Number::Counted(_) => report.on(
            output,
            "how many children there are is what `count` says: return the child, or a `Result`, \
             instead of an `Option`",
        ),
        Number::Partitioned(_) => report.on(
            output,
            "each key has its partition: return the child, or a `Result`, instead of an `Option`",
        ),
        Number::One | Number::Optional => {}
    }
}

fn output(method: &Method, report: &Diagnostics) -> Option<Type> {
    let ReturnType::Type(_, ty) = &method.sig.output else {
        report.on(
            &method.sig.ident,
            format!(
                "`{}` returns nothing to start: write the child's type, as in `-> Account` or \
                 `-> io::Result<Account>`",
                method.sig.ident
            ),
        );
        return None;
    };
    let before = report.count();
    types::check_owned(ty, Place::Child, report);
    (report.count() == before).then(|| (**ty).clone())
}

/// What is started in the end, and whether an `Option` says that it may be nothing.
fn made(output: &Type) -> (&Type, bool) {
    let Some((name, arguments)) = last_segment(output) else { return (output, false) };
    match (name.to_string().as_str(), &*type_arguments(arguments)) {
        ("Option", [inner]) => (made(inner).0, true),
        ("Result", [inner, ..]) => made(inner),
        _ => (output, false),
    }
}

fn read_parameters(method: &Method, subject: &Subject, report: &Diagnostics) -> Vec<Parameter> {
    let mut read = Vec::new();
    for (name, typed) in parameters(method, report) {
        match name {
            None => refuse_pattern(typed, "a sibling or a start argument", report),
            Some(name) => {
                let ty = without_self(&typed.ty, &subject.path);
                read.push(Parameter { name: name.clone(), ty, source: Source::Unknown });
            }
        }
    }
    read
}

fn shutdown(options: &mut Options, report: &Diagnostics) -> Option<Shutdown> {
    let value: Expr = options.expr("shutdown", report)?;
    let name = word(&value).map(Ident::to_string).unwrap_or_default();
    match name.as_str() {
        "brutal_kill" => return Some(Shutdown::BrutalKill),
        "infinity" => return Some(Shutdown::Infinity),
        _ => {}
    }
    if let Some(meant) = did_you_mean(&name, &["brutal_kill", "infinity"]) {
        report.on(&value, format!("`shutdown` cannot be `{name}`: did you mean `{meant}`?"));
        return None;
    }
    Time::read("shutdown", &value, report).map(Shutdown::After)
}
