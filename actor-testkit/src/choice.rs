//! Who decides what happens next.
//!
//! At every step the simulation lists what could happen, the oldest first and the rest in the order
//! of the processes' paths, and a `Chooser` picks one by its place in the list. Whatever the
//! strategy, the picks are written to a tape, and a tape played back gives the same picks: the
//! strategy only invents tapes.
//!
//! - *Oldest*: always the first. The schedule that a fair, slow machine would show.
//! - *Deviate*: oldest first but for one or two places. Finds simple races, nearly minimal.
//! - *Random*: every one with equal chance.
//! - *Priority*: each lane (a sender and its receiver) gets a random priority, the highest goes
//!   first, and at a few places the one on top falls to the bottom. Finds races that need one
//!   process to be late for long, which plain chance seldom gives. It starves by nature, so after a
//!   while it gives way to chance: a program that only waits for its turn must not look livelocked.
//! - *Replay*: what a tape says.

use std::collections::HashMap;
use std::fmt;

use crate::rng::{self, Rng};
use crate::tape::Tape;

/// After how many times the length of the first schedule a starving strategy becomes fair.
const FAIR_AFTER: usize = 4;

/// How schedules are invented.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Strategy {
    /// Always the oldest.
    Oldest,
    /// The oldest, but for this many places.
    Deviate(u32),
    /// Each with equal chance.
    Random,
    /// By random priorities that change at this many places.
    Priority(u32),
    /// As a tape says.
    Replay(Tape),
}

impl Strategy {
    /// The strategy of schedule `k`: the first is *oldest*; then two of four are random.
    pub(crate) fn of_schedule(k: usize) -> Self {
        match k {
            0 => Self::Oldest,
            _ => match k % 8 {
                1 => Self::Deviate(1),
                3 => Self::Priority(1),
                5 => Self::Deviate(2),
                7 => Self::Priority(2),
                _ => Self::Random,
            },
        }
    }
}

impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Oldest => f.write_str("oldest first"),
            Self::Deviate(1) => f.write_str("1 deviation"),
            Self::Deviate(count) => write!(f, "{count} deviations"),
            Self::Random => f.write_str("random"),
            Self::Priority(depth) => write!(f, "priorities, {depth} changed"),
            Self::Replay(_) => f.write_str("replay"),
        }
    }
}

/// Picks what happens next, and writes down what it picked.
#[derive(Debug)]
pub(crate) struct Chooser {
    strategy: Strategy,
    rng: Rng,
    /// How many choices a schedule is expected to have.
    length: usize,
    /// The places at which the strategy does something out of the ordinary, in order.
    places: Vec<usize>,
    /// Looked up by lane, never walked: its order is nobody's business.
    priorities: HashMap<u64, u64>,
    /// How many priorities have been lowered: each falls below the one before.
    lowered: u64,
    choices: Vec<u32>,
}

impl Chooser {
    /// A chooser for one schedule that is expected to have about `length` choices.
    pub(crate) fn new(strategy: Strategy, seed: u64, length: usize) -> Self {
        let mut rng = Rng::new(seed);
        let length = length.max(4);
        let count = match strategy {
            Strategy::Deviate(count) | Strategy::Priority(count) => count as usize,
            _ => 0,
        };
        let mut places: Vec<usize> = (0..count).map(|_| rng.below(length)).collect();
        places.sort_unstable();
        let (priorities, choices) = (HashMap::new(), Vec::new());
        Self { strategy, rng, length, places, priorities, lowered: 0, choices }
    }

    /// Picks one of `lanes.len()` things, given the lane of each. One thing alone is no choice and
    /// leaves no trace on the tape.
    pub(crate) fn pick(&mut self, lanes: &[u64]) -> usize {
        if lanes.len() < 2 {
            return 0;
        }
        let at = self.choices.len();
        let special = self.places.contains(&at);
        let pick = match &self.strategy {
            Strategy::Oldest => 0,
            Strategy::Replay(tape) => tape.choose(at, lanes.len()),
            Strategy::Random => self.rng.below(lanes.len()),
            Strategy::Deviate(_) if special => 1 + self.rng.below(lanes.len() - 1),
            Strategy::Deviate(_) => 0,
            Strategy::Priority(_) if at > self.length * FAIR_AFTER => self.rng.below(lanes.len()),
            Strategy::Priority(_) => self.highest(lanes, special),
        };
        self.choices.push(pick as u32);
        pick
    }

    /// Picks one of `count` values for the test. Unlike what happens next, values have no natural
    /// order: strategies that mostly take the oldest draw here.
    pub(crate) fn draw(&mut self, count: usize) -> usize {
        if count < 2 {
            return 0;
        }
        let pick = match &self.strategy {
            Strategy::Oldest => 0,
            Strategy::Replay(tape) => tape.choose(self.choices.len(), count),
            _ => self.rng.below(count),
        };
        self.choices.push(pick as u32);
        pick
    }

    /// The lane with the highest priority; if `lower`, the winner falls and the next one is taken.
    fn highest(&mut self, lanes: &[u64], lower: bool) -> usize {
        // The lane itself breaks ties, and a lane's priority does not depend on when it is seen.
        let salt = self.rng.clone().next();
        for &lane in lanes {
            let drawn = (rng::hash(salt, [lane]) >> 1) | (1 << 62);
            self.priorities.entry(lane).or_insert(drawn);
        }
        let top = |priorities: &HashMap<u64, u64>| {
            let rank = |&(index, lane): &(usize, &u64)| (priorities[lane], usize::MAX - index);
            lanes.iter().enumerate().max_by_key(rank).map_or(0, |(index, _)| index)
        };
        let pick = top(&self.priorities);
        if !lower {
            return pick;
        }
        self.lowered += 1;
        self.priorities.insert(lanes[pick], (1 << 32) - self.lowered);
        top(&self.priorities)
    }

    /// How many choices there were.
    pub(crate) fn choices(&self) -> usize {
        self.choices.len()
    }

    /// What was picked.
    pub(crate) fn tape(&self) -> Tape {
        Tape::new(self.choices.as_slice())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strategies() -> Vec<Strategy> {
        (0..9).map(Strategy::of_schedule).collect()
    }

    #[test]
    fn the_tape_of_any_strategy_replays_it() {
        for (k, strategy) in strategies().into_iter().enumerate() {
            let mut chooser = Chooser::new(strategy.clone(), k as u64, 20);
            let lanes: Vec<Vec<u64>> = (0..40).map(|i| (0..i % 4).collect()).collect();
            let picks: Vec<usize> = lanes.iter().map(|lanes| chooser.pick(lanes)).collect();
            let mut replay = Chooser::new(Strategy::Replay(chooser.tape()), 99, 20);
            let again: Vec<usize> = lanes.iter().map(|lanes| replay.pick(lanes)).collect();
            assert_eq!(picks, again, "{strategy}");
        }
    }

    #[test]
    fn oldest_takes_the_first_and_a_deviation_leaves_it_just_so_often() {
        let mut oldest = Chooser::new(Strategy::Oldest, 1, 20);
        assert!((0..20).all(|_| oldest.pick(&[1, 2, 3]) == 0));
        assert_eq!(oldest.tape(), Tape::default());
        for seed in 0..50 {
            let mut chooser = Chooser::new(Strategy::Deviate(1), seed, 20);
            let away = (0..20).filter(|_| chooser.pick(&[1, 2, 3]) != 0).count();
            assert_eq!(away, 1, "seed {seed}");
        }
    }

    #[test]
    fn one_thing_alone_is_no_choice() {
        let mut chooser = Chooser::new(Strategy::Random, 1, 20);
        assert_eq!((chooser.pick(&[5]), chooser.draw(1)), (0, 0));
        assert_eq!(chooser.choices(), 0);
    }

    #[test]
    fn random_reaches_every_order_and_priorities_starve_only_for_a_while() {
        let mut random = Chooser::new(Strategy::Random, 5, 20);
        let mut seen = [false; 3];
        (0..50).for_each(|_| seen[random.pick(&[1, 2, 3])] = true);
        assert_eq!(seen, [true; 3]);
        let mut priority = Chooser::new(Strategy::Priority(1), 5, 20);
        let picks: Vec<usize> = (0..400).map(|_| priority.pick(&[1, 2, 3])).collect();
        let changes = picks[..80].windows(2).filter(|pair| pair[0] != pair[1]).count();
        assert!(changes <= 1, "priorities change at one place only: {changes}");
        assert!((0..3).all(|lane| picks[81..].contains(&lane)), "and later all get their turn");
    }
}
