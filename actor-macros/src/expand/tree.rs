//! `impl Supervisor for Bank`: the spec, child by child, and the methods of `BankRef`.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::{Generics, Ident, parse_quote};

use super::child;
use super::generics::sendable;
use super::paths::{local, private};
use crate::model::Tree;

/// All that `#[supervisor]` adds beside the block itself.
pub(crate) fn expand(tree: &Tree) -> TokenStream {
    let subject = &tree.subject;
    let private = private(&subject.krate);
    let generics = shareable(&subject.generics);
    let (impl_generics, _, clause) = generics.split_for_impl();
    let (supervisor, reference, name) =
        (&subject.path, &subject.reference, subject.ident.to_string());
    let (this, spec) = (local("this"), spec(tree, &private));
    let methods = tree.children.iter().map(|one| child::methods(tree, one, &private));
    let methods = methods.collect::<TokenStream>();
    quote! {
        #[automatically_derived]
        #[allow(deprecated, unused_variables, clippy::all, clippy::pedantic)]
        impl #impl_generics #supervisor #clause {
            // A method, so that the options may use `self`.
            #[doc(hidden)]
            fn __supervisor_spec(self: &#private::Arc<Self>) -> #private::SupervisorSpec {
                #spec
            }
        }
        #[automatically_derived]
        impl #impl_generics #private::Supervisor for #supervisor #clause {
            type Ref = #reference;
            const NAME: &'static str = #name;
            fn spec(#this: &#private::Arc<Self>) -> #private::SupervisorSpec {
                Self::__supervisor_spec(#this)
            }
        }
        #[automatically_derived]
        #[allow(
            dead_code, deprecated, private_interfaces, unused_variables, clippy::all,
            clippy::pedantic
        )]
        impl #impl_generics #reference #clause { #methods }
    }
}

/// The arguments of a tree are shared by its children: each parameter `Send + Sync + 'static`.
fn shareable(generics: &Generics) -> Generics {
    let mut generics = sendable(generics);
    let types: Vec<Ident> = generics.type_params().map(|param| param.ident.clone()).collect();
    for ty in types {
        let bound = parse_quote!(#ty: ::core::marker::Sync);
        generics.make_where_clause().predicates.push(bound);
    }
    generics
}

fn spec(tree: &Tree, private: &TokenStream) -> TokenStream {
    let spec = local("spec");
    let name = tree.subject.ident.to_string();
    let strategy = Ident::new(tree.strategy, Span::call_site());
    let intensity = tree
        .intensity
        .as_ref()
        .map(|value| quote!(let #spec = #private::SupervisorSpec::intensity(#spec, #value);));
    let period = tree.period.as_ref().map(|time| {
        let time = time.tokens(private);
        quote!(let #spec = #private::SupervisorSpec::period(#spec, #time);)
    });
    let auto_shutdown = tree.auto_shutdown.map(|variant| {
        let variant = Ident::new(variant, Span::call_site());
        let variant = quote!(#private::AutoShutdown::#variant);
        quote!(let #spec = #private::SupervisorSpec::auto_shutdown(#spec, #variant);)
    });
    let children = tree.children.iter().filter_map(|one| {
        let child = child::spec(tree, one, private)?;
        let cfgs = &one.origin.cfgs;
        Some(quote!(#(#cfgs)* let #spec = #private::SupervisorSpec::child(#spec, #child);))
    });
    quote! {
        let #spec = #private::SupervisorSpec::new(#name);
        let #spec = #private::SupervisorSpec::strategy(#spec, #private::Strategy::#strategy);
        let #spec = #private::SupervisorSpec::arguments(#spec, #private::Arc::<Self>::clone(self));
        #intensity
        #period
        #auto_shutdown
        #(#children)*
        #spec
    }
}
