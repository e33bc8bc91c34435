//! Where `unsafe` lives, and what it owes.

use crate::{
    Finding,
    lexer::words,
    repo::Source,
    report::{bitten, everywhere},
};

/// The files that may hold `unsafe`. A `*` stands for any file of the folder. Each is read whole at
/// every change to it; a new line here is a change to the architecture.
const ALLOWED: &[&str] = &[
    // Cells and parking, for the real build and the models.
    "actor-core/src/sync/*",
    // Calls to the operating system.
    "actor-core/src/sys/linux.rs",
    "actor-core/src/sys/portable.rs",
    // Type-stable memory: chunks, slots, and the pointers between them.
    "actor-core/src/slab.rs",
    "actor-core/src/slab/*",
    "actor-core/src/pool.rs",
    "actor-core/src/pool/*",
    // The slot of a reply.
    "actor-core/src/oneshot.rs",
    "actor-core/src/oneshot/*",
    "actor-core/src/table.rs",
    "actor-core/src/table/*",
    // The intrusive list that many push and one takes.
    "actor-core/src/queue/inbox.rs",
    "actor-core/src/queue/inbox/*",
    "actor-core/src/queue/model_tests.rs",
    // A process's memory: the erased header, the typed cell, the message nodes.
    "actor-core/src/process/anchor.rs",
    "actor-core/src/process/header.rs",
    "actor-core/src/process/header/*",
    "actor-core/src/process/attic.rs",
    "actor-core/src/process/waker.rs",
    "actor-core/src/process/cell.rs",
    "actor-core/src/process/node.rs",
    // What forgets the types of calls.
    "actor-core/src/process/erased.rs",
    // Its model alone.
    "actor-core/src/process/state.rs",
    "actor-core/src/scheduler/next_slot.rs",
];

/// A SAFETY comment stands at most this many lines above what it argues for.
const REACH: usize = 6;

fn allowed(path: &str) -> bool {
    ALLOWED.iter().any(|entry| match entry.strip_suffix('*') {
        Some(folder) => path.strip_prefix(folder).is_some_and(|file| !file.contains('/')),
        None => path == *entry,
    })
}

fn placement(source: &Source) -> Vec<Finding> {
    // What the macros must refuse is shown to them there, and never compiled.
    if allowed(&source.path) || source.path.starts_with("tests/ui/fail/") {
        return Vec::new();
    }
    let code = &source.code;
    let lint = words(code, "unsafe_code").map(|at| (at, "a lint level for unsafe code"));
    let unsafety = words(code, "unsafe").map(|at| (at, "`unsafe`"));
    let findings = unsafety.chain(lint).map(|(at, what)| {
        let message = format!(
            "{what} outside the listed files; use a safe handle of one of them, or argue for a new \
             entry in tests/tidy/unsafety.rs"
        );
        Finding::new(&source.path, source.line(at), message)
    });
    findings.collect()
}

fn argument(source: &Source) -> Vec<Finding> {
    let remarks: Vec<_> = source.comments.lines().collect();
    let argued = |line: usize| {
        let above = &remarks[line.saturating_sub(1 + REACH)..line];
        above.iter().any(|remark| {
            let reason = remark.split_once("SAFETY:").map(|(_, reason)| reason.trim());
            reason.is_some_and(|reason| reason.contains(' '))
        })
    };
    let findings = words(&source.code, "unsafe").filter_map(|at| {
        let rest = source.code[at + "unsafe".len()..].trim_start();
        let owes = rest.starts_with('{') || words(rest, "impl").next() == Some(0);
        let line = source.line(at);
        let message = format!(
            "no `// SAFETY:` within {REACH} lines above; name the rule that makes this sound"
        );
        (owes && !argued(line)).then(|| Finding::new(&source.path, line, message))
    });
    findings.collect()
}

#[test]
fn unsafe_lives_in_the_listed_files_only() {
    everywhere(placement);
}

#[test]
fn every_unsafe_block_and_impl_names_the_rule_it_relies_on() {
    everywhere(argument);
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "//! unsafe\n#![allow(unsafe_code)]\nfn f() { \"unsafe\" }\n\
                        fn g() { unsafe { h() } }\n";

    #[test]
    fn the_rule_bites_on_unsafe_in_an_unlisted_file() {
        assert_eq!(bitten(placement, "actor-core/src/pid.rs", TEXT), [2, 4]);
        assert_eq!(bitten(placement, "actor-core/src/sync/deep/a.rs", TEXT), [2, 4]);
        assert_eq!(bitten(placement, "actor-core/src/sync/real.rs", TEXT), []);
        assert_eq!(bitten(placement, "actor-core/src/process/cell.rs", TEXT), []);
    }

    #[test]
    fn the_rule_bites_on_an_unsafe_block_without_an_argument() {
        assert_eq!(bitten(argument, "a.rs", TEXT), [4]);
        let good = "// SAFETY: rule 1, the owner alone is here.\nlet a = unsafe { b() };\n\
                    // SAFETY: rule 2, all fields are Send.\nunsafe impl Send for C {}\n\
                    unsafe fn d() {}\n";
        assert_eq!(bitten(argument, "a.rs", good), []);
    }

    #[test]
    fn the_rule_bites_on_an_argument_that_is_empty_or_far_away() {
        assert_eq!(bitten(argument, "a.rs", "// SAFETY: fine\nunsafe impl Send for C {}"), [2]);
        let far = format!("// SAFETY: rule 1 holds.\n{}unsafe {{ }}", "a();\n".repeat(6));
        assert_eq!(bitten(argument, "a.rs", &far), [8]);
    }
}
