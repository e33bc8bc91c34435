//! The tour counts right, whatever it is given, and leaves in order.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

/// A folder of its own for a test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("tour-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("a folder of our own");
        Self(path)
    }

    fn with(self, file: &str, text: impl AsRef<[u8]>) -> Self {
        let path = self.0.join(file);
        fs::create_dir_all(path.parent().expect("it is in the folder")).expect("a folder");
        fs::write(path, text).expect("a file of ours");
        self
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn tour(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tour"));
    command.args(["--processes", "1000", "--ticks", "0"]).args(arguments);
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("the tour prints text")
}

/// What it says of a folder: from the words on, without how many were killed.
struct Counted {
    words: String,
    kills: u64,
}

fn count(path: &Path, arguments: &[&str]) -> Counted {
    counted(&tour(arguments).arg(path).output().expect("the tour runs"))
}

fn counted(output: &Output) -> Counted {
    let (said, complained) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{said}{complained}");
    assert_eq!(complained, "");
    assert!(said.contains("\n6. Left: 0 processes, 0 timers, no thread\n"), "{said}");
    let (_, rest) = said.split_once("\n3. ").expect("the third step");
    let (words, rest) = rest.split_once("\n4. ").expect("the fourth step");
    let kills = rest.split(' ').next().expect("a number").parse().expect("a number");
    Counted { words: words.to_owned(), kills }
}

impl Counted {
    #[track_caller]
    fn says(&self, line: &str) {
        assert!(self.words.lines().any(|said| said.trim() == line), "{line:?}, {}", self.words);
    }
}

/// A few hundred small files and a larger one, with as many words as it says.
fn corpus(name: &str) -> (Folder, u64) {
    let mut folder = Folder::new(name);
    let mut words = 0;
    for file in 0..200 {
        folder = folder.with(&format!("{}/{file}.txt", file % 7), "one two two\n".repeat(file));
        words += 3 * file as u64;
    }
    (folder.with("large.txt", "three four  ".repeat(400_000)), words + 800_000)
}

fn wc(file: &Path) -> Option<u64> {
    let output = Command::new("wc").arg("-w").arg(file).env("LC_ALL", "C.UTF-8").output().ok()?;
    text(&output.stdout).split_whitespace().next()?.parse().ok()
}

fn with_commas(number: u64) -> String {
    let digits = number.to_string();
    let parts: Vec<_> = digits.as_bytes().rchunks(3).rev().map(text).collect();
    parts.join(",")
}

#[test]
fn the_words_of_all_files_are_counted_and_the_ten_most_frequent_are_shown() {
    let folder = Folder::new("totals")
        .with("a.txt", "the cat\nand the dog\n")
        .with("deep/er/b.txt", "the\tend")
        .with(".hidden", "the hidden")
        .with("empty", "");
    let counted = count(&folder.0, &[]);
    counted.says("9 words in 4 files");
    let shown: Vec<_> = counted.words.lines().skip(2).map(str::trim).collect();
    assert_eq!(shown[..6], ["4 the", "1 and", "1 cat", "1 dog", "1 end", "1 hidden"]);

    let many: String =
        (0..30).map(|word| format!("{} ", format!("w{word} ").repeat(word))).collect();
    let counted = count(&Folder::new("top").with("many", many).0, &[]);
    let shown: Vec<_> = counted.words.lines().skip(2).map(str::trim).collect();
    assert_eq!((shown[0], shown[9], shown[10]), ("29 w29", "20 w20", "435 words in 1 files"));
}

#[test]
fn repositories_and_ignored_files_are_left_out() {
    let folder = Folder::new("ignored")
        .with(".git/config", "not a word")
        .with(".gitignore", "left-out\n")
        .with("left-out", "not a word")
        .with("taken", "a word");
    count(&folder.0, &[]).says("3 words in 2 files");
}

#[test]
fn ordinary_text_has_as_many_words_as_wc_says() {
    let ordinary = Path::new(env!("CARGO_MANIFEST_DIR")).join("tour.rs");
    if let Some(words) = wc(&ordinary) {
        count(&ordinary, &[]).says(&format!("{} words in 1 files", with_commas(words)));
    }
}

#[test]
fn a_word_is_parted_by_all_white_space_and_by_nothing_else() {
    let text = "a\u{85}b\u{2003}c\u{a0}d e\u{200b}f \u{1} g\u{0}h\u{c}i\u{b}j\u{3000}k";
    let folder = Folder::new("blanks").with("text", text);
    count(&folder.0, &[]).says("10 words in 1 files");
    // To `wc`, U+0085 is no blank, and what cannot be printed is no word.
    #[cfg(target_os = "linux")]
    assert_ne!(wc(&folder.0.join("text")), Some(10));
}

#[test]
fn words_and_characters_that_lie_across_the_chunks_are_whole() {
    // Odd sizes, so that every byte of a character meets the border of some chunk.
    let mut folder = Folder::new("borders");
    for shift in 0..8 {
        let text = format!("{}{}", "x".repeat(shift), " größe ☃☃ 𝄞x".repeat(20_000));
        folder = folder.with(&format!("{shift}"), text);
    }
    let counted = count(&folder.0, &[]);
    counted.says("160,000 größe");
    counted.says("160,000 ☃☃");
    counted.says("160,000 𝄞x");
    counted.says("480,007 words in 8 files");
}

#[test]
fn a_word_longer_than_memory_allows_is_one_word() {
    let folder = Folder::new("long").with("zeros", vec![0; 3 << 20]).with("x", "ü".repeat(1 << 20));
    let counted = count(&folder.0, &[]);
    counted.says("2 words in 2 files");
    assert!(counted.words.len() < 2_000, "their texts are not kept whole");
}

#[test]
fn what_cannot_be_counted_is_listed_and_changes_no_other_count() {
    let folder = Folder::new("failed")
        .with("good", "two words")
        .with("bad", b"half a w\xffrd")
        .with("cut", b"a cut character \xe2\x98");
    let bad =
        |name: &str| format!("failed: {}: error: it is not UTF-8", folder.0.join(name).display());
    for arguments in [&[][..], &["--chaos", "1000"]] {
        let counted = count(&folder.0, arguments);
        counted.says("2 words in 1 files");
        counted.says(&bad("bad"));
        counted.says(&bad("cut"));
        assert_eq!(counted.words.matches("failed: ").count(), 2);
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_file_that_cannot_be_read_is_listed_with_the_systems_reason() {
    // Even the superuser cannot read this one from its start.
    let counted = count(Path::new("/proc/self/mem"), &[]);
    counted.says("0 words in 0 files");
    counted.says("failed: /proc/self/mem: error: Input/output error (os error 5)");
}

/// A folder with a pipe for its list of what to ignore: who walks through is held up there, with
/// the names beside the folder read, until the pipe is written to.
#[cfg(unix)]
fn gate(folder: Folder) -> (Folder, PathBuf) {
    let folder = folder.with("gate/behind", "three words behind");
    let pipe = folder.0.join("gate/.ignore");
    let made = Command::new("mkfifo").arg(&pipe).status().expect("there is a mkfifo");
    assert!(made.success());
    (folder, pipe)
}

#[test]
#[cfg(unix)]
fn files_that_vanish_after_they_were_found_are_listed_and_change_no_other_count() {
    // Names come in any order: some before the gate and some after it, whatever that is.
    let three = |folder: Folder, name: &str| folder.with(name, "three words each");
    let before = (0..50).fold(Folder::new("vanish"), |it, n| three(it, &format!("a{n}")));
    let (folder, pipe) = gate(before);
    let folder = (0..50).fold(folder, |it, n| three(it, &format!("b{n}")));

    let mut command = tour(&[]);
    command.arg(&folder.0).stdout(Stdio::piped()).stderr(Stdio::piped());
    let running = command.spawn().expect("the tour runs");
    // Returns when the walk is at the gate.
    let opened = fs::OpenOptions::new().write(true).open(&pipe).expect("a pipe");
    for name in ["a", "b"].iter().flat_map(|of| (0..50).map(move |n| format!("{of}{n}"))) {
        fs::remove_file(folder.0.join(name)).expect("a file of ours");
    }
    drop(opened);
    let said = counted(&running.wait_with_output().expect("the tour ends"));

    let gone = said.words.lines().filter(|line| {
        line.starts_with("failed: ")
            && line.ends_with(": error: No such file or directory (os error 2)")
    });
    let gone = gone.count();
    assert!((1..=100).contains(&gone), "{}", said.words);
    let left = 101 - gone;
    said.says(&format!("{} words in {left} files", 3 * left));
}

#[test]
fn the_counts_are_the_same_whoever_is_killed() {
    let (folder, words) = corpus("chaos");
    let calm = count(&folder.0, &[]);
    calm.says(&format!("{} words in 201 files", with_commas(words)));
    assert_eq!(calm.kills, 0);
    for _ in 0..3 {
        let chaos = count(&folder.0, &["--chaos", "150"]);
        assert_eq!(chaos.words, calm.words);
        assert!((1..=150).contains(&chaos.kills), "{} kills", chaos.kills);
    }
}

#[test]
fn more_kills_than_there_is_work_come_to_an_end() {
    let folder = Folder::new("overkill").with("a", "a b").with("large", "word ".repeat(300_000));
    count(&folder.0, &["--chaos", "4000000000"]).says("300,002 words in 2 files");
}

#[test]
fn an_empty_folder_has_no_words() {
    count(&Folder::new("empty").0, &[]).says("0 words in 0 files");
}

#[test]
#[cfg(unix)]
fn a_link_that_leads_back_is_not_followed() {
    let folder = Folder::new("loop").with("deep/file", "three more words");
    std::os::unix::fs::symlink(&folder.0, folder.0.join("deep/up")).expect("a link");
    std::os::unix::fs::symlink("self", folder.0.join("self")).expect("a link");
    count(&folder.0, &[]).says("3 words in 1 files");
    // A folder that is named by a link is still the folder.
    let link = Folder::new("link");
    std::os::unix::fs::symlink(&folder.0, link.0.join("to")).expect("a link");
    count(&link.0.join("to"), &[]).says("3 words in 1 files");
}

#[test]
fn bad_input_is_answered_in_one_line() {
    let output = tour(&["/no/such"]).output().expect("the tour runs");
    assert_eq!(output.status.code(), Some(1));
    let complaint = text(&output.stderr);
    assert_eq!(complaint, "tour: /no/such: No such file or directory (os error 2)\n");
    assert_eq!(text(&output.stdout), "");
}

#[test]
fn a_wrong_command_line_is_told_apart() {
    let check = |arguments: &[&str], line: &str| {
        let output = tour(arguments).output().expect("the tour runs");
        let complaint = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{complaint}");
        assert_eq!(complaint.lines().next(), Some(line));
        assert_eq!(text(&output.stdout), "");
    };
    let chaos = "error: invalid value 'x' for '--chaos <N>': invalid digit found in string";
    check(&["--chaos", "x"], chaos);
    check(&["--chaos"], "error: a value is required for '--chaos <N>' but none was supplied");
    check(&["--loud"], "error: unexpected argument '--loud' found");
    check(&["a", "b"], "error: unexpected argument 'b' found");
}

#[test]
fn help_is_no_failure() {
    let output = tour(&["--help"]).output().expect("the tour runs");
    let help = text(&output.stdout);
    assert!(output.status.success() && help.contains("Usage: tour [OPTIONS] [PATH]"), "{help}");
}

#[test]
fn a_reader_that_goes_early_is_no_failure() {
    for arguments in [&["--help"][..], &[][..]] {
        let mut tour = tour(arguments);
        tour.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut running = tour.spawn().expect("the tour runs");
        drop(running.stdout.take());
        let output = running.wait_with_output().expect("the tour ends");
        assert_eq!((output.status.code(), text(&output.stderr).as_str()), (Some(0), ""));
    }
}

#[test]
fn a_ticker_ticks_beside_handlers_that_give_nobody_a_turn() {
    let folder = Folder::new("ticker");
    let mut command = Command::new(env!("CARGO_BIN_EXE_tour"));
    command.args(["--processes", "1000", "--ticks", "200"]).arg(&folder.0);
    let said = text(&command.output().expect("the tour runs").stdout);
    let row = said.lines().find_map(|line| line.strip_prefix("processes here"));
    let ticks = row.and_then(|row| row.split_whitespace().next()?.parse::<u32>().ok());
    // Not how late: that is the machine's as well. But without rescue there was one tick, or none.
    assert!(ticks.is_some_and(|ticks| ticks > 4), "{said}");
}
