//! Typed processes for native Rust.
