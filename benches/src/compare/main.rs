//! `compare [WORKLOAD..]`: our workloads and the same ones of other libraries and of Erlang, run in
//! turn (A B C, A B C, ..), as a table of medians.
//!
//! It builds all sides first: ours, the package `benches/peers`, which is no member of the
//! workspace, and Erlang's module, if `erlc` and `erl` are installed; if not, it says so and does
//! without. Progress goes to stderr, a line for each run; the tables go to stdout, as markdown.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it prints its result")]

mod erlang;
mod table;

use std::{
    env,
    path::{Path, PathBuf},
    process::{Child, Command, ExitCode, Stdio},
    thread,
    time::{Duration, Instant},
};

use table::{Figure, Outcome, Row, Runs};

const NS: Figure = Figure { key: "ns_per_op", unit: "ns" };
const BYTES: Figure = Figure { key: "bytes_per", unit: "bytes" };
const LATE: &[Figure] = &[
    Figure { key: "late_p50_ms", unit: "ms late, p50" },
    Figure { key: "late_p99_ms", unit: "ms late, p99" },
    Figure { key: "cpu_s", unit: "CPU s" },
];
const FAIR: &[Figure] = &[
    Figure { key: "lat_p50_us", unit: "us, p50" },
    Figure { key: "lat_p99_us", unit: "us, p99" },
    Figure { key: "lat_p999_us", unit: "us, p99.9" },
];

/// The workloads, their sizes, and what is told of them.
const ROWS: &[Row] = &[
    Row { name: "spawn_exit", n: 1_000_000, figures: &[NS] },
    Row { name: "spawn_alive", n: 1_000_000, figures: &[NS, BYTES] },
    Row { name: "ping_pong", n: 2_000_000, figures: &[NS] },
    Row { name: "call", n: 1_000_000, figures: &[NS] },
    Row { name: "thread_ring", n: 5_000_000, figures: &[NS] },
    Row { name: "fan_in", n: 100_000, figures: &[NS] },
    Row { name: "big", n: 1_000, figures: &[NS] },
    Row { name: "skynet", n: 1_000_000, figures: &[NS] },
    Row { name: "supervise", n: 100_000, figures: &[NS] },
    Row { name: "supervise_error", n: 100_000, figures: &[NS] },
    Row { name: "restart", n: 100_000, figures: &[NS] },
    Row { name: "monitor", n: 100_000, figures: &[NS] },
    Row { name: "monitor_cost", n: 1_000_000, figures: &[NS] },
    Row { name: "monitor_set", n: 1_000_000, figures: &[NS] },
    Row { name: "link_cost", n: 1_000_000, figures: &[NS] },
    Row { name: "registry_lookup", n: 5_000_000, figures: &[NS] },
    Row { name: "registry_register", n: 1_000_000, figures: &[NS] },
    Row { name: "registry_exit", n: 200_000, figures: &[NS] },
    Row { name: "stop_tree", n: 1_000_000, figures: &[NS] },
    Row { name: "stop_forest", n: 1_000_000, figures: &[NS] },
    Row { name: "timers", n: 1_000_000, figures: LATE },
    Row { name: "fair_cpu", n: 0, figures: FAIR },
    Row { name: "fair_block", n: 0, figures: FAIR },
    Row { name: "fair_cpu_threads", n: 0, figures: FAIR },
];

const PEERS: &[&str] = &["erlang", "tokio", "ractor", "kameo", "actix"];

/// A run that takes longer is ended, and counts as failed.
const LIMIT: Duration = Duration::from_secs(120);

const USAGE: &str = "usage: compare [--rounds R] [--quick] [--mimalloc] [--peers A,B] [WORKLOAD..]
  --rounds R    runs of each, 5 unless said
  --quick       a tenth of each size
  --mimalloc    all with mimalloc as well
  --peers A,B   these alone, of erlang, tokio, ractor, kameo and actix";

/// What was asked for.
struct Asked {
    rounds: usize,
    mimalloc: bool,
    peers: Vec<String>,
    rows: Vec<Row>,
}

impl Asked {
    fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let peers = PEERS.iter().map(ToString::to_string).collect();
        let mut asked = Self { rounds: 5, mimalloc: false, peers, rows: Vec::new() };
        let mut quick = false;
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
            match argument.as_str() {
                "--rounds" => {
                    let rounds = value()?.parse().ok().filter(|rounds| *rounds > 0);
                    asked.rounds = rounds.ok_or("--rounds needs a number above 0")?;
                }
                "--quick" => quick = true,
                "--mimalloc" => asked.mimalloc = true,
                "--peers" => asked.peers = value()?.split(',').map(str::to_owned).collect(),
                name => {
                    let row = ROWS.iter().find(|row| row.name == name);
                    asked.rows.push(*row.ok_or(format!("there is no workload {name:?}"))?);
                }
            }
        }
        if let Some(peer) = asked.peers.iter().find(|peer| !PEERS.contains(&peer.as_str())) {
            return Err(format!("there is no peer {peer:?}"));
        }
        if asked.rows.is_empty() {
            asked.rows.extend(ROWS);
        }
        if quick {
            asked.rows.iter_mut().for_each(|row| row.n /= 10);
        }
        Ok(asked)
    }
}

/// One column: who, and how it is run.
struct Side {
    name: String,
    program: PathBuf,
    /// What comes before the workload's name.
    first: Vec<String>,
}

fn main() -> ExitCode {
    let asked = match Asked::parse(env::args().skip(1)) {
        Ok(asked) => asked,
        Err(error) => {
            eprintln!("compare: {error}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let sides = match sides(&asked) {
        Ok(sides) => sides,
        Err(error) => {
            eprintln!("compare: {error}");
            return ExitCode::FAILURE;
        }
    };
    let runs = run_all(&asked, &sides);
    let names: Vec<&str> = sides.iter().map(|side| side.name.as_str()).collect();
    println!("{}", table::medians(&asked.rows, &names, &runs));
    println!("{}", table::ratios(&asked.rows, &names, &runs));
    ExitCode::SUCCESS
}

/// Builds all, and says what there is to run. The peers, of another workspace, have a target folder
/// of their own.
fn sides(asked: &Asked) -> Result<Vec<Side>, String> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let here = env::current_exe().map_err(|error| error.to_string())?;
    let target = here.ancestors().nth(2).ok_or("this program is in no target folder")?;
    let (ours, peers) = (target.to_owned(), target.join("peers"));
    let suffixes: &[&str] = if asked.mimalloc { &["", "-mi"] } else { &[""] };
    let bins = suffixes.iter().flat_map(|suffix| ["--bin".into(), format!("workload{suffix}")]);
    let features = if asked.mimalloc { "mimalloc" } else { "" };
    let bins = bins.chain(["--features".into(), features.into()]);
    build(&package.join("Cargo.toml"), &ours, bins)?;
    let mut erlang = None;
    if asked.peers.iter().any(|peer| peer == "erlang") {
        erlang = erlang::side(&package.join("peers/erlang"), &peers)?;
    }
    let rust: Vec<&str> =
        asked.peers.iter().map(String::as_str).filter(|peer| *peer != "erlang").collect();
    if !rust.is_empty() {
        let bins = suffixes.iter().flat_map(|suffix| ["--bin".into(), format!("peer{suffix}")]);
        build(&package.join("peers/Cargo.toml"), &peers, bins.chain(["--locked".into()]))?;
    }
    let side = |name: &str, suffix: &&str| match name {
        "ours" => Side {
            name: format!("ours{suffix}"),
            program: ours.join(format!("release/workload{suffix}")),
            first: Vec::new(),
        },
        peer => Side {
            name: format!("{peer}{suffix}"),
            program: peers.join(format!("release/peer{suffix}")),
            first: vec![peer.to_owned()],
        },
    };
    let mut sides: Vec<Side> = suffixes.iter().map(|suffix| side("ours", suffix)).collect();
    sides.extend(erlang);
    for name in rust {
        sides.extend(suffixes.iter().map(|suffix| side(name, suffix)));
    }
    Ok(sides)
}

fn build(manifest: &Path, target: &Path, more: impl Iterator<Item = String>) -> Result<(), String> {
    eprintln!("building {}", manifest.display());
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--release", "--quiet", "--manifest-path"]).arg(manifest);
    command.arg("--target-dir").arg(target).args(more);
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("the build of {} ended with {status}", manifest.display())),
        Err(error) => Err(format!("cargo did not start: {error}")),
    }
}

/// All rounds of all rows, the sides in turn.
fn run_all(asked: &Asked, sides: &[Side]) -> Runs {
    let mut runs = Runs::default();
    for row in &asked.rows {
        let mut absent = vec![false; sides.len()];
        for _ in 0..asked.rounds {
            for (side, absent) in sides.iter().zip(&mut absent) {
                // Once is enough to know that there is no such thing.
                if *absent {
                    continue;
                }
                let text = run(side, row.name, row.n);
                eprintln!("{text}");
                let outcome = Outcome::parse(&text);
                *absent = matches!(outcome, Outcome::Absent);
                runs.add(row.name, &side.name, outcome);
            }
        }
    }
    runs
}

/// One run's line, or words that say what went wrong.
fn run(side: &Side, workload: &str, n: u64) -> String {
    let mut command = Command::new(&side.program);
    command.args(&side.first).arg(workload).arg(n.to_string());
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let failed = |why: String| format!("{workload} {} {n} failed: {why}", side.name);
    let mut child = match child {
        Ok(child) => child,
        Err(error) => return failed(error.to_string()),
    };
    if !ends_in_time(&mut child) {
        let _ = child.kill();
        let _ = child.wait();
        return failed(format!("more than {LIMIT:?}"));
    }
    match child.wait_with_output() {
        Ok(output) if output.status.success() => {
            String::from_utf8_lossy(&output.stdout).trim().to_owned()
        }
        Ok(output) => failed(output.status.to_string()),
        Err(error) => failed(error.to_string()),
    }
}

fn ends_in_time(child: &mut Child) -> bool {
    let since = Instant::now();
    while since.elapsed() < LIMIT {
        if !matches!(child.try_wait(), Ok(None)) {
            return true;
        }
        // Seldom, since this wakes a core beside what is measured.
        thread::sleep(Duration::from_millis(50));
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Asked, String> {
        Asked::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn what_is_not_named_is_all() {
        let asked = parse("").expect("nothing is wrong");
        assert_eq!((asked.rows.len(), asked.peers.len(), asked.rounds), (ROWS.len(), 5, 5));
    }

    #[test]
    fn quick_is_a_tenth_wherever_it_stands() {
        let asked = parse("call --quick --peers tokio,actix big").expect("nothing is wrong");
        let sizes: Vec<_> = asked.rows.iter().map(|row| (row.name, row.n)).collect();
        assert_eq!(sizes, [("call", 100_000), ("big", 100)]);
        assert_eq!(asked.peers, ["tokio", "actix"]);
    }

    #[test]
    fn what_does_not_exist_is_refused() {
        for line in ["--rounds 0", "--rounds", "teleport", "--peers beam", "--fast"] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
