//! Syntax: attribute options and `impl` blocks, as written. Nothing here knows what an option or a
//! marker means; `lower` gives them meaning.

pub(crate) mod block;
pub(crate) mod options;
