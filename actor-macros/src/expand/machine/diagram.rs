//! `fn graph`: what the macro saw, as data.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt as _;

use crate::model::machine::{Cell, Event, EventKind, Machine, Timer, last};

/// The function.
pub(super) fn expand(machine: &Machine, private: &TokenStream) -> TokenStream {
    let name = machine.protocol.subject.ident.to_string();
    let states: Vec<String> = machine.states.iter().map(|known| known.name.to_string()).collect();
    let first = states.first().map(String::as_str).unwrap_or_default();
    let arrows = machine.events.iter().flat_map(|event| {
        let cells = event.cells.iter().zip(&states);
        cells.filter_map(|(cell, from)| arrow(event, *cell, from, private))
    });
    quote! {
        fn graph() -> #private::Diagram {
            #private::Diagram {
                name: #name,
                initial: #first,
                states: &[#(#states),*],
                arrows: &[#(#arrows),*],
            }
        }
    }
}

fn arrow(event: &Event, cell: Cell, from: &str, private: &TokenStream) -> Option<TokenStream> {
    let name = event.name.unraw().to_string();
    let kind = match event.kind {
        EventKind::Call | EventKind::Cast => "",
        EventKind::Internal => "internal",
        EventKind::Timeout(Timer::State) => "state time-out",
        EventKind::Timeout(Timer::Event) => "event time-out",
        EventKind::Timeout(Timer::Named(_)) => "time-out",
        EventKind::Exit => "exit",
        EventKind::Down => "down",
    };
    let (note, to) = match cell {
        Cell::Missing => return None,
        Cell::Postponed => ("postponed", Vec::new()),
        Cell::Ignored => ("ignored", Vec::new()),
        Cell::Way(at) => {
            let goes = event.ways.get(at).and_then(|way| way.goes.as_ref());
            let to = goes.into_iter().flat_map(|goes| &goes.to);
            (kind, to.filter_map(last).map(ToString::to_string).collect())
        }
    };
    Some(quote! {
        #private::Arrow { from: #from, event: #name, note: #note, to: &[#(#to),*] }
    })
}
