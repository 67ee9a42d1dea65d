//! Descriptions of the contract as rustdoc.

use proc_macro2::TokenStream;
use quote::quote;

/// Doc attributes, one for each line, so that they print as `///`.
pub(super) fn docs(text: &str) -> TokenStream {
    let lines = text.trim().lines().map(|line| {
        let line = line.trim_end();
        if line.is_empty() {
            String::new()
        } else {
            format!(" {line}")
        }
    });
    quote!(#(#[doc = #lines])*)
}

/// The contract's words made safe for rustdoc, whoever wrote them; `otherwise` when it has none.
///
/// The vendor's own text holds HTML, `[words]` that are no links, and indentation that is no code: rustdoc would warn of each,
/// and would compile the last as an example.
pub(super) fn words(text: &str, otherwise: &str) -> String {
    let text = if text.trim().is_empty() {
        otherwise
    } else {
        text
    };
    let mut safe = String::with_capacity(text.len());
    let mut in_code = false;
    let mut in_link = false;
    let mut characters = text.trim().chars().peekable();
    let mut line_start = true;
    while let Some(character) = characters.next() {
        match character {
            '\n' => {
                line_start = true;
                in_code = false;
                safe.push('\n');
                continue;
            }
            '\r' => continue,
            ' ' | '\t' if line_start => {
                // Four spaces or a tab begin a code block; two keep a list's shape.
                let mut width = 1;
                while characters
                    .next_if(|next| matches!(next, ' ' | '\t'))
                    .is_some()
                {
                    width += 1;
                }
                safe.push_str(if width >= 2 { "  " } else { " " });
                continue;
            }
            '`' => {
                in_code = !in_code;
                safe.push('`');
            }
            '<' if !in_code => {
                let rest: String = characters.clone().take(8).collect();
                if rest.starts_with("https://") || rest.starts_with("http://") {
                    in_link = true;
                    safe.push('<');
                } else {
                    safe.push_str("&lt;");
                }
            }
            '>' if !in_code && in_link => {
                in_link = false;
                safe.push('>');
            }
            '[' | ']' if !in_code => {
                safe.push('\\');
                safe.push(character);
            }
            other => safe.push(other),
        }
        line_start = false;
    }
    safe
}

/// A paragraph that ends like a sentence.
pub(super) fn sentence(text: &str) -> String {
    let text = text.trim();
    if text.is_empty() || text.ends_with(['.', '!', '?', ':']) {
        text.to_owned()
    } else {
        format!("{text}.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_rustdoc_would_misread_is_made_harmless() {
        assert_eq!(words("a <B>bold</B> word", ""), "a &lt;B>bold&lt;/B> word");
        assert_eq!(
            words("see <https://example.org> or `Vec<u8>`", ""),
            "see <https://example.org> or `Vec<u8>`"
        );
        assert_eq!(words("a list [1] of", ""), "a list \\[1\\] of");
        assert_eq!(
            words("a\n      indented\n- item", ""),
            "a\n  indented\n- item"
        );
        assert_eq!(words(" \n", "nothing said"), "nothing said");
    }

    #[test]
    fn every_line_becomes_a_line_of_its_own() {
        assert_eq!(
            docs("a\n\nb").to_string(),
            quote!(#[doc = " a"] #[doc = ""] #[doc = " b"]).to_string()
        );
    }
}
