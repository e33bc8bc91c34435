//! On which sides a test runs, by its source: the real scheduler, the simulation, or both.
//!
//! Read are the attributes of its function (`#[test]`; `#[actor_test(schedules = 1000)]`), or that
//! it is an argument of `both!`, which makes a test for each side. A `#[test]` that simulates by
//! itself, with so many `.schedules(..)`, is one of the simulation.

use crate::{lexer, repo::Source};

/// With fewer schedules than so many, a simulated test shows too little.
const SCHEDULES: u32 = 1000;

/// Where something is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sides {
    /// On real threads.
    pub(crate) real: bool,
    /// Under enough schedules.
    pub(crate) simulated: bool,
}

impl Sides {
    pub(crate) fn or(self, other: Self) -> Self {
        Self { real: self.real || other.real, simulated: self.simulated || other.simulated }
    }
}

/// Where the test of this name in a file runs.
pub(crate) fn of(source: &Source, name: &str) -> Sides {
    let code = &*source.code;
    let found = lexer::words(code, name).map(|at| match code[..at].trim_end() {
        _ if is_in_both(code, at) => Sides { real: true, simulated: true },
        head if head.ends_with("fn") => of_function(code, at),
        _ => Sides::default(),
    });
    found.fold(Sides::default(), Sides::or)
}

/// Whether the offset is among the arguments of `both!`.
fn is_in_both(code: &str, at: usize) -> bool {
    lexer::words(code, "both").any(|macro_at| {
        let rest = &code[macro_at..];
        rest.starts_with("both! {")
            && (macro_at..lexer::closing(code, macro_at + "both! ".len())).contains(&at)
    })
}

/// Where a function with its name at `at` runs as a test.
fn of_function(code: &str, at: usize) -> Sides {
    let before = code[..at].rfind(['{', '}', ';']).map_or(0, |end| end + 1);
    let attributes = &code[before..at];
    if attributes.contains("actor_test") {
        return Sides { real: false, simulated: is_enough(attributes, "schedules =") };
    }
    if !attributes.contains("#[test]") {
        return Sides::default();
    }
    let body = code[at..].find('{').map_or(at, |open| at + open);
    let simulated = is_enough(&code[body..lexer::closing(code, body)], ".schedules(");
    Sides { real: !simulated, simulated }
}

/// Whether a number that follows one of these words is enough.
fn is_enough(code: &str, before: &str) -> bool {
    code.split(before).skip(1).any(|rest| {
        let digits = rest.trim_start().split(|char: char| !char.is_ascii_digit() && char != '_');
        let number = digits.take(1).collect::<String>().replace('_', "");
        number.parse().is_ok_and(|number: u32| number >= SCHEDULES)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const REAL: Sides = Sides { real: true, simulated: false };
    const SIMULATED: Sides = Sides { real: false, simulated: true };
    const BOTH: Sides = Sides { real: true, simulated: true };

    #[test]
    fn a_test_runs_where_its_source_says() {
        let text = "struct S;\n/// `#[actor_test]`\n#[test]\nfn real() { call(); }\n\
                    #[actor_test(schedules = 1000)]\nasync fn many(t: TestKit) {}\n\
                    #[actor_test(schedules = 999)]\nasync fn few(t: TestKit) {}\n\
                    #[actor_test]\nasync fn some(t: TestKit) {}\n\
                    #[test]\nfn by_hand() { run(&Config::new(x).schedules(1_000), body) }\n\
                    both! {\n /// Doc.\n async fn scenario(t) { Ok(()) }\n}\n\
                    crate::both! { /// Doc.\n listed\n other }\n\
                    fn helper() { real() }\nfn both() {}\n";
        let source = Source::new("tests/a/b.rs", text.into());
        for (name, sides) in [
            ("real", REAL),
            ("many", SIMULATED),
            ("few", Sides::default()),
            ("some", Sides::default()),
            ("by_hand", SIMULATED),
            ("scenario", BOTH),
            ("listed", BOTH),
            ("other", BOTH),
            ("helper", Sides::default()),
            ("absent", Sides::default()),
        ] {
            assert_eq!(of(&source, name), sides, "{name}");
        }
    }
}
