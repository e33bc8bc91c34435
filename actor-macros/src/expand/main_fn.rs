//! `#[main]`: the body becomes a process.

use proc_macro2::TokenStream;
use quote::quote;

use super::paths::private;
use crate::parse::block::Method;
use syn::Path;

/// The function that runs `method` as a process.
pub(crate) fn expand(method: &Method, krate: &Path) -> TokenStream {
    let private = private(krate);
    let Method { attrs, vis, sig, body } = method;
    let (name, output) = (&sig.ident, &sig.output);
    quote! {
        #(#attrs)*
        #vis fn #name() -> ::std::process::ExitCode {
            async fn #name() #output #body
            #private::run_main(#name())
        }
    }
}
