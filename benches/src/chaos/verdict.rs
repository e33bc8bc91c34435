//! Whether memory stayed flat.

/// What may be added from the first third to the last, beside a twentieth: caches fill up.
const SLACK: u64 = 8 << 20;

/// Rounds in which caches and the allocator fill up.
const WARM_UP: usize = 2;

/// The bytes that are allocated at the ebbs, in order: the median of the last third is at most what
/// it was of the first third, and a little. Fewer than nine rounds say nothing.
pub(super) fn memory(ebbs: &[u64]) -> Result<String, String> {
    let warm = ebbs.get(WARM_UP..).unwrap_or_default();
    let third = warm.len() / 3;
    if third < 3 {
        return Ok("too few rounds for a verdict on memory".into());
    }
    let (first, last) = (median(&warm[..third]), median(&warm[warm.len() - third..]));
    let told =
        format!("{} MB allocated at the first ebbs, {} MB at the last", first >> 20, last >> 20);
    if last > first + first / 20 + SLACK { Err(format!("memory grows: {told}")) } else { Ok(told) }
}

fn median(values: &[u64]) -> u64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    sorted[sorted.len() / 2]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(ebbs: impl IntoIterator<Item = u64>, flat: bool) {
        let ebbs: Vec<u64> = ebbs.into_iter().map(|mb| mb << 20).collect();
        assert_eq!(memory(&ebbs).is_ok(), flat, "{ebbs:?}");
    }

    #[test]
    fn memory_that_stays_is_flat_and_memory_that_grows_is_not() {
        check([100; 30], true);
        check((0..30).map(|round| 100 + round % 5), true);
        check((0..30).map(|round| 100 + 2 * round), false);
        // A jump late in the run shows as well, one round alone does not.
        check((0..30).map(|round| if round < 20 { 100 } else { 140 }), false);
        check((0..30).map(|round| if round == 29 { 400 } else { 100 }), true);
        // What is used for the first time is no growth.
        check((0..30).map(|round| if round < 2 { 50 } else { 100 }), true);
    }

    #[test]
    fn a_short_run_says_nothing() {
        check([100, 200, 300, 400], true);
    }
}
