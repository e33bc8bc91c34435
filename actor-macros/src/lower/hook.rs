//! `#[init]`, `#[terminate]`, `#[exit]`, `#[down]` and `#[timeout]` methods.

use syn::{Attribute, ReturnType, Type};

use super::handler::{is_context, is_unit};
use super::method::{check_form, check_receiver, origin, parameters};
use crate::diagnose::Diagnostics;
use crate::model::{Hook, HookArgument, HookKind};
use crate::names::pretty;
use crate::parse::block::Method;
use crate::parse::options::Options;

/// What a hook is given besides the context, and how it is written in full.
struct Form {
    marker: &'static str,
    /// Type and whether it is lent, of each particular argument.
    given: &'static [(&'static str, bool)],
    /// How many of them must be taken.
    needed: usize,
    signature: &'static str,
}

impl HookKind {
    fn form(self) -> Form {
        match self {
            Self::Init => Form {
                marker: "#[init]",
                given: &[],
                needed: 0,
                signature: "(&mut self, cx: &mut Context<Self>) -> Result<(), E>",
            },
            Self::Terminate => Form {
                marker: "#[terminate]",
                given: &[("ExitReason", true)],
                needed: 0,
                signature: "(&mut self, cx: &mut Context<Self>, reason: &ExitReason)",
            },
            Self::Exit => Form {
                marker: "#[exit]",
                given: &[("Pid", false), ("ExitReason", false)],
                needed: 2,
                signature: "(&mut self, cx: &mut Context<Self>, from: Pid, reason: ExitReason)",
            },
            Self::Down => Form {
                marker: "#[down]",
                given: &[("Down", false)],
                needed: 1,
                signature: "(&mut self, cx: &mut Context<Self>, down: Down)",
            },
            Self::Timeout | Self::Hibernate => Form {
                marker: if self == Self::Timeout { "#[timeout]" } else { "#[hibernate]" },
                given: &[],
                needed: 0,
                signature: "(&mut self, cx: &mut Context<Self>)",
            },
        }
    }
}

/// Reads a hook; `None` if it is not usable, which is reported.
pub(crate) fn read(
    method: &Method,
    attr: &Attribute,
    kind: HookKind,
    report: &Diagnostics,
) -> Option<Hook> {
    let before = report.count();
    let form = kind.form();
    // Reading reports whatever is in the list: hooks have no options.
    let _none = Options::of(form.marker, attr, &[], report);
    check_form(method, "a hook", report);
    check_receiver(method, "&mut self", report);
    let arguments = arguments(method, &form, report);
    if let (HookKind::Terminate, ReturnType::Type(_, ty)) = (kind, &method.sig.output)
        && !is_unit(ty)
    {
        report.on(ty, "the process ends whatever `#[terminate]` returns: return nothing");
    }
    if kind == HookKind::Hibernate {
        check_hibernate(method, report);
    }
    let hook = Hook { origin: origin(method), kind, arguments };
    (report.count() == before).then_some(hook)
}

/// It runs between two messages, and nobody hears what it returns.
fn check_hibernate(method: &Method, report: &Diagnostics) {
    let name = &method.sig.ident;
    if let Some(token) = &method.sig.asyncness {
        report.on(
            token,
            format!("a process hibernates at once: make `{name}` a plain `fn` that shrinks it"),
        );
    }
    if let ReturnType::Type(_, ty) = &method.sig.output
        && !is_unit(ty)
    {
        report.on(ty, "the process hibernates whatever `#[hibernate]` returns: return nothing");
    }
}

fn arguments(method: &Method, form: &Form, report: &Diagnostics) -> Vec<HookArgument> {
    let (mut arguments, mut given) = (Vec::new(), 0);
    let name = &method.sig.ident;
    for (parameter, typed) in parameters(method, report) {
        if is_context(&typed.ty, parameter, report) {
            arguments.push(HookArgument::Context);
            continue;
        }
        match form.given.get(given) {
            Some((ty, lent)) => check_lent(&typed.ty, ty, *lent, report),
            None => report.on(
                typed,
                format!(
                    "`{}` gives no such argument: write `fn {name}{}`",
                    form.marker, form.signature
                ),
            ),
        }
        arguments.push(HookArgument::Given(given));
        given += 1;
    }
    if given < form.needed {
        report.on(
            &method.sig.ident,
            format!(
                "`{}` gives {} too: write `fn {name}{}`",
                form.marker,
                arguments_left(form, given),
                form.signature
            ),
        );
    }
    arguments
}

fn arguments_left(form: &Form, given: usize) -> String {
    let left: Vec<&str> = form.given[given..].iter().map(|(ty, _)| *ty).collect();
    crate::diagnose::list(&left)
}

fn check_lent(written: &Type, ty: &str, lent: bool, report: &Diagnostics) {
    match (written, lent) {
        (Type::Reference(_), false) => report.on(
            written,
            format!(
                "the hook is given this for itself: write `{ty}` instead of `{}`",
                pretty(written)
            ),
        ),
        (Type::Reference(_), true) | (_, false) => {}
        (_, true) => report.on(written, format!("the hook is lent this: write `&{ty}`")),
    }
}
