//! The `key`, `key = value`, `key(..)` lists of attributes.
//!
//! A list is read whole: unknown keys (with the nearest known one) and repeated keys (at both
//! places) are reported and left out, the rest is kept.

use proc_macro2::{Span, TokenStream};
use syn::ext::IdentExt as _;
use syn::parse::{Parse, ParseStream, Parser as _};
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, ExprLit, Ident, Lit, LitStr, Meta, Path, Token, parenthesized};

use crate::diagnose::{Diagnostics, hint};
use crate::duration::Time;

/// One entry of a list.
pub(crate) struct Entry {
    /// The option's name.
    pub(crate) key: Ident,
    /// What it is set to.
    pub(crate) value: Value,
}

/// The right side of an entry.
pub(crate) enum Value {
    /// `key`
    Flag,
    /// `key = value`
    Expr(Box<Expr>),
    /// `key(tokens)`
    List(TokenStream),
}

impl Parse for Entry {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let key = input.call(Ident::parse_any)?;
        let value = if input.peek(Token![=]) {
            input.parse::<Token![=]>()?;
            Value::Expr(input.parse()?)
        } else if input.peek(syn::token::Paren) {
            let content;
            parenthesized!(content in input);
            Value::List(content.parse()?)
        } else {
            Value::Flag
        };
        Ok(Self { key, value })
    }
}

/// The options of one attribute.
pub(crate) struct Options {
    /// The attribute as messages name it: `#[call]`.
    attribute: String,
    entries: Vec<Entry>,
}

impl Options {
    /// Reads the list of `attribute` (written as in `#[call]`), of which `known` are the options.
    pub(crate) fn read(
        attribute: &str,
        tokens: TokenStream,
        known: &[&str],
        report: &Diagnostics,
    ) -> Self {
        let list = Punctuated::<Entry, Token![,]>::parse_terminated.parse2(tokens);
        let mut options = Self { attribute: attribute.to_owned(), entries: Vec::new() };
        match list {
            Ok(entries) => entries.into_iter().for_each(|entry| options.add(entry, known, report)),
            Err(error) => report.at(
                error.span(),
                format!("cannot read the options of `{attribute}` ({error}): write `key = value`"),
            ),
        }
        options
    }

    /// Reads the list of an attribute on an item or method.
    pub(crate) fn of(
        attribute: &str,
        attr: &Attribute,
        known: &[&str],
        report: &Diagnostics,
    ) -> Self {
        let tokens = match &attr.meta {
            Meta::Path(_) => TokenStream::new(),
            Meta::List(list) => list.tokens.clone(),
            Meta::NameValue(pair) => {
                let form = attribute.trim_end_matches(']');
                report.on(pair, format!("write the options in parentheses: `{form}(..)]`"));
                TokenStream::new()
            }
        };
        Self::read(attribute, tokens, known, report)
    }

    fn add(&mut self, entry: Entry, known: &[&str], report: &Diagnostics) {
        let key = entry.key.to_string();
        let attribute = &self.attribute;
        if known.is_empty() {
            report.at(entry.key.span(), format!("`{attribute}` takes no options"));
        } else if !known.contains(&key.as_str()) {
            let hint = hint(&key, known);
            report.at(entry.key.span(), format!("`{attribute}` has no option `{key}`: {hint}"));
        } else if let Some(first) = self.entries.iter().find(|other| other.key == entry.key) {
            report.at(entry.key.span(), format!("`{key}` is set twice: remove one of the two"));
            report.at(first.key.span(), format!("`{key}` is set here first"));
        } else {
            self.entries.push(entry);
        }
    }

    /// Takes an option out.
    fn take(&mut self, key: &str) -> Option<Entry> {
        let at = self.entries.iter().position(|entry| entry.key == key)?;
        Some(self.entries.swap_remove(at))
    }

    /// The place of an option's name, if it is set.
    pub(crate) fn span_of(&self, key: &str) -> Option<Span> {
        self.entries.iter().find(|entry| entry.key == key).map(|entry| entry.key.span())
    }

    /// `key`: present or not.
    pub(crate) fn flag(&mut self, key: &str, report: &Diagnostics) -> Option<Span> {
        let entry = self.take(key)?;
        if !matches!(entry.value, Value::Flag) {
            report.at(entry.key.span(), format!("`{key}` takes no value: write `{key}` alone"));
        }
        Some(entry.key.span())
    }

    /// `key = value`.
    pub(crate) fn expr(&mut self, key: &str, report: &Diagnostics) -> Option<Expr> {
        let entry = self.take(key)?;
        if let Value::Expr(value) = entry.value {
            return Some(*value);
        }
        report.at(entry.key.span(), format!("`{key}` needs a value: write `{key} = ..`"));
        None
    }

    /// `key`, or `key = value`: whether it is set, and to what.
    pub(crate) fn flag_or_expr(&mut self, key: &str, report: &Diagnostics) -> Option<Option<Expr>> {
        let entry = self.take(key)?;
        match entry.value {
            Value::Flag => Some(None),
            Value::Expr(value) => Some(Some(*value)),
            Value::List(_) => {
                let text = format!("`{key}` takes no list: write `{key}`, or `{key} = ..`");
                report.at(entry.key.span(), text);
                None
            }
        }
    }

    /// `key(tokens)`.
    pub(crate) fn list(&mut self, key: &str, report: &Diagnostics) -> Option<TokenStream> {
        let entry = self.take(key)?;
        if let Value::List(tokens) = entry.value {
            return Some(tokens);
        }
        report.at(entry.key.span(), format!("`{key}` takes a list: write `{key}(..)`"));
        None
    }

    /// `key = path`.
    pub(crate) fn path(&mut self, key: &str, report: &Diagnostics) -> Option<Path> {
        match self.expr(key, report)? {
            Expr::Path(value) if value.qself.is_none() => Some(value.path),
            other => {
                report.on(other, format!("`{key}` takes a path, as in `{key} = ::actor_core`"));
                None
            }
        }
    }

    /// `key = "text"`.
    pub(crate) fn text(&mut self, key: &str, report: &Diagnostics) -> Option<LitStr> {
        match self.expr(key, report)? {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text),
            other => {
                let written = crate::names::pretty(&other);
                report.on(other, format!("`{key}` takes a text: write `{key} = \"{written}\"`"));
                None
            }
        }
    }

    /// `key = name`, one identifier.
    pub(crate) fn name(&mut self, key: &str, report: &Diagnostics) -> Option<Ident> {
        let value = self.expr(key, report)?;
        let name = word(&value).cloned();
        if name.is_none() {
            report.on(value, format!("`{key}` takes a name, as in `{key} = AdminMessage`"));
        }
        name
    }

    /// `key = time`.
    pub(crate) fn time(&mut self, key: &str, report: &Diagnostics) -> Option<Time> {
        let value = self.expr(key, report)?;
        Time::read(key, &value, report)
    }

    /// `key = "time..time"`, or a range of two.
    pub(crate) fn times(&mut self, key: &str, report: &Diagnostics) -> Option<(Time, Time)> {
        let value = self.expr(key, report)?;
        Time::read_two(key, &value, report)
    }

    /// `key = word`, where `words` are all that may stand there; the index of the one that does.
    pub(crate) fn choice(
        &mut self,
        key: &str,
        words: &[&str],
        report: &Diagnostics,
    ) -> Option<usize> {
        let value = self.expr(key, report)?;
        let given = match &value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => text.value(),
            other => word(other).map(ToString::to_string).unwrap_or_default(),
        };
        let found = words.iter().position(|word| *word == given);
        if found.is_none() {
            let written = crate::names::pretty(&value);
            let hint = hint(&given, words);
            report.on(value, format!("`{key}` cannot be `{written}`: {hint}"));
        }
        found
    }
}

/// `::actor_core`, unless an option says otherwise.
pub(crate) fn default_crate() -> Path {
    syn::parse_quote!(::actor_core)
}

/// The identifier that is all of `value`.
pub(crate) fn word(value: &Expr) -> Option<&Ident> {
    match value {
        Expr::Path(path) if path.qself.is_none() => path.path.get_ident(),
        _ => None,
    }
}
