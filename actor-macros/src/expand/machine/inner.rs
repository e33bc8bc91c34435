//! The enums of what a machine tells itself: internal events and time-outs.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Generics, Ident};

use super::local;
use crate::expand::generics::used_by;
use crate::expand::messages;
use crate::model::Handler;
use crate::model::machine::{EventKind, Inner, Machine, Timer};

/// The generics of the enum: those that any of its fields uses.
pub(super) fn generics(machine: &Machine, inner: &Inner) -> Generics {
    let fields = inner.handlers.iter().flat_map(Handler::fields);
    let fields = fields.map(|field| field.ty.to_token_stream()).collect();
    used_by(&machine.protocol.subject.generics, &fields)
}

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
    let generics = generics(machine, inner);
    let (impl_generics, ty_generics, clause) = generics.split_for_impl();
    let debug = messages::debug(
        name,
        &quote!(#impl_generics),
        &quote!(#ty_generics #clause),
        quote!(match *self { #(#names)* }),
    );
    quote! {
        #[doc = #doc]
        #[allow(
            dead_code, missing_docs, private_interfaces, private_bounds, unreachable_pub,
            clippy::all, clippy::pedantic
        )]
        pub enum #name #generics #clause { #(#variants),* }
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
    let generics = generics(machine, &machine.timeout);
    let (impl_generics, ty_generics, clause) = generics.split_for_impl();
    quote! {
        #enumeration
        #[automatically_derived]
        #[allow(dead_code, non_upper_case_globals, unreachable_pub)]
        impl #impl_generics #name #ty_generics #clause { #(#constants)* }
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
    let ty = super::inner_type(machine, &machine.timeout);
    let arms = timers(machine).map(|(event, timer)| {
        let (variant, timer) = (&event.variant, tokens(timer, private));
        quote!(#name::#variant { .. } => #timer,)
    });
    quote! {
        fn timer(#timeout: &#ty) -> #private::TimerName {
            match *#timeout { #(#arms)* }
        }
    }
}
