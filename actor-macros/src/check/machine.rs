//! Rules across a state machine: every event has a say in every state, and every state is reached.
//!
//! For each event and each state there is one [`Cell`]. What names the state goes before what
//! speaks of all: a handler `in = Open` before one without `in`, and that before `ignore = _`.

use syn::Ident;

use crate::diagnose::{Diagnostics, hint, list};
use crate::model::machine::{Cell, Event, EventKind, Machine, StateName, Timer, last};

/// Fills in the cells of all events, and reports what is missing, double or out of reach.
pub(crate) fn check(machine: &mut Machine, report: &Diagnostics) {
    states_are_types(machine, report);
    one_variant_an_event(machine, report);
    enters_once(machine, report);
    let mut events = std::mem::take(&mut machine.events);
    for event in &mut events {
        known_states(machine, event, report);
        event.cells = cells(machine, event, report);
    }
    machine.events = events;
    // What is missing because it could not be read would be reported once more.
    if report.count() > 0 {
        return;
    }
    let reached = reached(machine);
    unreachable(machine, &reached, report);
    for event in &machine.events {
        missing(machine, event, report);
        never_left(machine, event, report);
    }
}

/// A parameter can be any type, also one that is another state. What leads to one is not called:
/// rustc says of it what it must.
fn states_are_types(machine: &mut Machine, report: &Diagnostics) {
    let parameters = machine.protocol.subject.generics.clone();
    let is_parameter =
        |path: &StateName| parameters.type_params().any(|one| path.is_ident(&one.ident));
    for state in machine.states.iter().filter(|state| is_parameter(&state.path)) {
        let name = &state.name;
        report.on(
            &state.path,
            format!(
                "`{name}` may be any type, and a state is one of its own: write \
                 `struct Holding<{name}>({name})`, and `Holding<{name}>` here"
            ),
        );
    }
    machine.states.retain(|state| !is_parameter(&state.path));
    for way in machine.events.iter_mut().flat_map(|event| &mut event.ways) {
        way.sound &= !way.goes.as_ref().is_some_and(|goes| goes.to.iter().any(is_parameter));
    }
}

/// Two events must not be the same variant.
fn one_variant_an_event(machine: &Machine, report: &Diagnostics) {
    let events = &machine.events;
    for (at, event) in events.iter().enumerate() {
        let inner = |event: &Event| match event.kind {
            EventKind::Call | EventKind::Cast => 0,
            EventKind::Internal => 1,
            EventKind::Timeout(_) => 2,
            EventKind::Exit => 3,
            EventKind::Down => 4,
        };
        let twin = |other: &&Event| {
            other.variant == event.variant && inner(other) == inner(event) && inner(event) < 3
        };
        if let Some(first) = events[..at].iter().find(twin) {
            let (a, b, variant) = (&first.name, &event.name, &event.variant);
            report.at(b.span(), format!("`{a}` and `{b}` would both be `{variant}`: rename one"));
            report.at(a.span(), format!("`{a}`, the first that gives `{variant}`"));
        }
    }
}

/// A state has one enter call.
fn enters_once(machine: &Machine, report: &Diagnostics) {
    let mut seen: Vec<(&Ident, &Ident)> = Vec::new();
    for enter in &machine.enters {
        for state in enter.states.iter().filter_map(last) {
            let (a, b) = (seen.iter().find(|(_, name)| *name == state), &enter.origin.method);
            if let Some((a, _)) = a {
                let text = format!("`{state}` has its enter call, `{a}`: call `{b}` from there");
                report.at(b.span(), text);
            }
            seen.push((b, state));
        }
    }
}

/// `postpone` and `ignore` speak of states that are named elsewhere too.
fn known_states(machine: &Machine, event: &Event, report: &Diagnostics) {
    let all: Vec<String> = machine.states.iter().map(|state| state.name.to_string()).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    for path in event.postponed.named.iter().chain(&event.ignored.named) {
        if machine.at(path).is_none() {
            let written = crate::names::pretty(path);
            let hint = hint(&written, &all);
            report.on(path, format!("`{written}` is no state of this machine: {hint}"));
        }
    }
}

fn cells(machine: &Machine, event: &Event, report: &Diagnostics) -> Vec<Cell> {
    let mut cells = vec![Cell::Missing; machine.states.len()];
    let mut set = |path: &StateName, cell: Cell| {
        let Some(at) = machine.at(path) else { return };
        if cells[at] == Cell::Missing {
            cells[at] = cell;
        } else {
            let (name, state) = (&event.name, &machine.states[at].name);
            report.on(
                path,
                format!(
                    "it is said twice what `{name}` does in `{state}`: name each state once, in \
                     `in`, `postpone` or `ignore`"
                ),
            );
        }
    };
    for (at, way) in event.ways.iter().enumerate() {
        way.within.iter().for_each(|path| set(path, Cell::Way(at)));
    }
    event.postponed.named.iter().for_each(|path| set(path, Cell::Postponed));
    event.ignored.named.iter().for_each(|path| set(path, Cell::Ignored));

    let open = |at: &usize| event.ways[*at].within.is_empty();
    let general: Vec<usize> = (0..event.ways.len()).filter(open).collect();
    if let [first, second, ..] = general[..] {
        let (a, b) = (&event.ways[first].origin.method, &event.ways[second].origin.method);
        let text = format!(
            "`{a}` handles this event in all states that nothing else is said of, \
                            and so does `{b}`: say where, as in `in = Open`"
        );
        report.at(b.span(), text);
    }
    let rest = [
        general.first().map(|at| (Cell::Way(*at), event.ways[*at].origin.method.span())),
        event.postponed.rest.map(|span| (Cell::Postponed, span)),
        event.ignored.rest.map(|span| (Cell::Ignored, span)),
    ];
    let rest: Vec<_> = rest.into_iter().flatten().collect();
    if let [_, (_, span), ..] = rest[..] {
        report.at(
            span,
            "`_` stands for all states that nothing else is said of, and a handler without `in` \
             takes those already: remove one",
        );
    }
    if let Some((cell, _)) = rest.first() {
        cells.iter_mut().filter(|it| **it == Cell::Missing).for_each(|it| *it = *cell);
    }
    cells
}

/// Where each state leads.
fn leads(machine: &Machine, from: usize) -> Vec<usize> {
    let ways = machine.events.iter().filter_map(|event| match event.cells.get(from) {
        Some(Cell::Way(at)) => event.ways.get(*at),
        _ => None,
    });
    let goes = ways.filter_map(|way| way.goes.as_ref());
    goes.flat_map(|goes| &goes.to).filter_map(|path| machine.at(path)).collect()
}

/// Which states can be reached from the initial one.
fn reached(machine: &Machine) -> Vec<bool> {
    let mut reached = vec![false; machine.states.len()];
    let mut open = vec![0];
    while let Some(at) = open.pop() {
        if let Some(seen) = reached.get_mut(at).filter(|seen| !**seen) {
            *seen = true;
            open.extend(leads(machine, at));
        }
    }
    reached
}

fn unreachable(machine: &Machine, reached: &[bool], report: &Diagnostics) {
    let names = |keep: bool| -> Vec<String> {
        let states = machine.states.iter().zip(reached).filter(|(_, is)| **is == keep);
        states.map(|(state, _)| state.name.to_string()).collect()
    };
    let found = names(true);
    let found: Vec<&str> = found.iter().map(String::as_str).collect();
    for (state, _) in machine.states.iter().zip(reached).filter(|(_, is)| !**is) {
        let name = state.name.to_string();
        let hint = crate::diagnose::did_you_mean(&name, &found)
            .map_or_else(String::new, |meant| format!(" (did you mean `{meant}`?)"));
        report.at(
            state.name.span(),
            format!(
                "no way leads from `{}` to `{name}`, so nothing that is said of it ever happens: \
                 name it in the `To<..>` of a handler in a state that is reached, or remove it\
                 {hint}",
                machine.states[0].name
            ),
        );
    }
}

/// An event that nothing is said of in some states.
fn missing(machine: &Machine, event: &Event, report: &Diagnostics) {
    // These are heard only where they were started.
    if matches!(event.kind, EventKind::Timeout(Timer::State | Timer::Event)) {
        return;
    }
    let open = machine.states.iter().zip(&event.cells);
    let open = open.filter(|(_, cell)| **cell == Cell::Missing);
    let open: Vec<String> = open.map(|(state, _)| state.name.to_string()).collect();
    if open.is_empty() {
        return;
    }
    let states: Vec<&str> = open.iter().map(String::as_str).collect();
    let (name, marker, first) = (&event.name, event.kind.marker(), &open[0]);
    let another = match event.kind {
        EventKind::Exit | EventKind::Down => format!("`#[{marker}(in = {first})]`"),
        _ => format!("`#[{marker}(in = {first}, event = {name})]`"),
    };
    report.at(
        event.ways.first().map_or_else(|| name.span(), |way| way.origin.method.span()),
        format!(
            "nothing is said of `{name}` in {}: write a handler for it, under {another}, or add \
             `postpone = {first}` or `ignore = {first}` to this one (`_` for all others)",
            list(&states)
        ),
    );
}

/// An event that is postponed where nothing follows would wait for ever.
fn never_left(machine: &Machine, event: &Event, report: &Diagnostics) {
    for (at, cell) in event.cells.iter().enumerate() {
        let leaves = leads(machine, at).iter().any(|to| *to != at);
        if *cell == Cell::Postponed && !leaves {
            let (name, state) = (&event.name, &machine.states[at].name);
            let named = event.postponed.named.iter().find(|path| last(path) == Some(state));
            let span = named.and_then(last).map(Ident::span).or(event.postponed.rest);
            report.at(
                span.unwrap_or_else(|| name.span()),
                format!(
                    "`{name}` is postponed in `{state}`, which is never left, so it would wait for \
                     ever: `ignore` it there"
                ),
            );
        }
    }
}
