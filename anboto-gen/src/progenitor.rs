//! The call into progenitor, with its settings and with a net under it.

use progenitor_impl::{GenerationSettings, Generator, InterfaceStyle};
use schemars::schema::{InstanceType, SchemaObject};
use serde_json::{Map, Value};

use crate::Error;
use crate::caught::quietly;
use crate::lower::{FORMS, OWN_TYPES};
use crate::skeleton::skeleton;

/// Runs progenitor on a lowered contract.
///
/// # Errors
/// What progenitor refuses or panics on is reported with the operation or schema at fault.
pub(crate) fn run(lowered: &Value) -> Result<syn::File, Error> {
    match attempt(lowered) {
        Ok(file) => Ok(file),
        Err(message) => Err(Error::new(match culprit(lowered) {
            Some(culprit) => {
                format!("{culprit} cannot be generated: {message}; mend it in the overlay")
            }
            None => format!("the contract cannot be generated: {message}"),
        })),
    }
}

fn attempt(lowered: &Value) -> Result<syn::File, String> {
    let openapi: openapiv3::OpenAPI =
        serde_json::from_value(lowered.clone()).map_err(|error| error.to_string())?;
    let tokens = quietly(|| Generator::new(&settings()).generate_tokens(&openapi))?
        .map_err(|error| error.to_string())?;
    syn::parse2(skeleton(tokens))
        .map_err(|error| format!("progenitor's output does not parse: {error}"))
}

fn settings() -> GenerationSettings {
    let mut settings = GenerationSettings::new();
    settings
        .with_interface(InterfaceStyle::Builder)
        .with_map_type("::std::collections::BTreeMap");
    let forms = FORMS
        .iter()
        .map(|form| (form.format, format!("crate::codec::{}", form.marker)));
    let own_types = OWN_TYPES
        .iter()
        .map(|(format, path)| (*format, (*path).to_owned()));
    for (format, path) in forms.chain(own_types) {
        let schema = SchemaObject {
            instance_type: Some(InstanceType::String.into()),
            format: Some(format.to_owned()),
            ..SchemaObject::default()
        };
        settings.with_conversion(schema, path, [].into_iter());
    }
    settings
}

/// The first schema or operation that fails when the contract holds no other: found by trying, since progenitor's errors and
/// panics do not say.
fn culprit(lowered: &Value) -> Option<String> {
    let mut bare = lowered.clone();
    bare["paths"] = Value::Object(Map::new());
    if attempt(&bare).is_err() {
        let schemas = lowered.pointer("/components/schemas")?.as_object()?;
        // The others stay as plain objects, so that references still find something.
        let placeholder = serde_json::json!({ "type": "object" });
        return schemas.keys().find_map(|name| {
            let mut alone = bare.clone();
            for (other, schema) in alone["components"]["schemas"].as_object_mut()? {
                if other != name {
                    *schema = placeholder.clone();
                }
            }
            attempt(&alone).is_err().then(|| format!("schema `{name}`"))
        });
    }
    lowered
        .get("paths")?
        .as_object()?
        .iter()
        .find_map(|(path, item)| {
            item.as_object()?.iter().find_map(|(method, operation)| {
                let mut alone = bare.clone();
                alone["paths"] = serde_json::json!({ path: { method: operation } });
                let id = operation
                    .get("summary")
                    .and_then(Value::as_str)
                    .unwrap_or(path);
                attempt(&alone)
                    .is_err()
                    .then(|| format!("operation `{id}`"))
            })
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_panic_names_its_operation() {
        // progenitor asserts that an operation has at most one type of success.
        let lowered = json!({
            "openapi": "3.0.3",
            "info": { "title": "t", "version": "0" },
            "paths": {
                "/fine": { "get": { "operationId": "p0", "summary": "fine", "responses": { "200": { "description": "" } } } },
                "/broken": { "get": { "operationId": "p1", "summary": "broken", "responses": {
                    "200": { "description": "", "content": { "application/json": { "schema": { "type": "string" } } } },
                    "201": { "description": "", "content": { "application/json": { "schema": { "type": "integer" } } } },
                } } },
            },
            "components": { "schemas": {} },
        });
        let error = run(&lowered).unwrap_err().to_string();
        assert!(
            error.starts_with("operation `broken` cannot be generated: "),
            "{error}"
        );
    }

    #[test]
    fn a_schema_that_cannot_be_generated_is_named() {
        let lowered = json!({
            "openapi": "3.0.3",
            "info": { "title": "t", "version": "0" },
            "paths": {},
            "components": { "schemas": {
                "Fine": { "type": "object" },
                "Broken": { "type": "integer", "enum": ["a", "b"] },
            } },
        });
        let error = run(&lowered).unwrap_err().to_string();
        assert!(
            error.starts_with("schema `Broken` cannot be generated: "),
            "{error}"
        );
    }

    /// Whatever a test prints can only be seen from outside.
    #[test]
    fn a_panic_prints_nothing() {
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "progenitor::tests::a_panic_names_its_operation"])
            .arg("--nocapture")
            .env("RUST_BACKTRACE", "1")
            .output()
            .unwrap();
        let printed = String::from_utf8_lossy(&output.stdout);
        assert!(printed.contains("1 passed"), "{printed}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    }
}
