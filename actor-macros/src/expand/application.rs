//! `impl Configure for Shop`, field by field; and `impl Application for Shop`, which calls the
//! methods of the block.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::Ident;
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;

use super::paths::{local, private, private_at};
use crate::model::application::{
    Application, Callback, CallbackKind, Config, Dependency, Read, Setting, Unset,
};

/// `impl Configure`.
pub(crate) fn config(config: &Config) -> TokenStream {
    let private = &private(&config.krate);
    let (ident, env) = (&config.ident, local("env"));
    let made = if config.sound {
        let fields = config.settings.iter().map(|setting| {
            let Setting { field, cfgs, .. } = setting;
            let value = value(setting, &env, &private_at(&config.krate, setting.ty.span()));
            quote!(#(#cfgs)* #field: #value)
        });
        quote!(#private::Result::Ok(Self { #(#fields),* }))
    } else {
        quote!(::core::unreachable!())
    };
    quote! {
        #[automatically_derived]
        #[allow(clippy::all, clippy::pedantic)]
        impl #private::Configure for #ident {
            fn configure(
                #env: &#private::Env,
            ) -> #private::Result<Self, #private::ConfigError> {
                let _ = #env;
                #made
            }
        }
    }
}

/// What a field is set to.
fn value(setting: &Setting, env: &Ident, private: &TokenStream) -> TokenStream {
    let Setting { key, ty, read, unset, .. } = setting;
    let read = match read {
        Read::With(function) => quote!(#function),
        Read::Duration => quote!(#private::duration),
        Read::FromStr => {
            let text = local("text");
            quote_spanned!(ty.span()=> |#text: &str| #private::setting::<#ty>(#text))
        }
    };
    let span = ty.span();
    let optional =
        quote_spanned!(span=> #private::Env::optional_with::<#ty, _>(#env, #key, #read)?);
    let otherwise = |default: TokenStream| {
        let found = local("found");
        quote! {
            match #optional {
                #private::Option::Some(#found) => #found,
                #private::Option::None => #default,
            }
        }
    };
    match unset {
        Unset::Refused => {
            quote_spanned!(span=> #private::Env::require_with::<#ty, _>(#env, #key, #read)?)
        }
        Unset::Absent => optional,
        Unset::Skipped => quote!(::core::default::Default::default()),
        Unset::Default => {
            otherwise(quote_spanned!(ty.span()=> <#ty as ::core::default::Default>::default()))
        }
        Unset::Value(value) => otherwise(quote!(#value)),
        Unset::Text(text) => {
            otherwise(quote!(#private::default_text::<#ty, _>(#env, #key, #text, #read)?))
        }
        Unset::Time(time) => otherwise(time.tokens(private)),
    }
}

/// `impl Application`.
pub(crate) fn application(application: &Application) -> TokenStream {
    let Application { subject, name, depends, restart, .. } = application;
    let private = &private(&subject.krate);
    let path = &subject.path;
    let depends = (!depends.is_empty()).then(|| {
        let depends = depends.iter().map(|needed| match needed {
            Dependency::Type(ty) => quote!(<#ty as #private::Application>::NAME),
            Dependency::Name(name) => quote!(#name),
        });
        quote!(const DEPENDENCIES: &'static [&'static str] = &[#(#depends),*];)
    });
    let restart = restart.map(|variant| {
        let variant = Ident::new(variant, Span::call_site());
        quote!(const RESTART: #private::RestartType = #private::RestartType::#variant;)
    });
    let start = start(application, private);
    let phases = phases(application, private);
    let ends = application.callbacks.iter().filter_map(|one| end(application, one, private));
    quote! {
        #[automatically_derived]
        #[allow(deprecated, unused_variables, clippy::all, clippy::pedantic)]
        impl #private::Application for #path {
            const NAME: &'static str = #name;
            #depends
            #restart
            #start
            #phases
            #(#ends)*
        }
    }
}

/// The tree's type, and the method that makes it.
fn start(application: &Application, private: &TokenStream) -> TokenStream {
    let starts = application.callbacks.iter().filter(|one| one.kind == CallbackKind::Start);
    let how = local("how");
    let one = |cfgs: &[syn::Attribute], tree: TokenStream, body: TokenStream| {
        quote! {
            #(#cfgs)*
            type Tree = #tree;
            #(#cfgs)*
            fn start(
                &self,
                #how: #private::StartType,
            ) -> #private::Result<Self::Tree, #private::ExitReason> {
                #body
            }
        }
    };
    let nothing = quote!(::core::unreachable!());
    let written: Vec<TokenStream> = starts
        .map(|start| {
            let cfgs = &*start.origin.cfgs;
            let Some(made) = &start.made else {
                return one(cfgs, quote!(#private::NoTree), nothing.clone());
            };
            if !start.sound {
                return one(cfgs, quote!(#made), nothing.clone());
            }
            let given = start.given.then(|| quote!(#how));
            let call = call(application, start, given);
            let body = match start.fails {
                true => quote!(#private::tree(#call)),
                false => quote!(#private::Result::Ok(#call)),
            };
            one(cfgs, quote!(#made), body)
        })
        .collect();
    if written.is_empty() {
        return one(&[], quote!(#private::NoTree), nothing);
    }
    written.into_iter().collect()
}

/// Calls a method of the block; one with a mistake is not called.
fn call(application: &Application, callback: &Callback, given: Option<TokenStream>) -> TokenStream {
    let (path, method) = (&application.subject.path, &callback.origin.method);
    let span = method.span();
    let wait = callback.origin.is_async.then(|| quote_spanned!(span=> .await));
    quote_spanned!(span=> <#path>::#method(self, #given) #wait)
}

/// The names of the phases, and which method is which.
fn phases(application: &Application, private: &TokenStream) -> Option<TokenStream> {
    let phases = || application.callbacks.iter().filter(|one| one.kind == CallbackKind::Phase);
    phases().next()?;
    let (phase, tree) = (local("phase"), local("tree"));
    let name = |one: &Callback| one.origin.method.unraw().to_string();
    let names = phases().map(|one| {
        let (cfgs, name) = (&one.origin.cfgs, name(one));
        quote!(#(#cfgs)* #name)
    });
    let arms = phases().filter(|one| one.sound).map(|one| {
        let (cfgs, name) = (&one.origin.cfgs, name(one));
        let call = call(application, one, one.given.then(|| quote!(#tree)));
        quote!(#(#cfgs)* #name => #private::IntoPhase::into_phase(#call),)
    });
    Some(quote! {
        const PHASES: &'static [&'static str] = &[#(#names),*];
        async fn start_phase(
            &self,
            #phase: &'static str,
            #tree: &<Self::Tree as #private::Start>::Ref,
        ) -> #private::Result<(), #private::ExitReason> {
            match #phase {
                #(#arms)*
                _ => #private::Result::Ok(()),
            }
        }
    })
}

/// `prep_stop` and `stop`.
fn end(application: &Application, one: &Callback, private: &TokenStream) -> Option<TokenStream> {
    let (cfgs, tree) = (&one.origin.cfgs, local("tree"));
    let (name, parameter) = match one.kind {
        CallbackKind::PrepStop => {
            (quote!(prep_stop), quote!(#tree: &<Self::Tree as #private::Start>::Ref))
        }
        CallbackKind::Stop => (quote!(stop), quote!()),
        CallbackKind::Start | CallbackKind::Phase => return None,
    };
    let call = one.sound.then(|| call(application, one, one.given.then(|| quote!(#tree))));
    Some(quote!(#(#cfgs)* async fn #name(&self, #parameter) { #call }))
}
