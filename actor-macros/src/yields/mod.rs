//! The one change to the user's own text: in async handlers and hooks, a check at the head of loops
//! by which a long handler gives way.
//!
//! ```text
//! while let Some(row) = rows.next().await {    while let Some(row) = rows.next().await {
//!                                                  ::actor_core::__private::reduce().await;
//!     self.add(row);                               self.add(row);
//! }                                            }
//! ```
//!
//! Which loops: those that await in each round as it is (`awaits`), and all if the handler says
//! `yields`; never one under `#[no_yield]`. A loop without an await is left as it was written,
//! since a new await can make a future larger, or keep it from being `Send`.
//!
//! Whose loops: the handler's own. What closures, `async` blocks and items do is done elsewhere or
//! at another time; an `async` block that is awaited on the spot is the handler's own again.
//!
//! Other bodies stay the tokens they are. A body that is no Rust yet stays as well: rustc says what
//! is wrong with it, and completion goes on working.

mod awaits;
mod strays;

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, quote_spanned};
use syn::visit_mut::{self, VisitMut};
use syn::{Attribute, Block, Expr, ExprAsync, ExprAwait, ExprClosure, ExprConst, Item, Path, Stmt};

use crate::diagnose::Diagnostics;
use crate::lower::marker;
use crate::names::mentions;
use crate::parse::block::Method;

/// The attribute that leaves a loop alone.
const NO_YIELD: &str = "no_yield";

/// Which loops of a method get a check.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loops {
    /// None: it is no handler, or a sync one.
    None,
    /// Those that await.
    Awaiting,
    /// All.
    All,
}

/// Puts the checks into `method`, and takes its `#[no_yield]`s out.
pub(crate) fn weave(method: &mut Method, loops: Loops, krate: &Path, report: &Diagnostics) {
    let tokens = method.body.stream();
    let marked = mentions(&tokens, NO_YIELD);
    if !marked && !may_weave(&tokens, loops) {
        return;
    }
    let Ok(mut block) = syn::parse2::<Block>(TokenTree::Group(method.body.clone()).into()) else {
        return;
    };
    if loops != Loops::None {
        Own { loops, krate, report }.visit_block_mut(&mut block);
    }
    if marked {
        strays::refuse(&mut block, report);
    }
    let written = block.to_token_stream().into_iter().next();
    if let Some(TokenTree::Group(body)) = written {
        method.body = body;
    }
}

/// Whether it is worth reading the body: most have no loop.
fn may_weave(tokens: &TokenStream, loops: Loops) -> bool {
    loops != Loops::None && ["for", "while", "loop"].iter().any(|word| mentions(tokens, word))
}

/// The handler's own loops.
struct Own<'a> {
    loops: Loops,
    krate: &'a Path,
    report: &'a Diagnostics,
}

impl Own<'_> {
    fn own_loop(&self, expr: &mut Expr) {
        let wanted = self.loops == Loops::All || awaits::each_round(expr);
        let Some((attrs, keyword, body)) = parts(expr) else { return };
        if !take_no_yield(attrs, self.report) && wanted {
            body.stmts.insert(0, check(self.krate, keyword));
        }
    }
}

impl VisitMut for Own<'_> {
    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        self.own_loop(expr);
        visit_mut::visit_expr_mut(self, expr);
    }

    fn visit_expr_await_mut(&mut self, expr: &mut ExprAwait) {
        match on_the_spot(&mut expr.base) {
            Some(block) => self.visit_block_mut(block),
            None => visit_mut::visit_expr_await_mut(self, expr),
        }
    }

    fn visit_expr_async_mut(&mut self, _: &mut ExprAsync) {}
    fn visit_expr_closure_mut(&mut self, _: &mut ExprClosure) {}
    fn visit_expr_const_mut(&mut self, _: &mut ExprConst) {}
    fn visit_item_mut(&mut self, _: &mut Item) {}
}

/// The block of `async { .. }`, if that is what is awaited.
fn on_the_spot(awaited: &mut Expr) -> Option<&mut Block> {
    match awaited {
        Expr::Async(block) => Some(&mut block.block),
        Expr::Paren(paren) => on_the_spot(&mut paren.expr),
        _ => None,
    }
}

/// A loop's attributes, keyword and body; `None` if it is no loop.
fn parts(expr: &mut Expr) -> Option<(&mut Vec<Attribute>, Span, &mut Block)> {
    match expr {
        Expr::ForLoop(it) => Some((&mut it.attrs, it.for_token.span, &mut it.body)),
        Expr::While(it) => Some((&mut it.attrs, it.while_token.span, &mut it.body)),
        Expr::Loop(it) => Some((&mut it.attrs, it.loop_token.span, &mut it.body)),
        _ => None,
    }
}

/// Takes `#[no_yield]` off a loop; true if it was there.
fn take_no_yield(attrs: &mut Vec<Attribute>, report: &Diagnostics) -> bool {
    let before = attrs.len();
    attrs.retain(|attr| {
        let is_it = marker::is(attr, NO_YIELD);
        if is_it && attr.meta.require_path_only().is_err() {
            report.on(&attr.meta, "`#[no_yield]` takes no options: write it alone");
        }
        !is_it
    });
    attrs.len() < before
}

/// The check. It stands where the loop's keyword does, so that what the compiler has to say of it
/// is said there, and is seen as written by a macro, so that lints pass it by.
fn check(krate: &Path, keyword: Span) -> Stmt {
    let mixed = Span::mixed_site().located_at(keyword);
    let located = |mut token: TokenTree| {
        token.set_span(token.span().located_at(keyword));
        token
    };
    let krate: TokenStream = krate.to_token_stream().into_iter().map(located).collect();
    let call = quote_spanned!(mixed=> #krate::__private::reduce().await);
    Stmt::Expr(Expr::Verbatim(call), Some(syn::Token![;](mixed)))
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::*;

    /// A body after weaving, and how many errors there were.
    fn woven(body: TokenStream, loops: Loops) -> (String, usize) {
        let report = Diagnostics::new();
        let method = syn::parse2(quote!(async fn f(&mut self) { #body }));
        let mut method: Method = method.expect("a method");
        weave(&mut method, loops, &syn::parse_quote!(::actor_core), &report);
        let errors = report.count();
        drop(report.finish());
        (method.body.stream().to_string(), errors)
    }

    /// `body`, in which `check!()` stands where a check is to be.
    #[track_caller]
    fn check(loops: Loops, body: TokenStream) {
        let call = quote!(::actor_core::__private::reduce().await;).to_string();
        let mark = quote!(check!();).to_string();
        let written = body.to_string();
        let plain: TokenStream = written.replace(&mark, "").parse().expect("tokens");
        assert_eq!(woven(plain, loops), (written.replace(&mark, &call), 0));
    }

    #[test]
    fn each_kind_of_loop_that_awaits_is_checked() {
        check(
            Loops::Awaiting,
            quote! {
                for x in xs { check!(); x.await; }
                while self.more() { check!(); next().await?; }
                while self.more().await { check!(); }
                while let Some(x) = rows.next().await { check!(); self.add(x); }
                let y = loop { check!(); if let Some(y) = f().await { break y; } };
            },
        );
    }

    #[test]
    fn a_loop_that_does_not_await_is_left_as_written() {
        check(
            Loops::Awaiting,
            quote! {
                for x in all().await { sum += x; }
                for x in xs { let f = async { x.await }; let g = async |y| y.await; push(f, g); }
                loop { fn f() { loop { g().await } } break; }
            },
        );
        check(Loops::All, quote!(for x in xs { check!(); sum += x; } loop { check!(); }));
        check(
            Loops::None,
            quote!(loop {
                f().await;
            }),
        );
    }

    #[test]
    fn labels_inner_loops_and_inner_attributes_stay_in_place() {
        check(
            Loops::Awaiting,
            quote! {
                'a: for x in xs {
                    check!();
                    for y in ys { sum += y; }
                    'b: while x { check!(); let Some(z) = f().await else { continue 'a }; }
                    #[cfg(feature = "f")]
                    loop { #![allow(unused)] check!(); break 'a f().await; }
                }
            },
        );
    }

    #[test]
    fn what_runs_elsewhere_is_not_the_handlers_own() {
        check(
            Loops::All,
            quote! {
                let f = async move { loop { g().await; } };
                let h = |x| { for y in x { sum += y; } };
                const N: u8 = { loop { break 1; } };
                let k = const { loop { break 1; } };
                async { for x in xs { check!(); x.await?; } Ok(()) }.await?;
                (async move { loop { check!(); g().await; } }).await;
            },
        );
    }

    #[test]
    fn a_macro_that_awaits_makes_its_loop_await() {
        check(
            Loops::Awaiting,
            quote! {
                loop { check!(); log!("{}", f().await); }
                loop { check!(); tokio::select! { x = f() => x, y = g() => y, } }
                loop { fs.push(boxed!(async move { f().await })); break; }
            },
        );
    }

    #[test]
    fn no_yield_leaves_its_own_loop_alone_and_is_taken_out() {
        let body = quote!(
            #[no_yield]
            for x in xs {
                loop {
                    x.await;
                }
            }
        );
        let inner = quote!(for x in xs {
            loop {
                ::actor_core::__private::reduce().await;
                x.await;
            }
        });
        assert_eq!(woven(body, Loops::Awaiting), (inner.to_string(), 0));
        let body = quote!(
            #[attr::no_yield]
            'a: loop {
                break 'a;
            }
        );
        assert_eq!(
            woven(body, Loops::All),
            (
                quote!('a: loop {
                    break 'a;
                })
                .to_string(),
                0
            )
        );
    }

    #[test]
    fn no_yield_is_refused_where_no_check_would_be() {
        for body in [
            quote!(#[no_yield] self.x += 1;),
            quote!(#[no_yield] let x = 1;),
            quote!(let f = async { #[no_yield] loop { g().await; } };),
            quote!(
                #[no_yield(always)]
                loop {
                    g().await;
                }
            ),
        ] {
            let (text, errors) = woven(body, Loops::Awaiting);
            assert_eq!((text.contains("no_yield"), errors), (false, 1), "{text}");
        }
        let (text, errors) = woven(
            quote!(
                #[no_yield]
                loop {
                    g();
                }
            ),
            Loops::None,
        );
        assert_eq!((text.as_str(), errors), ("loop { g () ; }", 1));
    }

    #[test]
    fn a_half_typed_body_is_left_alone() {
        let body = quote!(loop { f().await; let x = self. });
        assert_eq!(woven(body.clone(), Loops::All), (body.to_string(), 0));
    }
}
