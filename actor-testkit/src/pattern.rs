//! What a probe looks for.

/// A test of a message, with a text for when it is not met: what [`pat!`](crate::pat) makes, or a
/// closure.
///
/// ```
/// use actor_testkit::{Pattern, pat};
/// let mut large = pat!(Some(100..));
/// assert!(large.matches(&Some(300)) && !large.matches(&None));
/// assert_eq!(Pattern::<Option<u32>>::text(&large), "`Some(100..)`");
/// ```
pub trait Pattern<M> {
    /// Whether this is the message.
    fn matches(&mut self, message: &M) -> bool;

    /// What is looked for, for a failure's text.
    fn text(&self) -> String;
}

impl<M, F: FnMut(&M) -> bool> Pattern<M> for F {
    fn matches(&mut self, message: &M) -> bool {
        self(message)
    }

    fn text(&self) -> String {
        "a message that the closure accepts".into()
    }
}

/// What [`pat!`](crate::pat) makes: a test that knows its own text. [`Pattern`] has an example.
#[derive(Clone, Debug)]
pub struct Pat<F> {
    text: &'static str,
    test: F,
}

impl<F> Pat<F> {
    /// A pattern with this text.
    ///
    /// ```
    /// use actor_testkit::{Pat, Pattern};
    /// let mut even = Pat::new("an even number", |number: &u32| number % 2 == 0);
    /// assert!(even.matches(&4));
    /// ```
    pub fn new<M>(text: &'static str, test: F) -> Self
    where
        F: FnMut(&M) -> bool,
    {
        Self { text, test }
    }
}

impl<M, F: FnMut(&M) -> bool> Pattern<M> for Pat<F> {
    fn matches(&mut self, message: &M) -> bool {
        (self.test)(message)
    }

    fn text(&self) -> String {
        format!("`{}`", self.text)
    }
}

/// A pattern, as in a `match`, that a probe can look for and a failure can print:
/// `pat!(StockMessage::Reserve { sku: 7, .. })`, or with a condition,
/// `pat!(StockMessage::Reserve { sku, .. } if *sku > 6)`.
///
/// ```
/// use actor_testkit::{Pattern, pat};
/// let mut good = pat!(Ok(number) if *number > 6);
/// assert!(good.matches(&Ok::<u32, ()>(7)));
/// ```
///
/// ```
/// use actor_testkit::{Pattern, pat};
/// let mut good = pat!(Ok(number) if *number > 6);
/// assert!(good.matches(&Ok::<u32, ()>(7)));
/// ```
#[macro_export]
macro_rules! pat {
    ($pattern:pat $(if $guard:expr)? $(,)?) => {
        $crate::Pat::new(
            ::core::stringify!($pattern $(if $guard)?),
            |message: &_| ::core::matches!(message, $pattern $(if $guard)?),
        )
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    enum Stock {
        Reserve { sku: u32 },
        Close,
    }

    #[test]
    fn a_pattern_tests_as_a_match_does_and_knows_its_text() {
        let limit = 6;
        let mut pattern = pat!(Stock::Reserve { sku } if *sku > limit);
        assert!(pattern.matches(&Stock::Reserve { sku: 7 }));
        assert!(!pattern.matches(&Stock::Reserve { sku: 6 }));
        assert!(!pattern.matches(&Stock::Close));
        let text = Pattern::<Stock>::text(&pattern);
        assert!(text.starts_with("`Stock::Reserve { sku }"), "{text}");
    }

    #[test]
    fn a_closure_is_a_pattern_too() {
        let mut closure = |stock: &Stock| matches!(stock, Stock::Close);
        assert!(Pattern::matches(&mut closure, &Stock::Close));
    }
}
