//! Generics of generated items: the user's own, cut down to what an item uses, or widened by what
//! being a process asks for.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{GenericParam, Generics, parse_quote};

use crate::names::mentions;

/// `generics` without defaults, each type `Send + 'static`: what a process's parts must be.
pub(crate) fn sendable(generics: &Generics) -> Generics {
    let mut generics = without_defaults(generics);
    let types: Vec<_> = generics.type_params().map(|param| param.ident.clone()).collect();
    if !types.is_empty() {
        let clause = generics.make_where_clause();
        for ty in types {
            clause.predicates.push(parse_quote!(#ty: ::core::marker::Send + 'static));
        }
    }
    generics
}

/// `generics` as an `impl` may declare them.
pub(crate) fn without_defaults(generics: &Generics) -> Generics {
    let mut generics = generics.clone();
    for param in &mut generics.params {
        match param {
            GenericParam::Type(ty) => ty.default = None,
            GenericParam::Const(constant) => constant.default = None,
            GenericParam::Lifetime(_) => {}
        }
    }
    generics
}

/// Those parameters that `tokens` use, with the bounds that speak of them alone.
pub(crate) fn used_by(generics: &Generics, tokens: &TokenStream) -> Generics {
    let mut used = without_defaults(generics);
    let (kept, dropped): (Vec<_>, Vec<_>) =
        used.params.into_iter().partition(|param| mentions(tokens, &name(param)));
    let dropped: Vec<String> = dropped.iter().map(name).collect();
    let foreign = |tokens: TokenStream| dropped.iter().any(|name| mentions(&tokens, name));
    used.params = kept.into_iter().collect();
    for param in used.type_params_mut() {
        let bounds = std::mem::take(&mut param.bounds);
        param.bounds = bounds.into_iter().filter(|b| !foreign(b.to_token_stream())).collect();
    }
    if used.params.is_empty() {
        used.where_clause = None;
    } else if let Some(clause) = &mut used.where_clause {
        let all = std::mem::take(&mut clause.predicates);
        clause.predicates = all.into_iter().filter(|p| !foreign(p.to_token_stream())).collect();
    }
    used
}

/// The type parameters of `all` that are none of `some`.
pub(crate) fn missing<'a>(all: &'a Generics, some: &Generics) -> Vec<&'a syn::Ident> {
    let has = |ident: &syn::Ident| some.type_params().any(|param| param.ident == *ident);
    all.type_params().map(|param| &param.ident).filter(|ident| !has(ident)).collect()
}

fn name(param: &GenericParam) -> String {
    match param {
        GenericParam::Type(ty) => ty.ident.to_string(),
        GenericParam::Const(constant) => constant.ident.to_string(),
        GenericParam::Lifetime(lifetime) => lifetime.lifetime.ident.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::quote;

    fn generics() -> Generics {
        let item: syn::ItemImpl = parse_quote! {
            impl<K: Ord + Into<V>, V: Clone, const N: usize> A where K: Clone, V: From<K> {}
        };
        item.generics
    }

    #[test]
    fn only_used_parameters_stay_with_the_bounds_that_can() {
        let used = used_by(&generics(), &quote!(Vec<K>));
        let clause = &used.where_clause;
        assert_eq!(quote!(#used #clause).to_string(), "< K : Ord > where K : Clone");
    }

    #[test]
    fn constants_count_as_used_where_they_are_named() {
        let used = used_by(&generics(), &quote!([u8; N]));
        assert_eq!(quote!(#used).to_string(), "< const N : usize >");
    }
}
