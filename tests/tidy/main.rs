//! The house style, as a test.
//!
//! Whatever a reviewer would have to say twice is said here once: which module may name which
//! (`layers`), how long things may be (`shape`), where `unsafe` lives and what it owes
//! (`unsafety`), which calls are banned and what to use instead (`calls`), where the operating
//! system and the models may be seen (`seams`), that no file is dead (`tree`), what a manifest may
//! ask for (`manifests`), that every public item is shown at work (`examples`), that the documents'
//! links lead somewhere (`links`) and that the map of OTP's items is honest (`otp`).
//!
//! A rule is a function from a source to its [`Finding`]s, so each is tested twice: once on the
//! repository, and once on a bad sample, because a rule that bites nothing is a comment. A finding
//! says where, what is wrong and what to do.
//!
//! The rules read text, not types. `lexer` blanks comments and strings without moving a byte, `cfg`
//! blanks what only a test build sees, and `paths` spells imports out in full; with these three
//! a text search is as exact as the rules need. Renaming an import in one scope and shadowing it in
//! another can fool them, a reviewer would not be.

mod repo;
mod report;

mod calls;
mod examples;
mod layers;
mod links;
mod manifests;
mod otp;
mod seams;
mod shape;
mod sides;
mod tree;
mod unsafety;

mod cfg;
mod lexer;
mod paths;

use report::Finding;
