//! Typed processes for native Rust.

#[allow(dead_code)] // Until the layers above use all of it.
mod scheduler;
#[allow(dead_code)]
mod sync;
#[allow(dead_code)]
mod sys;
