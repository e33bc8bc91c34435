//! An application's environment: typed values with defaults.
//!
//! A value is looked for in the operating system's environment, as `SHOP_PORT` for the key `port`
//! of the application `shop`; then among those that the program has set; and else it is the
//! default. A simulation, which must repeat, does not look at the operating system's.

use std::{any::type_name, collections::BTreeMap, fmt, str::FromStr, sync::Arc, time::Duration};

/// What a program has set: application and key.
pub(super) type Values = BTreeMap<(String, String), String>;

/// Where an application reads its configuration.
///
/// ```
/// use actor_core::application::Env;
/// let env = Env::of("shop");
/// assert_eq!(env.get("port", 8080_u16)?, 8080);
/// assert!(env.require::<u16>("secret").is_err());
/// assert_eq!(env.optional::<String>("motto")?, None);
/// // What is no `FromStr` is read by a function.
/// let words = |text: &str| match text {
///     "" => Err("no word"),
///     text => Ok(text.split(',').map(str::to_owned).collect::<Vec<_>>()),
/// };
/// assert_eq!(env.optional_with("towns", words)?, None);
/// assert!(env.require_with("towns", words).is_err());
/// # Ok::<(), actor_core::application::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Env {
    application: &'static str,
    set: Arc<Values>,
    /// Whether the operating system's counts.
    outside: bool,
}

/// A value of an application's configuration that cannot be read.
///
/// ```
/// use actor_core::application::Env;
/// let missing = Env::of("shop").require::<u16>("port").unwrap_err();
/// assert_eq!(missing.to_string(), "SHOP_PORT is not set; `shop` needs it, a u16");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// It is needed, and nowhere set.
    #[error("{variable} is not set; `{application}` needs it, a {wanted}")]
    Missing {
        /// Whose.
        application: &'static str,
        /// The variable that would set it.
        variable: String,
        /// Its type.
        wanted: &'static str,
    },
    /// It is set to something else than its type.
    #[error("{variable} is {value:?}, which is no {wanted} for `{application}`: {error}")]
    Invalid {
        /// Whose.
        application: &'static str,
        /// The variable that sets it, or would.
        variable: String,
        /// What it is set to.
        value: String,
        /// Its type.
        wanted: &'static str,
        /// What is wrong with it.
        error: String,
    },
}

impl Env {
    /// The environment of an application, with nothing set by the program: for tests of a
    /// configuration. The [type's example](Self) uses it.
    pub fn of(application: &'static str) -> Self {
        Self { application, set: Arc::default(), outside: true }
    }

    pub(super) fn new(application: &'static str, set: Arc<Values>, outside: bool) -> Self {
        Self { application, set, outside }
    }

    /// The variable of a key: both names in capitals, all else as `_`.
    fn variable(&self, key: &str) -> String {
        let capital = |char: char| match char.is_ascii_alphanumeric() {
            true => char.to_ascii_uppercase(),
            false => '_',
        };
        let mut variable: String = self.application.chars().map(capital).collect();
        variable.push('_');
        variable.extend(key.chars().map(capital));
        variable
    }

    fn find(&self, key: &str) -> Option<String> {
        let outside = self.outside.then(|| std::env::var(self.variable(key)).ok()).flatten();
        outside.or_else(|| self.set.get(&(self.application.to_owned(), key.to_owned())).cloned())
    }

    /// The value of a key, or the default. The [type's example](Self) uses it.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`] if it is set to something that is no `T`.
    pub fn get<T>(&self, key: &str, default: T) -> Result<T, ConfigError>
    where
        T: FromStr<Err: fmt::Display>,
    {
        Ok(self.optional(key)?.unwrap_or(default))
    }

    /// The value of a key that has no default. The [type's example](Self) uses it.
    ///
    /// # Errors
    /// [`ConfigError::Missing`], [`ConfigError::Invalid`].
    pub fn require<T>(&self, key: &str) -> Result<T, ConfigError>
    where
        T: FromStr<Err: fmt::Display>,
    {
        self.require_with(key, T::from_str)
    }

    /// The value of a key, if it is set. The [type's example](Self) uses it.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`].
    pub fn optional<T>(&self, key: &str) -> Result<Option<T>, ConfigError>
    where
        T: FromStr<Err: fmt::Display>,
    {
        self.optional_with(key, T::from_str)
    }

    /// The same as a function reads it. The [type's example](Self) uses it.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`] if the function fails.
    pub fn optional_with<T, E: fmt::Display>(
        &self,
        key: &str,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<Option<T>, ConfigError> {
        self.find(key).map(|value| self.read_text(key, value, read)).transpose()
    }

    /// What a text is as the value of a key.
    pub(crate) fn read_text<T, E: fmt::Display>(
        &self,
        key: &str,
        value: String,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<T, ConfigError> {
        read(&value).map_err(|error| ConfigError::Invalid {
            application: self.application,
            variable: self.variable(key),
            wanted: wanted::<T>(),
            error: error.to_string(),
            value,
        })
    }

    /// The value of a key that has no default, as a function reads it. The [type's example](Self)
    /// uses it.
    ///
    /// # Errors
    /// [`ConfigError::Missing`], [`ConfigError::Invalid`].
    pub fn require_with<T, E: fmt::Display>(
        &self,
        key: &str,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<T, ConfigError> {
        self.optional_with(key, read)?.ok_or_else(|| ConfigError::Missing {
            application: self.application,
            variable: self.variable(key),
            wanted: wanted::<T>(),
        })
    }
}

/// A length of time as configurations write it: `250ms`, `5s`, `1.5h`.
pub(crate) fn duration(text: &str) -> Result<Duration, &'static str> {
    const UNITS: [(&str, f64); 6] =
        [("ms", 1e-3), ("us", 1e-6), ("ns", 1e-9), ("s", 1.0), ("m", 60.0), ("h", 3600.0)];
    let text = text.trim();
    let unit = UNITS.iter().find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, factor)));
    let Some((number, factor)) = unit else {
        return Err("it needs a unit: ns, us, ms, s, m or h, as in 250ms");
    };
    let number: f64 = number.trim().parse().map_err(|_| "no number stands before its unit")?;
    Duration::try_from_secs_f64(number * factor).map_err(|_| "it is negative, or too long")
}

/// A type's name without its path.
fn wanted<T>() -> &'static str {
    let name = type_name::<T>();
    if name.contains('<') { name } else { name.rsplit("::").next().unwrap_or(name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(key: &str, value: &str) -> Env {
        let set = Values::from([(("my-shop".to_owned(), key.to_owned()), value.to_owned())]);
        Env::new("my-shop", Arc::new(set), false)
    }

    #[test]
    fn a_value_is_what_was_set_or_the_default() {
        assert_eq!(env("port", "99").get("port", 80_u16), Ok(99));
        assert_eq!(env("other", "99").get("port", 80_u16), Ok(80));
        assert_eq!(env("name", "Ann").require::<String>("name"), Ok("Ann".to_owned()));
    }

    #[test]
    fn a_length_of_time_needs_a_number_and_a_unit() {
        for (text, millis) in
            [("250ms", 250), ("5s", 5_000), (" 1.5 h ", 5_400_000), ("2m", 120_000)]
        {
            assert_eq!(duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in ["", "5", "s", "five s", "-1s", "1e300h"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_error_says_which_variable_is_wrong_and_how() {
        let error = env("max.size", "many").get("max.size", 1_usize).unwrap_err();
        assert_eq!(
            error.to_string(),
            "MY_SHOP_MAX_SIZE is \"many\", which is no usize for `my-shop`: invalid digit found in \
             string"
        );
    }
}
