//! `#[no_yield]` where there is nothing to leave alone.

use syn::visit_mut::{self, VisitMut};
use syn::{Attribute, Block, Expr};

use super::{NO_YIELD, parts};
use crate::diagnose::Diagnostics;
use crate::lower::marker;

/// Reports and takes out every `#[no_yield]` that is left in `block`.
pub(super) fn refuse(block: &mut Block, report: &Diagnostics) {
    Strays(report).visit_block_mut(block);
}

struct Strays<'a>(&'a Diagnostics);

impl Strays<'_> {
    fn refuse(&self, attrs: &mut Vec<Attribute>, text: &str) {
        attrs.retain(|attr| {
            let is_it = marker::is(attr, NO_YIELD);
            if is_it {
                self.0.on(attr, text);
            }
            !is_it
        });
    }
}

impl VisitMut for Strays<'_> {
    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        if let Some((attrs, ..)) = parts(expr) {
            let text = "this loop gets no check, so there is nothing to leave out: remove \
                        `#[no_yield]`. Checks are put into the loops of async handlers and hooks, \
                        not into closures, `async` blocks and other methods";
            self.refuse(attrs, text);
        }
        visit_mut::visit_expr_mut(self, expr);
    }

    fn visit_attributes_mut(&mut self, attrs: &mut Vec<Attribute>) {
        let text = "`#[no_yield]` goes on a loop, which then runs without giving way to other \
                    processes: move it to a `for`, `while` or `loop`, or remove it";
        self.refuse(attrs, text);
    }
}
