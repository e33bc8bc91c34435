//! What `#[derive(Process)]` and `#[derive(Supervisor)]` add: the ref and the ways to start.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{Generics, parse_quote};

use super::generics::{sendable, without_defaults};
use super::paths::{local, private};
use super::reference::Reference;
use crate::model::DerivedType;
use crate::names;

/// `AccountRef`, `impl Process` and `impl Start` for `Account`.
pub(crate) fn process(ty: &DerivedType) -> TokenStream {
    let DerivedType { vis, ident, .. } = ty;
    let private = &private(&ty.krate);
    let (_, type_generics, _) = ty.generics.split_for_impl();
    let subject = quote_spanned!(ident.span()=> #ident #type_generics);
    let generics = &process_generics(ty, &subject, private);
    let (impl_generics, ty_generics, clause) = generics.split_for_impl();
    let name = &names::ref_name(ident);
    let message = quote!(<#subject as #private::Server>::Message);
    let inner = quote!(#private::Address<#message>);
    let doc = format!("A reference to a running [`{ident}`]. It names the process, it does not \
                       keep it alive.");
    let whereis = whereis(ty, &subject, private);
    let reference =
        Reference { doc, vis, name, generics, inner: inner.clone(), message, private }.expand();
    let process = process_impl(ty, generics, private);
    let address = local("address");
    quote! {
        #reference
        #process
        #[automatically_derived]
        impl #impl_generics #private::Start for #subject #clause {
            type Ref = #name #ty_generics;
            type Process = Self;
            const KIND: #private::ChildKind = #private::ChildKind::Worker;
            fn into_process(self) -> Self { self }
            fn make_ref(#address: #inner) -> Self::Ref { #name(#address) }
        }
        #[automatically_derived]
        impl #impl_generics ::core::convert::From<#name #ty_generics> for #inner #clause {
            fn from(#address: #name #ty_generics) -> Self { #address.0 }
        }
        #[automatically_derived]
        impl #impl_generics #name #ty_generics #clause { #whereis }
    }
}

/// A generic ref's type needs its process to be a server; for a plain one that is checked anyway,
/// with a better message.
fn process_generics(ty: &DerivedType, subject: &TokenStream, private: &TokenStream) -> Generics {
    let mut generics = sendable(&ty.generics);
    if !generics.params.is_empty() {
        let clause = generics.make_where_clause();
        clause.predicates.push(parse_quote!(
            #subject: #private::Server + #private::Handle<<#subject as #private::Server>::Message>
        ));
    }
    generics
}

fn whereis(ty: &DerivedType, subject: &TokenStream, private: &TokenStream) -> TokenStream {
    let (vis, name) = (&ty.vis, local("name"));
    let doc = format!("The [`{}`] registered as `name`, if there is one.", ty.ident);
    quote! {
        #[doc = #doc]
        ///
        /// # Errors
        ///
        /// The process of that name is of another type.
        #[allow(dead_code)]
        #vis fn whereis(#name: &str) -> ::core::result::Result<
            ::core::option::Option<<#subject as #private::Process>::Ref>,
            #private::WrongType,
        > {
            #private::whereis::<#subject>(#name)
        }
    }
}

fn process_impl(ty: &DerivedType, generics: &Generics, private: &TokenStream) -> TokenStream {
    let DerivedType { ident, version, mailbox, priority, .. } = ty;
    let (impl_generics, ty_generics, clause) = generics.split_for_impl();
    let (name, text) = (names::ref_name(ident), ident.to_string());
    let version = version.as_ref().map(|value| quote!(const VERSION: u32 = #value;));
    let mailbox = mailbox.as_ref().map(|value| quote!(.mailbox(#value)));
    let priority = priority.map(|value| {
        let value = syn::Ident::new(value, proc_macro2::Span::call_site());
        quote!(.priority(#private::Priority::#value))
    });
    let options = (mailbox.is_some() || priority.is_some()).then(|| {
        quote! {
            fn options() -> #private::ProcessOptions {
                #private::ProcessOptions::new() #mailbox #priority
            }
        }
    });
    quote! {
        #[automatically_derived]
        impl #impl_generics #private::Process for #ident #ty_generics #clause {
            type Ref = #name #ty_generics;
            const NAME: &'static str = #text;
            #version
            #options
        }
    }
}

/// `BankRef` and `impl Start` for `Bank`.
pub(crate) fn supervisor(ty: &DerivedType) -> TokenStream {
    let DerivedType { vis, ident, .. } = ty;
    let private = &private(&ty.krate);
    let mut generics = without_defaults(&ty.generics);
    let (_, type_generics, _) = ty.generics.split_for_impl();
    let subject = quote_spanned!(ident.span()=> #ident #type_generics);
    if !generics.params.is_empty() {
        let clause = generics.make_where_clause();
        clause.predicates.push(parse_quote!(#subject: #private::Supervisor));
    }
    let (impl_generics, ty_generics, clause) = generics.split_for_impl();
    let name = &names::ref_name(ident);
    let message = quote!(<#private::SupervisorProcess as #private::Server>::Message);
    let inner = quote!(#private::SupervisorRef);
    let doc = format!("A reference to a running [`{ident}`], through which its children are found.");
    let (address, this) = (local("address"), local("this"));
    let reference = Reference {
        doc,
        vis,
        name,
        generics: &generics,
        inner: inner.clone(),
        message: message.clone(),
        private,
    }
    .expand();
    quote! {
        #reference
        #[automatically_derived]
        impl #impl_generics ::core::convert::From<#inner> for #name #ty_generics #clause {
            fn from(#address: #inner) -> Self { Self(#address) }
        }
        #[automatically_derived]
        impl #impl_generics #private::Start for #subject #clause {
            type Ref = #name #ty_generics;
            type Process = #private::SupervisorProcess;
            const KIND: #private::ChildKind = #private::ChildKind::Supervisor;
            fn into_process(self) -> #private::SupervisorProcess {
                let #this = #private::Arc::new(self);
                #private::SupervisorProcess::of(move || #private::Supervisor::spec(&#this))
            }
            fn make_ref(#address: #private::Address<#message>) -> Self::Ref {
                #name(#private::ProcessRef::from_address(#address))
            }
        }
    }
}
