//! Output, from the model alone. Generated code is thin: it names only the runtime's `__private`
//! paths, and whatever could be a function is one there.
//!
//! Hygiene: generated locals are mixed-site identifiers, so a parameter may have any name; methods
//! of refs are called by path, so a handler may have any name; calls of the user's methods carry
//! the spans of the methods' names.

pub(crate) mod application;
pub(crate) mod child;
pub(crate) mod client;
pub(crate) mod dispatch;
pub(crate) mod generics;
pub(crate) mod hooks;
pub(crate) mod info;
pub(crate) mod machine;
pub(crate) mod main_fn;
pub(crate) mod messages;
pub(crate) mod paths;
pub(crate) mod process;
pub(crate) mod reference;
pub(crate) mod tree;

use proc_macro2::TokenStream;
use quote::quote;

use crate::model::Protocol;

/// All that `#[handlers]` adds beside the block itself.
pub(crate) fn protocol(protocol: &Protocol) -> TokenStream {
    let messages = messages::expand(protocol);
    let server = (!protocol.second).then(|| hooks::expand(protocol));
    let handle = dispatch::expand(protocol);
    let client = client::expand(protocol);
    let infos = info::expand(protocol);
    quote!(#messages #server #handle #infos #client)
}
