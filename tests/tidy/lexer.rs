//! Splits Rust text into code and comments, in place.
//!
//! Both halves have the length of the whole, with blanks where the other half is, so an offset or a
//! line number means the same in all three. The insides of strings and characters are in neither:
//! the quotes stay, the contents do not.

/// The halves of one text.
pub(crate) struct Halves {
    /// Comments and the insides of literals are blank.
    pub(crate) code: String,
    /// All but comments is blank.
    pub(crate) comments: String,
}

/// What a piece of text is.
#[derive(Clone, Copy)]
enum Piece {
    Code,
    Comment,
    Literal,
}

/// Splits `text`.
pub(crate) fn split(text: &str) -> Halves {
    let bytes = text.as_bytes();
    let mut code = blank(bytes);
    let mut comments = code.clone();
    let mut at = 0;
    while at < bytes.len() {
        let (piece, end) = next(text, at);
        match piece {
            Piece::Code => code[at..end].copy_from_slice(&bytes[at..end]),
            Piece::Comment => comments[at..end].copy_from_slice(&bytes[at..end]),
            Piece::Literal => {
                code[at] = b'"';
                code[end - 1] = b'"';
            }
        }
        at = end;
    }
    let text = |half| String::from_utf8(half).expect("pieces end at character boundaries");
    Halves { code: text(code), comments: text(comments) }
}

/// As many bytes, all blank but the line ends.
pub(crate) fn blank(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().map(|&byte| if byte == b'\n' { b'\n' } else { b' ' }).collect()
}

/// True for a byte that can be in the middle of a name.
pub(crate) fn in_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

/// The offsets at which `word` stands in `code` with no name around it.
pub(crate) fn words<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let bytes = code.as_bytes();
    code.match_indices(word).map(|(at, _)| at).filter(move |&at| {
        let before = at.checked_sub(1).map(|at| bytes[at]);
        let after = bytes.get(at + word.len()).copied();
        !before.is_some_and(in_name) && !after.is_some_and(in_name)
    })
}

/// The offset after the bracket that closes the one at `open`, or the end of the text.
pub(crate) fn closing(code: &str, open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, byte) in code.bytes().enumerate().skip(open) {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => continue,
        }
        if depth == 0 {
            return at + 1;
        }
    }
    code.len()
}

/// The line, from 1, of an offset.
pub(crate) fn line_of(text: &str, at: usize) -> usize {
    1 + text.as_bytes()[..at].iter().filter(|&&byte| byte == b'\n').count()
}

/// The piece that begins at `at`, and its end.
fn next(text: &str, at: usize) -> (Piece, usize) {
    let rest = &text[at..];
    if rest.starts_with("//") {
        return (Piece::Comment, at + rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return (Piece::Comment, at + block_comment(rest));
    }
    if rest.starts_with('"') {
        return (Piece::Literal, at + string(rest));
    }
    if rest.starts_with('\'')
        && let Some(length) = character(rest)
    {
        return (Piece::Literal, at + length);
    }
    let first = rest.as_bytes()[0];
    if !in_name(first) {
        return (Piece::Code, at + 1);
    }
    let name = rest.bytes().take_while(|&byte| in_name(byte)).count();
    if matches!(&rest[..name], "r" | "br" | "cr")
        && let Some(length) = raw_string(&rest[name..])
    {
        return (Piece::Literal, at + name + length);
    }
    (Piece::Code, at + name)
}

fn block_comment(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < rest.len() {
        let bytes = &rest.as_bytes()[at..];
        if bytes.starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if bytes.starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    rest.len()
}

fn string(rest: &str) -> usize {
    let mut bytes = rest.bytes().enumerate().skip(1);
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'\\' => drop(bytes.next()),
            b'"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// The length of a character literal; `None` for a lifetime.
fn character(rest: &str) -> Option<usize> {
    let mut chars = rest.char_indices().skip(1);
    let (_, first) = chars.next()?;
    if first == '\\' {
        chars.next()?;
        return chars.find(|&(_, char)| char == '\'').map(|(at, _)| at + 1);
    }
    chars.next().filter(|&(_, char)| char == '\'').map(|(at, _)| at + 1)
}

/// The length of a raw string from its first `#` or quote; `None` for a raw name.
fn raw_string(rest: &str) -> Option<usize> {
    let hashes = rest.bytes().take_while(|&byte| byte == b'#').count();
    if rest.as_bytes().get(hashes) != Some(&b'"') {
        return None;
    }
    let close = format!("\"{}", "#".repeat(hashes));
    let body = hashes + 1;
    Some(rest[body..].find(&close).map_or(rest.len(), |at| body + at + close.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_strings_are_no_code() {
        let text = "a /* b /* c */ \" */ d // e\n\"f \\\" g\" h r#\"i \" j\"# k b\"l\" r\"\\\" m";
        let halves = split(text);
        let names: String = halves.code.chars().filter(char::is_ascii_alphabetic).collect();
        assert_eq!(names, "adhkbm");
        let remarks: String = halves.comments.chars().filter(char::is_ascii_alphabetic).collect();
        assert_eq!(remarks, "bce");
        assert_eq!((halves.code.len(), halves.comments.len()), (text.len(), text.len()));
    }

    #[test]
    fn a_lifetime_is_not_a_character() {
        let code = split("fn f<'a>(x: &'a str) { '\"'; '\\''; 'é'; x }").code;
        assert_eq!(code.matches('"').count(), 6);
        assert!(code.contains("<'a>") && code.ends_with("x }"));
    }

    #[test]
    fn a_word_is_not_part_of_a_longer_one() {
        assert_eq!(words("unsafe unsafe_code not_unsafe unsafe{", "unsafe").count(), 2);
    }
}
