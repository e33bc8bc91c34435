//! Plays scripts on Erlang: builds the sources beside this file, and runs them once for many
//! scripts.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{env, fs, io};

use crate::book::Line;
use crate::here::Log;
use crate::script::Script;

/// An Erlang that is ready to play.
pub(crate) struct Erlang {
    folder: PathBuf,
}

/// How one VM is started: one scheduler, which the barrier needs, and OTP's modules loaded.
const FLAGS: &[&str] = &["+S", "1:1", "-noshell", "-noinput", "-mode", "embedded", "-pa"];

impl Erlang {
    /// Compiles the players. None if Erlang is not installed.
    ///
    /// # Panics
    /// If it is, and does not compile them.
    pub(crate) fn new() -> Option<Self> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("conformance-{}-{number}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder for what is compiled");
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance/erlang");
        let files = fs::read_dir(sources).expect("the sources");
        let files = files.map(|file| file.expect("a source").path());
        let files = files.filter(|file| file.extension().is_some_and(|end| end == "erl"));
        let mut compiler = Command::new("erlc");
        compiler.arg("-Werror").arg("-o").arg(&folder).args(files);
        match compiler.output() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => panic!("erlc: {error}"),
            Ok(output) => {
                let said = String::from_utf8_lossy(&output.stdout);
                assert!(output.status.success(), "the players do not compile:\n{said}");
                Some(Self { folder })
            }
        }
    }

    /// The logs of all scripts, by their names.
    ///
    /// # Panics
    /// If the VM ends otherwise than it should.
    pub(crate) fn play(&self, scripts: &[Script]) -> HashMap<String, Log> {
        let (from, to) = (self.folder.join("scripts"), self.folder.join("logs"));
        let text: String = scripts.iter().map(Script::text).collect();
        fs::write(&from, text).expect("the scripts are written");
        let _ = fs::remove_file(&to);
        // Their debug forms are string literals of Erlang too.
        let call = format!("conform:main({from:?}, {to:?})");
        let mut machine = Command::new("erl");
        machine.args(FLAGS).arg(&self.folder);
        machine.args(["-eval", &format!("code:load_file(conform), {call}, halt().")]);
        machine.stdin(Stdio::null()).env("ERL_CRASH_DUMP", self.folder.join("crash.dump"));
        let output = machine.output().expect("erl is where erlc is");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "the VM ended with {}:\n{said}", output.status);
        read(&fs::read_to_string(&to).expect("the logs"))
    }
}

impl Drop for Erlang {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Reads what `conform:main` wrote.
fn read(text: &str) -> HashMap<String, Log> {
    let mut logs = HashMap::new();
    let mut name = "";
    for line in text.lines() {
        let mut words = line.splitn(3, ' ');
        match (words.next(), words.next(), words.next()) {
            (Some("script"), Some(next), None) => {
                name = next;
                logs.insert(name.to_owned(), Log::new());
            }
            (Some(step), Some(stream), Some(text)) => {
                let step = step.parse().expect("the number of a step");
                let line = Line { step, stream: stream.to_owned(), text: text.to_owned() };
                logs.entry(name.to_owned()).or_default().push(line);
            }
            _ => {}
        }
    }
    logs
}
