//! Whether memory stayed flat.
//!
//! Two rules, since two things are held. What is *allocated* is the program's and the runtime's,
//! and must be at the end what it was at the beginning. What is *resident* is the allocator's as
//! well, which keeps about the most that each of its parts ever held: it rises for a while, and
//! must have come to rest by the second third.

/// What may be added, beside a twentieth: caches fill up.
const SLACK: u64 = 8 << 20;

/// Rounds in which all is used for the first time.
const WARM_UP: usize = 2;

/// How many rounds a third needs for a verdict on what is allocated, and on what is resident.
const ROUNDS: usize = 3;
const ROUNDS_TO_REST: usize = 20;

/// The bytes that are allocated at the ebbs, in order: the median of the last third is at most that
/// of the first third, and a little.
pub(super) fn allocated(ebbs: &[u64]) -> Result<String, String> {
    judge("allocated", ebbs, [0, 2], ROUNDS)
}

/// The bytes that are resident at the ebbs, in order: the median of the last third is at most that
/// of the middle third, and a little.
pub(super) fn resident(ebbs: &[u64]) -> Result<String, String> {
    judge("resident", ebbs, [1, 2], ROUNDS_TO_REST)
}

/// Compares the medians of two thirds; those of too few rounds say nothing.
fn judge(what: &str, ebbs: &[u64], thirds: [usize; 2], rounds: usize) -> Result<String, String> {
    let warm = ebbs.get(WARM_UP..).unwrap_or_default();
    let third = warm.len() / 3;
    if third == 0 {
        return Ok(format!("no verdict on what is {what}: too few rounds"));
    }
    // The last third ends with the last round.
    let spare = warm.len() % 3;
    let [before, after] = thirds.map(|number| median(&warm[spare + number * third..][..third]));
    let rise = (after as f64 / before as f64 - 1.0) * 100.0;
    let names = thirds.map(|number| ["first", "middle", "last"][number]);
    let told = format!(
        "{what}: {} MB in the {} third of the rounds, {} MB in the {} ({rise:+.1} %)",
        before >> 20,
        names[0],
        after >> 20,
        names[1],
    );
    match after > before + before / 20 + SLACK {
        _ if third < rounds => Ok(format!("no verdict, too few rounds; {told}")),
        true => Err(format!("memory grows: {told}")),
        false => Ok(format!("flat: {told}")),
    }
}

fn median(values: &[u64]) -> u64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    sorted[sorted.len() / 2]
}

#[cfg(test)]
mod tests {
    use super::*;

    type Rule = fn(&[u64]) -> Result<String, String>;

    fn check(rule: Rule, ebbs: impl IntoIterator<Item = u64>, flat: bool) {
        let ebbs: Vec<u64> = ebbs.into_iter().map(|mb| mb << 20).collect();
        let verdict = rule(&ebbs);
        let begin = if flat { "flat" } else { "memory grows" };
        assert!(verdict.is_ok() == flat, "{ebbs:?}: {verdict:?}");
        assert!(verdict.unwrap_or_else(|told| told).starts_with(begin), "{ebbs:?}");
    }

    #[test]
    fn memory_that_stays_is_flat_and_memory_that_grows_is_not() {
        for rule in [allocated, resident] {
            check(rule, [100; 90], true);
            check(rule, (0..90).map(|round| 100 + round % 5), true);
            check(rule, (0..90).map(|round| 100 + 2 * round), false);
            // A jump late in the run shows as well, one round alone does not.
            check(rule, (0..90).map(|round| if round < 60 { 100 } else { 140 }), false);
            check(rule, (0..90).map(|round| if round == 89 { 400 } else { 100 }), true);
            // What is used for the first time is no growth.
            check(rule, (0..90).map(|round| if round < 2 { 50 } else { 100 }), true);
        }
    }

    #[test]
    fn only_what_is_resident_may_take_a_third_of_the_run_to_come_to_rest() {
        let rises = || (0..90).map(|round| 100 + 2 * round.min(25));
        check(allocated, rises(), false);
        check(resident, rises(), true);
    }

    #[test]
    fn a_short_run_says_nothing() {
        let short = [100 << 20, 200 << 20, 300 << 20, 400 << 20];
        for rounds in [&short[..0], &short[..2], &short] {
            for rule in [allocated, resident] {
                assert!(rule(rounds).is_ok_and(|told| told.starts_with("no verdict")));
            }
        }
        // Enough for what is allocated, and not for what is resident.
        let grows: Vec<u64> = (0..30).map(|round| (100 + 10 * round) << 20).collect();
        assert!(allocated(&grows).is_err());
        assert!(resident(&grows).is_ok_and(|told| told.starts_with("no verdict")));
    }
}
