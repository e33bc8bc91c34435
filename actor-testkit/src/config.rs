//! How a test is run: what its attribute says, and what the environment changes.

use std::fmt;

use crate::tape::Tape;

/// Whether what is left at the end of a test fails it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaks {
    /// It does.
    Deny,
    /// It does not.
    Allow,
}

/// When virtual time passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Time {
    /// By itself, whenever nothing else can happen and somebody waits.
    Auto,
    /// Only when the test says so.
    Manual,
}

/// How a test is run.
#[derive(Clone, Debug)]
pub struct Config {
    pub(crate) name: String,
    pub(crate) schedules: usize,
    pub(crate) seed: u64,
    pub(crate) max_steps: usize,
    pub(crate) leaks: Leaks,
    pub(crate) time: Time,
    pub(crate) replay: Option<Tape>,
}

impl Config {
    /// The defaults, for a test of this name: 64 schedules, at most 10,000 steps each, leaks
    /// denied, time that passes by itself.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            schedules: 64,
            seed: 0,
            max_steps: 10_000,
            leaks: Leaks::Deny,
            time: Time::Auto,
            replay: None,
        }
    }

    /// The defaults, for the test function `function` in the module `module`; its name is the one
    /// that `cargo test` filters by.
    #[must_use]
    pub fn of_function(module: &str, function: &str) -> Self {
        match module.split_once("::") {
            Some((_, inner)) => Self::new(format!("{inner}::{function}")),
            None => Self::new(function),
        }
    }

    /// How many schedules are run; at least one is.
    #[must_use]
    pub fn schedules(self, schedules: usize) -> Self {
        Self { schedules: schedules.max(1), ..self }
    }

    /// The seed from which all schedules are made.
    #[must_use]
    pub fn seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// After how many steps a schedule counts as one that never ends.
    #[must_use]
    pub fn max_steps(self, max_steps: usize) -> Self {
        Self { max_steps, ..self }
    }

    /// Whether what is left at the end fails the test.
    #[must_use]
    pub fn leaks(self, leaks: Leaks) -> Self {
        Self { leaks, ..self }
    }

    /// When virtual time passes.
    #[must_use]
    pub fn time(self, time: Time) -> Self {
        Self { time, ..self }
    }

    /// Runs this tape and nothing else.
    #[must_use]
    pub fn replay(self, tape: Tape) -> Self {
        Self { replay: Some(tape), ..self }
    }

    /// What the environment changes: `ACTOR_REPLAY`, a tape; `ACTOR_SEED`, a number, in decimal or
    /// as `0x25`; `ACTOR_SCHEDULES`, a number. `look` finds a variable's value.
    ///
    /// # Errors
    /// If a value cannot be read: which variable it is, and why.
    pub fn with_environment(
        mut self,
        look: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, String> {
        let refuse = |name: &str, value: &str, why: &dyn fmt::Display| {
            format!("{name}={value} cannot be used: {why}")
        };
        if let Some(value) = look("ACTOR_SEED") {
            let number = value.strip_prefix("0x").map_or_else(
                || value.parse::<u64>(),
                |hexadecimal| u64::from_str_radix(hexadecimal, 16),
            );
            self.seed = number.map_err(|why| refuse("ACTOR_SEED", &value, &why))?;
        }
        if let Some(value) = look("ACTOR_SCHEDULES") {
            let number = value.parse::<usize>();
            let number = number.map_err(|why| refuse("ACTOR_SCHEDULES", &value, &why))?;
            if number == 0 {
                return Err(refuse("ACTOR_SCHEDULES", &value, &"at least one is needed"));
            }
            self.schedules = number;
        }
        if let Some(value) = look("ACTOR_REPLAY") {
            let tape = value.parse::<Tape>();
            self.replay = Some(tape.map_err(|why| refuse("ACTOR_REPLAY", &value, &why))?);
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: &'static str, value: &'static str) -> Result<Config, String> {
        Config::new("test").with_environment(|asked| (asked == name).then(|| value.to_owned()))
    }

    #[test]
    fn the_environment_sets_seed_schedules_and_tape() {
        assert_eq!(with("ACTOR_SEED", "0x25").unwrap().seed, 0x25);
        assert_eq!(with("ACTOR_SEED", "37").unwrap().seed, 37);
        assert_eq!(with("ACTOR_SCHEDULES", "5").unwrap().schedules, 5);
        assert_eq!(with("ACTOR_REPLAY", "t1:0.2").unwrap().replay, Some(Tape::new([0, 2])));
    }

    #[test]
    fn a_value_that_cannot_be_read_is_named_with_its_variable() {
        assert!(
            with("ACTOR_SEED", "red").unwrap_err().starts_with("ACTOR_SEED=red cannot be used")
        );
        assert!(with("ACTOR_SCHEDULES", "0").unwrap_err().contains("at least one"));
        assert!(with("ACTOR_REPLAY", "0.2").unwrap_err().contains("looks like `t1:0.2.1`"));
    }

    #[test]
    fn a_test_is_named_as_cargo_filters_it() {
        assert_eq!(Config::of_function("simulation::time", "it_flies").name, "time::it_flies");
        assert_eq!(Config::of_function("simulation", "it_flies").name, "it_flies");
    }
}
