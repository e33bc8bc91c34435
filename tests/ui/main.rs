//! What the macros say. Each file in `ui/fail` breaks one rule, after which it is named, and the
//! `.stderr` beside it is what the user reads; each in `ui/pass` shows what must stay allowed.
//!
//! `TRYBUILD=overwrite cargo test --test ui` writes the texts anew: read them as a user would.

#[test]
fn every_mistake_is_named_with_what_to_do() {
    trybuild::TestCases::new().compile_fail("ui/fail/*.rs");
}

#[test]
fn what_is_allowed_compiles() {
    trybuild::TestCases::new().pass("ui/pass/*.rs");
}
