//! Whether a loop awaits in each of its rounds.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::visit_mut::{self, VisitMut};
use syn::{Expr, ExprAsync, ExprAwait, ExprClosure, ExprConst, Item, Macro};

use crate::check::self_call::{is_deferred, is_punct};

/// Macros that await what they are given, though their arguments do not say so.
const AWAITING: [&str; 4] = ["select", "select_biased", "join", "try_join"];

/// Whether `expr` is a loop that awaits in its body or in the condition before each round. What
/// `for` goes over is made once, before the first.
pub(super) fn each_round(expr: &mut Expr) -> bool {
    let mut found = Awaits(false);
    match expr {
        Expr::ForLoop(it) => found.visit_block_mut(&mut it.body),
        Expr::Loop(it) => found.visit_block_mut(&mut it.body),
        Expr::While(it) => {
            found.visit_expr_mut(&mut it.cond);
            found.visit_block_mut(&mut it.body);
        }
        _ => {}
    }
    found.0
}

/// Looks only; syn's other visitor would be one more to build.
struct Awaits(bool);

impl VisitMut for Awaits {
    fn visit_expr_await_mut(&mut self, _: &mut ExprAwait) {
        self.0 = true;
    }

    fn visit_macro_mut(&mut self, call: &mut Macro) {
        let name = call.path.segments.last();
        self.0 |= name.is_some_and(|name| AWAITING.iter().any(|known| name.ident == known))
            || in_tokens(&call.tokens);
        visit_mut::visit_macro_mut(self, call);
    }

    fn visit_expr_async_mut(&mut self, _: &mut ExprAsync) {}
    fn visit_expr_closure_mut(&mut self, _: &mut ExprClosure) {}
    fn visit_expr_const_mut(&mut self, _: &mut ExprConst) {}
    fn visit_item_mut(&mut self, _: &mut Item) {}
}

/// Whether a macro's arguments await, as far as can be seen.
fn in_tokens(tokens: &TokenStream) -> bool {
    let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
    tokens.iter().enumerate().any(|(at, token)| match token {
        TokenTree::Ident(word) => word == "await" && at > 0 && is_punct(&tokens[at - 1], '.'),
        TokenTree::Group(group) => {
            let elsewhere = group.delimiter() == Delimiter::Brace && is_deferred(&tokens[..at]);
            !elsewhere && in_tokens(&group.stream())
        }
        _ => false,
    })
}
