//! A type under `#[derive(Application)]`: its fields are what its environment says.

use proc_macro2::TokenStream;
use syn::{Attribute, Data, DeriveInput, Expr, ExprLit, Field, Ident, Lit, LitStr, Type};

use super::derived;
use crate::diagnose::Diagnostics;
use crate::duration::Time;
use crate::model::application::{Config, Read, Setting, Unset};
use crate::names::{last_segment, pretty, type_arguments};
use crate::parse::options::{Options, default_crate};

/// The helper attribute: on a field, and for `crate` on the type.
const HELPER: &str = "env";

/// The options of `#[env(..)]` on a field.
const OPTIONS: [&str; 4] = ["key", "default", "with", "skip"];

/// Reads a type; `None` if it can be no application, which is reported.
pub(crate) fn read(item: TokenStream, report: &Diagnostics) -> Option<Config> {
    let input: DeriveInput = match syn::parse2(item) {
        Ok(input) => input,
        Err(error) => {
            report.push(error);
            return None;
        }
    };
    if !input.generics.params.is_empty() {
        report.on(
            &input.generics.params,
            "an application is known by its one name, so its type takes no parameters: use \
             concrete types",
        );
        return None;
    }
    let before = report.count();
    let Data::Struct(data) = &input.data else {
        report.on(
            &input.ident,
            "an application is a struct, whose fields are its configuration: `struct Shop { tills: \
             usize }`, or `struct Shop;`",
        );
        return None;
    };
    let mut krate = default_crate();
    for attr in helpers(&input.attrs) {
        let mut options = Options::of("#[env]", attr, &["crate"], report);
        krate = derived::krate(&mut options, report).unwrap_or(krate);
    }
    let settings = data.fields.iter().filter_map(|field| setting(field, report)).collect();
    let sound = report.count() == before;
    Some(Config { krate, ident: input.ident, settings, sound })
}

fn helpers(attrs: &[Attribute]) -> impl Iterator<Item = &Attribute> {
    attrs.iter().filter(|attr| attr.path().is_ident(HELPER))
}

fn setting(field: &Field, report: &Diagnostics) -> Option<Setting> {
    let Some(name) = &field.ident else {
        report.on(
            field,
            "what an application is configured by has a name: write it as a field, as in \
             `struct Shop { tills: usize }`",
        );
        return None;
    };
    let mut options = Options::read("#[env]", TokenStream::new(), &OPTIONS, report);
    for (nth, attr) in helpers(&field.attrs).enumerate() {
        if nth > 0 {
            report.on(attr, format!("`{name}` has an `#[env(..)]` already: write one list"));
        } else {
            options = Options::of("#[env]", attr, &OPTIONS, report);
        }
    }
    let skip = options.flag("skip", report);
    let others = ["key", "default", "with"].into_iter().find_map(|one| options.span_of(one));
    if let (Some(at), Some(_)) = (others, skip) {
        let text = format!("`{name}` is not read from the environment: remove this, or `skip`");
        report.at(at, text);
    }
    let key = key(&mut options, name, report);
    let default_at = options.span_of("default");
    let default = options.flag_or_expr("default", report);
    let with = options.expr("with", report);
    let option = inside_option(&field.ty);
    if let (Some(at), Some(inner)) = (default_at, option) {
        report.at(
            at,
            format!(
                "an `Option` is `None` if nobody sets it: remove `default`, or write `{name}: {}`",
                pretty(inner)
            ),
        );
    }
    let ty = option.unwrap_or(&field.ty).clone();
    let read = match with {
        Some(with) => Read::With(Box::new(with)),
        None if is_duration(&ty) => Read::Duration,
        None => Read::FromStr,
    };
    let unset = match (skip, option, default) {
        (Some(_), ..) => Unset::Skipped,
        (None, Some(_), _) => Unset::Absent,
        (None, None, Some(Some(value))) => self::default(value, &ty, report)?,
        (None, None, Some(None)) => Unset::Default,
        (None, None, None) => Unset::Refused,
    };
    let cfgs = field.attrs.iter().filter(|attr| attr.path().is_ident("cfg")).cloned().collect();
    Some(Setting { field: name.clone(), cfgs, key, ty, read, unset })
}

/// `key = "max.size"`, or the field's name.
fn key(options: &mut Options, field: &Ident, report: &Diagnostics) -> LitStr {
    let name = syn::ext::IdentExt::unraw(field).to_string();
    let own = LitStr::new(&name, field.span());
    let at = options.span_of("key");
    match (at, options.text("key", report)) {
        (Some(at), Some(key)) if !key.value().contains(|c: char| c.is_ascii_alphanumeric()) => {
            report.at(at, "`key` needs a letter or a digit: it becomes the name of a variable");
            own
        }
        (_, key) => key.unwrap_or(own),
    }
}

/// `T` of `Option<T>`.
fn inside_option(ty: &Type) -> Option<&Type> {
    let (name, arguments) = last_segment(ty)?;
    match (name == "Option", &*type_arguments(arguments)) {
        (true, [inner]) => Some(inner),
        _ => None,
    }
}

/// `default = value`.
fn default(value: Expr, ty: &Type, report: &Diagnostics) -> Option<Unset> {
    if is_duration(ty) {
        return Time::read("default", &value, report).map(Unset::Time);
    }
    let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = value else {
        return Some(Unset::Value(Box::new(value)));
    };
    if let Type::Path(path) = ty
        && path.path.get_ident().is_some_and(|name| NUMBERS.iter().any(|number| name == number))
    {
        let (ty, value) = (pretty(ty), text.value());
        report.on(&text, format!("this text is no `{ty}`: write `default = {value}`"));
        return None;
    }
    Some(Unset::Text(text))
}

/// The types whose values are no texts.
const NUMBERS: [&str; 15] = [
    "bool", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize",
    "f32", "f64",
];

/// Whether a type is the one that is read as `"5s"` is.
fn is_duration(ty: &Type) -> bool {
    last_segment(ty).is_some_and(|(name, arguments)| name == "Duration" && arguments.is_none())
}
