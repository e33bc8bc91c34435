//! Where the operating system and the models may be seen.
//!
//! `sys` is the one place that knows which system this is, `sync` the one that knows whether a
//! model checker runs. Elsewhere a `cfg` makes two programs of one, of which one is tested.

use crate::{
    Finding,
    cfg::needs_test,
    lexer::{closing, words},
    repo::Source,
    report::{bitten, everywhere},
};

const LIBRARIES: &[&str] = &["actor-core", "actor-macros", "actor-testkit"];

/// Crates that speak to the operating system.
const SYSTEM_CRATES: &[&str] = &["rustix", "libc", "linux_raw_sys", "windows_sys"];

/// Predicates that ask which system this is.
const SYSTEM_CFGS: &[&str] = &["target_os", "target_family", "target_env", "unix", "windows"];

/// Files that may ask whether the models run.
const MODEL_FILES: &[&str] = &["actor-core/src/lib.rs", "actor-core/src/sync/mod.rs"];

/// The spans of all predicates: attributes, `cfg!` and `cfg_attr`.
fn predicates(code: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    for name in ["cfg", "cfg_attr"] {
        for at in words(code, name) {
            let open = at + name.len() + usize::from(code[at + name.len()..].starts_with('!'));
            if code[open..].starts_with('(') {
                found.push((at, code[open..closing(code, open)].trim_matches(['(', ')'])));
            }
        }
    }
    found
}

fn system(source: &Source) -> Vec<Finding> {
    let library = LIBRARIES.iter().any(|library| source.is_in(library));
    if !library || source.path.starts_with("actor-core/src/sys/") {
        return Vec::new();
    }
    let asked = predicates(&source.code).into_iter().filter_map(|(at, predicate)| {
        let asks = SYSTEM_CFGS.iter().find(|cfg| words(predicate, cfg).next().is_some())?;
        Some((at, (*asks).to_owned()))
    });
    let named = SYSTEM_CRATES.iter().flat_map(|name| {
        words(&source.code, name)
            .filter(|at| source.code[at + name.len()..].starts_with("::"))
            .map(move |at| (at, format!("{name}::")))
    });
    let findings = asked.chain(named).map(|(at, what)| {
        let message = format!(
            "`{what}` outside actor-core/src/sys; give `sys` a function that means the same on \
             every system"
        );
        Finding::new(&source.path, source.line(at), message)
    });
    findings.collect()
}

fn models(source: &Source) -> Vec<Finding> {
    if MODEL_FILES.contains(&source.path.as_str()) {
        return Vec::new();
    }
    // Inside of `sync`, which half a build takes is decided in one file; what differs in that half
    // between its kinds is said where it is.
    let in_sync = source.path.starts_with("actor-core/src/sync/");
    let kinds = if in_sync { &["loom"][..] } else { &["loom", "shuttle", "tsan"] };
    let asked = predicates(&source.shipped).into_iter().filter(|(_, predicate)| {
        kinds.iter().any(|kind| words(predicate, kind).next().is_some()) && !needs_test(predicate)
    });
    let mut places: Vec<_> = asked.map(|(at, _)| at).collect();
    if !in_sync {
        let called = words(&source.shipped, "loom");
        places.extend(called.filter(|at| source.shipped[at + 4..].starts_with("::")));
    }
    let message =
        "the models are known to `sync` and to tests; name what you need from `crate::sync`";
    places.into_iter().map(|at| Finding::new(&source.path, source.line(at), message)).collect()
}

#[test]
fn only_sys_knows_the_operating_system() {
    everywhere(system);
}

#[test]
fn only_sync_and_tests_know_the_models() {
    everywhere(models);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rule_bites_on_a_system_outside_sys() {
        let text = "#[cfg(target_os = \"linux\")]\nfn f() { if cfg!(unix) { rustix::x() } }\n\
                    // libc::fork\nfn g() { libc::fork() }\n#[cfg(feature = \"a\")]\nfn unix() {}";
        assert_eq!(bitten(system, "actor-core/src/slab.rs", text), [1, 2, 4]);
        assert_eq!(bitten(system, "actor-core/src/sys/linux.rs", text), []);
        assert_eq!(bitten(system, "benches/src/main.rs", text), []);
    }

    #[test]
    fn the_rule_bites_on_a_model_outside_sync() {
        let text = "#[cfg(loom)]\nuse loom::cell::Cell;\n#[cfg(all(test, loom))]\n\
                    mod models { use loom::thread; }\n#[cfg(all(test, not(loom)))]\nmod tests {}\n\
                    #[cfg_attr(not(loom), inline)]\nfn f() {}";
        assert_eq!(bitten(models, "actor-core/src/table.rs", text), [1, 2, 7]);
        assert_eq!(bitten(models, "actor-core/src/sync/mod.rs", text), []);
        let kinds = "#[cfg(shuttle)]\nfn f() {}\n#[cfg(not(tsan))]\nfn g() {}";
        assert_eq!(bitten(models, "actor-core/src/table.rs", kinds), [1, 3]);
        assert_eq!(bitten(models, "actor-core/src/sync/real.rs", kinds), []);
        assert_eq!(bitten(models, "actor-core/src/sync/model.rs", "use loom::thread;"), []);
    }
}
