//! A process that waits for an answer of its own waits for ever: it is handling a message, so it
//! does not handle the next one. What can be seen of that in a handler's text is an error here; the
//! rest is `CallFailure::CallingSelf` at run time.
//!
//! Seen are `cx.me().balance(..).await` (also with `.timeout(..)` or `.request()` in between, also
//! in the arguments of macros) and the same through `let me = cx.me();`. A name bound so is
//! forgotten inside `async` blocks and closures, which may well run as another process.

use std::collections::BTreeSet;

use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};
use syn::Ident;

use crate::diagnose::Diagnostics;
use crate::parse::block::Method;

/// Reports each call of `calls` on the process itself that `method` waits for.
pub(crate) fn check(method: &Method, calls: &[&Ident], report: &Diagnostics) {
    let mut scan = Scan { calls, names: BTreeSet::new(), report };
    scan.block(method.body.stream());
}

struct Scan<'a> {
    calls: &'a [&'a Ident],
    /// Names bound to the process's own ref.
    names: BTreeSet<String>,
    report: &'a Diagnostics,
}

impl Scan<'_> {
    fn block(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        for at in 0..tokens.len() {
            self.bind(&tokens[at..]);
            self.chain(&tokens, at);
            let TokenTree::Group(group) = &tokens[at] else { continue };
            let before = self.names.clone();
            if group.delimiter() == Delimiter::Brace && is_deferred(&tokens[..at]) {
                self.names.clear();
            }
            self.block(group.stream());
            self.names = before;
        }
    }

    /// `let me = cx.me();`
    fn bind(&mut self, tokens: &[TokenTree]) {
        let [TokenTree::Ident(keyword), TokenTree::Ident(name), rest @ ..] = tokens else { return };
        if keyword != "let" {
            return;
        }
        self.names.remove(&name.to_string());
        if let [TokenTree::Punct(equals), rest @ ..] = rest
            && equals.as_char() == '='
            && let Some([TokenTree::Punct(end), ..]) = own_ref(rest)
            && end.as_char() == ';'
        {
            self.names.insert(name.to_string());
        }
    }

    /// A chain of methods on the own ref, up to the `.await`.
    fn chain(&self, tokens: &[TokenTree], at: usize) {
        let after_dot = at > 0 && is_punct(&tokens[at - 1], '.');
        let bound = match &tokens[at] {
            TokenTree::Ident(name) if !after_dot => self.names.contains(&name.to_string()),
            _ => false,
        };
        let rest = if bound { Some(&tokens[at + 1..]) } else { own_ref(&tokens[at..]) };
        let Some((method, mut rest)) = rest.and_then(called) else { return };
        if !self.calls.contains(&method) {
            return;
        }
        loop {
            match rest {
                [TokenTree::Punct(dot), TokenTree::Ident(end), ..]
                    if dot.as_char() == '.' && end == "await" =>
                {
                    return self.refuse(method, method.span());
                }
                _ => match called(rest) {
                    Some((end, _)) if end == "blocking" => {
                        return self.refuse(method, method.span());
                    }
                    Some((_, after)) => rest = after,
                    None => return,
                },
            }
        }
    }

    fn refuse(&self, method: &Ident, span: Span) {
        let text = format!(
            "a process cannot call itself: it handles no message while it waits for `{method}`. \
             Call `self.{method}(..)` directly, or use `cx.continue_with(..)` to have a message \
             handled next"
        );
        self.report.at(span, text);
    }
}

/// What follows `cx.me()` or `cx.slot()`, if `tokens` start so.
fn own_ref(tokens: &[TokenTree]) -> Option<&[TokenTree]> {
    let [TokenTree::Ident(_), rest @ ..] = tokens else { return None };
    let (method, rest) = called(rest)?;
    let [.., TokenTree::Group(arguments)] = &tokens[..tokens.len() - rest.len()] else {
        return None;
    };
    let own = (method == "me" || method == "slot") && arguments.stream().is_empty();
    own.then_some(rest)
}

/// The name in `.name(..)`, and what follows.
fn called(tokens: &[TokenTree]) -> Option<(&Ident, &[TokenTree])> {
    match tokens {
        [TokenTree::Punct(dot), TokenTree::Ident(name), TokenTree::Group(group), rest @ ..]
            if dot.as_char() == '.' && group.delimiter() == Delimiter::Parenthesis =>
        {
            Some((name, rest))
        }
        _ => None,
    }
}

/// Whether the block after `tokens` is that of an `async` block or a closure.
pub(crate) fn is_deferred(tokens: &[TokenTree]) -> bool {
    match tokens {
        [.., TokenTree::Ident(word)] if word == "async" || word == "move" => true,
        [.., last] => is_punct(last, '|'),
        [] => false,
    }
}

/// Whether `token` is this punctuation.
pub(crate) fn is_punct(token: &TokenTree, wanted: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::{format_ident, quote};

    fn refused(body: TokenStream) -> bool {
        let report = Diagnostics::new();
        let method = syn::parse2(quote!(async fn f(&mut self, cx: &mut Context<Self>) { #body }));
        let balance = format_ident!("balance");
        check(&method.expect("a method"), &[&balance], &report);
        !report.finish().is_empty()
    }

    #[test]
    fn waiting_for_an_own_call_is_refused_however_it_is_written() {
        assert!(refused(quote!(cx.me().balance().await)));
        assert!(refused(quote!(let x = cx.me().balance().timeout(d).await?;)));
        assert!(refused(quote!(if true {
            println!("{:?}", cx.me().balance().await)
        })));
        assert!(refused(quote!(let me = cx.me(); me.balance().await)));
        assert!(refused(quote!(cx.slot().balance().blocking())));
    }

    #[test]
    fn what_does_not_wait_or_is_not_oneself_is_allowed() {
        assert!(!refused(quote!(let call = cx.me().balance();)));
        assert!(!refused(quote!(self.other.balance().await)));
        assert!(!refused(quote!(cx.me().deposit(1))));
        assert!(!refused(quote!(let me = other; me.balance().await)));
    }

    #[test]
    fn another_process_may_wait_for_this_one() {
        let body = quote!(let me = cx.me(); spawn(async move { me.balance().await });
                          spawn_with(async |cx| { me.balance().await }));
        assert!(!refused(body));
    }
}
