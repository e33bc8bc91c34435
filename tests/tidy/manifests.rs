//! What a manifest may ask for: versions that have a floor, from the registry.

use crate::{
    Finding,
    repo::{Text, repo},
    report,
};

fn sources(manifest: &Text) -> Vec<Finding> {
    let (mut found, mut asks) = (Vec::new(), false);
    for (at, line) in manifest.text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default().trim();
        if line.starts_with('[') {
            asks = line.contains("dependencies") || line.contains("patch");
        } else if asks && let Some(message) = objection(line) {
            found.push(Finding::new(&manifest.path, at + 1, message));
        }
    }
    found
}

fn objection(line: &str) -> Option<&'static str> {
    let (name, value) = line.split_once('=')?;
    let git = name.trim() == "git" || words(value).any(|word| word == "git");
    if git {
        return Some("a git source; depend on a published version");
    }
    let keys = name.trim() == "version" || words(value).any(|word| word == "version");
    let is_plain = value.trim().starts_with('"');
    let wild = value.split('"').skip(1).step_by(2).any(is_wild);
    (wild && (keys || is_plain)).then_some("a wildcard version; name the oldest one that works")
}

/// True for `*`, `1.*` and the like.
fn is_wild(text: &str) -> bool {
    text.split(',').any(|part| part.trim() == "*" || part.trim().ends_with(".*"))
}

/// The bare words of a value: strings are left out.
fn words(value: &str) -> impl Iterator<Item = &str> {
    value.split('"').step_by(2).flat_map(|text| text.split(|c: char| !c.is_alphanumeric()))
}

#[test]
fn every_dependency_has_a_version_from_the_registry() {
    report::none(repo().manifests.iter().flat_map(sources).collect());
}

#[test]
fn the_rule_bites_on_wildcards_and_git_sources() {
    let text = "[package]\nname = \"git\"\nversion = \"0.1.0\"\n[dependencies]\na = \"*\"\n\
                b = \"1\"\nc = { git = \"https://example.org/c\" }\n\
                d = { version = \"1.*\", features = [\"x\"] }\n\
                e = { version = \"1.2\", features = [\"git\"] } # \"*\"\n[dev-dependencies.f]\n\
                version = \"*\"\n[package.metadata]\nversion = \"*\"\n";
    let manifest = Text { path: "Cargo.toml".into(), text: text.into() };
    let lines: Vec<_> = sources(&manifest).into_iter().map(|found| found.line).collect();
    assert_eq!(lines, [5, 7, 8, 11]);
}
