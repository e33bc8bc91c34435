//! `impl Handle<Info<T>> for Account`, for each `#[info]`.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};

use super::generics::sendable;
use super::paths::{local, private};
use crate::model::{HookArgument, Info, Protocol};

/// The impls.
pub(crate) fn expand(protocol: &Protocol) -> TokenStream {
    protocol.infos.iter().map(|info| one(protocol, info)).collect()
}

fn one(protocol: &Protocol, info: &Info) -> TokenStream {
    let private = private(&protocol.subject.krate);
    let generics = sendable(&protocol.subject.generics);
    let (impl_generics, _, clause) = generics.split_for_impl();
    let (process, Info { origin, ty, arguments }) = (&protocol.subject.path, info);
    let (message, port, cx) = (local("message"), local("port"), local("cx"));
    let arguments = arguments.iter().map(|argument| match argument {
        HookArgument::Context => quote!(#cx),
        HookArgument::Given(_) => quote!(#message.0),
    });
    let (cfgs, method) = (&origin.cfgs, &origin.method);
    let span = method.span();
    let wait = origin.is_async.then(|| quote_spanned!(span=> .await));
    let call = quote_spanned!(span=> Self::#method(self, #(#arguments),*) #wait);
    let next = quote!(#private::IntoNext::into_next(#call));
    let handled = match origin.is_async {
        true => quote!(#private::Handled::Future(async move { #next })),
        false => {
            quote!(#private::Handled::<::core::future::Ready<#private::Next>>::Done(#next))
        }
    };
    quote! {
        #(#cfgs)*
        #[automatically_derived]
        #[allow(deprecated, unused_variables, clippy::all, clippy::pedantic)]
        impl #impl_generics #private::Handle<#private::Info<#ty>> for #process #clause {
            #[inline(always)]
            fn handle(
                &mut self,
                #message: #private::Info<#ty>,
                #port: #private::ReplyPort<()>,
                #cx: &mut #private::Context<Self>,
            ) -> #private::Handled<
                impl ::core::future::Future<Output = #private::Next> + ::core::marker::Send
            > {
                #handled
            }
        }
    }
}
