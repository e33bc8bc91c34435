//! Rules across the fields of a configuration, and across the methods of an application.

use quote::ToTokens;
use syn::ext::IdentExt as _;

use crate::diagnose::Diagnostics;
use crate::model::Origin;
use crate::model::application::{Application, Callback, CallbackKind, Config, Dependency, Unset};
use crate::names::pretty;

/// Two fields that one variable of the operating system would set.
pub(crate) fn check_config(config: &mut Config, report: &Diagnostics) {
    let before = report.count();
    let read: Vec<_> =
        config.settings.iter().filter(|one| !matches!(one.unset, Unset::Skipped)).collect();
    for (at, setting) in read.iter().enumerate() {
        let twin = read[..at].iter().find(|other| {
            let exclusive = !other.cfgs.is_empty() && !setting.cfgs.is_empty();
            !exclusive && variable(&other.key.value()) == variable(&setting.key.value())
        });
        if let Some(first) = twin {
            report.at(
                setting.key.span(),
                format!(
                    "`{}` and `{}` would both be set by a variable that ends in `_{}`: write \
                     another `key`",
                    first.field,
                    setting.field,
                    variable(&setting.key.value())
                ),
            );
        }
    }
    config.sound &= report.count() == before;
}

/// The end of the variable's name, as the environment makes it.
fn variable(key: &str) -> String {
    let capital = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    key.chars().map(capital).collect()
}

/// Reports what does not fit together in a block.
pub(crate) fn check(application: &mut Application, report: &Diagnostics) {
    once_each(application, report);
    other_applications(application, report);
    let starts = |one: &Callback| one.kind == CallbackKind::Start;
    if !application.callbacks.iter().any(starts) {
        report.on(
            &application.subject.path,
            format!(
                "an application has a tree: write a method `#[start] fn start(&self) -> {}Tree`, \
                 which makes its uppermost supervisor",
                application.subject.ident
            ),
        );
    }
}

/// Phases are many, of one name each; of the others there is one.
fn once_each(application: &mut Application, report: &Diagnostics) {
    let mut kept: Vec<Callback> = Vec::with_capacity(application.callbacks.len());
    for callback in application.callbacks.drain(..) {
        let same = |other: &&Callback| match callback.kind {
            // Two methods of one name are rustc's to report.
            CallbackKind::Phase => false,
            kind => other.kind == kind && !exclusive(&other.origin, &callback.origin),
        };
        let Some(first) = kept.iter().find(same) else {
            kept.push(callback);
            continue;
        };
        let (a, b) = (&first.origin.method, &callback.origin.method);
        let marker = callback.kind.marker();
        let text =
            format!("an application has one `#[{marker}]`, and `{a}` is it: call `{b}` from there");
        report.at(b.span(), text);
        report.at(a.span(), format!("the first `#[{marker}]`"));
    }
    application.callbacks = kept;
}

/// Each stands under its own `#[cfg]`.
fn exclusive(a: &Origin, b: &Origin) -> bool {
    !a.cfgs.is_empty() && !b.cfgs.is_empty()
}

/// An application needs others, and each of them once.
fn other_applications(application: &mut Application, report: &Diagnostics) {
    let own = application.subject.ident.unraw().to_string();
    let name = application.name.value();
    let mut seen: Vec<String> = Vec::new();
    application.depends.retain(|needed| {
        let (written, itself) = match needed {
            Dependency::Type(path) => (pretty(path), path.is_ident(&own) || path.is_ident("Self")),
            Dependency::Name(text) => (text.value(), text.value() == name),
        };
        let tokens = match needed {
            Dependency::Type(path) => path.to_token_stream(),
            Dependency::Name(text) => text.to_token_stream(),
        };
        if itself {
            report
                .on(tokens, "an application cannot need itself to run before it starts: remove it");
            return false;
        }
        if seen.contains(&written) {
            report.on(tokens, format!("`{written}` is named twice: remove one of the two"));
            return false;
        }
        seen.push(written);
        true
    });
}
