//! The names generated code uses: the runtime's `__private`, and locals that no user can meet.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::{Ident, Path};

/// The one module that generated code names.
pub(crate) fn private(krate: &Path) -> TokenStream {
    quote!(#krate::__private)
}

/// The same with a place of the user's, for what rustc has to say of it.
pub(crate) fn private_at(krate: &Path, place: Span) -> TokenStream {
    let place = place.resolved_at(Span::call_site());
    let tokens = private(krate).into_iter().map(|mut token| {
        token.set_span(place);
        token
    });
    tokens.collect()
}

/// A local of generated code: by its hygiene it is none of the user's names.
pub(crate) fn local(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}
