//! Random numbers that are the same on every machine.
//!
//! Two things need them: the choice of a schedule, and the processes' own random streams. Both
//! start from one seed and never from the clock, the address of anything, or the order of a hash
//! map. A process's stream is made from the seed and the place where the process was spawned, so
//! that a draw in one process moves no number in another: independent steps stay independent.
//!
//! The generator is the well-known 64-bit finaliser over a counter (splitmix). It is not meant to
//! keep secrets.

/// The step of the counter: 2^64 divided by the golden ratio, made odd.
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// Spreads every bit of `word` over the whole result.
pub(crate) fn mix(word: u64) -> u64 {
    let mut z = word;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// A hash of a seed and some words; the same everywhere and in every version of the compiler.
pub(crate) fn hash(seed: u64, words: impl IntoIterator<Item = u64>) -> u64 {
    let start = mix(seed.wrapping_add(GOLDEN));
    words.into_iter().fold(start, |state, word| mix(state.wrapping_add(GOLDEN) ^ mix(word)))
}

/// A stream of random numbers.
#[derive(Clone, Debug)]
pub(crate) struct Rng {
    state: u64,
}

impl Rng {
    /// The stream that belongs to `seed`.
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: mix(seed) }
    }

    /// The next number.
    pub(crate) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(GOLDEN);
        mix(self.state)
    }

    /// A number from 0 up to, not including, `bound`; 0 when the bound is 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        // Multiply and shift: without the modulo's bias for any bound that a schedule can have.
        ((u128::from(self.next()) * bound as u128) >> 64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_numbers_for_ever() {
        let mut rng = Rng::new(7);
        let first: Vec<u64> = (0..3).map(|_| rng.next()).collect();
        let mut again = Rng::new(7);
        assert_eq!(first, (0..3).map(|_| again.next()).collect::<Vec<_>>());
        // Pinned: a change of these numbers changes every tape and seed that anybody wrote down.
        assert_eq!(Rng::new(0).next(), 0xE220_A839_7B1D_CDAF);
    }

    #[test]
    fn neighbouring_seeds_and_paths_share_nothing() {
        assert_ne!(Rng::new(1).next(), Rng::new(2).next());
        assert_ne!(hash(1, [1, 2]), hash(1, [2, 1]));
        assert_ne!(hash(1, [1]), hash(1, [1, 0]));
        assert_ne!(hash(1, []), hash(2, []));
    }

    #[test]
    fn a_bounded_number_stays_below_its_bound_and_reaches_all_below_it() {
        let mut rng = Rng::new(3);
        let mut seen = [0_u32; 5];
        for _ in 0..1_000 {
            seen[rng.below(5)] += 1;
        }
        assert!(seen.iter().all(|&count| count > 100), "{seen:?}");
        assert_eq!(rng.below(1), 0);
        assert_eq!(rng.below(0), 0);
    }
}
