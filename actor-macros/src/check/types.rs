//! What a message, a reply or a start argument may be made of: values that own what they hold,
//! since they outlive the stack frame that made them.

use quote::ToTokens;
use syn::visit_mut::{self, VisitMut};
use syn::{
    Lifetime, ParenthesizedGenericArguments, TraitBound, Type, TypeFnPtr, TypeImplTrait, TypeInfer,
    TypePath, TypeReference,
};

use crate::diagnose::Diagnostics;
use crate::names::{last_segment, pretty, type_arguments};

/// Where a type stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// A parameter of a handler.
    Argument,
    /// What a call gives back.
    Reply,
    /// A start argument of a dynamic child.
    Start,
    /// What a child method makes.
    Child,
}

impl Place {
    /// Why nothing can be borrowed there.
    fn reason(self) -> &'static str {
        match self {
            Self::Argument => "messages outlive the caller",
            Self::Reply => "replies outlive the handler",
            Self::Start => "start arguments outlive the caller",
            Self::Child => "a process owns its state",
        }
    }
}

/// Reports everything in `ty` that borrows, is unsized or is not written out.
pub(crate) fn check_owned(ty: &Type, place: Place, report: &Diagnostics) {
    let mut ty = ty.clone();
    if let Some(advice) = unsized_advice(&ty) {
        report.on(&ty, format!("`{}` has no size of its own: {advice}", pretty(&ty)));
    }
    Owned { place, report }.visit_type_mut(&mut ty);
}

/// What to write for a type that only exists behind a pointer.
fn unsized_advice(ty: &Type) -> Option<String> {
    let inner = pretty(ty);
    match ty {
        Type::TraitObject(object) if object.dyn_token.is_some() => {
            Some(format!("take `Box<{inner}>`, with `+ Send` where it has none"))
        }
        Type::Slice(slice) => Some(format!("take `Vec<{}>`", pretty(&slice.elem))),
        Type::Path(_) if inner == "str" => Some("take `String`".to_owned()),
        _ => None,
    }
}

/// What to write instead of a reference.
fn owned_advice(reference: &TypeReference) -> String {
    let elem = &*reference.elem;
    let name = last_segment(elem).map(|(ident, _)| ident.to_string()).unwrap_or_default();
    match (elem, name.as_str()) {
        (_, "str") => "`String` or `Arc<str>`".to_owned(),
        (_, "Path") => "`PathBuf`".to_owned(),
        (_, "OsStr") => "`OsString`".to_owned(),
        (Type::Slice(slice), _) => {
            let elem = pretty(&slice.elem);
            format!("`Vec<{elem}>` or `Arc<[{elem}]>`")
        }
        (Type::TraitObject(_), _) => format!("`Box<{}>`", pretty(elem)),
        _ => format!("`{0}` or `Arc<{0}>`", pretty(elem)),
    }
}

/// What to write for the well-known types that are not `Send`. Others are rustc's to report, at
/// much greater length.
fn sendable_advice(name: &str) -> Option<&'static str> {
    match name {
        "Rc" => Some("share it in an `Arc`"),
        "MutexGuard" | "RwLockReadGuard" | "RwLockWriteGuard" => {
            Some("the lock is this thread's; send what it guards")
        }
        _ => None,
    }
}

/// Std's types that are `Send` only if what they hold is.
const HOLDERS: [&str; 17] = [
    "Option",
    "Result",
    "Vec",
    "VecDeque",
    "HashMap",
    "HashSet",
    "BTreeMap",
    "BTreeSet",
    "BinaryHeap",
    "Box",
    "Arc",
    "Cell",
    "RefCell",
    "OnceCell",
    "Mutex",
    "RwLock",
    "ManuallyDrop",
];

/// Reports a well-known type that is not `Send` in a process's state. What an unknown type holds is
/// its own business: it may well make it `Send`.
pub(crate) fn check_state(ty: &Type, report: &Diagnostics) {
    match ty {
        Type::Tuple(tuple) => tuple.elems.iter().for_each(|one| check_state(one, report)),
        Type::Array(array) => check_state(&array.elem, report),
        _ => {
            let Some((name, arguments)) = last_segment(ty) else { return };
            let text = name.to_string();
            if let Some(advice) = sendable_advice(&text) {
                let text = format!(
                    "a process runs on any thread, so its state cannot hold `{name}`: {advice}"
                );
                report.on(ty, text);
            } else if HOLDERS.contains(&text.as_str()) {
                type_arguments(arguments).into_iter().for_each(|one| check_state(one, report));
            }
        }
    }
}

struct Owned<'a> {
    place: Place,
    report: &'a Diagnostics,
}

impl VisitMut for Owned<'_> {
    fn visit_type_reference_mut(&mut self, reference: &mut TypeReference) {
        let is_static = reference.lifetime.as_ref().is_some_and(|name| name.ident == "static");
        if !is_static || reference.mutability.is_some() {
            let advice = owned_advice(reference);
            let reason = self.place.reason();
            let returned = matches!(self.place, Place::Reply | Place::Child);
            let verb = if returned { "return" } else { "take" };
            self.report.on(&*reference, format!("{reason}: {verb} {advice}"));
            return;
        }
        self.visit_type_mut(&mut reference.elem);
    }

    fn visit_lifetime_mut(&mut self, lifetime: &mut Lifetime) {
        if lifetime.ident != "static" {
            let text = format!(
                "{}: `'static` is the only lifetime here; own the data, or share \
                 it in an `Arc`",
                self.place.reason()
            );
            self.report.on(lifetime.to_token_stream(), text);
        }
    }

    fn visit_type_impl_trait_mut(&mut self, ty: &mut TypeImplTrait) {
        let bounds = pretty(&ty.bounds);
        let into = bounds.strip_prefix("Into<").and_then(|rest| rest.strip_suffix('>'));
        let text = match (self.place, into) {
            (Place::Argument, Some(into)) => format!(
                "a message's field needs one type: take `{into}`, and let the caller convert"
            ),
            (Place::Reply, _) => format!(
                "a reply needs one type: return a collection such as `Vec`, or `Box<dyn {bounds}>`"
            ),
            (Place::Child, _) => {
                "a child is found by its type: write it out instead of `impl ..`".into()
            }
            _ => format!(
                "a message's field needs one type: name it, take `Box<dyn {bounds}>`, or \
                 make it a parameter of the `impl` block"
            ),
        };
        self.report.on(&*ty, text);
    }

    fn visit_type_path_mut(&mut self, ty: &mut TypePath) {
        let segments = &ty.path.segments;
        if let Some(last) = segments.last()
            && let Some(advice) = sendable_advice(&last.ident.to_string())
        {
            let text = format!("`{}` cannot be sent to another process: {advice}", last.ident);
            self.report.on(&*ty, text);
            return;
        }
        visit_mut::visit_type_path_mut(self, ty);
    }

    fn visit_type_infer_mut(&mut self, ty: &mut TypeInfer) {
        self.report.on(&*ty, "this needs one type: write it out instead of `_`");
    }

    fn visit_trait_bound_mut(&mut self, bound: &mut TraitBound) {
        // `for<'a> Fn(&'a str)` declares its own lifetimes.
        if bound.lifetimes.is_none() {
            visit_mut::visit_trait_bound_mut(self, bound);
        }
    }

    // Lifetimes in the parameters of functions belong to each of their calls.
    fn visit_type_fn_ptr_mut(&mut self, _: &mut TypeFnPtr) {}
    fn visit_parenthesized_generic_arguments_mut(&mut self, _: &mut ParenthesizedGenericArguments) {
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_quote;

    fn errors(ty: &Type) -> String {
        let report = Diagnostics::new();
        check_owned(ty, Place::Argument, &report);
        report.finish().to_string()
    }

    #[test]
    fn owned_types_pass() {
        let types: [Type; 8] = [
            parse_quote!(String),
            parse_quote!(&'static str),
            parse_quote!(Cow<'static, str>),
            parse_quote!(Box<dyn Fn(&str) -> bool + Send>),
            parse_quote!(for<'a> fn(&'a str) -> &'a str),
            parse_quote!(Arc<[u8]>),
            parse_quote!([u8; N]),
            parse_quote!(Box<dyn for<'a> Visit<'a> + Send>),
        ];
        for ty in &types {
            assert_eq!(errors(ty), "", "{}", pretty(ty));
        }
    }

    #[test]
    fn a_reference_is_found_at_any_depth_with_its_owned_form() {
        assert!(errors(&parse_quote!(&str)).contains("take `String` or `Arc<str>`"));
        assert!(errors(&parse_quote!(Option<&[u8]>)).contains("`Vec<u8>` or `Arc<[u8]>`"));
        assert!(errors(&parse_quote!((u8, Vec<&mut Thing>))).contains("`Thing` or `Arc<Thing>`"));
        assert!(errors(&parse_quote!(&'a Path)).contains("`PathBuf`"));
    }

    #[test]
    fn a_hidden_lifetime_is_found() {
        assert!(errors(&parse_quote!(Cow<'_, str>)).contains("only lifetime"));
    }

    #[test]
    fn state_that_is_bound_to_a_thread_is_found_where_its_holder_is_known() {
        let errors = |ty: Type| {
            let report = Diagnostics::new();
            check_state(&ty, &report);
            report.finish().to_string()
        };
        assert!(errors(parse_quote!(Option<(u8, Vec<Rc<str>>)>)).contains("share it in an `Arc`"));
        assert_eq!(errors(parse_quote!(Arc<str>)), "");
        assert_eq!(errors(parse_quote!(Fragile<Rc<str>>)), "");
        assert_eq!(errors(parse_quote!(fn() -> Rc<str>)), "");
    }

    #[test]
    fn types_without_a_size_get_their_box() {
        assert!(errors(&parse_quote!(dyn Job)).contains("take `Box<dyn Job>`"));
        assert!(errors(&parse_quote!([u8])).contains("take `Vec<u8>`"));
        assert!(errors(&parse_quote!(str)).contains("take `String`"));
    }
}
