//! Rules across the handlers and hooks of one block.

use crate::diagnose::Diagnostics;
use crate::model::{HookKind, Info, Origin, Protocol};
use crate::names::pretty;

/// Reports every clash in `protocol`, and takes out what cannot be generated.
pub(crate) fn check(protocol: &mut Protocol, report: &Diagnostics) {
    one_variant_a_handler(protocol, report);
    one_hook_a_kind(protocol, report);
    one_info_a_type(protocol, report);
}

/// Two handlers must not give the same variant. Two of the same name are rustc's to report, unless
/// each stands under its own `#[cfg]`.
fn one_variant_a_handler(protocol: &mut Protocol, report: &Diagnostics) {
    let mut kept = Vec::with_capacity(protocol.handlers.len());
    for handler in protocol.handlers.drain(..) {
        let twin = |other: &&crate::model::Handler| {
            other.variant == handler.variant && !exclusive(&other.origin, &handler.origin)
        };
        let Some(first) = kept.iter().find(twin) else {
            kept.push(handler);
            continue;
        };
        let (a, b, variant) = (&first.origin.method, &handler.origin.method, &handler.variant);
        report.at(
            b.span(),
            format!("`{a}` and `{b}` would both be `{}::{variant}`: rename one", protocol.message),
        );
        report.at(a.span(), format!("`{a}`, the first that gives `{variant}`"));
    }
    protocol.handlers = kept;
}

/// A process has one hook of a kind.
fn one_hook_a_kind(protocol: &mut Protocol, report: &Diagnostics) {
    let mut kept = Vec::with_capacity(protocol.hooks.len());
    for hook in protocol.hooks.drain(..) {
        let twin = |other: &&crate::model::Hook| {
            other.kind == hook.kind && !exclusive(&other.origin, &hook.origin)
        };
        let Some(first) = kept.iter().find(twin) else {
            kept.push(hook);
            continue;
        };
        let (a, b, marker) = (&first.origin.method, &hook.origin.method, hook.kind.marker());
        let text =
            format!("a process has one `#[{marker}]`, and `{a}` is it: call `{b}` from there");
        report.at(b.span(), text);
        report.at(a.span(), format!("the first `#[{marker}]`"));
    }
    protocol.hooks = kept;
}

/// A foreign message has one handler.
fn one_info_a_type(protocol: &mut Protocol, report: &Diagnostics) {
    let mut kept: Vec<Info> = Vec::with_capacity(protocol.infos.len());
    for info in protocol.infos.drain(..) {
        let written = pretty(&info.ty);
        let twin =
            |other: &&Info| pretty(&other.ty) == written && !exclusive(&other.origin, &info.origin);
        let Some(first) = kept.iter().find(twin) else {
            kept.push(info);
            continue;
        };
        let (a, b, ty) = (&first.origin.method, &info.origin.method, written);
        let text = format!("`{ty}` has one `#[info]`, and `{a}` is it: call `{b}` from there");
        report.at(b.span(), text);
        report.at(a.span(), format!("the first `#[info]` of `{ty}`"));
    }
    protocol.infos = kept;
}

/// Whether two methods are taken to be alternatives of one another.
fn exclusive(a: &Origin, b: &Origin) -> bool {
    !a.cfgs.is_empty() && !b.cfgs.is_empty()
}

impl HookKind {
    /// The marker's name.
    pub(crate) fn marker(self) -> &'static str {
        match self {
            Self::Init => "init",
            Self::Terminate => "terminate",
            Self::Exit => "exit",
            Self::Down => "down",
            Self::Timeout => "timeout",
            Self::Hibernate => "hibernate",
        }
    }
}
