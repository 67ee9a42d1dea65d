use reqwest::header::{HeaderMap, HeaderValue};

/// What a request carried that no message may show: its API key and its signature.
///
/// The errors of this crate quote the server, and a server, or a gateway in front of it, may quote the headers that it was
/// sent. Body and headers of an answer are kept as they came; only the texts made from them go through here.
pub(crate) struct Hidden {
    api_key: Option<HeaderValue>,
    signature: Option<HeaderValue>,
}

const INSTEAD: &str = "[hidden]";

/// The longest line that is quoted, in characters.
const LONGEST: usize = 300;

/// The shortest piece of a signature that is looked for.
const PIECE: usize = 8;

impl Hidden {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        Self {
            api_key: headers.get(anboto_auth::X_API_KEY).cloned(),
            signature: headers.get(anboto_auth::X_SIGN).cloned(),
        }
    }

    /// The text on one line: without what is hidden, without control characters and runs of white space, and not longer than
    /// a log can bear. `None` when nothing is left.
    pub(crate) fn line(&self, text: &str) -> Option<String> {
        let text = self.remove_from(text);
        let mut line = String::new();
        for word in text
            .split(|c: char| c.is_whitespace() || c.is_control())
            .filter(|word| !word.is_empty())
        {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        if let Some((end, _)) = line.char_indices().nth(LONGEST) {
            line.truncate(end);
            line.push('…');
        }
        (!line.is_empty()).then_some(line)
    }

    fn remove_from(&self, text: &str) -> String {
        let mut text = text.to_owned();
        let mut remove = |secret: &str| {
            if text.contains(secret) {
                text = text.replace(secret, INSTEAD);
            }
        };
        if let Some(signature) = text_of(&self.signature) {
            remove(signature);
            // Whatever escapes `+`, `/` and `=` (a URL, an HTML page, JSON within JSON) leaves the runs between them as they are.
            signature
                .split(|c: char| !c.is_ascii_alphanumeric())
                .filter(|piece| piece.len() >= PIECE)
                .for_each(&mut remove);
        }
        if let Some(api_key) = text_of(&self.api_key) {
            remove(api_key);
        }
        text
    }
}

fn text_of(header: &Option<HeaderValue>) -> Option<&str> {
    header
        .as_ref()?
        .to_str()
        .ok()
        .filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIGNATURE: &str = "R5bvzp+lauI6Yz/1qidbTK2V8zoiMLqeA5+3iy0Py+o=";

    fn hidden() -> Hidden {
        Hidden {
            api_key: Some(HeaderValue::from_static("test-api-key")),
            signature: Some(HeaderValue::from_static(SIGNATURE)),
        }
    }

    #[test]
    fn an_echo_of_the_headers_does_not_show_them() {
        let echo = format!("refused: X-API-KEY: test-api-key, X-SIGN: {SIGNATURE}");
        assert_eq!(
            hidden().line(&echo).as_deref(),
            Some("refused: X-API-KEY: [hidden], X-SIGN: [hidden]")
        );
    }

    #[test]
    fn an_escaped_echo_shows_no_more_than_scraps() {
        for (from, to) in [("/", "%2F"), ("/", "\\/"), ("+", "&#43;")] {
            let line = hidden().line(&SIGNATURE.replace(from, to));
            let line = line.expect("scraps are left");
            assert!(!line.contains("1qidbTK2V8zoiMLqeA5"), "{line}");
        }
    }

    #[test]
    fn a_cut_does_not_save_half_a_signature() {
        let long = "x".repeat(LONGEST - 10) + SIGNATURE;
        let line = hidden().line(&long).expect("not empty");
        assert!(!line.contains("R5bv"), "{line}");
    }

    #[test]
    fn a_text_becomes_a_line() {
        let none = Hidden::of(&HeaderMap::new());
        assert_eq!(
            none.line("  upstream\r\n\tis away \u{7}").as_deref(),
            Some("upstream is away")
        );
        assert_eq!(none.line(" \n"), None);
        let cut = none.line(&"é".repeat(1000));
        assert_eq!(cut.map(|line| line.chars().count()), Some(LONGEST + 1));
    }
}
