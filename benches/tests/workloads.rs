//! Every workload runs, small, and prints one line of the agreed form.

use std::{collections::HashMap, process::Command};

/// What each line says before its keys, and what keys it has.
struct Line {
    words: Vec<String>,
    keys: HashMap<String, String>,
}

fn run(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_workload")).args(arguments).output();
    let output = output.expect("the program starts");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {}\n{error}", output.status);
    assert_eq!(error, "", "{arguments:?}");
    String::from_utf8(output.stdout).expect("text")
}

fn line(arguments: &[&str]) -> Line {
    let text = run(arguments);
    assert_eq!(text.lines().count(), 1, "{text}");
    let split = |word: &str| word.split_once('=').map(|(key, value)| (key.into(), value.into()));
    let keys = text.split_whitespace().filter_map(split).collect();
    let words = text.split_whitespace().filter(|word| !word.contains('=')).map(str::to_owned);
    Line { words: words.collect(), keys }
}

/// The line of a workload of this size has these keys beside the common ones, all of them numbers.
fn check(name: &str, n: &str, options: &[&str], keys: &[&str]) {
    let line = line(&[&[name, n], options].concat());
    assert_eq!(line.words[..3], [name, "ours", n], "{name}");
    for number in &line.words[3..5] {
        assert!(number.parse::<f64>().is_ok_and(|number| number >= 0.0), "{name}: {number}");
    }
    for key in ["ns_per_op", "cpu_s", "peak_mb"].iter().chain(keys) {
        let value = line.keys.get(*key).unwrap_or_else(|| panic!("{name} has no {key}"));
        assert!(value.parse::<f64>().is_ok(), "{name}: {key}={value}");
    }
    // Whatever it did, it was there and took some memory.
    assert_ne!(line.keys["peak_mb"], "0.0", "{name}");
}

#[test]
fn spawning_workloads_print_their_line() {
    check("spawn_exit", "1000", &[], &[]);
    check("spawn_exit", "1000", &["--workers", "1"], &[]);
    check("spawn_alive", "1000", &[], &["bytes_per"]);
    check("spawn_all", "1000", &[], &["bytes_per", "alive"]);
    check("skynet", "1000", &[], &["total_ms"]);
}

#[test]
fn message_workloads_print_their_line() {
    check("ping_pong", "1000", &[], &[]);
    check("call", "1000", &[], &[]);
    check("thread_ring", "5000", &[], &[]);
    check("fan_in", "100", &[], &[]);
    check("big", "10", &[], &[]);
    check("async_cost", "1000", &[], &["sync_ns", "async_ns", "more_ns"]);
    check("pid_lookup", "1000", &[], &[]);
    check("timer_cancel", "1000", &[], &[]);
}

#[test]
fn failing_workloads_print_their_line_and_nothing_of_the_crashes() {
    check("supervise", "100", &[], &[]);
    check("supervise_error", "100", &[], &[]);
    check("monitor", "100", &[], &["total_ms"]);
    check("restart", "100", &[], &[]);
}

#[test]
fn workloads_of_relations_names_and_trees_print_their_line() {
    for name in ["monitor_cost", "monitor_set", "link_cost"] {
        check(name, "1000", &[], &[]);
    }
    for name in ["registry_lookup", "registry_register", "registry_exit"] {
        check(name, "1000", &[], &[]);
    }
    check("stop_tree", "1000", &[], &["total_ms"]);
    check("stop_forest", "100", &[], &["total_ms"]);
}

#[test]
fn waking_workloads_print_their_line() {
    check("timers", "100", &[], &["late_p50_ms", "late_p99_ms", "late_max_ms", "early"]);
    check("foreign_wake", "10", &[], &["wake_p50_us", "futex_p50_us", "ratio_p50"]);
}

#[test]
fn crowd_workloads_print_their_line() {
    check("random", "1000", &["--ops", "1000"], &[]);
    check("random_10m", "1000", &["--ops", "1000"], &[]);
    check("ping_pong_among", "1000", &["--ops", "1000"], &[]);
    check("idle", "1000", &["--seconds", "1"], &["idle_cpu_s", "idle_percent"]);
    check("pending_calls", "1000", &[], &["bytes_per", "idle_bytes", "call_bytes"]);
    check("queued", "1000", &[], &["bytes_per", "queued"]);
}

#[test]
fn fair_workloads_print_their_line_also_when_they_starve() {
    let keys = ["ticks", "of", "lat_p50_us", "lat_p99_us", "lat_p999_us", "lat_max_us"];
    let hogs = ["fair_cpu", "fair_block", "fair_cpu_threads"].map(|name| (name, "0"));
    let counted = ["fair_threads", "fair_async", "fair_machine"].map(|name| (name, "1"));
    for (name, n) in hogs.into_iter().chain(counted) {
        check(name, n, &["--seconds", "1", "--hogs", "1"], &keys);
    }
}

#[test]
fn the_control_of_the_cores_prints_its_line() {
    check("cores", "100000", &[], &["speedup"]);
}

#[test]
fn memory_is_counted_for_what_is_there() {
    let line = line(&["spawn_all", "20000"]);
    let bytes: f64 = line.keys["bytes_per"].parse().expect("a number");
    assert!((16.0..4096.0).contains(&bytes), "{bytes} bytes a process");
    assert_eq!(line.keys["alive"], "20000");
}

#[test]
fn all_that_was_sent_is_queued() {
    assert_eq!(line(&["queued", "100000"]).keys["queued"], "100000");
}

#[test]
fn an_unknown_workload_is_said_to_be_no_feature() {
    assert_eq!(run(&["teleport", "7"]), "teleport ours 7 NA NA no_such_feature\n");
}

#[test]
fn a_call_without_a_size_is_told_the_usage() {
    let output = Command::new(env!("CARGO_BIN_EXE_workload")).arg("call").output();
    let output = output.expect("the program starts");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("fair_cpu"));
}
