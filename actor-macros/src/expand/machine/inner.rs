//! The enums of what a machine tells itself: internal events and time-outs.

use proc_macro2::TokenStream;
use quote::quote;
use syn::Ident;

use super::local;
use crate::expand::messages;
use crate::model::machine::{EventKind, Inner, Machine, Timer};

/// The enum.
pub(super) fn expand(machine: &Machine, inner: &Inner) -> TokenStream {
    let name = &inner.name;
    let process = &machine.protocol.subject.ident;
    let doc = match *name == machine.timeout.name {
        true => format!("What the time-outs of `{process}` bring."),
        false => format!("What `{process}` tells itself."),
    };
    let variants = inner.handlers.iter().map(messages::variant);
    let names = inner.handlers.iter().map(|handler| messages::name_arm(name, handler));
    let debug = messages::debug(name, &quote!(), &quote!(), quote!(match *self { #(#names)* }));
    quote! {
        #[doc = #doc]
        #[allow(
            dead_code, missing_docs, private_interfaces, unreachable_pub, clippy::all,
            clippy::pedantic
        )]
        pub enum #name { #(#variants),* }
        #debug
    }
}

/// The enum of time-outs, and the name of each one's timer as a constant.
pub(super) fn timeouts(machine: &Machine) -> TokenStream {
    let private = &super::private(&machine.protocol.subject.krate);
    let enumeration = expand(machine, &machine.timeout);
    let name = &machine.timeout.name;
    let constants = timers(machine).map(|(event, timer)| {
        use syn::ext::IdentExt as _;
        let text = event.name.unraw().to_string();
        let constant = Ident::new(&text.to_uppercase(), event.name.span());
        let (doc, timer) = (format!("The timer of `{text}`."), tokens(timer, private));
        quote!(#[doc = #doc] pub const #constant: #private::TimerName = #timer;)
    });
    quote! {
        #enumeration
        #[automatically_derived]
        #[allow(dead_code, non_upper_case_globals, unreachable_pub)]
        impl #name { #(#constants)* }
    }
}

fn timers(machine: &Machine) -> impl Iterator<Item = (&crate::model::machine::Event, &Timer)> {
    machine.events.iter().filter_map(|event| match &event.kind {
        EventKind::Timeout(timer) => Some((event, timer)),
        _ => None,
    })
}

fn tokens(timer: &Timer, private: &TokenStream) -> TokenStream {
    match timer {
        Timer::Event => quote!(#private::TimerName::Event),
        Timer::State => quote!(#private::TimerName::State),
        Timer::Named(name) => quote!(#private::TimerName::Named(#name)),
    }
}

/// `fn timer`.
pub(super) fn timer(machine: &Machine, private: &TokenStream) -> TokenStream {
    let (name, timeout) = (&machine.timeout.name, local("timeout"));
    let arms = timers(machine).map(|(event, timer)| {
        let (variant, timer) = (&event.variant, tokens(timer, private));
        quote!(#name::#variant { .. } => #timer,)
    });
    quote! {
        fn timer(#timeout: &#name) -> #private::TimerName {
            match *#timeout { #(#arms)* }
        }
    }
}
