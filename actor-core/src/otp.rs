#![doc = include_str!("otp/introduction.md")]
// One file a theme. A new file is a new line here, where its number puts it; `tests/tidy/otp.rs`
// checks that no file is left out, and what the rows say.
#![doc = include_str!("otp/differences.md")]
