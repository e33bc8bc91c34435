//! `impl StateMachine for Door`, the enum of states, and what only the machine tells itself. The
//! messages, their replies and the methods of the ref are those of any process.

mod diagram;
mod inner;
mod steps;

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};

use syn::Generics;

use super::generics::{sendable, used_by};
use super::paths::{local, private};
use super::{client, messages};
use crate::model::HookKind;
use crate::model::machine::{Enter, Inner, Machine, MachineHook, WayArgument, last};

/// All that `#[machine]` adds beside the block itself.
pub(crate) fn expand(machine: &Machine) -> TokenStream {
    let private = &private(&machine.protocol.subject.krate);
    let messages = messages::expand(&machine.protocol);
    let client = client::expand(&machine.protocol);
    let states = states(machine, private);
    let (internal, timeout) = (inner::expand(machine, &machine.internal), inner::timeouts(machine));
    let machine = implementation(machine, private);
    quote!(#messages #client #states #internal #timeout #machine)
}

/// The generics of the enum of states: those that any state uses.
fn state_generics(machine: &Machine) -> Generics {
    let paths = machine.states.iter().map(|known| &known.path);
    used_by(&machine.protocol.subject.generics, &quote!(#(#paths),*))
}

/// The enum of states as a type.
fn state_type(machine: &Machine) -> TokenStream {
    let (name, generics) = (&machine.state, state_generics(machine));
    let (_, ty_generics, _) = generics.split_for_impl();
    quote!(#name #ty_generics)
}

/// An inner enum as a type.
fn inner_type(machine: &Machine, inner: &Inner) -> TokenStream {
    let (name, generics) = (&inner.name, inner::generics(machine, inner));
    let (_, ty_generics, _) = generics.split_for_impl();
    quote!(#name #ty_generics)
}

/// `enum DoorState`, and the state types as states.
fn states(machine: &Machine, private: &TokenStream) -> TokenStream {
    let name = &machine.state;
    let doc = format!("The states of `{}`.", machine.protocol.subject.ident);
    let (state, never) = (local("state"), local("never"));
    let generics = state_generics(machine);
    let (impl_generics, ty_generics, clause) = generics.split_for_impl();
    let variants = machine.states.iter().map(|known| {
        let (variant, path) = (&known.name, &known.path);
        let doc = format!("See [`{variant}`].");
        quote!(#[doc = #doc] #variant(#path))
    });
    let impls = machine.states.iter().map(|known| {
        let (variant, path) = (&known.name, &known.path);
        let own = sendable(&used_by(&machine.protocol.subject.generics, &quote!(#path)));
        let (own_generics, _, own_clause) = own.split_for_impl();
        quote! {
            #[automatically_derived]
            impl #own_generics #private::State for #path #own_clause {}
            #[automatically_derived]
            impl #impl_generics ::core::convert::From<#path> for #name #ty_generics #clause {
                fn from(#state: #path) -> Self { Self::#variant(#state) }
            }
        }
    });
    quote! {
        #[doc = #doc]
        #[allow(
            dead_code, missing_docs, private_interfaces, private_bounds, unreachable_pub,
            clippy::all, clippy::pedantic
        )]
        pub enum #name #generics #clause { #(#variants),* }
        #(#impls)*
        #[automatically_derived]
        impl #impl_generics ::core::convert::From<#private::Postpone> for #name #ty_generics #clause
        {
            fn from(#never: #private::Postpone) -> Self { match #never {} }
        }
    }
}

fn implementation(machine: &Machine, private: &TokenStream) -> TokenStream {
    let Machine { protocol, state, initial, .. } = machine;
    let (given, state_type) = (local("state"), state_type(machine));
    let (event, timeout) =
        (inner_type(machine, &machine.internal), inner_type(machine, &machine.timeout));
    let names = machine.states.iter().map(|known| {
        let (variant, text) = (&known.name, known.name.to_string());
        quote!(#state::#variant(_) => #text,)
    });
    let flag = |name: TokenStream, is: bool| is.then(|| quote!(const #name: bool = true;));
    let is = |kind| machine.hooks.iter().any(|hook| hook.kind == kind);
    let begins = flag(quote!(HAS_INIT), is(HookKind::Init) || !machine.enters.is_empty());
    let ends = flag(quote!(HAS_TERMINATE), is(HookKind::Terminate));
    let traps = machine.events.iter().any(|e| e.kind == crate::model::machine::EventKind::Exit);
    let traps = flag(quote!(TRAP_EXIT), traps);
    let most = machine.postponed.as_ref().map(|most| quote!(const POSTPONED: usize = #most;));
    let timer = inner::timer(machine, private);
    let graph = diagram::expand(machine, private);
    let steps = steps::expand(machine, private);
    let enters = enters(machine, private);
    let hooks = machine.hooks.iter().map(|hook| expand_hook(machine, hook, private));
    let generics = sendable(&protocol.subject.generics);
    let (impl_generics, _, clause) = generics.split_for_impl();
    let (process, message) = (&protocol.subject.path, message_type(machine));
    let speaks = speaks(machine, private);
    quote! {
        #speaks
        #[automatically_derived]
        #[allow(
            deprecated, unreachable_patterns, unreachable_code, unused_variables, unused_mut,
            clippy::all, clippy::pedantic
        )]
        impl #impl_generics #private::StateMachine for #process #clause {
            type State = #state_type;
            type Message = #message;
            type Event = #event;
            type Timeout = #timeout;
            #begins #ends #traps #most
            fn initial(&self) -> #state_type {
                let #given = #initial;
                ::core::convert::Into::into(#given)
            }
            fn state_name(#given: &#state_type) -> &'static str {
                match *#given { #(#names)* }
            }
            #timer
            #graph
            #steps
            #enters
            #(#hooks)*
        }
    }
}

/// The enum of messages as a type.
fn message_type(machine: &Machine) -> TokenStream {
    let (name, generics) =
        (&machine.protocol.message, messages::message_generics(&machine.protocol));
    let (_, ty_generics, _) = generics.split_for_impl();
    quote!(#name #ty_generics)
}

/// What the messages are to the machine, and of a generic one, that it has them.
fn speaks(machine: &Machine, private: &TokenStream) -> TokenStream {
    let subject = &machine.protocol.subject;
    let (process, message) = (&subject.path, message_type(machine));
    let (port, ignored) = (local("port"), local("machine"));
    let generics = sendable(&subject.generics);
    let (impl_generics, _, clause) = generics.split_for_impl();
    let speaks = (!subject.generics.params.is_empty()).then(|| {
        quote! {
            #[automatically_derived]
            impl #impl_generics #private::Speaks for #process #clause {
                type Message = #message;
            }
        }
    });
    quote! {
        #speaks
        #[automatically_derived]
        impl #impl_generics #private::IntoEvent<#process> for #message #clause {
            fn into_event(
                self,
                #port: #private::ReplyPort<<#message as #private::Message>::Reply>,
                #ignored: &mut #private::Machine<#process>,
            ) -> #private::Option<#private::MachineEvent<#process>> {
                let _ = #ignored;
                #private::Option::Some(#private::MachineEvent::Message(self, #port))
            }
        }
    }
}

/// `enter` and `enter_later`.
fn enters(machine: &Machine, private: &TokenStream) -> Option<TokenStream> {
    if machine.enters.is_empty() {
        return None;
    }
    let name = state_type(machine);
    let (state, old, cx) = (local("state"), local("old"), local("cx"));
    let parameters = quote! {
        &mut self,
        #state: &mut #name,
        #old: #private::Option<&#name>,
        #cx: &mut #private::StateContext<Self>,
    };
    let now = machine.enters.iter().map(|enter| {
        let pattern = entered(machine, enter);
        if enter.origin.is_async {
            return quote!(#pattern => #private::Entered::Later,);
        }
        let call = call_enter(enter);
        quote!(#pattern => #private::Entered::Done(#private::IntoNext::into_next(#call)),)
    });
    let later: Vec<_> = machine.enters.iter().filter(|enter| enter.origin.is_async).collect();
    let arms = later.iter().map(|enter| {
        let (pattern, call) = (entered(machine, enter), call_enter(enter));
        quote!(#pattern => #private::IntoNext::into_next(#call),)
    });
    let later = (!later.is_empty()).then(|| {
        quote! {
            async fn enter_later(#parameters) -> #private::Next {
                match #state { #(#arms)* _ => #private::Next::Continue }
            }
        }
    });
    Some(quote! {
        fn enter(#parameters) -> #private::Entered {
            match #state { #(#now)* _ => #private::Entered::CONTINUE }
        }
        #later
    })
}

/// The pattern of the states that an enter call is for.
fn entered(machine: &Machine, enter: &Enter) -> TokenStream {
    let name = &machine.state;
    let lent = enter.arguments.iter().any(|argument| matches!(argument, WayArgument::State));
    let whole = enter.arguments.iter().any(|argument| matches!(argument, WayArgument::Whole));
    let states: Vec<_> = enter.states.iter().filter_map(last).collect();
    if let (true, [one, ..]) = (lent, &*states) {
        let inside = local("inside");
        return quote!(#name::#one(#inside));
    }
    if whole {
        let all = local("all");
        return quote!(#all if ::core::matches!(*#all, #(#name::#states(_))|*));
    }
    quote!(#(#name::#states(_))|*)
}

fn call_enter(enter: &Enter) -> TokenStream {
    let arguments = enter.arguments.iter().map(argument);
    called(&enter.origin, arguments)
}

/// A call of a method of the user's.
fn called(
    origin: &crate::model::Origin,
    arguments: impl Iterator<Item = TokenStream>,
) -> TokenStream {
    let (method, span) = (&origin.method, origin.method.span());
    let wait = origin.is_async.then(|| quote_spanned!(span=> .await));
    quote_spanned!(span=> Self::#method(self, #(#arguments),*) #wait)
}

/// An argument, but for the reply.
fn argument(argument: &WayArgument) -> TokenStream {
    let name = match argument {
        WayArgument::Context => local("cx"),
        WayArgument::State => local("inside"),
        WayArgument::Whole => local("all"),
        WayArgument::Old => local("old"),
        WayArgument::Reply => local("port"),
        WayArgument::Field(name) => return quote!(#name),
        WayArgument::Given(0) => local("a"),
        WayArgument::Given(_) => local("b"),
    };
    quote!(#name)
}

fn expand_hook(machine: &Machine, hook: &MachineHook, private: &TokenStream) -> TokenStream {
    let call = called(&hook.origin, hook.arguments.iter().map(argument));
    let (cx, all, a, name) = (local("cx"), local("all"), local("a"), state_type(machine));
    let context = quote!(#cx: &mut #private::StateContext<Self>);
    match hook.kind {
        HookKind::Terminate => quote! {
            async fn terminate(
                &mut self,
                #all: &mut #name,
                #context,
                #a: &#private::ExitReason,
            ) {
                #call
            }
        },
        _ => quote! {
            async fn init(&mut self, #context) -> #private::Result<(), #private::ExitReason> {
                #private::IntoInit::into_init(#call)
            }
        },
    }
}
