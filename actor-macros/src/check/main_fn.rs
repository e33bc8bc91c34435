//! What a function under `#[main]` may look like.

use crate::diagnose::Diagnostics;
use crate::parse::block::Method;

/// Reports whatever keeps `method` from being the body of a process.
pub(crate) fn check(method: &Method, report: &Diagnostics) {
    let sig = &method.sig;
    if sig.asyncness.is_none() {
        let text = format!("the body is a process and may wait: write `async fn {}()`", sig.ident);
        report.on(sig.fn_token, text);
    }
    if !sig.inputs.is_empty() {
        let text = "`#[main]` takes no arguments: read them with `std::env::args()`";
        report.on(&sig.inputs, text);
    }
    if !sig.generics.params.is_empty() {
        report.on(&sig.generics, "`#[main]` cannot be generic: there is one `main`");
    }
}
