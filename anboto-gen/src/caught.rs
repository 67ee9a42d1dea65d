//! The net under the generator: a panic becomes an error that says where it happened.

use std::cell::Cell;
use std::fmt::Display;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

use crate::Error;

thread_local! {
    /// Whether a panic on this thread is caught and told as an error, so that it needs no words of its own.
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Runs code that may panic; a panic becomes its message and prints nothing.
pub(crate) fn quietly<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let loud = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !QUIET.get() {
                loud(info);
            }
        }));
    });
    let before = QUIET.replace(true);
    let result = panic::catch_unwind(AssertUnwindSafe(work));
    QUIET.set(before);
    result.map_err(|panic| {
        let words = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied());
        format!(
            "the generator stopped: {}",
            words.unwrap_or("it did not say why")
        )
    })
}

/// Does a step's work on one operation or schema.
///
/// # Errors
/// Those of the work; and a panic in it, as an error that begins with the item and the step.
pub(crate) fn item<T>(
    step: &str,
    item: impl Display,
    work: impl FnOnce() -> Result<T, Error>,
) -> Result<T, Error> {
    quietly(|| {
        #[cfg(test)]
        trap::spring(step, &item);
        work()
    })
    .unwrap_or_else(|message| Err(Error::new(format!("{item}: {step}: {message}"))))
}

/// A panic where a test wants it: nothing else makes every step stop at any item.
#[cfg(test)]
pub(crate) mod trap {
    use std::cell::RefCell;
    use std::fmt::Display;

    thread_local! {
        static SET: RefCell<Option<(String, String)>> = const { RefCell::new(None) };
    }

    /// Sets the trap, on this thread, while something is done.
    pub(crate) fn while_set<T>(step: &str, item: &str, work: impl FnOnce() -> T) -> T {
        SET.replace(Some((step.to_owned(), item.to_owned())));
        let done = work();
        SET.take();
        done
    }

    pub(super) fn spring(step: &str, item: &impl Display) {
        let trap = SET.take();
        if let Some((trap_step, trap_item)) = &trap {
            assert!(
                trap_step != step || *trap_item != item.to_string(),
                "a trap"
            );
        }
        SET.replace(trap);
    }
}

#[cfg(test)]
mod tests {
    use crate::Source;

    const CONTRACT: &str = r##"{
        "openapi": "3.0.3",
        "info": { "title": "t", "version": "0" },
        "paths": { "/order": { "get": {
            "operationId": "getOrder",
            "x-anboto-effect": "read",
            "responses": { "200": { "description": "", "content": { "application/json": {
                "schema": { "$ref": "#/components/schemas/order" } } } } }
        } } },
        "components": { "schemas": {
            "order": { "type": "object", "properties": {
                "side": { "$ref": "#/components/schemas/side" },
                "kind": { "type": "string", "enum": ["A"] } } },
            "side": { "type": "string", "enum": ["BUY"], "x-anboto-converts-to": "way" },
            "way": { "type": "string", "enum": ["BUY"] }
        } }
    }"##;

    fn generate() -> Result<(), String> {
        let source = |name, text: &'static str| Source {
            name,
            bytes: text.as_bytes(),
        };
        let overlay = "{ overlay: 1.0.0, info: { title: t, version: '0' }, actions: [\
            { target: $.info, description: d, x-source: s, update: { title: u } }] }";
        crate::generate(source("contract", CONTRACT), source("overlay", overlay))
            .map(drop)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_panic_in_any_step_names_its_operation_or_schema() {
        generate().unwrap();
        let places = [
            ("model", "operation `getOrder`"),
            ("lower", "schema `order`"),
            ("lower", "operation `getOrder`"),
            ("findings", "operation `getOrder`"),
            ("pass `calls`", "operation `getOrder`"),
            ("pass `operations`", "operation `getOrder`"),
            ("pass `enums`", "schema `side`"),
            ("pass `enums`", "schema `order`, property `kind`"),
            ("pass `conversions`", "schema `side`"),
            ("pass `structs`", "schema `order`"),
        ];
        for (step, item) in places {
            let error = super::trap::while_set(step, item, generate);
            let expected = format!("{item}: {step}: the generator stopped: a trap");
            assert_eq!(error, Err(expected));
        }
    }
}
