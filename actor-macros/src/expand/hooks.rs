//! `impl Server for Account`: the message type and the hooks.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};

use super::generics::sendable;
use super::messages::message_generics;
use super::paths::{local, private};
use crate::model::{Hook, HookArgument, HookKind, Protocol};

/// The impl.
pub(crate) fn expand(protocol: &Protocol) -> TokenStream {
    let Protocol { subject, message, hooks, .. } = protocol;
    let private = private(&subject.krate);
    let generics = sendable(&subject.generics);
    let (impl_generics, _, clause) = generics.split_for_impl();
    let own = message_generics(protocol);
    let (_, message_generics, _) = own.split_for_impl();
    let process = &subject.path;
    let hooks = hooks.iter().map(|hook| expand_hook(hook, &private));
    // What the derive of a generic type asks for; see there.
    let generic = !matches!(process.path.segments.last(), Some(s) if s.arguments.is_none());
    let speaks = generic.then(|| {
        quote! {
            #[automatically_derived]
            impl #impl_generics #private::Speaks for #process #clause {
                type Message = #message #message_generics;
            }
        }
    });
    quote! {
        #speaks
        #[automatically_derived]
        #[allow(deprecated, unused_variables, clippy::all, clippy::pedantic)]
        impl #impl_generics #private::Server for #process #clause {
            type Message = #message #message_generics;
            #(#hooks)*
        }
    }
}

fn expand_hook(hook: &Hook, private: &TokenStream) -> TokenStream {
    let (cx, a, b) = (local("cx"), local("a"), local("b"));
    let given = [&a, &b];
    let arguments = hook.arguments.iter().map(|argument| match argument {
        HookArgument::Context => quote!(#cx),
        HookArgument::Given(at) => {
            let name = given[*at];
            quote!(#name)
        }
    });
    let (cfgs, method) = (&hook.origin.cfgs, &hook.origin.method);
    let span = method.span();
    let wait = hook.origin.is_async.then(|| quote_spanned!(span=> .await));
    let call = quote_spanned!(span=> Self::#method(self, #(#arguments),*) #wait);
    let context = quote!(#cx: &mut #private::Context<Self>);
    let reason = quote!(#private::ExitReason);
    let (constant, function) = match hook.kind {
        HookKind::Init => (
            quote!(HAS_INIT),
            quote! {
                async fn init(&mut self, #context) -> ::core::result::Result<(), #reason> {
                    #private::IntoInit::into_init(#call)
                }
            },
        ),
        HookKind::Terminate => (
            quote!(HAS_TERMINATE),
            quote!(async fn terminate(&mut self, #context, #a: &#reason) { #call }),
        ),
        HookKind::Exit => (
            quote!(TRAP_EXIT),
            quote! {
                async fn exit(&mut self, #context, #a: #private::Pid, #b: #reason)
                    -> #private::Next
                {
                    #private::IntoNext::into_next(#call)
                }
            },
        ),
        HookKind::Timeout => (
            quote!(HAS_TIMEOUT),
            quote! {
                async fn timeout(&mut self, #context) -> #private::Next {
                    #private::IntoNext::into_next(#call)
                }
            },
        ),
        HookKind::Hibernate => {
            (TokenStream::new(), quote!(fn hibernate(&mut self, #context) { #call }))
        }
        HookKind::Down => (
            TokenStream::new(),
            quote! {
                async fn down(&mut self, #context, #a: #private::Down) -> #private::Next {
                    #private::IntoNext::into_next(#call)
                }
            },
        ),
    };
    let constant = (!constant.is_empty()).then(|| quote!(#(#cfgs)* const #constant: bool = true;));
    quote!(#constant #(#cfgs)* #function)
}
