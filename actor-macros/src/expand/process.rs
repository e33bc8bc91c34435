//! What `#[derive(Process)]` and `#[derive(Supervisor)]` add: the ref and the ways to start.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{Generics, parse_quote};

use super::generics::sendable;
use super::paths::{local, private};
use super::reference::Reference;
use crate::model::DerivedType;
use crate::names;

/// `AccountRef`, `impl Process` and `impl Start` for `Account`.
pub(crate) fn process(ty: &DerivedType) -> TokenStream {
    let private = &private(&ty.krate);
    expand(ty, &Parts::new(ty, private), private)
}

/// The same for a state machine, whose process is another type.
pub(crate) fn machine(ty: &DerivedType) -> TokenStream {
    let private = &private(&ty.krate);
    expand(ty, &Parts::of_machine(ty, private), private)
}

fn expand(ty: &DerivedType, parts: &Parts, private: &TokenStream) -> TokenStream {
    let DerivedType { vis, ident, .. } = ty;
    let Parts { subject, message, runs, found, made, .. } = parts;
    let inner = quote!(#private::Address<#message>);
    let doc = format!(
        "A reference to a running [`{ident}`]. It names the process; it does not keep it alive."
    );
    let name = &names::ref_name(ident);
    let (generics, message) = (&parts.speaking, message.clone());
    let (inner_ty, marks) = (inner.clone(), None);
    let reference =
        Reference { doc, vis, name, generics, inner: inner_ty, message, marks, private }.expand();
    let process = process_impl(ty, &parts.speaking, private);
    let whereis = whereis(ty, found, private);
    let (impl_generics, ty_generics, clause) = parts.speaking.split_for_impl();
    let serving = &parts.serving.where_clause;
    let address = local("address");
    quote! {
        #reference
        #process
        #[automatically_derived]
        impl #impl_generics #private::Start for #subject #serving {
            type Ref = #name #ty_generics;
            type Process = #runs;
            const KIND: #private::ChildKind = #private::ChildKind::Worker;
            fn into_process(self) -> #runs { #made }
            fn make_ref(#address: #inner) -> #name #ty_generics { #name(#address) }
        }
        #[automatically_derived]
        impl #impl_generics ::core::convert::From<#name #ty_generics> for #inner #clause {
            fn from(#address: #name #ty_generics) -> Self { #address.0 }
        }
        #[automatically_derived]
        impl #impl_generics #private::ServerRef for #name #ty_generics #serving {
            type Process = #found;
        }
        #[automatically_derived]
        impl #impl_generics #name #ty_generics #serving { #whereis }
    }
}

/// The type at hand, the message behind its refs, and the bounds that its items need.
struct Parts {
    subject: TokenStream,
    message: TokenStream,
    /// The type of the process, as the impls of the type at hand name it.
    runs: TokenStream,
    /// The same, for the ref's.
    found: TokenStream,
    /// One of it, of `self`.
    made: TokenStream,
    /// Enough to name the message.
    speaking: Generics,
    /// Enough to start the process.
    serving: Generics,
}

impl Parts {
    fn new(ty: &DerivedType, private: &TokenStream) -> Self {
        let subject = subject(ty);
        let (runs, made) = (quote!(Self), quote!(self));
        let message = quote!(<#subject as #private::Speaks>::Message);
        let serves = quote!(#private::Server<Message = #message> + #private::Handle<#message>);
        Self { runs, ..Self::of(ty, quote!(#private::Server), serves, subject, made, private) }
    }

    /// Its process is another type.
    fn of_machine(ty: &DerivedType, private: &TokenStream) -> Self {
        let subject = subject(ty);
        let (runs, made) =
            (quote!(#private::Machine<#subject>), quote!(#private::Machine::new(self)));
        let message = quote!(<#subject as #private::Speaks>::Message);
        let serves = quote!(#private::StateMachine<Message = #message>);
        let mut parts = Self::of(ty, quote!(#private::StateMachine), serves, runs, made, private);
        if !parts.serving.params.is_empty() {
            let told = parse_quote!(#message: #private::IntoEvent<#subject>);
            parts.serving.make_where_clause().predicates.push(told);
        }
        parts
    }

    /// A plain type's message is that of its `Server` (or `StateMachine`: `what`), and no bounds
    /// are needed: what is missing is reported where it is used. A generic type must say that it
    /// has one, and `Server` cannot be what says so, since it asks for `Process`, which asks for
    /// the ref, which asks for the message: `Speaks` has the message alone. `serves` is the whole.
    fn of(
        ty: &DerivedType,
        what: TokenStream,
        serves: TokenStream,
        runs: TokenStream,
        made: TokenStream,
        private: &TokenStream,
    ) -> Self {
        let (subject, found) = (subject(ty), runs.clone());
        let speaking = sendable(&ty.generics);
        if speaking.params.is_empty() {
            let (message, serving) = (quote!(<#subject as #what>::Message), speaking.clone());
            return Self { subject, message, runs, found, made, speaking, serving };
        }
        let message = quote!(<#subject as #private::Speaks>::Message);
        let (mut speaking, mut serving) = (speaking.clone(), speaking);
        speaking.make_where_clause().predicates.push(parse_quote!(#subject: #private::Speaks));
        let serves = parse_quote!(#subject: #private::Speaks + #serves);
        serving.make_where_clause().predicates.push(serves);
        Self { subject, message, runs, found, made, speaking, serving }
    }
}

/// The type at hand, with its parameters.
fn subject(ty: &DerivedType) -> TokenStream {
    let ident = &ty.ident;
    let (_, ty_generics, _) = ty.generics.split_for_impl();
    quote_spanned!(ident.span()=> #ident #ty_generics)
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
    let DerivedType { ident, version, mailbox, hibernate_after, overflow, priority, .. } = ty;
    let (impl_generics, ty_generics, clause) = generics.split_for_impl();
    let (name, text) = (names::ref_name(ident), ident.to_string());
    let version = version.as_ref().map(|value| quote!(const VERSION: u32 = #value;));
    let mailbox = mailbox.as_ref().map(|value| quote!(.mailbox(#value)));
    let variant = |value| syn::Ident::new(value, proc_macro2::Span::call_site());
    let overflow = overflow.map(variant).map(|value| quote!(.overflow(#private::Overflow::#value)));
    let priority = priority.map(variant).map(|value| quote!(.priority(#private::Priority::#value)));
    let hibernate_after = hibernate_after.as_ref().map(|time| {
        let time = time.tokens(private);
        quote!(.hibernate_after(#time))
    });
    let any = mailbox.is_some() || overflow.is_some() || priority.is_some();
    let any = any || hibernate_after.is_some();
    let options = any.then(|| {
        quote! {
            fn options() -> #private::ProcessOptions {
                #private::ProcessOptions::new() #mailbox #overflow #priority #hibernate_after
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
    let generics = &sendable(&ty.generics);
    let (impl_generics, ty_generics, clause) = generics.split_for_impl();
    let subject = quote_spanned!(ident.span()=> #ident #ty_generics);
    let name = &names::ref_name(ident);
    let message = quote!(<#private::SupervisorProcess as #private::Server>::Message);
    let inner = quote!(#private::SupervisorRef);
    let doc =
        format!("A reference to a running [`{ident}`], through which its children are found.");
    let marks = (!generics.params.is_empty()).then(|| subject.clone());
    let marked = marks.as_ref().map(|_| quote!(, ::core::marker::PhantomData));
    let mut starting = generics.clone();
    if marks.is_some() {
        let bound = parse_quote!(#subject: #private::Supervisor);
        starting.make_where_clause().predicates.push(bound);
    }
    let starting = &starting.where_clause;
    let (address, this) = (local("address"), local("this"));
    let (inner_ty, message_ty) = (inner.clone(), message.clone());
    let reference = Reference {
        doc,
        vis,
        name,
        generics,
        inner: inner_ty,
        message: message_ty,
        marks,
        private,
    }
    .expand();
    quote! {
        #reference
        #[automatically_derived]
        impl #impl_generics ::core::convert::From<#inner> for #name #ty_generics #clause {
            fn from(#address: #inner) -> Self { Self(#address #marked) }
        }
        #[automatically_derived]
        impl #impl_generics #private::ServerRef for #name #ty_generics #clause {
            type Process = #private::SupervisorProcess;
        }
        #[automatically_derived]
        impl #impl_generics #private::Start for #subject #starting {
            type Ref = #name #ty_generics;
            type Process = #private::SupervisorProcess;
            const KIND: #private::ChildKind = #private::ChildKind::Supervisor;
            fn into_process(self) -> #private::SupervisorProcess {
                let #this = #private::Arc::new(self);
                #private::SupervisorProcess::of(move || #private::Supervisor::spec(&#this))
            }
            fn make_ref(#address: #private::Address<#message>) -> Self::Ref {
                #private::ProcessRef::from_address(#address)
            }
        }
    }
}
