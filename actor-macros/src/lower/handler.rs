//! `#[call]` and `#[cast]` methods.

use syn::{Attribute, Expr, Ident, ReturnType, Type, TypeTuple};

use super::method::{check_form, check_receiver, origin, parameters, refuse_pattern};
use super::subject::without_self;
use crate::check::types::{self, Place};
use crate::diagnose::Diagnostics;
use crate::duration::Time;
use crate::model::{Argument, CallKind, Field, Flatten, Handler, Kind, OnErr, Subject, Timeout};
use crate::names::{self, last_segment, pretty, type_arguments};
use crate::parse::block::Method;
use crate::parse::options::{Options, word};

/// Reads a `#[call]` method; `None` if it is nothing like a handler, which is reported.
pub(crate) fn call(
    method: &Method,
    attr: &Attribute,
    subject: &Subject,
    report: &Diagnostics,
) -> Option<Handler> {
    let before = report.count();
    let known = ["timeout", "result", "on_err", "blocking", "yields"];
    let mut options = Options::of("#[call]", attr, &known, report);
    let on_err_span = options.span_of("on_err");
    let crash = options.choice("on_err", &["crash"], report).is_some();
    let timeout = timeout(&mut options, report);
    let declared_result = options.flag("result", report).is_some();
    let pace = pace(&mut options, method, report);
    check(method, subject, report);
    let (arguments, deferred) = arguments(method, subject, report);
    let reply = match (&deferred, &method.sig.output) {
        (Some(_), ReturnType::Type(_, ty)) if !is_unit(ty) => {
            report.on(
                ty,
                format!(
                    "`{}` replies through its `Reply`, so what it returns would reach nobody: \
                     return nothing, or remove the `Reply`",
                    method.sig.ident
                ),
            );
            unit()
        }
        (Some(ty), _) => ty.clone(),
        (None, ReturnType::Type(_, ty)) => (**ty).clone(),
        (None, ReturnType::Default) => unit(),
    };
    let replied = report.count();
    types::check_owned(&reply, Place::Reply, report);
    if report.count() > replied {
        return None;
    }
    let reply = without_self(&reply, &subject.path);
    let (mut reply, mut flatten) = (reply.clone(), flatten(&reply, declared_result));
    if let Some(span) = on_err_span {
        reply = match (flatten, deferred) {
            (Flatten::Known(ok, _), None) => *ok,
            (Flatten::Alias, None) => ok_of(&reply, subject),
            _ => {
                report.at(span, no_error(method, "T"));
                reply
            }
        };
        flatten = Flatten::No;
    }
    let kind = Kind::Call(Box::new(CallKind { reply, flatten, timeout, crash }));
    finish(method, kind, pace, arguments, before, report)
}

/// What an alias of `Result` is when it is `Ok`.
fn ok_of(alias: &Type, subject: &Subject) -> Type {
    let krate = &subject.krate;
    syn::parse_quote!(<#alias as #krate::__private::Flatten>::Ok)
}

/// `on_err` says what an `Err` does, and there is none.
fn no_error(method: &Method, value: &str) -> String {
    format!(
        "`{}` returns no error, so `on_err` has no meaning: remove it, or return \
         `Result<{value}, E>`",
        method.sig.ident
    )
}

/// Reads a `#[cast]` method; `None` if it is nothing like a handler, which is reported.
pub(crate) fn cast(
    method: &Method,
    attr: &Attribute,
    subject: &Subject,
    report: &Diagnostics,
) -> Option<Handler> {
    let before = report.count();
    let mut options = Options::of("#[cast]", attr, &["on_err", "blocking", "yields"], report);
    let on_err_span = options.span_of("on_err");
    let on_err = options.choice("on_err", &["crash", "log"], report);
    let pace = pace(&mut options, method, report);
    check(method, subject, report);
    let (arguments, deferred) = arguments(method, subject, report);
    if deferred.is_some() {
        let replies = parameters(method, report).into_iter();
        let typed = replies.map(|(_, typed)| typed).find(|typed| reply_type(&typed.ty).is_some());
        report
            .on(typed, "a cast has nobody to reply to: make it a `#[call]`, or remove the `Reply`");
    }
    let returned = match &method.sig.output {
        ReturnType::Type(_, ty) if !is_unit(ty) => Some(&**ty),
        _ => None,
    };
    let policy = match (on_err, returned) {
        (Some(0), Some(_)) => OnErr::Crash,
        (Some(_), Some(_)) => OnErr::Log,
        (_, None) => {
            if let Some(span) = on_err_span {
                report.at(span, no_error(method, "()"));
            }
            OnErr::Infallible
        }
        (None, Some(ty)) => {
            if on_err_span.is_none() {
                refuse_value(ty, report);
            }
            OnErr::Infallible
        }
    };
    finish(method, Kind::Cast(policy), pace, arguments, before, report)
}

fn finish(
    method: &Method,
    kind: Kind,
    Pace { blocking, yields }: Pace,
    arguments: Vec<Argument>,
    before: usize,
    report: &Diagnostics,
) -> Option<Handler> {
    let variant = names::variant(&method.sig.ident);
    let sound = report.count() == before;
    // What cannot be written as a method of the ref is left out altogether.
    let name = &method.sig.ident;
    let taken = name == "whereis" || name == "clone";
    let plain = method.sig.generics.params.is_empty() && !taken;
    let origin = origin(method);
    plain.then(|| Handler { origin, variant, kind, blocking, yields, arguments, sound })
}

fn check(method: &Method, subject: &Subject, report: &Diagnostics) {
    check_form(method, "a handler", report);
    check_receiver(method, "&mut self", report);
    let name = &method.sig.ident;
    let reference = names::ref_name(&subject.ident);
    if name == "whereis" {
        report.on(
            name,
            format!(
                "`{reference}::whereis` finds a process by its name, so no handler can \
                 have this name: rename it, as in `locate`"
            ),
        );
    }
    if name == "clone" {
        report.on(
            name,
            format!(
                "a handler called `clone` would hide `{reference}::clone`, and refs could not \
                 be copied: rename it, as in `duplicate`"
            ),
        );
    }
}

/// The parameters after `self`, and the reply type if it is given later.
fn arguments(
    method: &Method,
    subject: &Subject,
    report: &Diagnostics,
) -> (Vec<Argument>, Option<Type>) {
    let (mut arguments, mut deferred) = (Vec::new(), None);
    let (mut contexts, mut replies) = (0, 0);
    for (name, typed) in parameters(method, report) {
        if is_context(&typed.ty, name, report) {
            contexts += 1;
            arguments.push(Argument::Context);
        } else if let Some(reply) = reply_type(&typed.ty) {
            replies += 1;
            deferred = Some(reply.clone());
            arguments.push(Argument::Reply);
        } else if let Some(name) = name {
            types::check_owned(&typed.ty, Place::Argument, report);
            let ty = without_self(&typed.ty, &subject.path);
            let field = Field { name: name.clone(), ty };
            arguments.push(Argument::Field(Box::new(field)));
        } else {
            refuse_pattern(typed, "a message's field", report);
        }
        if contexts > 1 {
            report.on(typed, "a handler is given its context once: remove this parameter");
        }
        if replies > 1 {
            report.on(typed, "a call is replied to once: remove this parameter");
        }
    }
    (arguments, deferred)
}

/// Whether a parameter is the context; one that is taken by value is reported.
pub(crate) fn is_context(ty: &Type, name: Option<&Ident>, report: &Diagnostics) -> bool {
    let is_named = |ty: &Type| last_segment(ty).is_some_and(|(ident, _)| ident == "Context");
    match ty {
        Type::Reference(reference) if is_named(&reference.elem) => true,
        _ if is_named(ty) => {
            let name = name.map_or_else(|| "cx".to_owned(), ToString::to_string);
            report.on(
                ty,
                format!(
                    "the context belongs to the process and is only lent: write \
                     `{name}: &mut Context<Self>`"
                ),
            );
            true
        }
        _ => false,
    }
}

/// `Reply<T>` gives `T`.
fn reply_type(ty: &Type) -> Option<&Type> {
    let (ident, arguments) = last_segment(ty)?;
    match (ident == "Reply", &*type_arguments(arguments)) {
        (true, [reply]) => Some(reply),
        _ => None,
    }
}

fn flatten(reply: &Type, declared: bool) -> Flatten {
    let Some((ident, arguments)) = last_segment(reply) else {
        return if declared { Flatten::Alias } else { Flatten::No };
    };
    match (ident == "Result", &*type_arguments(arguments)) {
        (true, [ok, error]) => Flatten::Known(Box::new((*ok).clone()), Box::new((*error).clone())),
        (true, _) => Flatten::Alias,
        (false, _) if declared => Flatten::Alias,
        (false, _) => Flatten::No,
    }
}

/// What a handler says of how long it runs.
struct Pace {
    blocking: bool,
    yields: bool,
}

/// `blocking`, which an async handler has no use for, and `yields`, which a sync one has none for.
fn pace(options: &mut Options, method: &Method, report: &Diagnostics) -> Pace {
    let name = &method.sig.ident;
    let is_async = method.sig.asyncness.is_some();
    let (blocking, yields) = (options.flag("blocking", report), options.flag("yields", report));
    if let Some(span) = blocking.filter(|_| is_async) {
        report.at(
            span,
            format!(
                "`blocking` runs a handler beside the workers, but what follows an `.await` runs \
                 on them again: remove `blocking`, or make `{name}` a plain `fn`"
            ),
        );
    }
    if let Some(span) = yields.filter(|_| !is_async) {
        report.at(
            span,
            format!(
                "`yields` lets others run between the rounds of loops, which a plain `fn` cannot: \
                 make `{name}` an `async fn`, or write `blocking` to have it run beside the workers"
            ),
        );
    }
    Pace { blocking: blocking.is_some(), yields: yields.is_some() }
}

fn timeout(options: &mut Options, report: &Diagnostics) -> Option<Timeout> {
    let value: Expr = options.expr("timeout", report)?;
    match word(&value) {
        Some(name) if name == "infinity" => Some(Timeout::Infinity),
        _ => Time::read("timeout", &value, report).map(Timeout::After),
    }
}

/// Reports a value that a cast returns.
fn refuse_value(ty: &Type, report: &Diagnostics) {
    let is_result =
        last_segment(ty).is_some_and(|(ident, _)| ident.to_string().ends_with("Result"));
    let written = pretty(ty);
    if is_result {
        report.on(
            ty,
            "nobody waits for a cast, so say what an `Err` does: `#[cast(on_err = crash)]` ends \
             the process with it, `#[cast(on_err = log)]` logs it and goes on",
        );
    } else {
        report.on(
            ty,
            format!(
                "nobody waits for a cast, so this `{written}` would be lost: make it a \
                 `#[call]`, or return nothing"
            ),
        );
    }
}

/// Whether `ty` is `()`.
pub(crate) fn is_unit(ty: &Type) -> bool {
    matches!(ty, Type::Tuple(tuple) if tuple.elems.is_empty())
}

fn unit() -> Type {
    let elems = syn::punctuated::Punctuated::new();
    Type::Tuple(TypeTuple { attrs: Vec::new(), paren_token: syn::token::Paren::default(), elems })
}
