#![doc = include_str!("otp/introduction.md")]
// One file a theme. A new file is a new line here, where its number puts it; `tests/tidy/otp.rs`
// checks that no file is left out, and what the rows say.
#![doc = include_str!("otp/theme_01.md")]
#![doc = include_str!("otp/theme_02.md")]
#![doc = include_str!("otp/theme_03.md")]
#![doc = include_str!("otp/theme_04.md")]
#![doc = include_str!("otp/theme_05.md")]
#![doc = include_str!("otp/theme_06.md")]
#![doc = include_str!("otp/theme_07.md")]
#![doc = include_str!("otp/theme_08.md")]
#![doc = include_str!("otp/theme_09.md")]
#![doc = include_str!("otp/differences.md")]
