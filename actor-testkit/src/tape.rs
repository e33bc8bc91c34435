//! A schedule, written down.
//!
//! Wherever more than one thing could happen next, the simulation asks for a number; the tape is
//! the list of these numbers. **Every** list is a valid tape: a number counts modulo the number of
//! things that could happen, and past the end of the tape it is 0, which means *the oldest first*.
//! So a tape can be cut, changed and shortened at will, and a replay never breaks: at worst it
//! drifts into another schedule.
//!
//! As text a tape is `t1:0.2.1.0.3`. The `t1` is the version of the format. Zeros at the end are
//! dropped, since they say nothing. A number that comes four times or more in a row is written once
//! with its count, `0*12`. If a process drew random numbers in the run, the seed of the streams
//! follows in hexadecimal, `t1:0.2~1f`, for without it the run could not be repeated.

use std::fmt;
use std::str::FromStr;

/// The longest tape that is read: far more than a schedule has steps.
pub(crate) const LONGEST: usize = 1_000_000;

/// From how many equal numbers in a row on the count is written.
const RUN: usize = 4;

/// The choices of one schedule, and the seed of its random streams if they were used: what the
/// replay line of a failure holds. Any list of numbers is a valid tape.
///
/// ```
/// use actor_testkit::Tape;
/// let tape: Tape = "t1:0.2.1".parse()?;
/// assert_eq!(tape.choices(), [0, 2, 1]);
/// # Ok::<(), actor_testkit::TapeError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tape {
    choices: Vec<u32>,
    streams: Option<u64>,
}

impl Tape {
    /// A tape of these choices. Zeros at the end are dropped.
    ///
    /// ```
    /// use actor_testkit::Tape;
    /// assert_eq!(Tape::new([0, 2, 1, 0, 0]).to_string(), "t1:0.2.1");
    /// ```
    #[must_use]
    pub fn new(choices: impl Into<Vec<u32>>) -> Self {
        let mut choices = choices.into();
        while choices.last() == Some(&0) {
            choices.pop();
        }
        Self { choices, streams: None }
    }

    /// The same tape with the seed of the processes' random streams.
    ///
    /// ```
    /// use actor_testkit::Tape;
    /// assert_eq!(Tape::new([1]).with_streams(0x1f).to_string(), "t1:1~1f");
    /// ```
    #[must_use]
    pub fn with_streams(mut self, seed: u64) -> Self {
        self.streams = Some(seed);
        self
    }

    /// The choices, without the zeros at the end. The [type's example](Self) uses it.
    #[must_use]
    pub fn choices(&self) -> &[u32] {
        &self.choices
    }

    /// The seed of the random streams, if the run used them. [`with_streams`](Self::with_streams)
    /// sets it.
    ///
    /// ```
    /// use actor_testkit::Tape;
    /// assert_eq!("t1:1~1f".parse::<Tape>()?.streams(), Some(0x1f));
    /// # Ok::<(), actor_testkit::TapeError>(())
    /// ```
    #[must_use]
    pub fn streams(&self) -> Option<u64> {
        self.streams
    }

    /// What the tape says at choice number `at` among `enabled` things (at least one).
    ///
    /// ```
    /// use actor_testkit::Tape;
    /// let tape = Tape::new([7]);
    /// assert_eq!((tape.choose(0, 3), tape.choose(1, 3)), (1, 0));
    /// ```
    #[must_use]
    pub fn choose(&self, at: usize, enabled: usize) -> usize {
        self.choices.get(at).map_or(0, |&choice| choice as usize % enabled.max(1))
    }
}

impl fmt::Display for Tape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("t1:")?;
        let mut first = true;
        for run in self.choices.chunk_by(|a, b| a == b) {
            let (times, count) = if run.len() >= RUN { (1, run.len()) } else { (run.len(), 1) };
            for _ in 0..times {
                let dot = if first { "" } else { "." };
                first = false;
                write!(f, "{dot}{}", run[0])?;
                if count > 1 {
                    write!(f, "*{count}")?;
                }
            }
        }
        match self.streams {
            Some(seed) => write!(f, "~{seed:x}"),
            None => Ok(()),
        }
    }
}

/// Why a text is not a tape.
///
/// ```
/// use actor_testkit::{Tape, TapeError};
/// let error = "0.2.1".parse::<Tape>().unwrap_err();
/// assert_eq!(error, TapeError::NoVersion { text: "0.2.1".into() });
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TapeError {
    /// It does not start with a version.
    NoVersion {
        /// The text as given.
        text: String,
    },
    /// Its version is not one that this testkit reads.
    UnknownVersion {
        /// What stands before the colon.
        version: String,
    },
    /// A part of it is not a choice.
    NotAChoice {
        /// The part as given.
        part: String,
        /// Which part it is, counted from 1.
        position: usize,
    },
    /// The seed behind the `~` is not a hexadecimal number.
    NotASeed {
        /// What stands behind the `~`.
        text: String,
    },
    /// It is longer than any schedule.
    TooLong,
}

impl fmt::Display for TapeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoVersion { text } => {
                write!(f, "`{text}` is not a tape: a tape looks like `t1:0.2.1`")
            }
            Self::UnknownVersion { version } => {
                write!(f, "a tape of version `{version}` cannot be read: this testkit writes `t1`")
            }
            Self::NotAChoice { part, position } => write!(
                f,
                "part {position} of the tape, `{part}`, is not a choice: \
                 a choice is a number such as `2`, or a number with its count such as `0*12`"
            ),
            Self::NotASeed { text } => {
                write!(f, "`~{text}` at the end of the tape is not a hexadecimal seed")
            }
            Self::TooLong => write!(f, "the tape is longer than {LONGEST} choices"),
        }
    }
}

impl std::error::Error for TapeError {}

impl FromStr for Tape {
    type Err = TapeError;

    fn from_str(text: &str) -> Result<Self, TapeError> {
        let text = text.trim();
        let Some((version, rest)) = text.split_once(':') else {
            return Err(TapeError::NoVersion { text: text.into() });
        };
        if version != "t1" {
            return Err(TapeError::UnknownVersion { version: version.into() });
        }
        let (numbers, streams) = match rest.split_once('~') {
            None => (rest, None),
            Some((numbers, seed)) => match u64::from_str_radix(seed, 16) {
                Ok(seed) => (numbers, Some(seed)),
                Err(_) => return Err(TapeError::NotASeed { text: seed.into() }),
            },
        };
        let mut choices = Vec::new();
        if !numbers.is_empty() {
            for (index, part) in numbers.split('.').enumerate() {
                let (value, count) = parse_part(part).ok_or_else(|| TapeError::NotAChoice {
                    part: part.into(),
                    position: index + 1,
                })?;
                if choices.len() + count > LONGEST {
                    return Err(TapeError::TooLong);
                }
                choices.extend(std::iter::repeat_n(value, count));
            }
        }
        let mut tape = Self::new(choices);
        tape.streams = streams;
        Ok(tape)
    }
}

/// One part of a tape: its number, and how many times it counts (at least once).
fn parse_part(part: &str) -> Option<(u32, usize)> {
    match part.split_once('*') {
        None => Some((part.parse().ok()?, 1)),
        Some((value, count)) => {
            let count: usize = count.parse().ok()?;
            // Saturates just past the bound, so that the caller's sum cannot overflow.
            (count > 0).then_some((value.parse().ok()?, count.min(LONGEST + 1)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Rng;

    #[test]
    fn a_tape_reads_as_it_was_written() {
        let mut rng = Rng::new(1);
        for length in 0..200 {
            // Few distinct numbers, so that runs appear.
            let choices: Vec<u32> = (0..length).map(|_| rng.below(2) as u32 * 3).collect();
            let tape = Tape::new(choices);
            assert_eq!(tape.to_string().parse(), Ok(tape.clone()), "{tape}");
            let tape = tape.with_streams(rng.next());
            assert_eq!(tape.to_string().parse(), Ok(tape.clone()), "{tape}");
        }
    }

    #[test]
    fn zeros_at_the_end_are_dropped_and_runs_are_counted() {
        assert_eq!(Tape::new([0, 2, 1, 0, 3, 0, 0]).to_string(), "t1:0.2.1.0.3");
        assert_eq!(Tape::new([0, 0, 0, 0, 0, 1, 1]).to_string(), "t1:0*5.1.1");
        assert_eq!(Tape::new([0, 0]).to_string(), "t1:");
        assert_eq!(Tape::new([1]).with_streams(0x1f).to_string(), "t1:1~1f");
    }

    #[test]
    fn every_number_is_valid_and_the_rest_is_oldest_first() {
        let tape = Tape::new([7, 3]);
        assert_eq!([tape.choose(0, 3), tape.choose(1, 3), tape.choose(2, 3)], [1, 0, 0]);
        assert_eq!(tape.choose(0, 1), 0);
    }

    #[test]
    fn what_is_not_a_tape_is_refused_with_the_reason() {
        let error = |text: &str| text.parse::<Tape>().unwrap_err().to_string();
        assert!(error("0.2.1").contains("looks like `t1:0.2.1`"));
        assert!(error("t9:0").contains("version `t9`"));
        assert!(error("t1:0.x.1").contains("part 2 of the tape, `x`"));
        assert!(error("t1:0..1").contains("part 2 of the tape, ``"));
        assert!(error("t1:0*0").contains("`0*0`"));
        assert!(error("t1:1~zz").contains("`~zz`"));
        assert_eq!("t1:0*99999999999999".parse::<Tape>(), Err(TapeError::TooLong));
    }
}
