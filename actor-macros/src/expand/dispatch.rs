//! `impl Handle<AccountMessage> for Account`: from a message to its handler.
//!
//! A sync handler is run on the spot. All async handlers share one `async` block, so that a process
//! has one future type and it is as large as its largest handler. With no async handler the future
//! type is `Ready`, which is never made.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::Ident;

use super::generics::sendable;
use super::messages::{message_generics, unused_arm};
use super::paths::{local, private};
use crate::model::{Argument, CallKind, Handler, Kind, OnErr, Protocol};

/// The locals of `handle`.
struct Locals {
    message: Ident,
    port: Ident,
    cx: Ident,
    value: Ident,
}

/// The impl.
pub(crate) fn expand(protocol: &Protocol) -> TokenStream {
    let Protocol { subject, message, .. } = protocol;
    let private = private(&subject.krate);
    let generics = sendable(&subject.generics);
    let (impl_generics, _, clause) = generics.split_for_impl();
    let own = message_generics(protocol);
    let (_, message_generics, _) = own.split_for_impl();
    let message_ty = quote!(#message #message_generics);
    let process = &subject.path;
    let locals = Locals {
        message: local("message"),
        port: local("port"),
        cx: local("cx"),
        value: local("value"),
    };
    let Locals { message, port, cx, .. } = &locals;
    let body = body(protocol, &locals, &private);
    quote! {
        #[automatically_derived]
        #[allow(
            deprecated, unreachable_patterns, unreachable_code, unused_variables, clippy::all,
            clippy::pedantic
        )]
        impl #impl_generics #private::Handle<#message_ty> for #process #clause {
            // It has one caller, and what it returns may be large.
            #[inline(always)]
            fn handle(
                &mut self,
                #message: #message_ty,
                #port: #private::ReplyPort<<#message_ty as #private::Message>::Reply>,
                #cx: &mut #private::Context<Self>,
            ) -> #private::Handled<
                impl ::core::future::Future<Output = #private::Next> + ::core::marker::Send
            > {
                #body
            }
        }
    }
}

/// One `match`, or two: what is done at once, and in its last arm the rest in one future.
fn body(protocol: &Protocol, locals: &Locals, private: &TokenStream) -> TokenStream {
    let message = &locals.message;
    let (later, now): (Vec<_>, Vec<_>) =
        protocol.handlers.iter().partition(|handler| handler.origin.is_async);
    let unused = unused_arm(protocol);
    let now: Vec<TokenStream> = now
        .into_iter()
        .map(|handler| {
            let done = |next| quote!(#private::Handled::Done(#next));
            arm(protocol, handler, locals, private, done)
        })
        .collect();
    if later.is_empty() {
        let handled = local("handled");
        return quote! {
            let #handled: #private::Handled<::core::future::Ready<#private::Next>> =
                match #message { #(#now)* #unused };
            #handled
        };
    }
    let later = later.into_iter().map(|handler| arm(protocol, handler, locals, private, |n| n));
    if now.is_empty() {
        return quote! {
            #private::Handled::Future(async move { match #message { #(#later)* #unused } })
        };
    }
    quote! {
        match #message {
            #(#now)*
            #unused
            #message => #private::Handled::Future(async move {
                match #message {
                    #(#later)*
                    // All others are arms of the outer match.
                    _ => #private::Next::Continue,
                }
            }),
        }
    }
}

/// The arm of one handler; `wrap` makes its result of the `Next`.
fn arm(
    protocol: &Protocol,
    handler: &Handler,
    locals: &Locals,
    private: &TokenStream,
    wrap: impl FnOnce(TokenStream) -> TokenStream,
) -> TokenStream {
    let (message, Handler { origin, variant, .. }) = (&protocol.message, handler);
    let (cfgs, value) = (&origin.cfgs, &locals.value);
    let names: Vec<_> = handler.fields().map(|field| &field.name).collect();
    let fields = (!names.is_empty()).then(|| quote!({ #(#names),* }));
    let run = run(protocol, handler, locals, private);
    let done = match &handler.kind {
        Kind::Call(call) if call.crash => wrap(quote!(#value)),
        Kind::Call(_) | Kind::Cast(OnErr::Infallible) => wrap(quote!(#private::Next::Continue)),
        Kind::Cast(OnErr::Crash) => wrap(quote!(#private::IntoNext::into_next(#value))),
        Kind::Cast(OnErr::Log) => {
            let (process, method) = (protocol.subject.ident.to_string(), origin.method.to_string());
            let (next, error) = (wrap(quote!(#private::Next::Continue)), local("error"));
            quote! {{
                if let ::core::result::Result::Err(#error) = #value {
                    #private::log_error(#process, #method, &#error);
                }
                #next
            }}
        }
    };
    quote! {
        #(#cfgs)*
        #message::#variant #fields => { #run #done }
    }
}

/// The call of the handler and, unless it replies later, the reply.
fn run(
    protocol: &Protocol,
    handler: &Handler,
    locals: &Locals,
    private: &TokenStream,
) -> TokenStream {
    let Locals { port, cx, value, .. } = locals;
    let (reply, variant, method) = (&protocol.reply, &handler.variant, &handler.origin.method);
    let arguments = handler.arguments.iter().map(|argument| match argument {
        Argument::Context => quote!(#cx),
        Argument::Reply => quote!(#private::Reply::new(#port, #reply::#variant)),
        Argument::Field(field) => {
            let name = &field.name;
            quote!(#name)
        }
    });
    let span = method.span();
    let wait = handler.origin.is_async.then(|| quote_spanned!(span=> .await));
    let call = quote_spanned!(span=> Self::#method(self, #(#arguments),*) #wait);
    let deferred = handler.arguments.iter().any(|a| matches!(a, Argument::Reply));
    match &handler.kind {
        Kind::Call(kind) if kind.crash => quote_spanned! {span=>
            let #value = #call;
            let #value = #private::reply_or_crash(#port, #value, #reply::#variant);
        },
        Kind::Call(kind) if !deferred => {
            let CallKind { reply: ty, .. } = &**kind;
            // Only who sees its context can have told its process to stop.
            let stops = handler.arguments.iter().any(|a| matches!(a, Argument::Context));
            let send = match stops {
                true => quote!(#private::reply),
                false => quote!(#private::ReplyPort::send),
            };
            quote! {
                let #value: #ty = #call;
                #send(#port, #reply::#variant(#value));
            }
        }
        Kind::Call(_) | Kind::Cast(OnErr::Infallible) => quote!(let () = #call;),
        Kind::Cast(_) => quote!(let #value = #call;),
    }
}
