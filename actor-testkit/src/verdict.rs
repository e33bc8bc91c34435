//! What a test's body returns.

use std::fmt;
use std::panic::Location;

/// What most bodies return: `?` turns any error into one that knows its place.
///
/// ```
/// # use actor_core::prelude::*;
/// # use actor_testkit::*;
/// # use std::time::Duration;
/// # #[derive(Process)] struct Account { balance: u64 }
/// # #[handlers] impl Account {
/// #     #[call] fn balance(&self) -> u64 { self.balance }
/// #     #[cast] fn deposit(&mut self, amount: u64) { self.balance += amount }
/// # }
/// # async fn example(t: TestKit) -> TestResult {
/// let number: u32 = "7".parse()?;
/// assert_eq!(number, 7);
/// # Ok(()) }
/// # use actor_testkit::__private::{Config, check};
/// # check(Config::new("example").schedules(4), example);
/// ```
pub type TestResult<T = ()> = Result<T, TestError>;

/// An error of a test's body, with the place at which it became one. Made by `?` from any error, or
/// by [`new`](Self::new), which has an example.
pub struct TestError {
    pub(crate) message: String,
    pub(crate) location: Option<String>,
}

// It must not be an `Error` itself: then `From` could not be for all errors.
impl<E: std::error::Error> From<E> for TestError {
    #[track_caller]
    fn from(error: E) -> Self {
        let mut message = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            message.push_str(&format!(": {cause}"));
            source = cause.source();
        }
        Self { message, location: Some(Location::caller().to_string()) }
    }
}

impl TestError {
    /// An error that says this.
    ///
    /// ```
    /// use actor_testkit::{TestError, TestResult};
    /// fn positive(number: i32) -> TestResult {
    ///     if number > 0 { Ok(()) } else { Err(TestError::new(format!("{number} is too small"))) }
    /// }
    /// assert!(positive(0).is_err());
    /// ```
    #[track_caller]
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), location: Some(Location::caller().to_string()) }
    }
}

impl fmt::Debug for TestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Display for TestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Something that a body may return: nothing, or a `Result<(), E>` with an [`IntoTestError`].
///
/// ```
/// use actor_testkit::{TestError, Verdict};
/// assert!(().verdict().is_ok());
/// assert!(Err::<(), _>(TestError::new("no")).verdict().is_err());
/// ```
pub trait Verdict {
    /// What it says.
    ///
    /// # Errors
    /// If the test failed.
    fn verdict(self) -> Result<(), TestError>;
}

impl Verdict for () {
    fn verdict(self) -> Result<(), TestError> {
        Ok(())
    }
}

impl<E: IntoTestError> Verdict for Result<(), E> {
    fn verdict(self) -> Result<(), TestError> {
        self.map_err(IntoTestError::into_test_error)
    }
}

/// An error that a body may return: a [`TestError`], or any boxed error.
///
/// ```
/// use actor_testkit::IntoTestError;
/// let boxed: Box<dyn std::error::Error> = "no such account".into();
/// assert_eq!(boxed.into_test_error().to_string(), "no such account");
/// ```
pub trait IntoTestError {
    /// The same as a test's error.
    fn into_test_error(self) -> TestError;
}

impl IntoTestError for TestError {
    fn into_test_error(self) -> TestError {
        self
    }
}

impl<E: fmt::Display + ?Sized> IntoTestError for Box<E> {
    fn into_test_error(self) -> TestError {
        TestError { message: self.to_string(), location: None }
    }
}
