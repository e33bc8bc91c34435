//! What is emitted beside the errors: the user's item without our attributes, so that only the
//! mistake itself is reported, and what the rest of the file relies on.

use proc_macro2::TokenStream;
use quote::quote;

/// A marker used outside its block: the item, and what to do.
pub(crate) fn stray_marker(marker: &str, block: &str, item: TokenStream) -> TokenStream {
    let text = format!(
        "`#[{marker}]` marks a method inside an `impl` block under `#[{block}]`: add `#[{block}]` \
         to the `impl` block, above it"
    );
    quote!(::core::compile_error!(#text); #item)
}
