//! `impl` blocks. Bodies stay tokens: the macro has no use for their syntax, their spans must not
//! change, and a half-typed body must not cost the user the completion of everything else.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::parse::discouraged::Speculative as _;
use syn::parse::{Parse, ParseStream, Parser as _};
use syn::{Attribute, ImplItem, ItemImpl, Signature, Visibility};

use crate::diagnose::Diagnostics;

/// An `impl` block whose methods can be looked at and written out again.
pub(crate) struct ImplBlock {
    /// All but the members.
    pub(crate) head: ItemImpl,
    /// The members in order.
    pub(crate) members: Vec<Member>,
}

/// What stands in an `impl` block.
pub(crate) enum Member {
    /// A function.
    Method(Box<Method>),
    /// Anything else, as written.
    Other(TokenStream),
}

/// A function of an `impl` block.
pub(crate) struct Method {
    /// Its attributes; `lower` takes the markers out.
    pub(crate) attrs: Vec<Attribute>,
    /// Its visibility.
    pub(crate) vis: Visibility,
    /// All between the visibility and the body.
    pub(crate) sig: Signature,
    /// The braces and what is in them.
    pub(crate) body: Group,
}

impl ImplBlock {
    /// Reads an `impl` block; what cannot be read is reported.
    pub(crate) fn read(attribute: &str, item: TokenStream, report: &Diagnostics) -> Option<Self> {
        let mut tokens: Vec<TokenTree> = item.clone().into_iter().collect();
        let body = match tokens.pop() {
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => group,
            _ => return refuse(attribute, &item, report),
        };
        let mut braces = Group::new(Delimiter::Brace, TokenStream::new());
        braces.set_span(body.span());
        tokens.push(TokenTree::Group(braces));
        let Ok(head) = syn::parse2::<ItemImpl>(tokens.into_iter().collect()) else {
            return refuse(attribute, &item, report);
        };
        let (members, error) =
            members.parse2(body.stream()).unwrap_or_else(|error| (Vec::new(), Some(error)));
        if let Some(error) = error {
            report.push(error);
        }
        Some(Self { head, members })
    }

    /// The methods.
    pub(crate) fn methods_mut(&mut self) -> impl Iterator<Item = &mut Method> {
        self.members.iter_mut().filter_map(|member| match member {
            Member::Method(method) => Some(&mut **method),
            Member::Other(_) => None,
        })
    }
}

/// Reports that `attribute` stands on something else than an `impl` block.
fn refuse(attribute: &str, item: &TokenStream, report: &Diagnostics) -> Option<ImplBlock> {
    let first = item.clone().into_iter().find(|token| !matches!(token, TokenTree::Punct(_)));
    report.on(
        first,
        format!(
            "`{attribute}` goes on an `impl` block of the type: `{attribute} impl Account {{ .. }}`"
        ),
    );
    None
}

/// All members; after one that is no Rust, the rest as it is, with the error.
fn members(input: ParseStream<'_>) -> syn::Result<(Vec<Member>, Option<syn::Error>)> {
    let mut members = Vec::new();
    while !input.is_empty() {
        let fork = input.fork();
        match fork.parse() {
            Ok(member) => {
                input.advance_to(&fork);
                members.push(member);
            }
            Err(error) => {
                members.push(Member::Other(input.parse()?));
                return Ok((members, Some(error)));
            }
        }
    }
    Ok((members, None))
}

impl Parse for Member {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let fork = input.fork();
        if let Ok(method) = fork.parse::<Method>() {
            input.advance_to(&fork);
            return Ok(Self::Method(Box::new(method)));
        }
        Ok(Self::Other(input.parse::<ImplItem>()?.into_token_stream()))
    }
}

impl Parse for Method {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attrs = input.call(Attribute::parse_outer)?;
        let vis = input.parse()?;
        let sig = input.parse()?;
        match input.parse()? {
            TokenTree::Group(body) if body.delimiter() == Delimiter::Brace => {
                Ok(Self { attrs, vis, sig, body })
            }
            other => Err(syn::Error::new(other.span(), "expected the body of the function")),
        }
    }
}

impl ToTokens for ImplBlock {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let mut block = self.head.clone();
        block.items =
            self.members.iter().map(|m| ImplItem::Verbatim(m.to_token_stream())).collect();
        block.to_tokens(tokens);
    }
}

impl ToTokens for Member {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match self {
            Self::Other(other) => other.to_tokens(tokens),
            Self::Method(method) => {
                let Method { attrs, vis, sig, body } = &**method;
                tokens.extend(quote!(#(#attrs)* #vis #sig #body));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_half_typed_body_is_no_error() {
        let report = Diagnostics::new();
        let item = quote!(impl A { fn f(&self) { let x = self. } const N: u8 = 1; });
        let block = ImplBlock::read("#[handlers]", item, &report).expect("the block is read");
        assert_eq!(block.members.len(), 2);
        assert!(report.finish().is_empty());
    }

    #[test]
    fn the_block_is_written_out_as_it_was_read() {
        let report = Diagnostics::new();
        let item = quote! {
            #[allow(unused)]
            impl<K: Ord> path::Cache<K> where K: Send {
                /// Docs.
                #[inline] pub(crate) async fn f(&self, x: u8) -> u8 { x + 1 }
                type X = u8;
            }
        };
        let block = ImplBlock::read("#[handlers]", item.clone(), &report).expect("it is read");
        assert_eq!(block.to_token_stream().to_string(), item.to_string());
        assert!(report.finish().is_empty());
    }
}
