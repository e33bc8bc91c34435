//! The type an `impl` block is for, and `Self` written out.

use syn::visit_mut::{self, VisitMut};
use syn::{GenericParam, Generics, ItemImpl, Path, QSelf, Type, TypePath};

use crate::diagnose::Diagnostics;
use crate::model::Subject;
use crate::names;

/// Reads the head of a block under `attribute`.
pub(crate) fn read(
    attribute: &str,
    head: &ItemImpl,
    krate: Path,
    report: &Diagnostics,
) -> Option<Subject> {
    if let Some((path, _)) = &head.trait_ {
        report.on(
            path,
            format!(
                "`{attribute}` goes on the type's own block, not on a trait's: write \
                 `impl {} {{ .. }}`",
                names::pretty(&head.self_ty)
            ),
        );
        return None;
    }
    for param in &head.generics.params {
        if let GenericParam::Lifetime(lifetime) = param {
            report.on(
                lifetime,
                "a process outlives whoever starts it, so its type cannot borrow: own the data, or \
                 share it in an `Arc`",
            );
        }
    }
    if head.generics.lifetimes().next().is_some() {
        return None;
    }
    let path = plain_path(&head.self_ty);
    let Some((path, ident)) = path.and_then(|path| Some((path, path.path.segments.last()?))) else {
        report.on(
            &head.self_ty,
            format!("`{attribute}` needs a struct or enum of this crate by its name"),
        );
        return None;
    };
    let ident = ident.ident.clone();
    let reference = names::renamed(path, &names::ref_name(&ident));
    let generics = generics_without_self(&head.generics, path);
    Some(Subject { krate, generics, path: path.clone(), ident, reference })
}

fn plain_path(ty: &Type) -> Option<&TypePath> {
    match ty {
        Type::Path(path) if path.qself.is_none() => Some(path),
        Type::Group(group) => plain_path(&group.elem),
        Type::Paren(paren) => plain_path(&paren.elem),
        _ => None,
    }
}

/// `ty` with `Self` written as the subject.
pub(crate) fn without_self(ty: &Type, subject: &TypePath) -> Type {
    let mut ty = ty.clone();
    WriteOut { subject }.visit_type_mut(&mut ty);
    ty
}

/// `generics` with `Self` written as the subject.
fn generics_without_self(generics: &Generics, subject: &TypePath) -> Generics {
    let mut generics = generics.clone();
    WriteOut { subject }.visit_generics_mut(&mut generics);
    generics
}

struct WriteOut<'a> {
    subject: &'a TypePath,
}

impl VisitMut for WriteOut<'_> {
    fn visit_type_path_mut(&mut self, ty: &mut TypePath) {
        visit_mut::visit_type_path_mut(self, ty);
        let first = ty.path.segments.first();
        let starts = first.is_some_and(|s| s.ident == "Self" && s.arguments.is_none());
        if ty.qself.is_some() || !starts {
            return;
        }
        if ty.path.segments.len() == 1 {
            *ty = self.subject.clone();
            return;
        }
        // `Self::Item` becomes `<Account>::Item`.
        let rest = ty.path.segments.iter().skip(1).cloned();
        let segments = rest.collect();
        let subject = Box::new(Type::Path(self.subject.clone()));
        let span = self.subject.path.segments.first().map(|s| s.ident.span());
        let span = span.unwrap_or_else(proc_macro2::Span::call_site);
        ty.qself = Some(QSelf {
            lt_token: syn::Token![<](span),
            ty: subject,
            position: 0,
            as_token: None,
            gt_token: syn::Token![>](span),
        });
        ty.path = Path { leading_colon: Some(syn::Token![::](span)), segments };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_quote;

    #[test]
    fn self_is_written_out_at_any_depth() {
        let subject: TypePath = parse_quote!(Cache<K>);
        let ty = without_self(&parse_quote!(Vec<(Self, Box<dyn Fn(Self) -> u8>)>), &subject);
        assert_eq!(names::pretty(ty), "Vec<(Cache<K>, Box<dyn Fn(Cache<K>) -> u8>)>");
    }

    #[test]
    fn an_associated_type_of_self_is_qualified() {
        let subject: TypePath = parse_quote!(Cache);
        let ty = without_self(&parse_quote!(Self::Key), &subject);
        assert_eq!(quote::quote!(#ty).to_string(), "< Cache > :: Key");
    }
}
