//! Rust source without what nobody reads of it: documentation, implementations of traits, bodies of functions, and modules
//! inside of modules.
//!
//! Nine tenths of progenitor's output are those, and parsing them took half of a generation. What is left is as it was, in the
//! order in which it was.

use std::mem;

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};

/// What is left of a file.
pub(crate) fn skeleton(file: TokenStream) -> TokenStream {
    of_items(file, Inside::File)
}

/// What an item stands in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    File,
    Module,
    Impl,
}

fn of_items(items: TokenStream, inside: Inside) -> TokenStream {
    let mut kept = TokenStream::new();
    let mut item = Vec::new();
    for token in undocumented(items) {
        let is_end = match &token {
            TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
            TokenTree::Punct(punct) => punct.as_char() == ';',
            _ => false,
        };
        item.push(token);
        if is_end {
            kept.extend(of_item(mem::take(&mut item), inside));
        }
    }
    kept.extend(item);
    kept
}

fn of_item(mut item: Vec<TokenTree>, inside: Inside) -> Vec<TokenTree> {
    let Some(TokenTree::Group(body)) = item.last() else {
        return item;
    };
    let kind = kind(&item).map(ToString::to_string);
    let body = match kind.as_deref() {
        Some("fn") => TokenStream::new(),
        Some("impl") if is_of_trait(&item) => return Vec::new(),
        Some("impl") => of_items(body.stream(), Inside::Impl),
        Some("mod") if inside != Inside::File => return Vec::new(),
        Some("mod") => of_items(body.stream(), Inside::Module),
        Some("struct" | "enum") => undocumented(body.stream()).collect(),
        _ => return item,
    };
    item.pop();
    item.push(Group::new(Delimiter::Brace, body).into());
    item
}

/// The word that says what an item is, behind its attributes, its visibility and what qualifies a function.
fn kind(item: &[TokenTree]) -> Option<&Ident> {
    item.iter().find_map(|token| match token {
        TokenTree::Ident(word) if word != "pub" && word != "async" => Some(word),
        _ => None,
    })
}

/// Whether an `impl` has a `for` that begins no `for<'a>`.
fn is_of_trait(item: &[TokenTree]) -> bool {
    item.windows(2).any(|pair| match pair {
        [TokenTree::Ident(word), next] => {
            word == "for" && !matches!(next, TokenTree::Punct(punct) if punct.as_char() == '<')
        }
        _ => false,
    })
}

/// Without `#[doc = …]` and `#![doc = …]`.
fn undocumented(tokens: TokenStream) -> impl Iterator<Item = TokenTree> {
    let mut tokens = tokens.into_iter().peekable();
    let mut waiting = None;
    std::iter::from_fn(move || {
        loop {
            if let Some(token) = waiting.take() {
                return Some(token);
            }
            let token = tokens.next()?;
            if !is_punct(&token, '#') {
                return Some(token);
            }
            let inner = tokens.next_if(|token| is_punct(token, '!'));
            if tokens.next_if(is_documentation).is_none() {
                waiting = inner;
                return Some(token);
            }
        }
    })
}

fn is_documentation(token: &TokenTree) -> bool {
    let TokenTree::Group(group) = token else {
        return false;
    };
    let first = group.stream().into_iter().next();
    matches!(first, Some(TokenTree::Ident(word)) if word == "doc")
}

fn is_punct(token: &TokenTree, character: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == character)
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::*;

    #[test]
    fn what_is_read_stays_as_it_is() {
        let whole = quote! {
            #![doc = " A file."]
            #![allow(unused)]
            use a::{b, c};
            #[doc = " A struct."]
            #[derive(Clone)]
            pub struct Order<'a> {
                #[doc(hidden)]
                #[serde(default)]
                pub(crate) side: Option<&'a [u8; 2]>,
            }
            struct Id(#[doc = " It."] pub i64);
            impl<'a> Order<'a> {
                #[doc = " Sends."]
                #[must_use]
                pub async fn send<F>(self, f: F) -> Result<(), Error<()>> where for<'b> F: Fn(&'b str) { f("{}") }
            }
            impl<F> Holder<F> where F: for<'b> Fn(&'b str) { fn call(&self) { (self.0)("") } }
            impl<'a> Clone for Order<'a> { fn clone(&self) -> Self { todo!() } }
            pub mod inner {
                impl From<u8> for Id { fn from(_: u8) -> Self { Id(0) } }
                pub mod builder { pub struct Unread { side: u8 } }
                pub enum Side { #[doc = " Buy."] #[serde(rename = "BUY")] Buy, Sell }
            }
            pub static TABLE: [u8; 1] = [1];
            open_enum!(Side);
            const _: () = { fn unread() { 1 } };
        };
        let left = quote! {
            #![allow(unused)]
            use a::{b, c};
            #[derive(Clone)]
            pub struct Order<'a> {
                #[serde(default)]
                pub(crate) side: Option<&'a [u8; 2]>,
            }
            struct Id(#[doc = " It."] pub i64);
            impl<'a> Order<'a> {
                #[must_use]
                pub async fn send<F>(self, f: F) -> Result<(), Error<()>> where for<'b> F: Fn(&'b str) {}
            }
            impl<F> Holder<F> where F: for<'b> Fn(&'b str) { fn call(&self) {} }
            pub mod inner {
                pub enum Side { #[serde(rename = "BUY")] Buy, Sell }
            }
            pub static TABLE: [u8; 1] = [1];
            open_enum!(Side);
            const _: () = { fn unread() { 1 } };
        };
        assert_eq!(skeleton(whole).to_string(), left.to_string());
    }
}
