//! Is it OTP? The same scripts on a real Erlang and here, compared event by event.
//!
//! A script ([`script`]) describes a tree of supervisors and workers, and says what happens to it:
//! who is killed, linked, asked or held, step by step. It is played by a program in Erlang
//! (`erlang/`) with OTP's own `supervisor` and `gen_server`, and by one in Rust ([`here`],
//! [`people`]) in the simulation, under several schedules. Both write down every start, stop, exit
//! and answer; after each step both wait until nothing more can happen ([`here`] and
//! `conform_player.erl` say how). Then the logs are compared, as far as OTP promises an order
//! ([`compare`]).
//!
//! The named scenarios (`scenarios/`) are the ugly cases; [`generate`] makes random ones. Where
//! Erlang is not installed the comparison is left out, and says so.

mod book;
mod compare;
mod generate;
mod here;
mod people;
mod script;
mod shrink;
mod there;

use compare::{difference, freedom};
use here::Log;
use script::Script;
use there::Erlang;

/// How many random scripts are compared, by how many seeds, and under how many schedules each.
const SCRIPTS: u64 = 2_400;
const SCHEDULES: usize = 2;

/// How many schedules may be looked at where ends race.
const RACES: usize = 256;

/// The named scenarios.
const SCENARIOS: &[&str] = &[
    include_str!("scenarios/links.txt"),
    include_str!("scenarios/monitors.txt"),
    include_str!("scenarios/starts.txt"),
    include_str!("scenarios/restarts.txt"),
    include_str!("scenarios/strategies.txt"),
    include_str!("scenarios/stops.txt"),
    include_str!("scenarios/requests.txt"),
    include_str!("scenarios/nested.txt"),
    include_str!("scenarios/significant.txt"),
    include_str!("scenarios/dynamic.txt"),
    include_str!("scenarios/together.txt"),
];

/// The Erlang to compare with, if there is one.
fn erlang(test: &str) -> Option<Erlang> {
    let erlang = Erlang::new();
    if erlang.is_none() {
        #[expect(clippy::print_stderr, reason = "what is left out is said")]
        {
            eprintln!("{test}: left out, since Erlang (erlc, erl) is not installed");
        }
    }
    erlang
}

/// What differs, if anything does; each script under so many schedules.
fn differences(erlang: &Erlang, scripts: &[Script], schedules: usize) -> Vec<(Script, String)> {
    let there = erlang.play(scripts);
    let mut found = Vec::new();
    for (seed, script) in scripts.iter().enumerate() {
        let difference = compared(script, &there[&script.name], schedules, seed as u64);
        found.extend(difference.map(|difference| (script.clone(), difference)));
    }
    found
}

/// How one script differs.
fn compared(script: &Script, there: &Log, schedules: usize, seed: u64) -> Option<String> {
    let races = freedom(script).races;
    let mut first = None;
    // Where the end is open, more schedules are looked at only if the first ones do not match.
    for schedules in if races { [1, RACES] } else { [schedules, 0] } {
        let logs = match here::play(script, schedules, seed) {
            Err(report) => return Some(report),
            Ok(logs) => logs,
        };
        for log in &logs {
            match difference(script, there, log) {
                None if races => return None,
                None => {}
                Some(difference) if races => first = first.or(Some(difference)),
                Some(difference) => return Some(difference),
            }
        }
        if !races {
            break;
        }
    }
    first
}

/// Fails with the first difference, made as small as it gets.
fn check(erlang: &Erlang, scripts: &[Script], schedules: usize) {
    let found = differences(erlang, scripts, schedules);
    let Some((script, difference)) = found.first() else { return };
    let (small, part) = shrink::smallest(erlang, script, schedules);
    panic!(
        "{} of {} scripts differ; the first is\n{}\n{difference}\nand made smaller\n{}\n{part}",
        found.len(),
        scripts.len(),
        script.text(),
        small.text(),
    );
}

#[test]
fn the_named_scenarios_go_as_they_go_in_erlang() {
    let scripts: Vec<Script> = SCENARIOS.iter().flat_map(|text| Script::all(text)).collect();
    assert!(scripts.len() >= 60, "{} scenarios", scripts.len());
    let Some(erlang) = erlang("the named scenarios") else { return };
    check(&erlang, &scripts, 8);
}

#[test]
fn random_trees_and_scripts_go_as_they_go_in_erlang() {
    let Some(erlang) = erlang("random trees and scripts") else { return };
    let scripts: Vec<Script> = (0..SCRIPTS).map(generate::script).collect();
    check(&erlang, &scripts, SCHEDULES);
}

#[test]
fn the_comparison_sees_what_is_out_of_order() {
    let script = Script::all("script a\nsup top one_for_one 1 5\ndo start top\nend").remove(0);
    let line = |text: &str| book::Line { step: 1, stream: "top#1".into(), text: text.into() };
    let (one, two) = (line("start a#1 ok"), line("start b#1 ok"));
    let (exit, down) = (line("exit a#1 oops"), line("down a#1 oops"));
    let there = [one.clone(), two.clone(), exit.clone(), down.clone()];
    assert_eq!(difference(&script, &there, &[one.clone(), two.clone(), down, exit]), None);
    assert!(difference(&script, &there, &[two, one]).is_some());
}
