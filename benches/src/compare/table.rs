//! Lines to tables: medians with least and most, and the same as multiples of ours.

use std::collections::HashMap;

/// A figure of a line.
pub(crate) struct Figure {
    pub(crate) key: &'static str,
    pub(crate) unit: &'static str,
}

/// A workload.
#[derive(Clone, Copy)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) n: u64,
    pub(crate) figures: &'static [Figure],
}

/// What one run came to.
#[derive(Debug, PartialEq)]
pub(crate) enum Outcome {
    /// Its keys and values.
    Line(HashMap<String, f64>),
    /// Nothing else ran beside it.
    Starved,
    /// There is no such workload on that side.
    Absent,
    Failed,
}

impl Outcome {
    pub(crate) fn parse(line: &str) -> Self {
        let words: Vec<&str> = line.split_whitespace().collect();
        if words.contains(&"no_such_feature") {
            return Self::Absent;
        } else if words.contains(&"STARVED") {
            return Self::Starved;
        }
        let pairs = words.iter().filter_map(|word| word.split_once('='));
        let keys: HashMap<_, _> =
            pairs.filter_map(|(key, value)| Some((key.to_owned(), value.parse().ok()?))).collect();
        if keys.contains_key("ns_per_op") { Self::Line(keys) } else { Self::Failed }
    }

    fn value(&self, key: &str) -> Option<f64> {
        match self {
            Self::Line(keys) => keys.get(key).copied().filter(|value| value.is_finite()),
            _ => None,
        }
    }
}

/// The outcomes of each workload on each side, in rounds.
#[derive(Default)]
pub(crate) struct Runs(HashMap<(String, String), Vec<Outcome>>);

impl Runs {
    pub(crate) fn add(&mut self, workload: &str, side: &str, outcome: Outcome) {
        self.0.entry((workload.to_owned(), side.to_owned())).or_default().push(outcome);
    }

    fn of(&self, workload: &str, side: &str) -> &[Outcome] {
        let key = (workload.to_owned(), side.to_owned());
        self.0.get(&key).map_or(&[], Vec::as_slice)
    }
}

/// The figures themselves.
pub(crate) fn medians(rows: &[Row], sides: &[&str], runs: &Runs) -> String {
    let mut text = heading("median (least..most)", sides);
    for row in rows {
        for figure in row.figures {
            text.push_str(&format!("| `{}` {}, {} |", row.name, row.n, figure.unit));
            for side in sides {
                let outcomes = runs.of(row.name, side);
                let values = outcomes.iter().filter_map(|outcome| outcome.value(figure.key));
                text.push_str(&cell(values.collect(), outcomes));
            }
            text.push('\n');
        }
    }
    text
}

/// As multiples of the first side's figure in the same round.
pub(crate) fn ratios(rows: &[Row], sides: &[&str], runs: &Runs) -> String {
    let Some((first, others)) = sides.split_first() else { return String::new() };
    let mut text = heading(&format!("times {first} in the same round"), others);
    for row in rows {
        for figure in row.figures {
            let base = runs.of(row.name, first);
            text.push_str(&format!("| `{}` {}, {} |", row.name, row.n, figure.unit));
            for side in others {
                let outcomes = runs.of(row.name, side);
                let both = base.iter().zip(outcomes).filter_map(|(base, other)| {
                    Some(other.value(figure.key)? / base.value(figure.key)?)
                });
                text.push_str(&cell(both.filter(|ratio| ratio.is_finite()).collect(), outcomes));
            }
            text.push('\n');
        }
    }
    text
}

fn heading(what: &str, sides: &[&str]) -> String {
    let bars = "---|".repeat(sides.len() + 1);
    format!("| {what} | {} |\n|{bars}\n", sides.join(" | "))
}

fn cell(mut values: Vec<f64>, outcomes: &[Outcome]) -> String {
    values.sort_by(f64::total_cmp);
    let count = |wanted: &Outcome| outcomes.iter().filter(|outcome| *outcome == wanted).count();
    let text = match (values.first(), values.last()) {
        // As many starved as were served: that is what it is known by.
        _ if count(&Outcome::Starved) * 2 >= outcomes.len().max(1) => "starved".to_owned(),
        (Some(least), Some(most)) if values.len() > 1 => {
            format!("{} ({}..{})", number(median(&values)), number(*least), number(*most))
        }
        (Some(only), _) => number(*only),
        _ if count(&Outcome::Failed) > 0 => "failed".to_owned(),
        _ => "–".to_owned(),
    };
    format!(" {text} |")
}

fn median(sorted: &[f64]) -> f64 {
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[middle] } else { (sorted[middle - 1] + sorted[middle]) / 2.0 }
}

/// Three digits or so.
fn number(value: f64) -> String {
    let decimals = if value >= 100.0 {
        0
    } else if value >= 10.0 {
        1
    } else {
        2
    };
    format!("{value:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: Row =
        Row { name: "call", n: 7, figures: &[Figure { key: "ns_per_op", unit: "ns" }] };

    fn runs(lines: &[(&str, &str)]) -> Runs {
        let mut runs = Runs::default();
        for (side, line) in lines {
            runs.add("call", side, Outcome::parse(line));
        }
        runs
    }

    #[test]
    fn a_table_holds_medians_and_says_what_is_missing() {
        let runs = runs(&[
            ("ours", "call ours 7 1.0 7.0 ns_per_op=3 cpu_s=1"),
            ("ours", "call ours 7 1.0 7.0 ns_per_op=100 cpu_s=1"),
            ("ours", "call ours 7 1.0 7.0 ns_per_op=20 cpu_s=1"),
            ("a", "call a 7 NA NA no_such_feature"),
            ("b", "call b 7 failed: exit status: 1"),
            ("c", "call c 7 1.0 0.0 ns_per_op=inf ticks=0 STARVED"),
        ]);
        let text = medians(&[ROW], &["ours", "a", "b", "c"], &runs);
        let last = text.lines().last();
        assert_eq!(last, Some("| `call` 7, ns | 20.0 (3.00..100) | – | failed | starved |"));
    }

    #[test]
    fn ratios_are_of_the_same_round() {
        let runs = runs(&[
            ("ours", "call ours 7 1.0 7.0 ns_per_op=2"),
            ("ours", "call ours 7 1.0 7.0 ns_per_op=20"),
            ("a", "call a 7 1.0 7.0 ns_per_op=8"),
            ("a", "call a 7 1.0 7.0 ns_per_op=20"),
        ]);
        let text = ratios(&[ROW], &["ours", "a"], &runs);
        assert_eq!(text.lines().last(), Some("| `call` 7, ns | 2.50 (1.00..4.00) |"));
    }
}
