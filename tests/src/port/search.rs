//! Port's search: `{combinator, rules}` with the operators and meta-properties that an exporter uses.

use serde_json::{Value, json};

use super::catalog::{Catalog, Stored};
use super::routes::Refusal;

/// Identifiers of the entities of one blueprint that match.
pub(super) fn in_blueprint(
    catalog: &Catalog,
    blueprint: &str,
    query: &Value,
) -> Result<Vec<String>, Refusal> {
    catalog.blueprint(blueprint)?;
    let mut found = Vec::new();
    for (identifier, stored) in catalog.of(blueprint) {
        if matches(blueprint, identifier, stored, query)? {
            found.push(identifier.clone());
        }
    }
    Ok(found)
}

/// `(blueprint, identifier)` of all entities that match.
pub(super) fn everywhere(catalog: &Catalog, query: &Value) -> Result<Vec<Value>, Refusal> {
    let mut found = Vec::new();
    for (blueprint, identifier, stored) in catalog.all() {
        if matches(blueprint, identifier, stored, query)? {
            found.push(stored.json(blueprint, identifier));
        }
    }
    Ok(found)
}

fn matches(
    blueprint: &str,
    identifier: &str,
    stored: &Stored,
    query: &Value,
) -> Result<bool, Refusal> {
    if let Some(rules) = query["rules"].as_array() {
        let any = match query["combinator"].as_str() {
            Some("and") => false,
            Some("or") => true,
            _ => return Err(Refusal::invalid("\"combinator\" must be \"and\" or \"or\"")),
        };
        for rule in rules {
            if matches(blueprint, identifier, stored, rule)? == any {
                return Ok(any);
            }
        }
        return Ok(!any);
    }
    let Some(property) = query["property"].as_str() else {
        return Err(Refusal::invalid("a rule needs a \"property\" or \"rules\""));
    };
    let actual = match property {
        "$identifier" => json!(identifier),
        "$blueprint" => json!(blueprint),
        "$title" => json!(stored.title),
        "$team" => json!(stored.team),
        "$icon" => json!(stored.icon),
        "$datasource" => json!(stored.datasource),
        "$createdAt" => json!(stored.created_at.to_string()),
        "$updatedAt" => json!(stored.updated_at.to_string()),
        name => stored.properties.get(name).cloned().unwrap_or_default(),
    };
    let wanted = &query["value"];
    let within = || wanted.as_array().is_some_and(|list| list.contains(&actual));
    let text = actual.as_str().unwrap_or_default();
    let part = wanted.as_str().unwrap_or_default();
    Ok(match query["operator"].as_str().unwrap_or_default() {
        "=" => actual == *wanted,
        "!=" => actual != *wanted,
        "in" => within(),
        "notIn" => !within(),
        "contains" => text.contains(part),
        "doesNotContains" => !text.contains(part),
        "beginsWith" => text.starts_with(part),
        "endsWith" => text.ends_with(part),
        "isEmpty" => actual.is_null(),
        "isNotEmpty" => !actual.is_null(),
        other => {
            let message = format!("the stand-in does not know the operator \"{other}\"");
            return Err(Refusal::invalid(&message));
        }
    })
}
