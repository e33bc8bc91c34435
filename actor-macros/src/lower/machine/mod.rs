//! A block under `#[machine]`: its options, its states, and each method by its marker.

mod states;
mod way;

use proc_macro2::TokenStream;
use quote::format_ident;
use syn::{Expr, Ident, Type};

use self::way::{Read, Reader};
use super::marker::{self, Marker};
use super::{derived, subject};
use crate::diagnose::Diagnostics;
use crate::model::machine::{Event, EventKind, Inner, KnownState, Machine, StateName, last};
use crate::model::{HookKind, Protocol, Subject};
use crate::names;
use crate::parse::block::{ImplBlock, Method};
use crate::parse::options::{Options, default_crate};

/// The options of `#[machine(..)]`.
const OPTIONS: [&str; 4] = ["initial", "postponed", "derive", "crate"];

/// The markers.
const MARKERS: [&str; 9] =
    ["call", "cast", "internal", "timeout", "enter", "init", "terminate", "exit", "down"];

/// Reads a block and takes its markers off.
pub(crate) fn read(
    options: TokenStream,
    block: &mut ImplBlock,
    report: &Diagnostics,
) -> Option<Machine> {
    let mut options = Options::read("#[machine]", options, &OPTIONS, report);
    let krate = derived::krate(&mut options, report).unwrap_or_else(default_crate);
    let initial = options.expr("initial", report);
    let postponed = options.expr("postponed", report);
    let derives = options.list("derive", report);
    let markers: Vec<Option<Marker>> =
        block.methods_mut().map(|method| marker::take(method, &MARKERS, report)).collect();
    let subject = subject::read("#[machine]", &block.head, krate, report)?;
    let methods: Vec<(&Method, Marker)> = block
        .methods_mut()
        .zip(markers)
        .filter_map(|(method, marker)| marker.map(|marker| (&*method, marker)))
        .collect();
    let (first, initial) = first(initial, &subject, &methods, report)?;
    let state = format_ident!("{}State", subject.ident, span = subject.ident.span());
    let named = named(Some(first), &methods);
    let mut machine = empty(subject, state, initial, derives);
    machine.postponed = postponed;
    for path in &named {
        let Some(name) = last(path) else { continue };
        match machine.at(path) {
            None => machine.states.push(KnownState { name: name.clone(), path: path.clone() }),
            // `in = Full` names a state, and `To<Full<T>>` its type.
            Some(at) if bare(&machine.states[at].path) => machine.states[at].path = path.clone(),
            Some(_) => {}
        }
    }
    for (method, marker) in methods {
        add(&mut machine, method, &marker, &named, report);
    }
    Some(machine)
}

/// The state it starts in, and how it is made. Where that is not said, some state takes its place,
/// so that this is the one error.
fn first(
    initial: Option<Expr>,
    subject: &Subject,
    methods: &[(&Method, Marker)],
    report: &Diagnostics,
) -> Option<(StateName, Expr)> {
    if let Some(initial) = initial {
        let state = states::made(&initial, report)?;
        return Some((state, initial));
    }
    let text = "a machine starts in a state: write `#[machine(initial = ..)]`, with the first one";
    report.on(&subject.path, text);
    let some = named(None, methods).into_iter().next()?;
    let made = syn::parse_quote!({ let never: #some = ::core::unreachable!(); never });
    Some((some, made))
}

/// Whether a state is named without the parameters it may have.
fn bare(path: &StateName) -> bool {
    path.segments.last().is_none_or(|last| last.arguments.is_none())
}

fn empty(subject: Subject, state: Ident, initial: Expr, derives: Option<TokenStream>) -> Machine {
    let message = names::message_name(&subject.ident);
    let reply = names::reply_name(&message);
    let inner = |suffix: &str| {
        let name = format_ident!("{}{suffix}", subject.ident, span = subject.ident.span());
        Inner { name, handlers: Vec::new() }
    };
    let (internal, timeout) = (inner("Event"), inner("Timeout"));
    let (handlers, broken, hooks) = (Vec::new(), Vec::new(), Vec::new());
    let second = false;
    let infos = Vec::new();
    let protocol =
        Protocol { subject, message, reply, second, derives, handlers, broken, hooks, infos };
    Machine {
        protocol,
        state,
        internal,
        timeout,
        initial,
        postponed: None,
        states: Vec::new(),
        events: Vec::new(),
        enters: Vec::new(),
        hooks: Vec::new(),
    }
}

/// All states that are named as such: where the machine starts, where its handlers lead, where they
/// are, and what is entered. What is wrong with a list is reported when it is read for good.
fn named(first: Option<StateName>, methods: &[(&Method, Marker)]) -> Vec<StateName> {
    let silent = Diagnostics::new();
    let mut named: Vec<StateName> = first.into_iter().collect();
    for (method, marker) in methods {
        if let (Some(goes), _) = states::goes(&method.sig.output, &silent) {
            named.extend(goes.to);
        }
        match MARKERS[marker.which] {
            "enter" => named.extend(states::entered(&marker.attr, &silent)),
            "init" | "terminate" => {}
            _ => {
                let only = states::only(&marker.attr, &["in"]);
                let mut options = Options::of("", &only, &["in"], &silent);
                named.extend(states::which("in", &mut options, &silent).named);
            }
        }
    }
    let _reported_later = silent.finish();
    named
}

fn add(
    machine: &mut Machine,
    method: &Method,
    marker: &Marker,
    known: &[StateName],
    report: &Diagnostics,
) {
    let (subject, state) = (&machine.protocol.subject, &machine.state);
    let reader = Reader { subject, state, known, report };
    match MARKERS[marker.which] {
        "enter" => machine.enters.extend(reader.enter(method, &marker.attr)),
        name @ ("init" | "terminate") => {
            let kind = if name == "init" { HookKind::Init } else { HookKind::Terminate };
            let hook = reader.hook(method, &marker.attr, kind);
            if let (Some(_), Some(first)) =
                (&hook, machine.hooks.iter().find(|hook| hook.kind == kind))
            {
                let (a, b) = (&first.origin.method, &method.sig.ident);
                let text = format!(
                    "a process has one `#[{name}]`, and `{a}` is it: call `{b}` \
                                    from there"
                );
                report.at(b.span(), text);
                return;
            }
            machine.hooks.extend(hook);
        }
        name => {
            let read = reader.event(method, name, &marker.attr);
            if let Some(read) = read {
                join(machine, method, read, report);
            }
        }
    }
}

/// Adds a handler to its event.
fn join(machine: &mut Machine, method: &Method, read: Read, report: &Diagnostics) {
    let Read { mut way, kind, event, handler, postponed, ignored } = read;
    let name = event.unwrap_or_else(|| method.sig.ident.clone());
    let fields: Vec<(Ident, Type)> = handler.as_ref().map_or_else(Vec::new, |handler| {
        handler.fields().map(|field| (field.name.clone(), field.ty.clone())).collect()
    });
    let reply = handler.as_ref().and_then(|handler| handler.reply().cloned());
    let single = matches!(kind, EventKind::Exit | EventKind::Down);
    let same = |other: &&mut Event| match single {
        true => other.kind == kind,
        false => other.name == name && !matches!(other.kind, EventKind::Exit | EventKind::Down),
    };
    if let Some(event) = machine.events.iter_mut().find(same) {
        let first = event.ways.first().map(|way| way.origin.method.clone());
        let shown = |fields: &[(Ident, Type)], reply: &Option<Type>| {
            let fields = fields.iter().map(|(name, ty)| (name.to_string(), names::pretty(ty)));
            (fields.collect::<Vec<_>>(), reply.as_ref().map(names::pretty))
        };
        let differs = shown(&event.fields, &event.reply) != shown(&fields, &reply);
        if event.kind != kind || differs {
            way.sound = false;
            let first = first.map_or_else(String::new, |first| format!("`{first}`"));
            report.on(
                &method.sig.ident,
                format!(
                    "`{}` handles the same event as {first}, so both are marked alike, take the \
                     same arguments by the same names, and give the same reply",
                    method.sig.ident
                ),
            );
        }
        event.ways.push(way);
        event.postponed.add(postponed);
        event.ignored.add(ignored);
        return;
    }
    let variant = names::variant(&name);
    match (&kind, handler) {
        (EventKind::Call | EventKind::Cast, Some(handler)) if handler.sound => {
            machine.protocol.handlers.push(handler);
        }
        (EventKind::Call | EventKind::Cast, Some(handler)) => machine.protocol.broken.push(handler),
        (EventKind::Internal, Some(handler)) => machine.internal.handlers.push(handler),
        (EventKind::Timeout(_), Some(handler)) => machine.timeout.handlers.push(handler),
        _ => {}
    }
    let (ways, cells) = (vec![way], Vec::new());
    machine.events.push(Event {
        name,
        kind,
        variant,
        fields,
        reply,
        ways,
        postponed,
        ignored,
        cells,
    });
}

impl crate::model::machine::Which {
    fn add(&mut self, other: Self) {
        self.named.extend(other.named);
        self.rest = self.rest.or(other.rest);
    }
}
