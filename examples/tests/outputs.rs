//! Every example runs, and prints what it is said to print.
//!
//! `expected/NAME.txt` is an example's stdout, `expected/NAME.stderr.txt` its stderr (none: it is
//! silent). Pids are written as `<pid>`, and all else is compared as it is: examples are made so
//! that nothing in their output depends on timing. After a change that is meant, renew the files
//! and read the difference:
//!
//! ```text
//! EXAMPLES_RENEW=1 cargo test -p examples --test outputs
//! ```

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

macro_rules! examples {
    ($($name:ident)*) => {
        const NAMES: &[&str] = &[$(stringify!($name)),*];

        $(#[test]
        fn $name() {
            check(stringify!($name), env!(concat!("CARGO_BIN_EXE_", stringify!($name))));
        })*
    };
}

// In reading order. `tour` is not among them: what it prints depends on what it is given.
examples! {
    hello counter call_and_reply supervised_worker supervision_tree link_and_monitor timers
    state_machine registry groups_and_tables application worker_pool function_process tasks
    inside_tokio plain_threads testing
}

/// Runs an example, and compares all that can be seen of it.
fn check(name: &str, program: &str) {
    let output = Command::new(program).output().expect("the example was built");
    let text = |bytes: &[u8]| without_pids(str::from_utf8(bytes).expect("examples print text"));
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{name}: {}\n{stdout}{stderr}", output.status);
    same(&folder().join(format!("expected/{name}.txt")), &stdout);
    same(&folder().join(format!("expected/{name}.stderr.txt")), &stderr);
}

/// Compares a file with what was printed, or renews it. A file that is not there is empty.
fn same(file: &Path, printed: &str) {
    if env::var_os("EXAMPLES_RENEW").is_some() {
        let _ = fs::remove_file(file);
        if !printed.is_empty() {
            fs::create_dir_all(folder().join("expected")).expect("the folder can be written to");
            fs::write(file, printed).expect("the file can be written");
        }
        return;
    }
    let expected = fs::read_to_string(file).unwrap_or_default();
    let file = file.display();
    assert_eq!(printed, expected, "{file} differs; if that is meant, set EXAMPLES_RENEW=1");
}

/// The text with `<pid>` for `<0.17.3>`.
fn without_pids(text: &str) -> String {
    let mut parts = text.split('<');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let inside = part.split_once('>').filter(|(inside, _)| is_pid(inside));
        match inside {
            Some((_, rest)) => plain.extend(["<pid>", rest]),
            None => plain.extend(["<", part]),
        }
    }
    plain
}

/// Whether this is three numbers with dots.
fn is_pid(inside: &str) -> bool {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    inside.split('.').count() == 3 && inside.split('.').all(is_number)
}

/// The folder of this package.
fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A text file of this package, or of the one around it.
fn read(path: &str) -> String {
    fs::read_to_string(folder().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The content of a document's first fenced block of a kind.
fn block(document: &str, kind: &str) -> String {
    let open = format!("```{kind}\n");
    let (_, rest) = document.split_once(&open).unwrap_or_else(|| panic!("no {open}"));
    rest.split_once("```").expect("the block ends").0.to_owned()
}

#[test]
fn the_first_screen_of_the_readme_is_the_first_example_and_its_output() {
    let readme = read("../README.md");
    assert_eq!(block(&readme, "rust"), read("hello.rs"), "README.md and hello.rs differ");
    assert_eq!(block(&readme, "text"), read("expected/hello.txt"), "and so do the outputs");
}

#[test]
fn no_example_is_longer_than_120_lines_and_each_says_how_it_is_run() {
    for name in NAMES {
        let text = read(&format!("{name}.rs"));
        let lines = text.lines().count();
        assert!(lines <= 120, "{name}.rs has {lines} lines");
        let essay: String = text.lines().take_while(|line| line.starts_with("//!")).collect();
        for part in ["Run: `cargo ", &format!("--bin {name}`"), "Next: `"] {
            assert!(essay.contains(part), "{name}.rs does not open with {part:?}");
        }
    }
}

#[test]
fn the_list_of_examples_has_all_of_them_in_reading_order() {
    let list = read("README.md");
    let places = NAMES.iter().map(|name| {
        let link = format!("[`{name}.rs`]({name}.rs)");
        list.find(&link).unwrap_or_else(|| panic!("examples/README.md has no {link}"))
    });
    assert!(places.is_sorted());
    for pair in NAMES.windows(2) {
        let next = format!("Next: `{}.rs`", pair[1]);
        assert!(read(&format!("{}.rs", pair[0])).contains(&next), "{} is not next", pair[1]);
    }
}

#[test]
fn only_pids_are_taken_out_of_a_text() {
    assert_eq!(without_pids("a <0.17.3> <b> < <0.1> <0.1.2.3>x"), "a <pid> <b> < <0.1> <0.1.2.3>x");
}
