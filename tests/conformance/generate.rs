//! Random scripts: the same for the same number, on every machine.

use std::collections::BTreeSet;

use crate::script::Script;

/// Random numbers from a seed (an LCG with a mixed output): the scripts must not change with a
/// library.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let mixed = (self.0 ^ (self.0 >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
        ((mixed >> 33) as usize) % end
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }
}

/// Reasons, the frequent ones more than once.
const REASONS: &[&str] =
    &["normal", "shutdown", "shut", "kill", "kill", "oops", "oops", "oops", "killed", "noproc"];

/// What a script is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum About {
    /// Trees and their supervisors; in steps that leave one supervisor at work at a time.
    Trees,
    /// Trees whose workers are linked and monitored, and whose supervisors are sent exit signals.
    TiedTrees,
    /// Workers that know no supervisor.
    Links,
    /// Dynamic children.
    Dynamic,
}

struct Writer {
    random: Random,
    about: About,
    lines: Vec<String>,
    sups: Vec<String>,
    workers: BTreeSet<String>,
    /// Every child, with its supervisor.
    kids: Vec<(String, String)>,
    count: usize,
}

/// The script with this number.
pub(crate) fn script(number: u64) -> Script {
    let mut random = Random(number.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5eed);
    random.below(2);
    let about = match number % 10 {
        0..4 => About::Trees,
        4..7 => About::TiedTrees,
        7 => About::Dynamic,
        _ => About::Links,
    };
    let mut writer = Writer {
        random,
        about,
        lines: Vec::new(),
        sups: Vec::new(),
        workers: BTreeSet::new(),
        kids: Vec::new(),
        count: 0,
    };
    match about {
        About::Links => writer.crowd(),
        About::Dynamic => writer.nursery(),
        About::Trees | About::TiedTrees => {
            writer.tree("top", 0);
            writer.step("start top");
        }
    }
    for _ in 0..4 + writer.random.below(10) {
        let step = writer.any_step();
        writer.step(&step);
    }
    if matches!(about, About::Trees | About::TiedTrees) {
        writer.step("which top");
        writer.step("count top");
    }
    if about != About::Links {
        writer.step("parent shutdown");
    }
    Script { name: format!("random{number}"), lines: writer.lines }
}

impl Writer {
    fn step(&mut self, step: &str) {
        self.lines.push(format!("do {step}"));
    }

    fn name(&mut self) -> String {
        self.count += 1;
        let letter = char::from(b'a' + ((self.count - 1) % 26) as u8);
        format!("{letter}{}", (self.count - 1) / 26)
    }

    /// Workers outside of any tree, tied at random.
    fn crowd(&mut self) {
        for _ in 0..2 + self.random.below(5) {
            let (name, trap) = (self.name(), self.random.pick(&["trap", "plain"]));
            self.workers.insert(name.clone());
            self.step(&format!("spawn {name} {trap}"));
        }
        for _ in 0..self.random.below(6) {
            let (one, other) = (self.worker(), self.worker());
            let tie = self.random.pick(&["link", "link", "monitor"]);
            self.step(&format!("{tie} {one} {other}"));
        }
    }

    /// A supervisor with dynamic children.
    fn nursery(&mut self) {
        let intensity = self.random.below(5);
        self.lines.push(format!("sup top simple_one_for_one {intensity} 3600"));
        // What OTP does with an instance that is ignored at its restart depends on its version.
        let kid = self.kid("top", 2).replace("ignore", "err");
        self.lines.push(format!("kid top {kid}"));
        self.workers.clear();
        self.step("start top");
        for _ in 0..1 + self.random.below(5) {
            let grow = self.grow();
            self.step(&grow);
        }
    }

    fn grow(&mut self) -> String {
        let name = self.name();
        self.workers.insert(name.clone());
        format!("grow top {name}")
    }

    /// Grows a supervisor and what is below it.
    fn tree(&mut self, id: &str, depth: usize) {
        let strategy = self.random.pick(&["one_for_one", "one_for_all", "rest_for_one"]);
        let intensity = self.random.below(5);
        let auto = self.random.pick(&["", "", "", " any_significant", " all_significant"]);
        self.lines.push(format!("sup {id} {strategy} {intensity} 3600{auto}"));
        self.sups.push(id.to_owned());
        for _ in 0..1 + self.random.below(4) {
            let kid = self.kid(id, depth);
            let may = !auto.is_empty() && !kid.contains("permanent");
            let significant = if may && self.random.one_in(2) { " significant" } else { "" };
            self.lines.push(format!("kid {id} {kid}{significant}"));
        }
    }

    /// A child, and what is below it if it is a supervisor; its plan has no hold, so that the tree
    /// can start.
    fn kid(&mut self, sup: &str, depth: usize) -> String {
        let restart = self.random.pick(&["permanent", "permanent", "transient", "temporary"]);
        let id = self.name();
        self.kids.push((sup.to_owned(), id.clone()));
        if depth < 2 && self.random.one_in(4) {
            let id = format!("s{id}");
            if let Some(kid) = self.kids.last_mut() {
                kid.1.clone_from(&id);
            }
            self.tree(&id, depth + 1);
            return format!("{id} {restart} infinity sup");
        }
        self.workers.insert(id.clone());
        let trap = self.random.pick(&["trap", "trap", "plain"]);
        let stop = self.random.pick(&["now", "now", "now", "slow", "held", "crash"]);
        let shutdown = match stop {
            // Who takes their time is given too little of it, or all.
            "slow" => self.random.pick(&["20", "brutal", "infinity"]),
            _ => self.random.pick(&["60000", "infinity", "brutal"]),
        };
        format!("{id} {restart} {shutdown} {trap} {stop} {}", self.plan())
    }

    fn plan(&mut self) -> String {
        if self.random.one_in(2) {
            return "ok".to_owned();
        }
        let mut plan =
            vec![self.random.pick(&["ok", "ok", "ok", "ok", "ok", "ok", "ignore", "err"])];
        for _ in 0..self.random.below(4) {
            plan.push(self.random.pick(&["ok", "ok", "err", "crash", "ignore", "hold", "holderr"]));
        }
        plan.join(",")
    }

    fn worker(&mut self) -> String {
        let at = self.random.below(self.workers.len());
        self.workers.iter().nth(at).cloned().expect("there are workers")
    }

    fn sup(&mut self) -> String {
        let at = self.random.below(self.sups.len());
        self.sups[at].clone()
    }

    fn reason(&mut self) -> &'static str {
        self.random.pick(REASONS)
    }

    fn any_step(&mut self) -> String {
        if self.workers.is_empty() {
            return "count top".to_owned();
        }
        match self.about {
            About::Links => self.tie_or_end(),
            About::Trees if self.random.one_in(3) => self.request(),
            About::Dynamic if self.random.one_in(3) => self.grow(),
            About::Trees | About::Dynamic => self.end(),
            About::TiedTrees => match self.random.below(6) {
                0 => self.request(),
                1 | 2 => self.tie_or_end(),
                3 => format!("exit {} {}", self.sup(), self.reason()),
                _ => self.end(),
            },
        }
    }

    /// A worker ends, or goes on to.
    fn end(&mut self) -> String {
        let (worker, reason) = (self.worker(), self.reason());
        match self.random.below(6) {
            0 => format!("stop {worker} {reason}"),
            1 => format!("crash {worker}"),
            2 => format!("release {worker}"),
            3 => format!("exit {worker} kill"),
            _ => format!("exit {worker} {reason}"),
        }
    }

    fn tie_or_end(&mut self) -> String {
        let (one, other, reason) = (self.worker(), self.worker(), self.reason());
        match self.random.below(14) {
            0..=2 => format!("link {one} {other}"),
            3 => format!("unlink {one} {other}"),
            4 | 5 => format!("monitor {one} {other}"),
            6 => format!("demonitor {one} {other}"),
            7 => format!("send {one} {other} {reason}"),
            8 => format!("trap {one} {}", self.random.pick(&["on", "off"])),
            9 => {
                let how = self.random.pick(&["spawn_link", "spawn_monitor"]);
                let (new, trap) = (self.name(), self.random.pick(&["trap", "plain"]));
                // It is there only if its parent is: whoever is tied to it must not fail on that.
                format!("{how} {one} {new} {trap}")
            }
            _ => self.end(),
        }
    }

    /// Something is asked of a supervisor.
    fn request(&mut self) -> String {
        let at = self.random.below(self.kids.len());
        let (sup, kid) = self.kids[at].clone();
        match self.random.below(8) {
            0 => format!("which {sup}"),
            1 => format!("count {sup}"),
            2 => format!("restart {sup} {kid}"),
            3 => format!("delete {sup} {kid}"),
            4 => {
                let kid = self.kid(&sup, 2);
                format!("add {sup} {kid}")
            }
            5 => format!("terminate {sup} nobody"),
            _ => format!("terminate {sup} {kid}"),
        }
    }
}
