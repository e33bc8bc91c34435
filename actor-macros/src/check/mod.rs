//! Rules. One function a rule, each reporting at the user's own tokens.

pub(crate) mod application;
pub(crate) mod machine;
pub(crate) mod main_fn;
pub(crate) mod protocol;
pub(crate) mod self_call;
pub(crate) mod tree;
pub(crate) mod types;
