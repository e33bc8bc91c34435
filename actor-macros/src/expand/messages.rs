//! The message enum and the reply enum, with their impls.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::{Generics, Ident, Visibility};

use super::generics::{missing, sendable, used_by};
use super::paths::{local, private};
use crate::model::{Handler, Protocol};

/// The variant that exists for the sake of a parameter that only replies use.
const UNUSED: &str = "__Unused";

/// Both enums.
pub(crate) fn expand(protocol: &Protocol) -> TokenStream {
    let message = message_enum(protocol);
    let reply = reply_enum(protocol);
    let message_impl = message_impl(protocol);
    quote!(#message #reply #message_impl)
}

/// The generics of the message enum: those that any field or reply uses.
pub(crate) fn message_generics(protocol: &Protocol) -> Generics {
    let mut tokens = field_tokens(protocol);
    tokens.extend(reply_tokens(protocol));
    used_by(&protocol.subject.generics, &tokens)
}

fn field_tokens(protocol: &Protocol) -> TokenStream {
    let fields = protocol.handlers.iter().flat_map(Handler::fields);
    fields.map(|field| field.ty.to_token_stream()).collect()
}

fn reply_tokens(protocol: &Protocol) -> TokenStream {
    protocol.handlers.iter().filter_map(Handler::reply).map(ToTokens::to_token_stream).collect()
}

fn reply_generics(protocol: &Protocol) -> Generics {
    used_by(&protocol.subject.generics, &reply_tokens(protocol))
}

/// The parameters of the message enum that no field uses.
fn unused(protocol: &Protocol) -> Vec<Ident> {
    let by_fields = used_by(&protocol.subject.generics, &field_tokens(protocol));
    missing(&message_generics(protocol), &by_fields).into_iter().cloned().collect()
}

/// The arm for the variant that cannot be; empty if there is none.
pub(crate) fn unused_arm(protocol: &Protocol) -> Option<TokenStream> {
    let name = &protocol.message;
    let variant = Ident::new(UNUSED, Span::call_site());
    let never = local("never");
    (!unused(protocol).is_empty()).then(|| quote!(#name::#variant(#never, ..) => match #never {},))
}

fn message_enum(protocol: &Protocol) -> TokenStream {
    let Protocol { subject, message, derives, .. } = protocol;
    let generics = message_generics(protocol);
    let clause = &generics.where_clause;
    let variants = protocol.handlers.iter().map(variant);
    let unused = unused(protocol);
    let unused = (!unused.is_empty()).then(|| {
        let variant = Ident::new(UNUSED, Span::call_site());
        quote! {
            #[doc(hidden)]
            #variant(
                ::core::convert::Infallible,
                #(::core::marker::PhantomData<fn() -> #unused>),*
            ),
        }
    });
    let attrs = enum_attributes(protocol);
    let doc = format!("What `{}` is asked or told: one variant for each handler.", subject.ident);
    let derives = derives.as_ref().map(|list| quote!(#[derive(#list)]));
    quote! {
        #[doc = #doc]
        #attrs
        #derives
        pub enum #message #generics #clause { #(#variants,)* #unused }
    }
}

/// The enums are `pub` whatever the handlers are: they are associated types of the process, which
/// must not be more private than it. If no handler is public they are left out of the docs.
fn enum_attributes(protocol: &Protocol) -> TokenStream {
    let public = |handler: &Handler| matches!(handler.origin.vis, Visibility::Public(_));
    let shown = protocol.handlers.iter().any(public);
    let hidden = (!shown).then(|| quote!(#[doc(hidden)]));
    quote! {
        #hidden
        #[allow(
            dead_code, missing_docs, non_camel_case_types, private_interfaces, private_bounds,
            unreachable_pub,
            clippy::all, clippy::pedantic
        )]
    }
}

/// The variant of one handler.
pub(crate) fn variant(handler: &Handler) -> TokenStream {
    let Handler { origin, variant, .. } = handler;
    let (docs, cfgs) = (&origin.docs, &origin.cfgs);
    let (names, types): (Vec<_>, Vec<_>) =
        handler.fields().map(|field| (&field.name, &field.ty)).unzip();
    let fields = (!names.is_empty()).then(|| quote!({ #(#names: #types),* }));
    quote!(#(#cfgs)* #(#docs)* #variant #fields)
}

fn reply_enum(protocol: &Protocol) -> TokenStream {
    let Protocol { subject, reply, .. } = protocol;
    let generics = reply_generics(protocol);
    let (impl_generics, ty_generics, clause) = generics.split_for_impl();
    let calls: Vec<_> =
        protocol.handlers.iter().filter_map(|h| h.reply().map(|reply| (h, reply))).collect();
    let variants = calls.iter().map(|(Handler { origin, variant, .. }, reply)| {
        let cfgs = &origin.cfgs;
        let doc = format!("The reply of `{}`.", origin.method);
        quote!(#(#cfgs)* #[doc = #doc] #variant(#reply))
    });
    let names = calls.iter().map(|(handler, _)| name_arm(reply, handler));
    let attrs = enum_attributes(protocol);
    let doc = format!("What `{}` answers: one variant for each call.", subject.ident);
    let debug = debug(
        reply,
        &quote!(#impl_generics),
        &quote!(#ty_generics #clause),
        quote! {
            match *self { #(#names)* }
        },
    );
    quote! {
        #[doc = #doc]
        #attrs
        pub enum #reply #generics #clause { #(#variants),* }
        #debug
    }
}

/// `Account::Balance { .. } => "Balance",`
pub(crate) fn name_arm(of: &Ident, handler: &Handler) -> TokenStream {
    let Handler { origin, variant, .. } = handler;
    let (cfgs, name) = (&origin.cfgs, variant.to_string());
    quote!(#(#cfgs)* #of::#variant { .. } => #name,)
}

fn message_impl(protocol: &Protocol) -> TokenStream {
    let Protocol { subject, message, reply, handlers, derives, .. } = protocol;
    let private = private(&subject.krate);
    let generics = sendable(&message_generics(protocol));
    let (impl_generics, ty_generics, clause) = generics.split_for_impl();
    let replies = reply_generics(protocol);
    let (_, reply_generics, _) = replies.split_for_impl();
    let names = handlers.iter().map(|handler| name_arm(message, handler));
    let names = quote!(#(#names)*);
    let unused = unused_arm(protocol);
    let blocks = blocks(protocol);
    let derived = derives.as_ref().is_some_and(|list| crate::names::mentions(list, "Debug"));
    let own = message_generics(protocol);
    let (own_impl, own_ty, own_clause) = own.split_for_impl();
    let debug = (!derived).then(|| {
        let body = quote!(match *self { #names #unused });
        debug(message, &quote!(#own_impl), &quote!(#own_ty #own_clause), body)
    });
    quote! {
        #debug
        #[automatically_derived]
        impl #impl_generics #private::Message for #message #ty_generics #clause {
            type Reply = #reply #reply_generics;
            fn name(&self) -> &'static str {
                match *self { #names #unused }
            }
            #blocks
        }
    }
}

/// Which messages are handled beside the workers; empty if none is.
fn blocks(protocol: &Protocol) -> Option<TokenStream> {
    let message = &protocol.message;
    let blocking: Vec<_> = protocol.handlers.iter().filter(|handler| handler.blocking).collect();
    let arms = blocking.iter().map(|Handler { origin, variant, .. }| {
        let cfgs = &origin.cfgs;
        quote!(#(#cfgs)* #message::#variant { .. } => true,)
    });
    (!blocking.is_empty()).then(|| {
        quote! {
            const SOME_BLOCK: bool = true;
            #[allow(unreachable_patterns)]
            fn blocks(&self) -> bool {
                match *self { #(#arms)* _ => false }
            }
        }
    })
}

/// `Debug` by the variant's name alone: what is in it need not be printable.
pub(crate) fn debug(
    name: &Ident,
    impl_generics: &TokenStream,
    ty_generics: &TokenStream,
    variant: TokenStream,
) -> TokenStream {
    let (f, text) = (local("f"), local("name"));
    quote! {
        #[automatically_derived]
        #[allow(unreachable_code)]
        impl #impl_generics ::core::fmt::Debug for #name #ty_generics {
            fn fmt(&self, #f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                let #text: &str = #variant;
                ::core::fmt::DebugStruct::finish_non_exhaustive(
                    &mut ::core::fmt::Formatter::debug_struct(#f, #text),
                )
            }
        }
    }
}
