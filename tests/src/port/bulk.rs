//! `POST /v1/blueprints/{blueprint}/entities/bulk`: each entity stands or falls by itself.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::catalog::{Catalog, Write};
use super::routes::Refusal;
use crate::wire::Answer;

/// "1..20 items" (Port's API reference, bulk upsert).
const MOST: usize = 20;

pub(super) fn upsert(
    catalog: &mut Catalog,
    blueprint: &str,
    body: &Value,
    write: Write<'_>,
) -> Result<Answer, Refusal> {
    catalog.blueprint(blueprint)?;
    let Some(entities) = body["entities"].as_array() else {
        return Err(Refusal::invalid("\"entities\" must be a list"));
    };
    if entities.is_empty() || entities.len() > MOST {
        let message = format!(
            "\"entities\" must have 1 to {MOST} items, not {}",
            entities.len()
        );
        return Err(Refusal::invalid(&message));
    }
    let mut seen = HashSet::new();
    let (mut done, mut errors) = (Vec::new(), Vec::new());
    for (index, entity) in entities.iter().enumerate() {
        let named = entity["identifier"].as_str();
        let twice = named.is_some_and(|name| !seen.insert(name));
        let outcome = if twice {
            let message = "the same identifier appears twice in one bulk request";
            Err(Refusal::new(409, "conflict", message))
        } else {
            catalog.upsert(blueprint, entity, write)
        };
        match outcome {
            Ok((identifier, created)) => {
                done.push(json!({"identifier": identifier, "index": index, "created": created}));
            }
            Err(refusal) => errors.push(json!({
                "identifier": named.unwrap_or("unknown"),
                "index": index,
                "statusCode": refusal.status,
                "error": refusal.error,
                "message": refusal.message,
            })),
        }
    }
    let status = if errors.is_empty() { 200 } else { 207 };
    let body = json!({"ok": errors.is_empty(), "entities": done, "errors": errors});
    Ok(Answer::json(status, &body))
}
