//! The repository, read once.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    sync::LazyLock,
};

use crate::{
    cfg,
    lexer::{self, Halves},
    paths::{self, Named},
    tree,
};

/// All that the rules read.
pub(crate) struct Repo {
    pub(crate) root: PathBuf,
    pub(crate) rust: Vec<Source>,
    pub(crate) manifests: Vec<Text>,
    pub(crate) documents: Vec<Text>,
}

/// A file that is not Rust.
pub(crate) struct Text {
    pub(crate) path: String,
    pub(crate) text: String,
}

/// A Rust file, and the views of it. All views have the same offsets and lines.
pub(crate) struct Source {
    /// From the root, with `/`.
    pub(crate) path: String,
    pub(crate) text: String,
    /// Comments and the insides of literals are blank.
    pub(crate) code: String,
    /// All but comments is blank.
    pub(crate) comments: String,
    /// The code without what only a test build sees.
    pub(crate) shipped: String,
    /// The module's path within its crate, if its crate's `mod` lines lead here.
    pub(crate) module: Option<Vec<String>>,
}

impl Source {
    pub(crate) fn new(path: &str, text: String) -> Self {
        let Halves { code, comments } = lexer::split(&text);
        let shipped = cfg::shipped(&code);
        let module = tree::guess_module(path);
        Self { path: path.to_owned(), text, code, comments, shipped, module }
    }

    /// The line of an offset.
    pub(crate) fn line(&self, at: usize) -> usize {
        lexer::line_of(&self.text, at)
    }

    /// True for a file of the named package's library.
    pub(crate) fn is_in(&self, package: &str) -> bool {
        self.path.strip_prefix(package).is_some_and(|rest| rest.starts_with("/src/"))
    }

    /// What the shipped code names.
    pub(crate) fn shipped_paths(&self) -> Vec<Named> {
        paths::named(&self.shipped)
    }

    /// What the code names that only tests run.
    pub(crate) fn test_paths(&self) -> Vec<Named> {
        let tests = self.path.starts_with("tests/") || self.path.contains("/tests/");
        let mut named = paths::named(&self.code);
        named.retain(|named| tests || self.shipped.as_bytes()[named.at] == b' ');
        named
    }

    /// Says that no shipped build sees this file.
    pub(crate) fn mark_test_only(&mut self) {
        let blank = lexer::blank(self.code.as_bytes());
        self.shipped = String::from_utf8(blank).expect("blanks are text");
    }
}

/// The repository this test was built in.
pub(crate) fn repo() -> &'static Repo {
    static REPO: LazyLock<Repo> = LazyLock::new(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a workspace").to_owned();
        read(root)
    });
    &REPO
}

fn read(root: PathBuf) -> Repo {
    let mut files = Vec::new();
    walk(&root, &mut files);
    files.sort();
    let mut repo = Repo { root, rust: Vec::new(), manifests: Vec::new(), documents: Vec::new() };
    for file in files {
        let text = fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        let path = file.strip_prefix(&repo.root).expect("found under the root");
        let path = path.to_string_lossy().replace('\\', "/");
        if path.ends_with(".rs") {
            repo.rust.push(Source::new(&path, text));
        } else if path.ends_with(".toml") {
            repo.manifests.push(Text { path, text });
        } else {
            repo.documents.push(Text { path, text });
        }
    }
    place_modules(&mut repo);
    repo
}

/// Gives each file the place that the `mod` lines give it.
fn place_modules(repo: &mut Repo) {
    let places: HashMap<_, _> = tree::places(&repo.rust, &repo.manifests);
    for source in &mut repo.rust {
        let place = places.get(&source.path);
        source.module = place.map(|place| place.module.clone());
        if place.is_some_and(|place| place.test_only) {
            source.mark_test_only();
        }
    }
}

/// Collects what the rules read, leaving out hidden folders and build output.
fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())) {
        let entry = entry.expect("an entry of a folder that can be read");
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_string_lossy();
        let wanted =
            || [".rs", ".md"].iter().any(|end| name.ends_with(end)) || name == "Cargo.toml";
        if name.starts_with('.') {
            continue;
        } else if entry.file_type().expect("a file type").is_dir() {
            if name != "target" && !path.join("CACHEDIR.TAG").exists() {
                walk(&path, files);
            }
        } else if wanted() {
            files.push(path);
        }
    }
}

#[test]
fn the_walk_sees_this_file_and_no_build_output() {
    let seen = |path: &str| repo().rust.iter().any(|source| source.path == path);
    assert!(seen("tests/tidy/repo.rs") && seen("actor-core/src/lib.rs"));
    assert!(!repo().rust.iter().any(|source| source.path.split('/').any(|part| part == "target")));
    assert!(repo().manifests.iter().any(|manifest| manifest.path == "Cargo.toml"));
}
