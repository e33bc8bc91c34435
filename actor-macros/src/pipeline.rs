//! The stages in order, one function an entry point: parse, lower, check, expand, and the errors at
//! the end. Each emits the user's item whatever is wrong with it.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Ident, Path};

use crate::diagnose::Diagnostics;
use crate::lower::{application, config, derived, machine, protocol, tree};
use crate::model::application::Callback;
use crate::model::{Handler, Kind, Protocol};
use crate::parse::block::{ImplBlock, Method};
use crate::parse::options::{Options, default_crate};
use crate::yields::{self, Loops};
use crate::{check, expand};

/// `#[derive(Process)]`
pub(crate) fn process(item: TokenStream) -> TokenStream {
    let report = Diagnostics::new();
    let output = derived::process(item, &report).as_ref().map(expand::process::process);
    let errors = report.finish();
    quote!(#output #errors)
}

/// `#[derive(StateMachine)]`
pub(crate) fn machine_type(item: TokenStream) -> TokenStream {
    let report = Diagnostics::new();
    let output = derived::machine(item, &report).as_ref().map(expand::process::machine);
    let errors = report.finish();
    quote!(#output #errors)
}

/// `#[derive(Supervisor)]`
pub(crate) fn supervisor_type(item: TokenStream) -> TokenStream {
    let report = Diagnostics::new();
    let output = derived::supervisor(item, &report).as_ref().map(expand::process::supervisor);
    let errors = report.finish();
    quote!(#output #errors)
}

/// `#[handlers]`
pub(crate) fn handlers(options: TokenStream, item: TokenStream) -> TokenStream {
    let report = Diagnostics::new();
    let Some(mut block) = ImplBlock::read("#[handlers]", item.clone(), &report) else {
        let errors = report.finish();
        return quote!(#item #errors);
    };
    let mut model = protocol::read(options, &mut block, &report);
    if let Some(protocol) = &mut model {
        check::protocol::check(protocol, &report);
        bodies(protocol, &mut block, &report);
    }
    let output = model.as_ref().map(expand::protocol);
    let errors = report.finish();
    quote!(#block #output #errors)
}

/// What is looked for in the bodies of a block's methods, and what is put there.
fn bodies(protocol: &Protocol, block: &mut ImplBlock, report: &Diagnostics) {
    let handlers = || protocol.handlers.iter().chain(&protocol.broken);
    let is_call = |handler: &&Handler| matches!(handler.kind, Kind::Call(_));
    let calls: Vec<&Ident> =
        protocol.handlers.iter().filter(is_call).map(|handler| &handler.origin.method).collect();
    for method in block.methods_mut() {
        let name = method.sig.ident.clone();
        let handler = handlers().find(|handler| handler.origin.method == name);
        let is_hook = protocol.hooks.iter().any(|hook| hook.origin.method == name)
            || protocol.infos.iter().any(|info| info.origin.method == name);
        if is_hook || handler.is_some_and(|handler| handler.sound) {
            check::self_call::check(method, &calls, report);
        }
        let loops = match (&method.sig.asyncness, handler) {
            (Some(_), Some(handler)) if handler.yields => Loops::All,
            (Some(_), Some(_)) => Loops::Awaiting,
            (Some(_), None) if is_hook => Loops::Awaiting,
            _ => Loops::None,
        };
        yields::weave(method, loops, &protocol.subject.krate, report);
    }
}

/// `#[machine]`
pub(crate) fn machine(options: TokenStream, item: TokenStream) -> TokenStream {
    let report = Diagnostics::new();
    let Some(mut block) = ImplBlock::read("#[machine]", item.clone(), &report) else {
        let errors = report.finish();
        return quote!(#item #errors);
    };
    let mut model = machine::read(options, &mut block, &report);
    if let Some(machine) = &mut model {
        check::machine::check(machine, &report);
        let calls: Vec<&Ident> = machine
            .protocol
            .handlers
            .iter()
            .filter(|handler| matches!(handler.kind, Kind::Call(_)))
            .map(|handler| &handler.origin.method)
            .collect();
        for method in block.methods_mut() {
            check::self_call::check(method, &calls, &report);
            let found = machine.asyncs().find(|(name, _)| **name == method.sig.ident);
            let loops = match found {
                Some((_, true)) => Loops::All,
                Some((_, false)) => Loops::Awaiting,
                None => Loops::None,
            };
            yields::weave(method, loops, &machine.protocol.subject.krate, &report);
        }
    }
    let output = model.as_ref().map(expand::machine::expand);
    let errors = report.finish();
    quote!(#block #output #errors)
}

/// `#[supervisor]`
pub(crate) fn supervisor(options: TokenStream, item: TokenStream) -> TokenStream {
    let report = Diagnostics::new();
    let Some(mut block) = ImplBlock::read("#[supervisor]", item.clone(), &report) else {
        let errors = report.finish();
        return quote!(#item #errors);
    };
    let mut model = tree::read(options, &mut block, &report);
    if let Some(tree) = &mut model {
        check::tree::check(tree, &report);
    }
    let output = model.as_ref().map(expand::tree::expand);
    let errors = report.finish();
    quote!(#block #output #errors)
}

/// `#[derive(Application)]`
pub(crate) fn configuration(item: TokenStream) -> TokenStream {
    let report = Diagnostics::new();
    let mut config = config::read(item, &report);
    if let Some(config) = &mut config {
        check::application::check_config(config, &report);
    }
    let output = config.as_ref().map(expand::application::config);
    let errors = report.finish();
    quote!(#output #errors)
}

/// `#[application]`
pub(crate) fn application(options: TokenStream, item: TokenStream) -> TokenStream {
    let report = Diagnostics::new();
    let Some(mut block) = ImplBlock::read("#[application]", item.clone(), &report) else {
        let errors = report.finish();
        return quote!(#item #errors);
    };
    let mut model = application::read(options, &mut block, &report);
    if let Some(application) = &mut model {
        check::application::check(application, &report);
        for method in block.methods_mut() {
            let is = |one: &&Callback| one.origin.method == method.sig.ident && one.origin.is_async;
            let loops = match application.callbacks.iter().find(is) {
                Some(_) => Loops::Awaiting,
                None => Loops::None,
            };
            yields::weave(method, loops, &application.subject.krate, &report);
        }
    }
    let output = model.as_ref().map(expand::application::application);
    let errors = report.finish();
    quote!(#block #output #errors)
}

/// `#[main]`
pub(crate) fn main(options: TokenStream, item: TokenStream) -> TokenStream {
    let report = Diagnostics::new();
    let mut options = Options::read("#[main]", options, &["crate"], &report);
    let krate: Path = derived::krate(&mut options, &report).unwrap_or_else(default_crate);
    let Ok(method) = syn::parse2::<Method>(item.clone()) else {
        report.on(&item, "`#[main]` goes on `async fn main()`");
        let errors = report.finish();
        return quote!(#item #errors);
    };
    check::main_fn::check(&method, &report);
    let output = if report.count() == 0 {
        expand::main_fn::expand(&method, &krate)
    } else {
        // Without a `main` rustc would go on about its absence.
        let name = &method.sig.ident;
        quote!(fn #name() {})
    };
    let errors = report.finish();
    quote!(#output #errors)
}
