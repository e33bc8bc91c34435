//! From syntax to model. Whatever is wrong with one method is reported where it stands, and the
//! method is left out of the model: the rest of the block is still generated, so that one mistake
//! does not turn into an error at every use of its neighbours.

pub(crate) mod application;
pub(crate) mod child;
pub(crate) mod config;
pub(crate) mod derived;
pub(crate) mod handler;
pub(crate) mod hook;
pub(crate) mod info;
pub(crate) mod machine;
pub(crate) mod marker;
pub(crate) mod method;
pub(crate) mod protocol;
pub(crate) mod subject;
pub(crate) mod tree;
