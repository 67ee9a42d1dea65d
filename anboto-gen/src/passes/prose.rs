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
/// The vendor's own text holds HTML, `[words]` that are no links, bare URLs, indentation that is no code and code that is no
/// Rust: rustdoc would warn of the first three, and would compile the others as examples.
pub(super) fn words(text: &str, otherwise: &str) -> String {
    let text = if text.trim().is_empty() {
        otherwise
    } else {
        text
    };
    let mut safe = String::with_capacity(text.len());
    let mut fence: Option<&str> = None;
    for line in text.trim().lines() {
        let bare = line.trim_start();
        let mark = ["```", "~~~"]
            .into_iter()
            .find(|mark| bare.starts_with(mark));
        match (fence, mark) {
            (None, Some(mark)) => {
                // Without a language, or with Rust's, rustdoc would compile and run it.
                let language: String = bare
                    .chars()
                    .skip(3)
                    .filter(char::is_ascii_alphanumeric)
                    .collect();
                safe.push_str(mark);
                safe.push_str(match language.as_str() {
                    "" | "rust" | "rs" => "text",
                    language => language,
                });
                fence = Some(mark);
            }
            (Some(open), Some(mark)) if open == mark && bare.trim_end() == mark => {
                safe.push_str(mark);
                fence = None;
            }
            (Some(_), _) => safe.push_str(line),
            (None, None) => line_of_words(line, &mut safe),
        }
        safe.push('\n');
    }
    // One that nobody has closed would swallow whatever follows.
    safe.push_str(fence.unwrap_or_default());
    safe.truncate(safe.trim_end().len());
    safe
}

fn line_of_words(line: &str, safe: &mut String) {
    let text = line.trim_start();
    // Four spaces or a tab begin a code block; two keep a list's shape.
    let indentation = line.len() - text.len();
    safe.push_str(&"  "[..indentation.min(2)]);
    // A backtick without its fellow begins no code.
    let mut ticks = text.matches('`').count() / 2 * 2;
    let mut in_code = false;
    let mut in_link = false;
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let mut taken = character.len_utf8();
        match character {
            '`' if ticks > 0 => {
                ticks -= 1;
                in_code = !in_code;
                safe.push('`');
            }
            '`' => safe.push_str("\\`"),
            _ if in_code => safe.push(character),
            '\r' => {}
            '<' if is_url(&rest[1..]) => {
                in_link = true;
                safe.push('<');
            }
            '<' => safe.push_str("&lt;"),
            '>' if in_link => {
                in_link = false;
                safe.push('>');
            }
            'h' if is_url(rest) && !in_link => {
                let end = rest.find(|c: char| c.is_whitespace() || "<>()[]`\"'".contains(c));
                let url = rest[..end.unwrap_or(rest.len())]
                    .trim_end_matches(['.', ',', ';', ':', '!', '?']);
                safe.push_str(&format!("<{url}>"));
                taken = url.len();
            }
            '[' => match link(rest) {
                Some(link) => {
                    safe.push_str(link);
                    taken = link.len();
                }
                None => safe.push_str("\\["),
            },
            ']' => safe.push_str("\\]"),
            other => safe.push(other),
        }
        rest = &rest[taken..];
    }
}

fn is_url(text: &str) -> bool {
    text.starts_with("https://") || text.starts_with("http://")
}

/// A link `[words](https://…)` at the beginning of a text; all other brackets are no links.
fn link(text: &str) -> Option<&str> {
    let words = text.find("](")?;
    let end = words + text[words..].find(')')?;
    let plain = !text[1..words].contains(['[', ']', '`', '<']);
    let target = &text[words + 2..end];
    (plain && is_url(target) && !target.contains(char::is_whitespace)).then(|| &text[..=end])
}

/// Text as code, in one line, whatever is in it.
pub(super) fn code(text: &str) -> String {
    let line: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    // A code span ends at as many backticks as it began with.
    let longest = line
        .split(|c| c != '`')
        .map(str::len)
        .max()
        .unwrap_or_default();
    match longest {
        0 => format!("`{line}`"),
        longest => {
            let fence = "`".repeat(longest + 1);
            format!("{fence} {line} {fence}")
        }
    }
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
        assert_eq!(
            words(
                "see https://example.org/a?b=1, or [here](http://example.org)",
                ""
            ),
            "see <https://example.org/a?b=1>, or [here](http://example.org)"
        );
        assert_eq!(
            words("[a](b) and a ` with <p>", ""),
            "\\[a\\](b) and a \\` with &lt;p>"
        );
        assert_eq!(words("\tcode\r\n\r\n  - ü", ""), "code\n\n  - ü");
    }

    #[test]
    fn code_of_others_is_no_example_to_compile() {
        assert_eq!(
            words("```\n  [x] <b>\n```\nafter <b>", ""),
            "```text\n  [x] <b>\n```\nafter &lt;b>"
        );
        assert_eq!(words("~~~json\n{}", ""), "~~~json\n{}\n~~~");
        assert_eq!(words("```rust,no_run\nx\n```", ""), "```rustnorun\nx\n```");
    }

    #[test]
    fn any_text_can_be_code() {
        assert_eq!(code("BUY"), "`BUY`");
        assert_eq!(code("a`b\n"), "`` a`b  ``");
    }

    #[test]
    fn every_line_becomes_a_line_of_its_own() {
        assert_eq!(
            docs("a\n\nb").to_string(),
            quote!(#[doc = " a"] #[doc = ""] #[doc = " b"]).to_string()
        );
    }
}
