//! A ref type: a public-to-its-owner wrapper of an address, and the impls that every ref has.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Generics, Ident, Visibility};

use super::paths::local;

/// The parts in which refs differ.
pub(crate) struct Reference<'a> {
    /// What it is.
    pub(crate) doc: String,
    /// Its visibility.
    pub(crate) vis: &'a Visibility,
    /// Its name.
    pub(crate) name: &'a Ident,
    /// Its generics.
    pub(crate) generics: &'a Generics,
    /// What it wraps.
    pub(crate) inner: TokenStream,
    /// The type of message behind it.
    pub(crate) message: TokenStream,
    /// What it stands for, where its parameters are used for nothing else.
    pub(crate) marks: Option<TokenStream>,
    /// The runtime's `__private`.
    pub(crate) private: &'a TokenStream,
}

impl Reference<'_> {
    /// The type and its impls.
    pub(crate) fn expand(&self) -> TokenStream {
        let Self { doc, vis, name, generics, inner, message, marks, private } = self;
        let mark = marks.as_ref().map(|ty| quote!(, ::core::marker::PhantomData<fn() -> #ty>));
        let marked = marks.as_ref().map(|_| quote!(, ::core::marker::PhantomData));
        let (impl_generics, ty_generics, clause) = generics.split_for_impl();
        let (address, text) = (local("address"), self.formats());
        quote! {
            #[doc = #doc]
            #[allow(non_camel_case_types)]
            #vis struct #name #generics (#inner #mark) #clause;

            #[automatically_derived]
            impl #impl_generics ::core::clone::Clone for #name #ty_generics #clause {
                fn clone(&self) -> Self {
                    Self(::core::clone::Clone::clone(&self.0) #marked)
                }
            }
            #[automatically_derived]
            impl #impl_generics ::core::ops::Deref for #name #ty_generics #clause {
                type Target = #inner;
                fn deref(&self) -> &Self::Target {
                    &self.0
                }
            }
            #[automatically_derived]
            impl #impl_generics #private::ProcessRef for #name #ty_generics #clause {
                type Message = #message;
                fn from_address(#address: #private::Address<#message>) -> Self {
                    Self(#private::ProcessRef::from_address(#address) #marked)
                }
                fn as_address(&self) -> &#private::Address<#message> {
                    #private::ProcessRef::as_address(&self.0)
                }
            }
            #text
        }
    }

    /// `Debug` and `Display`: `AccountRef(<0.17.3>)`.
    fn formats(&self) -> TokenStream {
        let Self { name, generics, private, .. } = self;
        let (impl_generics, ty_generics, clause) = generics.split_for_impl();
        let (f, pid) = (local("f"), local("pid"));
        let (some, none) = (format!("{name}({{}})"), format!("{name}(none)"));
        let of = |format: TokenStream| {
            quote! {
                #[automatically_derived]
                impl #impl_generics #format for #name #ty_generics #clause {
                    fn fmt(&self, #f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                        match #private::Address::pid(#private::ProcessRef::as_address(self)) {
                            ::core::option::Option::Some(#pid) => {
                                ::core::fmt::Formatter::write_fmt(
                                    #f,
                                    ::core::format_args!(#some, #pid),
                                )
                            }
                            ::core::option::Option::None => {
                                ::core::fmt::Formatter::write_str(#f, #none)
                            }
                        }
                    }
                }
            }
        };
        let (debug, display) = (of(quote!(::core::fmt::Debug)), of(quote!(::core::fmt::Display)));
        quote!(#debug #display)
    }
}
