//! Erlang's side: one module, compiled into a folder of its own, and run by `erl`.

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::Side;

/// How many processes its node may have, where its own default is a quarter of a million.
const PROCESSES: &str = "4194304";

/// Compiles it; `None`, said in words, where Erlang is not installed.
pub(crate) fn side(source: &Path, target: &Path) -> Result<Option<Side>, String> {
    let out = target.join("erlang");
    fs::create_dir_all(&out).map_err(|error| format!("{}: {error}", out.display()))?;
    let module = source.join("bench.erl");
    eprintln!("building {}", module.display());
    let compiled = Command::new("erlc").arg("-o").arg(&out).arg(&module).status();
    match compiled {
        Ok(status) if status.success() => {}
        Ok(status) => return Err(format!("erlc ended with {status}")),
        Err(error) => return absent("erlc", &error),
    }
    let found = Command::new("erl").arg("-version").stderr(Stdio::null()).status();
    if let Err(error) = found {
        return absent("erl", &error);
    }
    let options = ["+P", PROCESSES, "-noshell", "-pa"].map(str::to_owned).into_iter();
    let start = ["-s", "bench", "main", "-extra"].map(str::to_owned);
    let first = options.chain([out.display().to_string()]).chain(start).collect();
    Ok(Some(Side { name: "erlang".into(), program: PathBuf::from("erl"), first }))
}

fn absent(program: &str, error: &std::io::Error) -> Result<Option<Side>, String> {
    if error.kind() != ErrorKind::NotFound {
        return Err(format!("{program} did not start: {error}"));
    }
    eprintln!("{program} is not installed: no column for erlang");
    Ok(None)
}
