//! Names: how a method's name becomes a variant's, a type's name its ref's, and how types are
//! written in messages. Pure functions over identifiers; each generated name keeps the span of the
//! name it came from, so that "go to definition" lands on the user's method.

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident};
use syn::ext::IdentExt as _;
use syn::{Ident, PathArguments, Type, TypePath};

/// The variant of a handler: `set_limit` gives `SetLimit`, `r#type` gives `Type`.
pub(crate) fn variant(method: &Ident) -> Ident {
    let camel = camel_case(&method.unraw().to_string());
    Ident::new(&camel, method.span())
}

/// Words joined by `_` written in CamelCase; always a valid identifier that is not a keyword.
fn camel_case(snake: &str) -> String {
    let mut camel = String::with_capacity(snake.len());
    for word in snake.split('_').filter(|word| !word.is_empty()) {
        // `v1_0` must not meet `v10`: two digits that were apart stay apart.
        let digits = camel.ends_with(|c: char| c.is_ascii_digit())
            && word.starts_with(|c: char| c.is_ascii_digit());
        if digits {
            camel.push('_');
        }
        let mut letters = word.chars();
        camel.extend(letters.next().into_iter().flat_map(char::to_uppercase));
        camel.push_str(letters.as_str());
    }
    let starts_badly = camel.starts_with(|c: char| c.is_ascii_digit());
    match camel.as_str() {
        "" => "__".to_owned(),
        // The one keyword in CamelCase, and it has no raw form.
        "Self" => "Self_".to_owned(),
        _ if starts_badly => format!("_{camel}"),
        _ => camel,
    }
}

/// The name of an application: `MyShop` gives `my_shop`, `HTTPServer` gives `http_server`.
pub(crate) fn snake_case(ty: &Ident) -> String {
    let letters: Vec<char> = ty.unraw().to_string().chars().collect();
    let mut snake = String::with_capacity(letters.len() + 4);
    for (at, letter) in letters.iter().enumerate() {
        let before = at.checked_sub(1).map(|at| letters[at]);
        let after = letters.get(at + 1);
        let begins = letter.is_uppercase()
            && before.is_some_and(|before| {
                let ends_acronym = before.is_uppercase() && after.is_some_and(|c| c.is_lowercase());
                before.is_lowercase() || before.is_numeric() || ends_acronym
            });
        if begins {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}

/// The name of the refs of a process type: `Account` gives `AccountRef`.
pub(crate) fn ref_name(process: &Ident) -> Ident {
    format_ident!("{}Ref", process, span = process.span())
}

/// The name of the first block's messages: `Account` gives `AccountMessage`.
pub(crate) fn message_name(process: &Ident) -> Ident {
    format_ident!("{}Message", process, span = process.span())
}

/// The replies to a message enum: `AccountMessage` gives `AccountReply`.
pub(crate) fn reply_name(message: &Ident) -> Ident {
    let name = message.unraw().to_string();
    let stem = name.strip_suffix("Message").filter(|stem| !stem.is_empty()).unwrap_or(&name);
    Ident::new(&format!("{stem}Reply"), message.span())
}

/// `path::Account<K, V>` with its last name replaced: `path::AccountRef<K, V>`.
pub(crate) fn renamed(path: &TypePath, name: &Ident) -> TypePath {
    let mut path = path.clone();
    if let Some(last) = path.path.segments.last_mut() {
        last.ident = name.clone();
    }
    path
}

/// A type (or any tokens) as a user writes it, for messages.
pub(crate) fn pretty(tokens: impl ToTokens) -> String {
    let mut text = tokens.into_token_stream().to_string();
    let joins = [
        (" :: ", "::"),
        (":: ", "::"),
        (" <", "<"),
        ("< ", "<"),
        (" >", ">"),
        (" ,", ","),
        ("& ", "&"),
        (" (", "("),
        ("( ", "("),
        (" )", ")"),
        ("[ ", "["),
        (" ]", "]"),
        ("' ", "'"),
        (" ;", ";"),
        (" :", ":"),
        ("# ", "#"),
        (" !", "!"),
    ];
    for (from, to) in joins {
        text = text.replace(from, to);
    }
    text
}

/// The last name of a path type, with its arguments: `io::Result<T>` gives `Result`, `<T>`.
pub(crate) fn last_segment(ty: &Type) -> Option<(&Ident, &PathArguments)> {
    match ty {
        Type::Path(path) => path.path.segments.last().map(|last| (&last.ident, &last.arguments)),
        Type::Group(group) => last_segment(&group.elem),
        Type::Paren(paren) => last_segment(&paren.elem),
        _ => None,
    }
}

/// The first type argument: `Result<T, E>` gives `T`.
pub(crate) fn type_arguments(arguments: &PathArguments) -> Vec<&Type> {
    let PathArguments::AngleBracketed(list) = arguments else { return Vec::new() };
    let types = list.args.iter().filter_map(|argument| match argument {
        syn::GenericArgument::Type(ty) => Some(ty),
        _ => None,
    });
    types.collect()
}

/// Whether `tokens` name `ident` anywhere, in groups too.
pub(crate) fn mentions(tokens: &TokenStream, name: &str) -> bool {
    tokens.clone().into_iter().any(|token| match token {
        proc_macro2::TokenTree::Ident(ident) => ident == name,
        proc_macro2::TokenTree::Group(group) => mentions(&group.stream(), name),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_quote;

    #[test]
    fn words_are_joined_in_camel_case() {
        for (snake, camel) in [
            ("balance", "Balance"),
            ("set_limit", "SetLimit"),
            ("_private__thing_", "PrivateThing"),
            ("v1_0", "V1_0"),
            ("with_2_items", "With2Items"),
            ("_2fa", "_2fa"),
            ("self_", "Self_"),
            ("éclair", "Éclair"),
            ("__", "__"),
        ] {
            assert_eq!(camel_case(snake), camel);
        }
    }

    #[test]
    fn words_in_camel_case_are_taken_apart() {
        for (camel, snake) in [
            ("Shop", "shop"),
            ("MyShop", "my_shop"),
            ("HTTPServer", "http_server"),
            ("Shop2Go", "shop2_go"),
            ("Über_Mut", "über_mut"),
        ] {
            assert_eq!(snake_case(&Ident::new(camel, proc_macro2::Span::call_site())), snake);
        }
    }

    #[test]
    fn a_raw_identifier_loses_its_prefix() {
        let method: Ident = parse_quote!(r#type);
        assert_eq!(variant(&method), "Type");
    }

    #[test]
    fn replies_are_named_after_their_messages() {
        let named = |name: Ident| reply_name(&name).to_string();
        assert_eq!(named(parse_quote!(AdminMessage)), "AdminReply");
        assert_eq!(named(parse_quote!(Admin)), "AdminReply");
        assert_eq!(named(parse_quote!(Message)), "MessageReply");
    }

    #[test]
    fn a_path_keeps_its_arguments_when_renamed() {
        let path: TypePath = parse_quote!(bank::Account<K, 3>);
        let renamed = renamed(&path, &parse_quote!(AccountRef));
        assert_eq!(pretty(renamed), "bank::AccountRef<K, 3>");
    }

    #[test]
    fn types_are_shown_as_they_are_written() {
        let ty: Type = parse_quote!(Option<&'a [Vec<(u8, str)>]>);
        assert_eq!(pretty(ty), "Option<&'a [Vec<(u8, str)>]>");
    }
}
