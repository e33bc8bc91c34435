//! The text of an exit reason.

use std::{borrow::Borrow, borrow::Cow, fmt, ops::Deref, sync::Arc};

/// The text in an [`ExitReason`](crate::ExitReason): what went wrong, or why something was to end.
///
/// A `str` that its clones share; made of any owned or borrowed text by `into`. At present it is
/// one word long, and costs two allocations.
///
/// ```
/// use actor_core::{ExitReason, Text};
/// let why: Text = "for the night".into();
/// assert_eq!(why, "for the night");
/// assert!(why.ends_with("night"));
/// assert_eq!(ExitReason::ShutdownWith(why.clone()), ExitReason::ShutdownWith(why));
/// ```
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(Arc<String>);

impl Text {
    /// The text; the [type's example](Self) does without, since it derefs to the same.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

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

impl Borrow<str> for Text {
    fn borrow(&self) -> &str {
        self
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self(Arc::new(text))
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl From<Box<str>> for Text {
    fn from(text: Box<str>) -> Self {
        text.into_string().into()
    }
}

impl From<Arc<str>> for Text {
    fn from(text: Arc<str>) -> Self {
        (*text).into()
    }
}

impl From<Cow<'_, str>> for Text {
    fn from(text: Cow<'_, str>) -> Self {
        text.into_owned().into()
    }
}

impl From<Text> for String {
    fn from(text: Text) -> Self {
        Arc::unwrap_or_clone(text.0)
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

impl PartialEq<String> for Text {
    fn eq(&self, other: &String) -> bool {
        *self.0 == *other
    }
}

impl PartialEq<Text> for str {
    fn eq(&self, other: &Text) -> bool {
        *self == **other
    }
}

impl PartialEq<Text> for &str {
    fn eq(&self, other: &Text) -> bool {
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

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_text_is_made_of_any_text_and_compares_as_one() {
        let made: [Text; 5] = [
            "late".into(),
            String::from("late").into(),
            Box::<str>::from("late").into(),
            Arc::<str>::from("late").into(),
            Cow::Borrowed("late").into(),
        ];
        for text in &made {
            assert_eq!(*text, "late");
            assert_eq!("late", *text);
            assert_eq!(*text, "late".to_owned());
            assert_eq!(*text, made[0]);
            assert_eq!(format!("[{text:>6}] {text:?}"), "[  late] \"late\"");
        }
        let known: HashSet<Text> = made.into_iter().collect();
        assert!(known.len() == 1 && known.contains("late"), "a set finds it by a str");
        assert_eq!(String::from(Text::default()), "");
    }
}
