//! A block under `#[supervisor]`: its options, and the methods that make children.

use proc_macro2::TokenStream;

use super::marker::{self, Marker};
use super::{child, derived, subject};
use crate::diagnose::Diagnostics;
use crate::duration::Time;
use crate::model::Tree;
use crate::parse::block::ImplBlock;
use crate::parse::options::{Options, default_crate};

/// The options of `#[supervisor(..)]`.
const OPTIONS: [&str; 5] = ["strategy", "intensity", "period", "auto_shutdown", "crate"];

/// As options write them, and as variants of `Strategy`.
const STRATEGIES: [(&str, &str); 3] =
    [("one_for_one", "OneForOne"), ("one_for_all", "OneForAll"), ("rest_for_one", "RestForOne")];

/// As options write them, and as variants of `AutoShutdown`.
const AUTO_SHUTDOWNS: [(&str, Option<&str>); 3] = [
    ("never", None),
    ("any_significant", Some("AnySignificant")),
    ("all_significant", Some("AllSignificant")),
];

/// Reads a block and takes its markers off.
pub(crate) fn read(
    options: TokenStream,
    block: &mut ImplBlock,
    report: &Diagnostics,
) -> Option<Tree> {
    let mut options = Options::read("#[supervisor]", options, &OPTIONS, report);
    let krate = derived::krate(&mut options, report).unwrap_or_else(default_crate);
    let strategy = options.choice("strategy", &STRATEGIES.map(|(word, _)| word), report);
    let intensity = options.expr("intensity", report);
    let at = options.span_of("period");
    let period = options.time("period", report);
    if let (Some(at), Some(true)) = (at, period.as_ref().map(Time::is_zero)) {
        report.at(
            at,
            "`period` cannot be zero: it is the time within which `intensity` restarts are too \
             many, as in `period = \"5s\"`",
        );
    }
    let words = AUTO_SHUTDOWNS.map(|(word, _)| word);
    let is_set = options.span_of("auto_shutdown").is_some();
    let auto_shutdown = match options.choice("auto_shutdown", &words, report) {
        Some(at) => AUTO_SHUTDOWNS[at].1,
        // One that cannot be read: that is mistake enough.
        None => is_set.then_some("AnySignificant"),
    };
    let markers: Vec<Option<Marker>> =
        block.methods_mut().map(|method| marker::take(method, &["child"], report)).collect();
    let subject = subject::read("#[supervisor]", &block.head, krate, report)?;
    let mut children = Vec::new();
    for (method, marker) in block.methods_mut().zip(markers) {
        if let Some(Marker { attr, .. }) = marker {
            children.extend(child::read(method, &attr, &subject, report));
        }
    }
    let strategy = STRATEGIES[strategy.unwrap_or(0)].1;
    Some(Tree { subject, strategy, intensity, period, auto_shutdown, children })
}
