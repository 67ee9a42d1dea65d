//! Changes to JSON text that leave every other byte as it is: numbers keep all their digits.

/// The text without the white space between its tokens.
///
/// The vendor's own Python example signs the compact text of a body and sends the body with spaces.
pub(crate) fn compact(json: &[u8]) -> Vec<u8> {
    let mut compact = Vec::with_capacity(json.len());
    let mut rest = json;
    while let Some((&byte, _)) = rest.split_first() {
        let token = if byte == b'"' { string(rest) } else { 1 };
        if !byte.is_ascii_whitespace() {
            compact.extend_from_slice(&rest[..token]);
        }
        rest = &rest[token..];
    }
    compact
}

/// The text with another value at some keys: `change` gets a key and the text of its value, a string or a number or a word.
pub(crate) fn rewrite(
    json: &[u8],
    mut change: impl FnMut(&str, &str) -> Option<String>,
) -> Vec<u8> {
    let mut written = Vec::with_capacity(json.len() + 64);
    let mut rest = json;
    let mut last_string = String::new();
    let mut key = None;
    while let Some((&byte, _)) = rest.split_first() {
        let token = match byte {
            b'"' => string(rest),
            b'-' | b'0'..=b'9' | b'a'..=b'z' => rest
                .iter()
                .position(|byte| matches!(byte, b',' | b']' | b'}') || byte.is_ascii_whitespace())
                .unwrap_or(rest.len()),
            _ => 1,
        };
        let text = String::from_utf8_lossy(&rest[..token]);
        match byte {
            b':' => key = Some(std::mem::take(&mut last_string)),
            b',' | b'{' | b'[' | b']' | b'}' => key = None,
            _ => {}
        }
        let changed = match &key {
            Some(key) if byte != b':' && !byte.is_ascii_whitespace() => change(key, &text),
            _ => None,
        };
        if byte == b'"' {
            last_string = text.trim_matches('"').to_owned();
        }
        match changed {
            Some(changed) => written.extend_from_slice(changed.as_bytes()),
            None => written.extend_from_slice(&rest[..token]),
        }
        rest = &rest[token..];
    }
    written
}

/// The length of the string that the text begins with, its quotes included.
fn string(text: &[u8]) -> usize {
    let mut escaped = false;
    for (index, byte) in text.iter().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return index + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_space_between_tokens_goes() {
        let spaced = br#" { "a b" : [ 1 , 2.50 ] , "c" : "x \" , y" } "#;
        assert_eq!(compact(spaced), br#"{"a b":[1,2.50],"c":"x \" , y"}"#);
        assert_eq!(compact(b"\"unfinished  "), b"\"unfinished  ");
    }

    #[test]
    fn values_are_replaced_by_key_and_all_else_stays() {
        let json = br#"{"status":"FILLED","list":["status",1],"n": -1.50,"deep":{"n":null,"status" : "A:\"B"}}"#;
        let changed = rewrite(json, |key, value| match key {
            "n" => Some(format!("\"{value}\"")),
            "status" => Some("\"NEW\"".to_owned()),
            _ => None,
        });
        assert_eq!(
            String::from_utf8(changed).unwrap(),
            r#"{"status":"NEW","list":["status",1],"n": "-1.50","deep":{"n":"null","status" : "NEW"}}"#
        );
        let same = rewrite(json, |_, _| None);
        assert_eq!(same, json);
    }
}
