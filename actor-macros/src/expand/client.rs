//! The methods of the ref: one for each handler, with its docs, visibility and arguments.

use proc_macro2::TokenStream;
use quote::quote;

use super::generics::sendable;
use super::messages::message_generics;
use super::paths::{local, private};
use crate::model::{CallKind, Flatten, Handler, Kind, Protocol, Timeout};

/// The inherent impl of the ref.
pub(crate) fn expand(protocol: &Protocol) -> TokenStream {
    let subject = &protocol.subject;
    let private = private(&subject.krate);
    let generics = sendable(&subject.generics);
    let (impl_generics, _, clause) = generics.split_for_impl();
    let reference = &subject.reference;
    let all = protocol.handlers.iter().chain(&protocol.broken);
    let methods = all.map(|handler| method(protocol, handler, &private));
    quote! {
        #[automatically_derived]
        #[allow(
            dead_code, deprecated, private_interfaces, unused_variables, clippy::all,
            clippy::pedantic
        )]
        impl #impl_generics #reference #clause { #(#methods)* }
    }
}

fn method(protocol: &Protocol, handler: &Handler, private: &TokenStream) -> TokenStream {
    let (Handler { origin, variant, .. }, message) = (handler, &protocol.message);
    let (names, types): (Vec<_>, Vec<_>) =
        handler.fields().map(|field| (&field.name, &field.ty)).unzip();
    let fields = (!names.is_empty()).then(|| quote!({ #(#names),* }));
    let address = address(protocol, private);
    let value = quote!(#message::#variant #fields);
    let (output, body) = match &handler.kind {
        Kind::Cast(_) => (
            quote!(::core::result::Result<(), #private::SendError>),
            quote!(#private::cast(#address, #value)),
        ),
        Kind::Call(call) => call_parts(protocol, handler, call, &address, &value, private),
    };
    let body = if handler.sound { body } else { quote!(::core::unreachable!()) };
    let (vis, name, cfgs, docs) = (&origin.vis, &origin.method, &origin.cfgs, &origin.docs);
    let deprecated = &origin.deprecated;
    let doc = docs.is_empty().then(|| {
        let verb = if matches!(handler.kind, Kind::Cast(_)) { "Casts" } else { "Calls" };
        let doc = format!("{verb} `{}::{}`.", protocol.subject.ident, origin.method);
        quote!(#[doc = #doc])
    });
    quote! {
        #(#cfgs)* #(#docs)* #doc #(#deprecated)*
        #vis fn #name(&self, #(#names: #types),*) -> #output { #body }
    }
}

/// The address the message goes to: the ref's own, or for a second block that of its enum.
fn address(protocol: &Protocol, private: &TokenStream) -> TokenStream {
    let address = quote!(#private::ProcessRef::as_address(self));
    if !protocol.second {
        return address;
    }
    let (process, message) = (&protocol.subject.path, &protocol.message);
    let generics = message_generics(protocol);
    let (_, generics, _) = generics.split_for_impl();
    quote!(&#private::narrow::<#process, _, #message #generics>(#address))
}

/// The type and the body of a call's method.
fn call_parts(
    protocol: &Protocol,
    handler: &Handler,
    call: &CallKind,
    address: &TokenStream,
    value: &TokenStream,
    private: &TokenStream,
) -> (TokenStream, TokenStream) {
    let (enumeration, variant, reply) = (&protocol.reply, &handler.variant, &call.reply);
    let (given, got) = (local("reply"), local("value"));
    let result = quote!(::core::result::Result);
    let (types, mapped) = match &call.flatten {
        Flatten::No => (quote!(#reply, #private::CallFailure), quote!(#result::Ok(#got))),
        Flatten::Known(ok, error) => {
            (quote!(#ok, #private::CallError<#error>), quote!(#private::Flatten::flatten(#got)))
        }
        Flatten::Alias => (
            quote!(
                <#reply as #private::Flatten>::Ok,
                <#reply as #private::Flatten>::Error
            ),
            quote!(#private::Flatten::flatten(#got)),
        ),
    };
    let limit = match &call.timeout {
        Some(Timeout::After(time)) => {
            let time = time.tokens(private);
            quote!(::core::option::Option::Some(#time))
        }
        Some(Timeout::Infinity) | None => quote!(::core::option::Option::None),
    };
    let map = quote! {
        |#given| match #given {
            #enumeration::#variant(#got) => ::core::option::Option::Some(#mapped),
            #[allow(unreachable_patterns)]
            _ => ::core::option::Option::None,
        }
    };
    let call_tokens = quote!(#private::call(#address, #value, #limit, #map));
    let body = match &call.timeout {
        Some(Timeout::Infinity) => quote!(#private::Call::no_timeout(#call_tokens)),
        _ => call_tokens,
    };
    (quote!(#private::Call<#types>), body)
}
