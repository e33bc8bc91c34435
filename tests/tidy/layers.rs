//! Which module of the core may name which.
//!
//! The table is the architecture: change it in the same commit as `ARCHITECTURE.md`. A module may
//! name itself and the modules of lower layers, less those that its layer must never know.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    Finding, lexer,
    repo::{Source, repo},
    report::{self, bitten, everywhere},
    tree,
};

struct Layer {
    modules: &'static [&'static str],
    /// Lower modules that these may not name all the same.
    never: &'static [&'static str],
}

/// What is below the actors, the vocabulary and a lock aside: not for what is made of actors.
const BELOW_ACTORS: &[&str] = &[
    "sys",
    "oneshot",
    "pool",
    "slab",
    "queue",
    "table",
    "wheel",
    "process",
    "scheduler",
    "timer",
    "registry",
    "group",
    "tables",
    "reactor",
    "runtime",
];

/// From the bottom, layer 0.
const LAYERS: &[Layer] = &[
    Layer { modules: &["sync", "sys"], never: &[] },
    Layer {
        modules: &[
            "limits",
            "pid",
            "priority",
            "overflow",
            "exit",
            "inspection",
            "trace",
            "signal",
            "error",
        ],
        never: &[],
    },
    // The structures do not know that processes exist.
    Layer {
        modules: &["oneshot", "pool", "slab", "queue", "table", "wheel"],
        never: &["exit", "signal"],
    },
    Layer { modules: &["process"], never: &[] },
    // The scheduler does not know what a message is.
    Layer { modules: &["scheduler"], never: &["signal"] },
    Layer { modules: &["timer", "registry", "group", "tables", "reactor"], never: &[] },
    Layer { modules: &["runtime"], never: &[] },
    Layer { modules: &["actor"], never: &["queue", "scheduler"] },
    // A supervisor is an actor: what an actor cannot do, it cannot either (a lock it may have).
    Layer { modules: &["supervisor"], never: BELOW_ACTORS },
    // What can be built of processes and supervisors, and is.
    Layer { modules: &["task", "agent", "event"], never: BELOW_ACTORS },
    // It contains the panics of applications, and asks the runtime whether it is a simulation.
    Layer {
        modules: &["application"],
        never: &[
            "sys",
            "oneshot",
            "pool",
            "slab",
            "queue",
            "table",
            "wheel",
            "scheduler",
            "timer",
            "registry",
            "group",
            "tables",
            "reactor",
        ],
    },
];

/// The facade. It may name anything, and nothing may name it.
const TOP: &[&str] =
    &["__private", "assertions", "attr", "ets", "keyed", "machine", "otp", "pg", "prelude", "sim"];

/// Edges within a layer: who names whom, and why. Each is one way.
const SIDEWAYS: &[(&str, &str, &str)] = &[
    ("sync", "sys", "the far half of an unequal pair of fences is the system's"),
    ("pid", "limits", "the widths of a pid are bounds"),
    ("exit", "pid", "a reason says which process it came from"),
    ("signal", "pid", "a signal has a sender"),
    ("signal", "exit", "an exit signal has a reason"),
    ("signal", "inspection", "a process answers what it is asked by one"),
    ("inspection", "pid", "what is seen of a process names others"),
    ("inspection", "priority", "what is seen of a process is how it is scheduled"),
    ("inspection", "overflow", "what is seen of a process is what its mailbox does"),
    ("signal", "trace", "a process is told by one who traces it"),
    ("trace", "pid", "what a traced process tells names others"),
    ("trace", "exit", "a traced process tells why it ends"),
    ("error", "pid", "an error says which process it is about"),
    ("error", "exit", "a call fails with its server's exit reason"),
    ("queue", "slab", "a queue's nodes come from a slab"),
    ("table", "slab", "a table's slots point into slabs"),
];

/// Modules whose submodules are private to the layers that run them: the first may be named by the
/// second only as a whole, by the items that its `mod.rs` shows.
const SEALED: &[(&str, &[&str])] =
    &[("process", &["scheduler", "timer", "registry", "group", "tables", "reactor"])];

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.modules.contains(&module))
}

/// A path within the core: `crate::to::rest`, named at a place of module `from`.
struct Edge {
    at: usize,
    from: String,
    to: String,
    rest: String,
}

/// The paths of a core file that begin at the crate's root.
fn edges(source: &Source) -> Vec<Edge> {
    let Some(module) = source.module.as_ref().filter(|_| source.is_in("actor-core")) else {
        return Vec::new();
    };
    let Some(from) = module.first() else { return Vec::new() };
    let bodies: Vec<_> = tree::modules(&source.shipped).filter_map(|module| module.body).collect();
    let mut found = Vec::new();
    for named in source.shipped_paths() {
        let around = bodies.iter().filter(|(start, end)| (*start..*end).contains(&named.at));
        let depth = module.len() + around.count();
        let Some(path) = from_root(&named.path, depth) else { continue };
        let (to, rest) = path.split_once("::").unwrap_or((path, ""));
        let (to, rest) = (to.to_owned(), rest.to_owned());
        found.push(Edge { at: named.at, from: from.clone(), to, rest });
    }
    found
}

/// What follows the crate's root in a path named `depth` modules below it.
fn from_root(path: &str, depth: usize) -> Option<&str> {
    if let Some(rest) = path.strip_prefix("crate::") {
        return Some(rest);
    }
    let mut rest = path.strip_prefix("self::").unwrap_or(path);
    for _ in 0..depth {
        rest = rest.strip_prefix("super::")?;
    }
    (depth > 0 && !rest.starts_with("super::")).then_some(rest)
}

/// Why an edge may not be, and what to do.
fn objection(edge: &Edge) -> Option<String> {
    let Edge { from, to, rest, .. } = edge;
    if from == to || TOP.contains(&from.as_str()) {
        return None;
    }
    if TOP.contains(&to.as_str()) || to.starts_with(|c: char| c == '*' || c.is_uppercase()) {
        return Some(format!(
            "`{from}` names `crate::{to}`, which the facade shows to users; name the module that \
             owns it"
        ));
    }
    let unknown = |module: &str| {
        format!("`{module}` is in no layer; add it to LAYERS in tests/tidy/layers.rs, low")
    };
    let Some(mine) = layer(from) else { return Some(unknown(from)) };
    let Some(theirs) = layer(to) else { return Some(unknown(to)) };
    let sideways = SIDEWAYS.iter().any(|&(one, two, _)| one == from && two == to);
    if mine == theirs && !sideways {
        return Some(format!(
            "`{from}` and `{to}` share layer {mine}; let a higher layer join them, or add the edge \
             and its reason to SIDEWAYS in tests/tidy/layers.rs"
        ));
    }
    if mine < theirs {
        return Some(format!(
            "`{from}` (layer {mine}) names `{to}` (layer {theirs}); return an outcome and let the \
             higher layer act on it"
        ));
    }
    if LAYERS[mine].never.contains(&to.as_str()) {
        return Some(format!(
            "`{from}` must not know `{to}`; ask a layer between them for what is needed"
        ));
    }
    let sealed = SEALED.iter().any(|&(module, outside)| {
        module == to && outside.contains(&from.as_str()) && is_submodule(rest)
    });
    sealed.then(|| {
        format!(
            "`{from}` reaches into `crate::{to}::{rest}`; name an item that `{to}` itself shows"
        )
    })
}

/// True if what follows a module's name goes through a module of its own.
fn is_submodule(rest: &str) -> bool {
    rest.split_once("::").is_some_and(|(next, _)| next.starts_with(|c: char| c.is_lowercase()))
}

/// The rule.
fn layering(source: &Source) -> Vec<Finding> {
    let findings = edges(source).into_iter().filter_map(|edge| {
        let message = objection(&edge)?;
        Some(Finding::new(&source.path, lexer::line_of(&source.text, edge.at), message))
    });
    findings.collect()
}

/// Modules of the core that the table does not place, whether or not they name anything.
fn unplaced(sources: &[Source]) -> Vec<Finding> {
    let core = sources.iter().filter(|source| source.path == "actor-core/src/lib.rs");
    let missing = core.flat_map(|lib| {
        tree::modules(&lib.shipped).filter_map(|module| {
            let known = layer(module.name).is_some() || TOP.contains(&module.name);
            let message = format!(
                "`{}` is in no layer; add it to LAYERS in tests/tidy/layers.rs, as low as it goes",
                module.name
            );
            (!known).then(|| Finding::new(&lib.path, lib.line(module.at), message))
        })
    });
    missing.collect()
}

/// Modules that reach themselves through others, as one line each.
fn circles(sources: &[Source]) -> Vec<Finding> {
    let mut graph: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for edge in sources.iter().flat_map(edges).filter(|edge| edge.from != edge.to) {
        graph.entry(edge.from).or_default().insert(edge.to);
    }
    let reaches = |from: &String, to: &String| {
        let (mut seen, mut queue) = (BTreeSet::new(), vec![from]);
        while let Some(next) = queue.pop() {
            if seen.insert(next) {
                queue.extend(graph.get(next).into_iter().flatten());
            }
        }
        seen.contains(to)
    };
    let mut found = Vec::new();
    for (from, all) in &graph {
        for to in all.iter().filter(|to| from < *to && reaches(to, from)) {
            let message = format!(
                "`{from}` and `{to}` import each other, directly or not; move what both need into \
                 a lower module"
            );
            found.push(Finding::new("actor-core/src/lib.rs", 1, message));
        }
    }
    found
}

#[test]
fn a_module_names_lower_layers_only() {
    everywhere(layering);
}

#[test]
fn every_module_of_the_core_has_a_layer() {
    report::none(unplaced(&repo().rust));
}

#[test]
fn no_two_modules_import_each_other() {
    report::none(circles(&repo().rust));
}

#[test]
fn the_table_names_no_module_twice_and_no_unknown_one() {
    let all: Vec<_> = LAYERS.iter().flat_map(|layer| layer.modules).collect();
    let once: BTreeSet<_> = all.iter().collect();
    assert_eq!(once.len(), all.len());
    let never = LAYERS.iter().flat_map(|layer| layer.never);
    let beside = SIDEWAYS.iter().flat_map(|(from, to, _)| [from, to]);
    for module in never.chain(beside) {
        assert!(all.contains(&module), "{module} is in no layer");
    }
    for (from, to, why) in SIDEWAYS {
        assert_eq!(layer(from), layer(to), "{from} and {to} are not side by side ({why})");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rule_bites_on_an_upward_import_however_it_is_written() {
        let text = "use crate::runtime::Handle;\n\
                    use crate::{pid::Pid, scheduler::{Seat, idle}};\n\
                    fn f() { crate::supervisor::g() }\n\
                    use super::super::actor::Actor;\n\
                    use super::cell::Cell;\n\
                    #[cfg(test)]\nmod tests { use crate::runtime::Handle; }\n\
                    // crate::runtime::X\n\
                    mod inner { use super::super::super::runtime; use super::super::cell; }\n";
        assert_eq!(bitten(layering, "actor-core/src/process/state.rs", text), [1, 2, 3, 4, 9]);
    }

    #[test]
    fn the_rule_bites_on_neighbours_and_lets_listed_edges_pass() {
        let text = "use crate::registry::Names;\nuse crate::wheel::Wheel;\n";
        assert_eq!(bitten(layering, "actor-core/src/timer.rs", text), [1]);
        assert_eq!(bitten(layering, "actor-core/src/signal.rs", "use crate::pid::Pid;"), []);
        assert_eq!(bitten(layering, "actor-core/src/pid.rs", "use crate::signal::Signal;"), [1]);
    }

    #[test]
    fn the_rule_bites_on_what_a_layer_must_never_know() {
        let text = "use crate::actor::Actor;\nuse crate::process::Turn;\nuse crate::exit::Reason;";
        assert_eq!(bitten(layering, "actor-core/src/supervisor/mod.rs", text), [2]);
        let text = "use crate::process::{Turn, run, header::Header};";
        assert_eq!(bitten(layering, "actor-core/src/scheduler/worker.rs", text), [1]);
        assert_eq!(bitten(layering, "actor-core/src/runtime/spawn.rs", text), []);
        let text = "use crate::process::{Turn, run};";
        assert_eq!(bitten(layering, "actor-core/src/scheduler/worker.rs", text), []);
    }

    #[test]
    fn the_rule_bites_on_the_facade_and_on_the_unknown() {
        let text = "use crate::Pid;\nuse crate::prelude::*;\nuse crate::novelty::New;";
        assert_eq!(bitten(layering, "actor-core/src/actor/mod.rs", text), [1, 2, 3]);
        assert_eq!(bitten(layering, "actor-core/src/prelude.rs", text), []);
        assert_eq!(bitten(layering, "actor-core/src/lib.rs", text), []);
        let lib = Source::new("actor-core/src/lib.rs", "mod pid;\nmod novelty;\n".into());
        let lines: Vec<_> = unplaced(&[lib]).into_iter().map(|found| found.line).collect();
        assert_eq!(lines, [2]);
    }

    #[test]
    fn the_rule_bites_on_a_circle() {
        let file = |path: &str, text: &str| Source::new(path, text.to_owned());
        let open = [
            file("actor-core/src/signal.rs", "use crate::pid::Pid;"),
            file("actor-core/src/pid.rs", "use crate::limits::WIDTH;"),
        ];
        assert_eq!(circles(&open), []);
        let closed = [
            file("actor-core/src/signal.rs", "use crate::pid::Pid;"),
            file("actor-core/src/pid.rs", "fn f() { crate::exit::g() }"),
            file("actor-core/src/exit.rs", "use super::signal::Signal;"),
        ];
        assert!(!circles(&closed).is_empty());
    }
}
