//! The text of an exit reason.

use std::{fmt, ops::Deref, sync::Arc};

/// The text in an [`ExitReason`](crate::ExitReason): one word long, so that reasons travel in
/// registers; its clones share it.
///
/// It derefs to `str`, and is made from a `&str` or a `String` by `into`.
///
/// ```
/// use actor_core::{ExitReason, Text};
/// let why: Text = "for the night".into();
/// assert_eq!(why, "for the night");
/// assert!(ExitReason::ShutdownWith(why).to_string().ends_with("night"));
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(Arc<String>);

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Text {
    fn as_ref(&self) -> &str {
        self
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self(Arc::new(text))
    }
}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        **self == *other
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        **self == **other
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self)
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

// What it is for: a reason is a tag and a word, and travels in registers.
static_assertions::const_assert_eq!(size_of::<super::ExitReason>(), 2 * size_of::<usize>());
