//! `step` and `step_later`: from an event and a state to the handler.
//!
//! For each kind of event there is one `match` over the event and the state. Sync handlers are
//! called by `step`; an event whose handler is async is handed back by it, and `step_later` has the
//! arms of those. What no arm is for is dropped: that is `ignore`.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::Ident;

use super::{argument, called, local};
use crate::model::OnErr;
use crate::model::machine::{Cell, Event, EventKind, Machine, Way, WayArgument};

/// Both functions.
pub(super) fn expand(machine: &Machine, private: &TokenStream) -> TokenStream {
    let (state, event, cx) = (local("state"), local("event"), local("cx"));
    let name = super::state_type(machine);
    let parameters = quote! {
        &mut self,
        #state: &mut #name,
        #event: #private::MachineEvent<Self>,
        #cx: &mut #private::StateContext<Self>,
    };
    let now = body(machine, private, Pass::Now);
    let is_async = |way: &Way| way.origin.is_async;
    let later = machine.events.iter().any(|event| event.ways.iter().any(is_async)).then(|| {
        let later = body(machine, private, Pass::Later);
        quote! {
            async fn step_later(#parameters) -> #private::Outcome<Self> { #later }
        }
    });
    quote! {
        fn step(#parameters) -> #private::Step<Self> { #now }
        #later
    }
}

/// Which of the two functions.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pass {
    Now,
    Later,
}

impl Pass {
    /// An outcome as the function answers it.
    fn done(self, outcome: TokenStream, private: &TokenStream) -> TokenStream {
        match self {
            Self::Now => quote!(#private::Step::Done(#outcome)),
            Self::Later => outcome,
        }
    }
}

fn body(machine: &Machine, private: &TokenStream, pass: Pass) -> TokenStream {
    let (state, event) = (local("state"), local("event"));
    let (message, port) = (local("message"), local("port"));
    let (a, b) = (local("a"), local("b"));
    let arms = |kinds: fn(&EventKind) -> bool| {
        let events = machine.events.iter().filter(move |event| kinds(&event.kind));
        let arms = events.flat_map(|event| arms(machine, event, private, pass));
        let ignored = pass.done(quote!(#private::Outcome::Keep), private);
        quote!(#(#arms)* _ => #ignored,)
    };
    let messages = arms(|kind| matches!(kind, EventKind::Call | EventKind::Cast));
    let internal = arms(|kind| *kind == EventKind::Internal);
    let timeouts = arms(|kind| matches!(kind, EventKind::Timeout(_)));
    let (exits, downs) = (arms(|k| *k == EventKind::Exit), arms(|k| *k == EventKind::Down));
    let kind = quote!(#private::MachineEvent);
    quote! {
        match #event {
            #kind::Message(#message, #port) => match (#message, #state) { #messages },
            #kind::Internal(#message) => match (#message, #state) { #internal },
            #kind::Timeout(#message) => match (#message, #state) { #timeouts },
            #kind::Exit(#a, #b) => match ((#a, #b), #state) { #exits },
            #kind::Down(#a) => match (#a, #state) { #downs },
        }
    }
}

/// The arms of one event.
fn arms(machine: &Machine, event: &Event, private: &TokenStream, pass: Pass) -> Vec<TokenStream> {
    let states = |wanted: Cell| -> Vec<&Ident> {
        let cells = event.cells.iter().zip(&machine.states);
        cells.filter(|(cell, _)| **cell == wanted).map(|(_, state)| &state.name).collect()
    };
    let mut arms = Vec::new();
    for (at, way) in event.ways.iter().enumerate() {
        let states = states(Cell::Way(at));
        if states.is_empty() || !way.sound {
            continue;
        }
        match (pass, way.origin.is_async) {
            (Pass::Now, false) | (Pass::Later, true) => {
                arms.push(handled(machine, event, way, &states, private, pass));
            }
            (Pass::Now, true) => {
                let back = back(event, private);
                let answer = quote!(#private::Step::Later(#back));
                arms.push(whole(machine, event, &states, &answer));
            }
            (Pass::Later, false) => {}
        }
    }
    let postponed = states(Cell::Postponed);
    if pass == Pass::Now && !postponed.is_empty() {
        let back = back(event, private);
        let answer = quote!(#private::Step::Done(#private::Outcome::Postpone(#back)));
        arms.push(whole(machine, event, &postponed, &answer));
    }
    let missing = states(Cell::Missing);
    if pass == Pass::Now && !missing.is_empty() {
        let text = format!("no handler for the time-out `{}` in this state", event.name);
        let answer = quote! {
            #private::Step::Done(#private::Outcome::Stop(#private::ExitReason::error(#text)))
        };
        arms.push(whole(machine, event, &missing, &answer));
    }
    arms
}

/// The enum that an event is a variant of; none for exits and downs.
fn enumeration<'a>(machine: &'a Machine, event: &Event) -> Option<&'a Ident> {
    match event.kind {
        EventKind::Call | EventKind::Cast => Some(&machine.protocol.message),
        EventKind::Internal => Some(&machine.internal.name),
        EventKind::Timeout(_) => Some(&machine.timeout.name),
        EventKind::Exit | EventKind::Down => None,
    }
}

/// An arm that keeps the event in one piece.
fn whole(machine: &Machine, event: &Event, states: &[&Ident], answer: &TokenStream) -> TokenStream {
    let name = &machine.state;
    let message = local("message");
    let (a, b, variant) = (local("a"), local("b"), &event.variant);
    let pattern = match (enumeration(machine, event), &event.kind) {
        (Some(of), _) => quote!(#message @ #of::#variant { .. }),
        (None, EventKind::Exit) => quote!((#a, #b)),
        (None, _) => quote!(#a),
    };
    quote!((#pattern, #(#name::#states(_))|*) => #answer,)
}

/// The event that [`whole`] has in hand.
fn back(event: &Event, private: &TokenStream) -> TokenStream {
    let (message, port, a, b) = (local("message"), local("port"), local("a"), local("b"));
    match event.kind {
        EventKind::Call | EventKind::Cast => {
            quote!(#private::MachineEvent::Message(#message, #port))
        }
        EventKind::Internal => quote!(#private::MachineEvent::Internal(#message)),
        EventKind::Timeout(_) => quote!(#private::MachineEvent::Timeout(#message)),
        EventKind::Exit => quote!(#private::MachineEvent::Exit(#a, #b)),
        EventKind::Down => quote!(#private::MachineEvent::Down(#a)),
    }
}

/// An arm that takes the event apart and calls a handler.
fn handled(
    machine: &Machine,
    event: &Event,
    way: &Way,
    states: &[&Ident],
    private: &TokenStream,
    pass: Pass,
) -> TokenStream {
    let name = &machine.state;
    let (a, b, variant) = (local("a"), local("b"), &event.variant);
    let fields: Vec<&Ident> = event.fields.iter().map(|(name, _)| name).collect();
    let data = (!fields.is_empty()).then(|| quote!({ #(#fields),* }));
    let of = enumeration(machine, event);
    let pattern = match (of, &event.kind) {
        (Some(of), _) => quote!(#of::#variant #data),
        (None, EventKind::Exit) => quote!((#a, #b)),
        (None, _) => quote!(#a),
    };
    let takes = |wanted: fn(&WayArgument) -> bool| way.arguments.iter().any(wanted);
    let place = if takes(|argument| matches!(argument, WayArgument::State)) {
        let inside = local("inside");
        quote!(#(#name::#states(#inside))|*)
    } else if takes(|argument| matches!(argument, WayArgument::Whole)) {
        let all = local("all");
        let guard = (states.len() < machine.states.len())
            .then(|| quote!(if ::core::matches!(*#all, #(#name::#states(_))|*)));
        let run = run(machine, event, way, private);
        let done = pass.done(run, private);
        return quote!((#pattern, #all) #guard => #done,);
    } else {
        quote!(#(#name::#states(_))|*)
    };
    let done = pass.done(run(machine, event, way, private), private);
    quote!((#pattern, #place) => #done,)
}

/// Calls the handler, and makes an outcome of what it returns.
fn run(machine: &Machine, event: &Event, way: &Way, private: &TokenStream) -> TokenStream {
    let (port, variant, reply) = (local("port"), &event.variant, &machine.protocol.reply);
    let arguments = way.arguments.iter().map(|one| match one {
        WayArgument::Reply => quote!(#private::Reply::new(#port, #reply::#variant)),
        other => argument(other),
    });
    let call = called(&way.origin, arguments);
    let deferred = way.arguments.iter().any(|one| matches!(one, WayArgument::Reply));
    match (&event.kind, &way.goes) {
        (EventKind::Call, Some(_)) if deferred => {
            quote!({ #private::deferred_outcome::<Self, _>(#call) })
        }
        (EventKind::Call, _) if !deferred => answered(machine, event, way, &call, private),
        (_, Some(_)) => goes(machine, event, way, &call, private),
        (_, None) => stays(machine, event, way, &call, private),
    }
}

/// A call that is replied to with what its handler returns.
fn answered(
    machine: &Machine,
    event: &Event,
    way: &Way,
    call: &TokenStream,
    private: &TokenStream,
) -> TokenStream {
    let (value, again, port) = (local("value"), local("again"), local("port"));
    let (reply, variant, ty) = (&machine.protocol.reply, &event.variant, &event.reply);
    match &way.goes {
        Some(goes) => {
            let copy = goes.postpones.then(|| copy(machine, event));
            let copied = match goes.postpones {
                true => quote!(#private::Option::Some(#again)),
                false => quote!(#private::Option::None),
            };
            quote! {{
                #copy
                let #value = #call;
                #private::call_outcome::<Self, _, _>(#value, #port, #reply::#variant, #copied)
            }}
        }
        None if way.on_err == OnErr::Crash => {
            let next = quote!(#private::reply_or_crash(#port, #value, #reply::#variant));
            let outcome = of_next(&next, private);
            quote! {{
                let #value = #call;
                #outcome
            }}
        }
        None => quote! {{
            let #value: #ty = #call;
            #private::ReplyPort::send(#port, #reply::#variant(#value));
            #private::Outcome::Keep
        }},
    }
}

/// Any other event whose handler says where it goes.
fn goes(
    machine: &Machine,
    event: &Event,
    way: &Way,
    call: &TokenStream,
    private: &TokenStream,
) -> TokenStream {
    let (value, again, port) = (local("value"), local("again"), local("port"));
    if !way.goes.as_ref().is_some_and(|goes| goes.postpones) {
        return quote!({ #private::cast_outcome::<Self, _>(#call, #private::Option::None) });
    }
    let back = match event.kind {
        EventKind::Call | EventKind::Cast => quote!(Message(#again, #port)),
        EventKind::Internal => quote!(Internal(#again)),
        EventKind::Timeout(_) => quote!(Timeout(#again)),
        EventKind::Exit => quote!(Exit(#again.0, #again.1)),
        EventKind::Down => quote!(Down(#again)),
    };
    let copy = copy(machine, event);
    quote! {{
        #copy
        let #value = #call;
        #private::cast_outcome::<Self, _>(
            #value,
            #private::Option::Some(#private::MachineEvent::#back),
        )
    }}
}

/// Any other event whose handler stays where it is.
fn stays(
    machine: &Machine,
    event: &Event,
    way: &Way,
    call: &TokenStream,
    private: &TokenStream,
) -> TokenStream {
    let is_hook = matches!(event.kind, EventKind::Exit | EventKind::Down);
    match way.on_err {
        OnErr::Crash => of_next(&quote!(#private::IntoNext::into_next(#call)), private),
        _ if is_hook => of_next(&quote!(#private::IntoNext::into_next(#call)), private),
        OnErr::Log => {
            let process = machine.protocol.subject.ident.to_string();
            let (method, error) = (way.origin.method.to_string(), local("error"));
            quote! {{
                if let ::core::result::Result::Err(#error) = #call {
                    #private::log_error(#process, #method, &#error);
                }
                #private::Outcome::Keep
            }}
        }
        OnErr::Infallible => quote! {{
            let () = #call;
            #private::Outcome::Keep
        }},
    }
}

/// What a handler that goes nowhere may still do.
fn of_next(next: &TokenStream, private: &TokenStream) -> TokenStream {
    let reason = local("reason");
    quote! {
        match #next {
            #private::Next::Continue => #private::Outcome::Keep,
            #private::Next::Stop(#reason) => #private::Outcome::Stop(#reason),
        }
    }
}

/// A copy of the event, for a handler that may postpone it.
fn copy(machine: &Machine, event: &Event) -> TokenStream {
    let (again, variant) = (local("again"), &event.variant);
    let (a, b) = (local("a"), local("b"));
    let clone =
        |name: &Ident, span: Span| quote_spanned!(span=> ::core::clone::Clone::clone(&#name));
    let value = match (enumeration(machine, event), &event.kind) {
        (Some(of), _) => {
            let fields = event.fields.iter().map(|(name, ty)| {
                let clone = clone(name, syn::spanned::Spanned::span(ty));
                quote!(#name: #clone)
            });
            quote!(#of::#variant { #(#fields),* })
        }
        (None, EventKind::Exit) => {
            let (a, b) = (clone(&a, Span::call_site()), clone(&b, Span::call_site()));
            quote!((#a, #b))
        }
        (None, _) => clone(&a, Span::call_site()),
    };
    quote!(let #again = #value;)
}
