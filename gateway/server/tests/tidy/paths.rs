//! Which paths (`tokio::time::sleep`) a piece of Rust text names, in `use` trees and in expressions.
//!
//! Not a Rust parser: it knows comments, literals, `use` trees, `#[cfg(test)]` items and `a::b` chains,
//! which is all that the walls need.

/// Every path of two or more segments, and every `use`, of the text's production part.
pub(crate) fn named(text: &str) -> Vec<String> {
    let tokens = without_tests(&tokens(text));
    let mut paths = Vec::new();
    let mut index = 0;
    while index < tokens.len() {
        // `use<…>` lists the lifetimes that a returned type captures.
        if tokens[index] == "use" && tokens.get(index + 1).is_some_and(|token| token != "<") {
            index = use_tree(&tokens, index + 1, "", &mut paths);
        } else if is_word(&tokens[index]) {
            let (path, next) = chain(&tokens, index);
            if path.contains("::") {
                paths.push(path);
            }
            index = next;
        } else {
            index += 1;
        }
    }
    paths
}

/// Reads one branch of a `use` tree and returns the index after it.
fn use_tree(tokens: &[String], start: usize, prefix: &str, paths: &mut Vec<String>) -> usize {
    let mut path = prefix.to_owned();
    let mut index = start;
    while let Some(token) = tokens.get(index) {
        match token.as_str() {
            "{" => {
                index += 1;
                while tokens.get(index).is_some_and(|token| token != "}" && token != ";") {
                    index = use_tree(tokens, index, &path, paths);
                    index += usize::from(tokens.get(index).is_some_and(|token| token == ","));
                }
                return index + 1;
            }
            "as" => index += 2,
            "," | "}" | ";" => break,
            // A leading `::` says "a crate", which is what a first segment means here anyway.
            "::" if path.is_empty() => index += 1,
            segment => {
                path.push_str(segment);
                index += 1;
            }
        }
    }
    paths.push(path);
    index
}

/// Reads `a::b::c` and returns it with the index after it.
fn chain(tokens: &[String], start: usize) -> (String, usize) {
    let mut path = tokens[start].clone();
    let mut index = start + 1;
    while tokens.get(index).is_some_and(|token| token == "::") {
        let Some(segment) = tokens.get(index + 1).filter(|token| is_word(token)) else { break };
        path.push_str("::");
        path.push_str(segment);
        index += 2;
    }
    (path, index)
}

/// Leaves out each item under `#[cfg(test)]`.
fn without_tests(tokens: &[String]) -> Vec<String> {
    const MARK: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    let mut kept = Vec::new();
    let mut index = 0;
    while index < tokens.len() {
        if tokens[index..].iter().map(String::as_str).take(MARK.len()).eq(MARK) {
            index = end_of_item(tokens, index + MARK.len());
        } else {
            kept.push(tokens[index].clone());
            index += 1;
        }
    }
    kept
}

/// The index after the item at `start`: past its `;`, or past the brace that closes it.
fn end_of_item(tokens: &[String], start: usize) -> usize {
    let mut depth = 0_usize;
    for (index, token) in tokens.iter().enumerate().skip(start) {
        match token.as_str() {
            ";" if depth == 0 => return index + 1,
            "{" => depth += 1,
            "}" if depth <= 1 => return index + 1,
            "}" => depth -= 1,
            _ => {}
        }
    }
    tokens.len()
}

/// Words, `::` and single signs; comments and literals are gone.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(length) = literal(rest) {
            length
        } else if is_word(rest) {
            let length = rest.find(|sign| !in_word(sign)).unwrap_or(rest.len());
            tokens.push(rest[..length].to_owned());
            length
        } else {
            let length = if rest.starts_with("::") { 2 } else { first.len_utf8() };
            if !first.is_whitespace() {
                tokens.push(rest[..length].to_owned());
            }
            length
        };
        rest = &rest[length..];
    }
    tokens
}

/// The length of the string, byte string, raw string or character literal that `text` starts with.
fn literal(text: &str) -> Option<usize> {
    let body = text.trim_start_matches(['b', 'c', 'r']);
    let prefix = text.len() - body.len();
    let raw = text[..prefix].ends_with('r');
    let hashes = body.len() - body.trim_start_matches('#').len();
    if prefix > 2 {
        return None;
    }
    if raw && body[hashes..].starts_with('"') {
        let close = format!("\"{}", "#".repeat(hashes));
        let inside = &body[hashes + 1..];
        return Some(prefix + hashes + 1 + inside.find(&close).map_or(inside.len(), |end| end + close.len()));
    }
    match body.as_bytes() {
        [b'"', ..] => Some(prefix + 1 + quoted(&body[1..], '"')),
        [b'\'', b'\\', ..] => Some(prefix + 1 + quoted(&body[1..], '\'')),
        // A character and not a lifetime: the quote closes after one character.
        [b'\'', ..] => {
            let mut signs = body[1..].char_indices().skip(1);
            signs.next().filter(|(_, sign)| *sign == '\'').map(|(at, _)| prefix + at + 2)
        }
        _ => None,
    }
}

/// The length up to and with the closing quote that no backslash guards.
fn quoted(text: &str, quote: char) -> usize {
    let mut guarded = false;
    for (at, sign) in text.char_indices() {
        if sign == quote && !guarded {
            return at + 1;
        }
        guarded = sign == '\\' && !guarded;
    }
    text.len()
}

fn is_word(text: &str) -> bool {
    text.chars().next().is_some_and(|sign| in_word(sign) && !sign.is_ascii_digit())
}

fn in_word(sign: char) -> bool {
    sign == '_' || sign.is_alphanumeric()
}

#[test]
fn paths_are_read_from_use_trees_and_expressions() {
    for (text, paths) in [
        ("use tokio;", vec!["tokio"]),
        ("use ::tokio::time as clock;", vec!["tokio::time"]),
        (
            "pub use std::{fs, io::{self, Read}, net as n,};",
            vec!["std::fs", "std::io::self", "std::io::Read", "std::net"],
        ),
        ("fn f() { tokio::spawn(g(a.b)); }", vec!["tokio::spawn"]),
        ("let x: Vec<http::Request<()>>;", vec!["http::Request"]),
        ("use a::*; b::c!()", vec!["a::*", "b::c"]),
    ] {
        assert_eq!(named(text), paths, "{text}");
    }
}

#[test]
fn comments_literals_and_test_items_are_not_code() {
    for text in [
        "// use tokio::time;\n/* use rand::x; */",
        "let s = \"use tokio::time;\"; let r = r#\"a::b \" \"#; let b = b\"c::d\\\"e::f\";",
        "let c = '\"'; let l: &'static str = x; let e = '\\''; let u = '\\u{1F600}';",
        "#[cfg(test)] mod tests { use rand::x; fn f() { a::b(); } }",
        "#[cfg(test)]\nmod tests;",
        "#[cfg(test)]\nuse proptest::prelude;",
        "fn f() -> impl Sized + use<'_> { x; }",
    ] {
        assert_eq!(named(text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn code_after_a_literal_or_a_test_item_is_still_read() {
    for text in [
        "let s = \"\\\\\"; a::b();",
        "let c = 'x'; a::b();",
        "fn f<'a>(x: &'a str) { a::b(); }",
        "#[cfg(test)] mod tests { fn f() {} }\na::b();",
        "#[cfg(test)] use x::y;\na::b();",
        "use {; }\na::b();",
        "let r = br##\"\"# x::y\"##; a::b();",
    ] {
        assert_eq!(named(text), ["a::b"], "{text}");
    }
}
