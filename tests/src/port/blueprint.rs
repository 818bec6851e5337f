//! A blueprint, and whether properties satisfy its schema.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::routes::Refusal;

pub(super) struct Blueprint {
    pub(super) json: Value,
    pub(super) relations: BTreeMap<String, Relation>,
    required: Vec<String>,
}

#[derive(Clone)]
pub(super) struct Relation {
    pub(super) target: String,
    pub(super) required: bool,
    pub(super) many: bool,
}

impl Blueprint {
    pub(super) fn new(mut json: Value) -> Self {
        let made = Value::from("2026-01-02T10:00:00.000Z");
        for (key, value) in [
            ("title", json["identifier"].clone()),
            ("createdAt", made.clone()),
            ("updatedAt", made),
            ("createdBy", "portolan-test-client".into()),
            ("updatedBy", "portolan-test-client".into()),
        ] {
            // What Port adds where nobody said it.
            if json[key].is_null() {
                json[key] = value;
            }
        }
        let relations = json["relations"].as_object().into_iter().flatten();
        let relations = relations
            .map(|(name, relation)| {
                let flag = |name: &str| relation[name] == true;
                let relation = Relation {
                    target: relation["target"].as_str().unwrap_or_default().into(),
                    required: flag("required"),
                    many: flag("many"),
                };
                (name.clone(), relation)
            })
            .collect();
        let required = json["schema"]["required"].as_array().into_iter().flatten();
        let required = required
            .filter_map(|name| name.as_str().map(Into::into))
            .collect();
        Self {
            json,
            relations,
            required,
        }
    }

    pub(super) fn identifier(&self) -> &str {
        self.json["identifier"].as_str().unwrap_or_default()
    }

    /// Checks what would be stored, that is after merging.
    pub(super) fn check(&self, properties: &Map<String, Value>) -> Result<(), Refusal> {
        let schema = &self.json["schema"]["properties"];
        for (name, value) in properties {
            let Some(schema) = schema.get(name) else {
                return Err(mismatch(name, "is not a property of the blueprint"));
            };
            check_value(name, value, schema)?;
        }
        for name in &self.required {
            if !properties.contains_key(name) {
                return Err(mismatch(name, "is required"));
            }
        }
        Ok(())
    }
}

fn check_value(name: &str, value: &Value, schema: &Value) -> Result<(), Refusal> {
    let wanted = schema["type"].as_str().unwrap_or("string");
    let fits = match wanted {
        "string" => value.is_string(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "object" => value.is_object(),
        "array" => value.is_array(),
        _ => true,
    };
    if !fits {
        return Err(mismatch(name, &format!("must be of type {wanted}")));
    }
    if let Some(allowed) = schema["enum"].as_array()
        && !allowed.contains(value)
    {
        let allowed = Value::from(allowed.clone());
        return Err(mismatch(name, &format!("must be one of {allowed}")));
    }
    if let (Some(format), Some(text)) = (schema["format"].as_str(), value.as_str())
        && !has_format(format, text)
    {
        return Err(mismatch(name, &format!("must match format \"{format}\"")));
    }
    if let (Some(least), Some(number)) = (schema["minimum"].as_f64(), value.as_f64())
        && number < least
    {
        return Err(mismatch(name, &format!("must be >= {least}")));
    }
    if let (Some(most), Some(number)) = (schema["maximum"].as_f64(), value.as_f64())
        && number > most
    {
        return Err(mismatch(name, &format!("must be <= {most}")));
    }
    if let (Some(items), Some(values)) = (schema.get("items"), value.as_array()) {
        for (index, value) in values.iter().enumerate() {
            check_value(&format!("{name}/{index}"), value, items)?;
        }
    }
    Ok(())
}

/// The formats that Port checks; the others (`markdown`, `yaml`, `user`, ...) only choose how it is shown.
fn has_format(format: &str, text: &str) -> bool {
    match format {
        "date-time" | "timer" => text.parse::<jiff::Timestamp>().is_ok(),
        "url" => reqwest::Url::parse(text).is_ok(),
        "email" => text.split_once('@').is_some_and(|(name, host)| {
            !name.is_empty() && host.contains('.') && !text.contains(' ')
        }),
        "ipv4" => text.parse::<std::net::Ipv4Addr>().is_ok(),
        "ipv6" => text.parse::<std::net::Ipv6Addr>().is_ok(),
        _ => true,
    }
}

pub(super) fn mismatch(name: &str, trouble: &str) -> Refusal {
    Refusal::new(
        422,
        "blueprint_schema_mismatch",
        &format!("\"{name}\" {trouble}"),
    )
}
