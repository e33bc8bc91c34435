//! Banned calls, each with what to use instead.

use crate::{
    Finding,
    lexer::words,
    paths::Named,
    repo::Source,
    report::{bitten, everywhere},
};

/// The crates that others build on: they report through `tracing`, errors and exits.
const LIBRARIES: &[&str] = &["actor-core", "actor-macros", "actor-testkit"];

/// What the core may name in `sync` only, and what to name instead.
const BEHIND_SYNC: &[(&str, &str)] = &[
    ("std::sync::Mutex", "crate::sync::Mutex, or no lock at all"),
    ("std::sync::RwLock", "crate::sync::Mutex, or no lock at all"),
    ("std::sync::Condvar", "the parking of crate::sync"),
    ("std::sync::Barrier", "the parking of crate::sync"),
    ("std::sync::mpsc", "a queue of crate::queue"),
    ("std::sync::atomic", "crate::sync::atomic"),
    ("core::sync::atomic", "crate::sync::atomic"),
    ("std::thread", "crate::sync::thread"),
];

/// Paths under a banned one that start, block or order nothing, so the models need no say in them.
const HARMLESS: &[&str] = &[
    "std::thread::Result",
    "std::thread::LocalKey",
    "std::thread::AccessError",
    "std::thread::panicking",
    "std::thread::available_parallelism",
];

/// Tests that sleep for another reason than to order events: the file, and that reason.
const SLEEPERS: &[(&str, &str)] =
    &[("actor-core/src/scheduler/tests.rs", "that nothing happens while workers sleep takes time")];

fn under(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

fn leftovers(source: &Source) -> Vec<Finding> {
    let calls = ["todo", "unimplemented", "dbg"].into_iter().flat_map(|name| {
        words(&source.code, name)
            .filter(|at| source.code[at + name.len()..].starts_with('!'))
            .map(move |at| (at, format!("`{name}!` is for the working copy; finish it")))
    });
    let marks = ["FIXME", "XXX", "TODO"].into_iter().flat_map(|mark| {
        words(&source.comments, mark).map(move |at| {
            (at, format!("`{mark}` is a promise nobody keeps; do it, or say what is so and why"))
        })
    });
    let all = calls.chain(marks);
    all.map(|(at, message)| Finding::new(&source.path, source.line(at), message)).collect()
}

fn sleeps(source: &Source) -> Vec<Finding> {
    if SLEEPERS.iter().any(|(path, _)| *path == source.path) {
        return Vec::new();
    }
    // `sleep`, `sleep_until` and `sleep_ms` alike.
    let is_sleep = |path: &str| {
        ["std::thread::sleep", "tokio::time::sleep"].iter().any(|call| path.starts_with(call))
    };
    let named = source.test_paths().into_iter().filter(|named| is_sleep(&named.path));
    let finding = |Named { at, path }| {
        let message = format!(
            "`{path}` in a test; wait for the event itself, or run under the testkit's clock \
             (another need: SLEEPERS in tests/tidy/calls.rs)"
        );
        Finding::new(&source.path, source.line(at), message)
    };
    named.map(finding).collect()
}

fn prints(source: &Source) -> Vec<Finding> {
    if !LIBRARIES.iter().any(|library| source.is_in(library)) {
        return Vec::new();
    }
    let found = ["print", "println", "eprint", "eprintln"].into_iter().flat_map(|name| {
        words(&source.shipped, name)
            .filter(|at| source.shipped[at + name.len()..].starts_with('!'))
            .map(move |at| (at, format!("`{name}!` in a library; return it, or emit an event")))
    });
    found.map(|(at, message)| Finding::new(&source.path, source.line(at), message)).collect()
}

fn unmodelled(source: &Source) -> Vec<Finding> {
    if !source.is_in("actor-core") || source.path.starts_with("actor-core/src/sync/") {
        return Vec::new();
    }
    let findings = source.shipped_paths().into_iter().filter_map(|Named { at, path }| {
        let (_, instead) = BEHIND_SYNC.iter().find(|(banned, _)| under(&path, banned))?;
        // `use std::thread;` alone starts nothing: what is called through it is seen in full.
        let harmless = path == "std::thread" || HARMLESS.iter().any(|fine| under(&path, fine));
        let message = format!("`{path}` is hidden from the models; use {instead}");
        (!harmless).then(|| Finding::new(&source.path, source.line(at), message))
    });
    findings.collect()
}

#[test]
fn nothing_is_left_unfinished() {
    everywhere(leftovers);
}

#[test]
fn no_test_sleeps_to_order_events() {
    everywhere(sleeps);
}

#[test]
fn no_library_prints() {
    everywhere(prints);
}

#[test]
fn the_core_reaches_locks_atomics_and_threads_through_sync() {
    everywhere(unmodelled);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rule_bites_on_unfinished_work() {
        let marks = ["FIX", "ME"].concat();
        let text =
            format!("todo!();\nunimplemented!(\"a\");\ndbg!(b);\n// {marks}: c\nlet todo = 1;");
        assert_eq!(bitten(leftovers, "a.rs", &text), [1, 2, 3, 4]);
    }

    #[test]
    fn the_rule_bites_on_a_sleeping_test() {
        let text = "use std::thread;\nfn f() { thread::sleep(d) }\n#[cfg(test)]\nmod tests {\n\
                    use std::{time::Duration, thread::sleep};\nfn g() { thread::sleep(d) }\n}\n\
                    #[cfg(test)]\nfn h() { tokio::time::sleep_until(d) }\n\
                    fn i(cx: C) { std::thread::sleep_until(d) }\nfn j(cx: C) { cx.sleep(d) }";
        assert_eq!(bitten(sleeps, "actor-core/src/timer.rs", text), [5, 6, 9]);
        assert_eq!(bitten(sleeps, "tests/semantics/timer.rs", text), [2, 5, 6, 9, 10]);
        let text = "use tokio::time;\nfn f() { time::sleep(d) }\nfn g() { std::thread::sleep(d) }";
        assert_eq!(bitten(sleeps, "tests/semantics/timer.rs", text), [2, 3]);
    }

    #[test]
    fn the_rule_bites_on_a_printing_library() {
        let text = "fn f() { println!(\"a\") }\nfn g() { eprint!(\"b\") }\n\
                    #[cfg(test)]\nfn h() { println!(\"c\") }";
        assert_eq!(bitten(prints, "actor-testkit/src/lib.rs", text), [1, 2]);
        assert_eq!(bitten(prints, "examples/src/lib.rs", text), []);
    }

    #[test]
    fn the_rule_bites_on_what_the_models_cannot_see() {
        let text = "use std::sync::{Arc, Mutex};\nuse std::sync::atomic::{AtomicU8, Ordering};\n\
                    use std::thread;\nfn f() -> thread::Result<()> { thread::panicking(); }\n\
                    fn g() { thread::spawn(f) }\nuse crate::sync::atomic::AtomicU16;\n\
                    #[cfg(test)]\nfn h() { std::thread::spawn(f) }";
        assert_eq!(bitten(unmodelled, "actor-core/src/slab.rs", text), [1, 2, 5]);
        assert_eq!(bitten(unmodelled, "actor-core/src/sync/real.rs", text), []);
        assert_eq!(bitten(unmodelled, "benches/src/main.rs", text), []);
    }
}
