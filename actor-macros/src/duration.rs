//! Lengths of time as attributes write them: `"250ms"`, `"5s"`, `"2m"`, `"1h"`, or any expression
//! of type `Duration`.

use std::time::Duration;

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Expr, ExprLit, ExprRange, Lit, RangeLimits};

use crate::diagnose::Diagnostics;

/// A length of time in an attribute.
#[derive(Clone)]
pub(crate) enum Time {
    /// It was written out, and read at compile time.
    Literal(Duration),
    /// It is computed where it is used.
    Expr(Box<Expr>),
}

impl Time {
    /// Reads the value of `option`; a literal that is no length of time is reported.
    pub(crate) fn read(option: &str, value: &Expr, report: &Diagnostics) -> Option<Self> {
        let Expr::Lit(ExprLit { lit, .. }) = value else {
            return Some(Self::Expr(Box::new(value.clone())));
        };
        match lit {
            Lit::Str(text) => match parse(&text.value()) {
                Ok(length) => return Some(Self::Literal(length)),
                Err(reason) => report.on(lit, format!("`{option}`: {reason}")),
            },
            Lit::Int(number) => report.on(
                lit,
                format!(
                    "`{option}` needs a unit: write `{option} = \"{number}s\"` or \
                     `{option} = \"{number}ms\"`"
                ),
            ),
            _ => report.on(
                lit,
                format!(
                    "`{option}` takes a length of time: `\"5s\"`, or an expression of type \
                     `Duration`"
                ),
            ),
        }
        None
    }

    /// Reads `"100ms..30s"`, or a range of two lengths, each as [`read`](Self::read) takes it.
    pub(crate) fn read_two(
        option: &str,
        value: &Expr,
        report: &Diagnostics,
    ) -> Option<(Self, Self)> {
        if let Expr::Range(ExprRange {
            start: Some(first),
            limits: RangeLimits::HalfOpen(_),
            end: Some(last),
            ..
        }) = value
        {
            let (first, last) =
                (Self::read(option, first, report), Self::read(option, last, report));
            return first.zip(last);
        }
        if let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = value
            && let Some((first, last)) = text.value().split_once("..")
        {
            return match (parse(first), parse(last)) {
                (Ok(first), Ok(last)) => Some((Self::Literal(first), Self::Literal(last))),
                (Err(reason), _) | (_, Err(reason)) => {
                    report.on(text, format!("`{option}`: {reason}"));
                    None
                }
            };
        }
        report.on(
            value,
            format!(
                "`{option}` takes two lengths of time: `{option} = \"100ms..30s\"`, or \
                 `first..longest` of type `Duration`"
            ),
        );
        None
    }

    /// The tokens of the `Duration`; `private` is the path of the runtime's `__private`.
    pub(crate) fn tokens(&self, private: &TokenStream) -> TokenStream {
        match self {
            Self::Literal(length) => {
                let (seconds, nanos) = (length.as_secs(), length.subsec_nanos());
                quote!(#private::Duration::new(#seconds, #nanos))
            }
            Self::Expr(value) => value.to_token_stream(),
        }
    }

    /// Whether it is written as no time at all.
    pub(crate) fn is_zero(&self) -> bool {
        matches!(self, Self::Literal(length) if length.is_zero())
    }
}

/// Reads `"250ms"`, `"5s"`, `"1.5h"`; the error says what to write.
fn parse(text: &str) -> Result<Duration, String> {
    const UNITS: [(&str, f64); 6] =
        [("ms", 1e-3), ("us", 1e-6), ("ns", 1e-9), ("s", 1.0), ("m", 60.0), ("h", 3600.0)];
    let forms = "write a number and one of `ms`, `s`, `m`, `h`, as in `\"250ms\"` or `\"5s\"`";
    let text = text.trim();
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = (&text[..split], text[split..].trim());
    let Ok(number) = number.parse::<f64>() else {
        return Err(format!("`{text}` is no length of time: {forms}"));
    };
    if unit.is_empty() {
        return Err(format!("`{text}` has no unit: {forms}"));
    }
    let Some((_, scale)) = UNITS.iter().find(|(name, _)| *name == unit) else {
        return Err(format!("`{unit}` is no unit of time: {forms}"));
    };
    Duration::try_from_secs_f64(number * scale).map_err(|_| format!("`{text}` is too long"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_is_read() {
        for (text, length) in [
            ("250ms", Duration::from_millis(250)),
            ("5s", Duration::from_secs(5)),
            ("2m", Duration::from_secs(120)),
            ("1h", Duration::from_secs(3600)),
            ("1.5s", Duration::from_millis(1500)),
            (" 10 s ", Duration::from_secs(10)),
            ("0s", Duration::ZERO),
        ] {
            assert_eq!(parse(text), Ok(length), "{text}");
        }
    }

    #[test]
    fn a_number_without_a_unit_is_refused_with_the_forms() {
        let error = parse("5").unwrap_err();
        assert!(error.contains("has no unit") && error.contains("\"5s\""), "{error}");
    }

    #[test]
    fn nonsense_and_unknown_units_are_refused() {
        assert!(parse("soon").unwrap_err().contains("is no length of time"));
        assert!(parse("5 days").unwrap_err().contains("`days` is no unit"));
        assert!(parse("-1s").unwrap_err().contains("is no length of time"));
        assert!(parse("99999999999999999999h").unwrap_err().contains("too long"));
    }
}
