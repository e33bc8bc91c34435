//! Typed processes for native Rust.

#![allow(dead_code, unused_imports)]

#[cfg(not(target_pointer_width = "64"))]
compile_error!("actor-core needs 64-bit pointers: an inbox packs one into a word with its tags");

mod queue;
mod slab;
mod sync;
mod sys;
mod table;
mod wheel;
