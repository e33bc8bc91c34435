//! Marker attributes: `#[call]`, `#[init]`, `#[child]` and so on. Each method has at most one.

use syn::Attribute;

use crate::diagnose::Diagnostics;
use crate::parse::block::Method;

/// A marker taken off a method.
pub(crate) struct Marker {
    /// Which one, as an index into the list that was asked for.
    pub(crate) which: usize,
    /// The attribute itself.
    pub(crate) attr: Attribute,
}

/// Takes the markers named in `known` off `method`; more than one is reported, the first counts.
pub(crate) fn take(method: &mut Method, known: &[&str], report: &Diagnostics) -> Option<Marker> {
    let mut found: Option<Marker> = None;
    for attr in std::mem::take(&mut method.attrs) {
        let Some(which) = known.iter().position(|name| is(&attr, name)) else {
            method.attrs.push(attr);
            continue;
        };
        match &found {
            None => found = Some(Marker { which, attr }),
            Some(first) => {
                let (a, b) = (known[first.which], known[which]);
                let text = if a == b {
                    format!("`#[{a}]` stands twice on `{}`: remove one", method.sig.ident)
                } else {
                    format!(
                        "`{}` cannot be both `#[{a}]` and `#[{b}]`: remove one, or write two \
                         methods",
                        method.sig.ident
                    )
                };
                report.on(&attr, text);
                report.on(&first.attr, format!("the first marker of `{}`", method.sig.ident));
            }
        }
    }
    found
}

/// Whether `attr` is the marker `name`: by itself, or by a path through `attr`.
pub(crate) fn is(attr: &Attribute, name: &str) -> bool {
    let segments = &attr.path().segments;
    let last = segments.last().is_some_and(|segment| segment.ident == name);
    let through = segments.iter().rev().nth(1);
    last && through.is_none_or(|segment| segment.ident == "attr")
}
