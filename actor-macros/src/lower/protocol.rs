//! A block under `#[handlers]`: its options, and each method by its marker.

use proc_macro2::TokenStream;

use super::marker::{self, Marker};
use super::{derived, handler, hook, info, subject};
use crate::diagnose::Diagnostics;
use crate::model::{Handler, HookKind, Protocol};
use crate::names;
use crate::parse::block::{ImplBlock, Method};
use crate::parse::options::{Options, default_crate};

/// The options of `#[handlers(..)]`.
const OPTIONS: [&str; 3] = ["name", "derive", "crate"];

/// The markers, in the order of the `match` below.
const MARKERS: [&str; 9] =
    ["call", "cast", "init", "terminate", "exit", "down", "info", "timeout", "hibernate"];

/// Reads a block and takes its markers off.
pub(crate) fn read(
    options: TokenStream,
    block: &mut ImplBlock,
    report: &Diagnostics,
) -> Option<Protocol> {
    let mut options = Options::read("#[handlers]", options, &OPTIONS, report);
    let krate = derived::krate(&mut options, report).unwrap_or_else(default_crate);
    let name = options.name("name", report);
    let derives = options.list("derive", report);
    let markers: Vec<Option<Marker>> =
        block.methods_mut().map(|method| marker::take(method, &MARKERS, report)).collect();

    let subject = subject::read("#[handlers]", &block.head, krate, report)?;
    let second = name.is_some();
    let message = name.unwrap_or_else(|| names::message_name(&subject.ident));
    let reply = names::reply_name(&message);
    let mut protocol = Protocol {
        subject,
        message,
        reply,
        second,
        derives,
        handlers: Vec::new(),
        broken: Vec::new(),
        hooks: Vec::new(),
        infos: Vec::new(),
    };
    for (method, marker) in block.methods_mut().zip(markers) {
        if let Some(marker) = marker {
            add(&mut protocol, method, &marker, report);
        }
    }
    Some(protocol)
}

fn add(protocol: &mut Protocol, method: &Method, marker: &Marker, report: &Diagnostics) {
    let subject = &protocol.subject;
    let kind = match MARKERS[marker.which] {
        "call" => {
            let handler = handler::call(method, &marker.attr, subject, report);
            protocol.keep(handler);
            return;
        }
        "cast" => {
            let handler = handler::cast(method, &marker.attr, subject, report);
            protocol.keep(handler);
            return;
        }
        "info" => {
            protocol.infos.extend(info::read(method, &marker.attr, subject, report));
            return;
        }
        "init" => HookKind::Init,
        "terminate" => HookKind::Terminate,
        "exit" => HookKind::Exit,
        "timeout" => HookKind::Timeout,
        "hibernate" => HookKind::Hibernate,
        _ => HookKind::Down,
    };
    if protocol.second {
        report.on(
            &marker.attr,
            format!(
                "hooks belong to the first block, the one without `name`: move `{}` there",
                method.sig.ident
            ),
        );
        return;
    }
    protocol.hooks.extend(hook::read(method, &marker.attr, kind, report));
}

impl Protocol {
    /// Puts a handler where it belongs.
    fn keep(&mut self, handler: Option<Handler>) {
        let list = match &handler {
            Some(handler) if !handler.sound => &mut self.broken,
            _ => &mut self.handlers,
        };
        list.extend(handler);
    }
}
