//! `#[actor_test]`: an async function of a test kit becomes a plain `#[test]`.
//!
//! The function is kept as it is, inside of the test of the same name, and handed to the testkit
//! with the options. Whatever is wrong with the attribute, the function is emitted too, so that the
//! one error is the only one.

use proc_macro2::{Span, TokenStream as TokenStream2};
use quote::{ToTokens, quote, quote_spanned};
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Attribute, Error, Expr, ExprLit, ItemFn, Lit, Meta, ReturnType, Token};

/// The options that there are, with an example of each.
const OPTIONS: [(&str, &str); 5] = [
    ("schedules", "schedules = 64"),
    ("seed", "seed = 0x25"),
    ("max_steps", "max_steps = 10_000"),
    ("leaks", "leaks = \"deny\""),
    ("time", "time = \"auto\""),
];

/// Options that are planned: whoever writes one has read about it, and is not mistaken.
const PLANNED: [&str; 7] =
    ["strategy", "delivery", "faults", "exhaustive", "parallel", "real", "threads"];

/// The test, or the function with what is wrong with it.
pub(crate) fn expand(attr: TokenStream2, item: TokenStream2) -> TokenStream2 {
    let Ok(function) = syn::parse2::<ItemFn>(item.clone()) else {
        let error = "`#[actor_test]` belongs on an async function: \
                     `async fn it_works(t: TestKit) -> TestResult { .. }`";
        let error = Error::new(item_span(&item), error).into_compile_error();
        return quote!(#error #item);
    };
    let options = options(attr);
    let shape = check_shape(&function);
    match (options, shape) {
        (Ok(options), Ok(())) => test(&options, &function),
        (options, shape) => {
            let mut errors = [options.err(), shape.err()].into_iter().flatten();
            let first = errors.next();
            let all = errors.fold(first, |all, error| {
                all.map(|mut all| {
                    all.combine(error);
                    all
                })
            });
            let errors = all.map(Error::into_compile_error);
            quote!(#errors #[allow(dead_code)] #function)
        }
    }
}

/// The span of the first token of an item.
fn item_span(item: &TokenStream2) -> Span {
    item.clone().into_iter().next().map_or_else(Span::call_site, |token| token.span())
}

/// The test around a function that is as it should be.
fn test(options: &[TokenStream2], function: &ItemFn) -> TokenStream2 {
    let name = &function.sig.ident;
    let text = name.to_string();
    let text = text.strip_prefix("r#").unwrap_or(&text);
    // What is about the test goes to the test (`#[ignore]`, `#[should_panic]`, docs, `#[cfg]`);
    // what is about the code, such as `#[allow(..)]`, is right for both.
    let (lints, outer): (Vec<&Attribute>, Vec<&Attribute>) =
        function.attrs.iter().partition(|attribute| is_lint(attribute));
    let mut body = function.clone();
    body.attrs.clear();
    body.vis = syn::Visibility::Inherited;
    // At the body's span, an error about what it returns points there.
    let check = quote_spanned!(name.span()=> ::actor_testkit::__private::check);
    quote! {
        #(#outer)*
        #(#lints)*
        #[::core::prelude::v1::test]
        fn #name() {
            #body
            #check(
                ::actor_testkit::__private::Config::of_function(::core::module_path!(), #text)
                    #(#options)*,
                #name,
            );
        }
    }
}

/// Whether an attribute sets the level of a lint.
fn is_lint(attribute: &Attribute) -> bool {
    ["allow", "warn", "deny", "expect", "forbid"].iter().any(|name| attribute.path().is_ident(name))
}

/// Checks that the function can be a test.
fn check_shape(function: &ItemFn) -> Result<(), Error> {
    let signature = &function.sig;
    let sketch = "`async fn it_works(t: TestKit) -> TestResult { .. }`";
    if signature.asyncness.is_none() {
        let text = format!("an actor test is async: {sketch}");
        return Err(Error::new(signature.fn_token.span, text));
    }
    if !signature.generics.params.is_empty() {
        let text = "an actor test has no generic parameters: nothing would choose them";
        return Err(Error::new(signature.generics.span(), text));
    }
    let receiver = signature.receiver().is_some();
    if receiver || signature.inputs.len() != 1 {
        let text = format!("an actor test takes the test kit and nothing else: {sketch}");
        let span = match signature.inputs.is_empty() {
            true => signature.paren_token.span.join(),
            false => signature.inputs.span(),
        };
        return Err(Error::new(span, text));
    }
    if let Some(attribute) = function.attrs.iter().find(|one| one.path().is_ident("test")) {
        let text = "`#[actor_test]` makes this a test already: remove `#[test]`";
        return Err(Error::new(attribute.span(), text));
    }
    if let ReturnType::Type(_, kind) = &signature.output
        && matches!(**kind, syn::Type::ImplTrait(_))
    {
        let text = "an actor test returns nothing or a `TestResult`";
        return Err(Error::new(kind.span(), text));
    }
    Ok(())
}

/// The options, as calls on the test's configuration.
fn options(attr: TokenStream2) -> Result<Vec<TokenStream2>, Error> {
    let metas = Punctuated::<Meta, Token![,]>::parse_terminated.parse2(attr)?;
    let mut calls = Vec::new();
    let mut seen: Vec<String> = Vec::new();
    let mut errors: Option<Error> = None;
    for meta in &metas {
        let name = meta.path().to_token_stream().to_string();
        let option = match seen.contains(&name) {
            true => Err(Error::new(meta.span(), format!("`{name}` is set twice"))),
            false => option(&name, meta),
        };
        match (option, &mut errors) {
            (Ok(call), _) => calls.push(call),
            (Err(error), Some(errors)) => errors.combine(error),
            (Err(error), none) => *none = Some(error),
        }
        seen.push(name);
    }
    errors.map_or(Ok(calls), Err)
}

/// One option, as a call.
fn option(name: &str, meta: &Meta) -> Result<TokenStream2, Error> {
    if !OPTIONS.iter().any(|(known, _)| *known == name) {
        return Err(Error::new(meta.path().span(), unknown(name)));
    }
    let example = OPTIONS.iter().find(|(known, _)| *known == name).map_or("", |(_, text)| text);
    let Meta::NameValue(pair) = meta else {
        return Err(Error::new(meta.span(), format!("`{name}` needs a value: `{example}`")));
    };
    let Expr::Lit(ExprLit { lit, .. }) = &pair.value else {
        return Err(Error::new(
            pair.value.span(),
            format!("`{name}` takes a literal: `{example}`"),
        ));
    };
    match name {
        "leaks" => {
            word(name, lit, &[("deny", quote!(Leaks::Deny)), ("allow", quote!(Leaks::Allow))])
                .map(|value| quote!(.leaks(::actor_testkit::__private::#value)))
        }
        "time" => {
            word(name, lit, &[("auto", quote!(Time::Auto)), ("manual", quote!(Time::Manual))])
                .map(|value| quote!(.time(::actor_testkit::__private::#value)))
        }
        _ => {
            let number = number(lit, name, example)?;
            let method = syn::Ident::new(name, meta.path().span());
            Ok(quote!(.#method(#number)))
        }
    }
}

/// A number; for all but the seed one that is not 0.
fn number(lit: &Lit, name: &str, example: &str) -> Result<Lit, Error> {
    let Lit::Int(number) = lit else {
        return Err(Error::new(lit.span(), format!("`{name}` takes a number: `{example}`")));
    };
    let value = number.base10_parse::<u64>()?;
    if value == 0 && name != "seed" {
        return Err(Error::new(lit.span(), format!("`{name}` must be at least 1: `{example}`")));
    }
    Ok(lit.clone())
}

/// One of two words.
fn word(name: &str, lit: &Lit, words: &[(&str, TokenStream2)]) -> Result<TokenStream2, Error> {
    let known: Vec<String> = words.iter().map(|(word, _)| format!("`\"{word}\"`")).collect();
    let known = known.join(" or ");
    let Lit::Str(text) = lit else {
        return Err(Error::new(lit.span(), format!("`{name}` is {known}")));
    };
    let value = text.value();
    match words.iter().find(|(word, _)| *word == value) {
        Some((_, tokens)) => Ok(tokens.clone()),
        None => Err(Error::new(lit.span(), format!("`{name}` is {known}, not `\"{value}\"`"))),
    }
}

/// What to say about an option that is not one.
fn unknown(name: &str) -> String {
    if PLANNED.contains(&name) {
        return format!("`{name}` is planned, but is not an option yet");
    }
    let nearest = OPTIONS.iter().map(|(known, _)| (distance(name, known), known)).min();
    match nearest {
        Some((distance, known)) if distance <= known.len().min(name.len()).div_ceil(2) => {
            format!("there is no option `{name}`; did you mean `{known}`?")
        }
        _ => {
            let known: Vec<String> =
                OPTIONS.iter().map(|(known, _)| format!("`{known}`")).collect();
            format!("there is no option `{name}`; the options are {}", known.join(", "))
        }
    }
}

/// How many letters one must insert, remove or change to get from one word to the other.
fn distance(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.chars().count()).collect();
    for (i, a) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in to.chars().enumerate() {
            let change = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(attr: TokenStream2, item: TokenStream2) -> String {
        expand(attr, item).to_string()
    }

    fn good() -> TokenStream2 {
        quote!(
            async fn it_works(t: TestKit) -> TestResult {
                Ok(())
            }
        )
    }

    #[test]
    fn a_function_becomes_a_test_of_the_same_name() {
        let text = expanded(quote!(schedules = 5, leaks = "allow"), good());
        assert!(syn::parse_str::<ItemFn>(&text).is_ok(), "{text}");
        for part in [
            "fn it_works ()",
            "async fn it_works (t : TestKit)",
            ". schedules (5)",
            "Leaks :: Allow",
        ] {
            assert!(text.contains(part), "{part} is missing in {text}");
        }
    }

    #[test]
    fn a_wrong_option_is_named_with_the_nearest_right_one() {
        let error = |attr| expanded(attr, good());
        assert!(error(quote!(schedule = 5)).contains("did you mean `schedules`?"));
        assert!(error(quote!(max_step = 5)).contains("did you mean `max_steps`?"));
        assert!(error(quote!(colour = 5)).contains("the options are `schedules`"));
        assert!(error(quote!(exhaustive)).contains("`exhaustive` is planned"));
        assert!(error(quote!(schedules)).contains("needs a value: `schedules = 64`"));
        assert!(error(quote!(schedules = "5")).contains("takes a number"));
        assert!(error(quote!(schedules = 0)).contains("at least 1"));
        assert!(error(quote!(seed = 1, seed = 2)).contains("`seed` is set twice"));
        assert!(error(quote!(time = "never")).contains("not `\\\"never\\\"`"));
    }

    #[test]
    fn a_function_that_cannot_be_a_test_is_refused_and_kept() {
        let error = |item| expanded(quote!(), item);
        assert!(
            error(quote!(
                fn f(t: TestKit) {}
            ))
            .contains("an actor test is async")
        );
        assert!(
            error(quote!(
                async fn f() {}
            ))
            .contains("takes the test kit")
        );
        assert!(
            error(quote!(
                async fn f<T>(t: TestKit) {}
            ))
            .contains("no generic parameters")
        );
        assert!(
            error(quote!(
                struct S;
            ))
            .contains("belongs on an async function")
        );
        assert!(
            error(quote!(
                fn f(t: TestKit) {}
            ))
            .contains("fn f (t : TestKit) { }")
        );
    }
}
