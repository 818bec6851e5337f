//! Entities as they are in Port, some at a time.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use reqwest::{Method, StatusCode};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value, json};

use super::Error;
use super::error::What;
use super::rest::{Request, Rest, segment};

/// Entities asked for at once: so many of the largest there can be still fit in one answer.
const AT_ONCE: usize = 20;

/// An entity as Port has it, without what Port calculates itself.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Stored {
    pub identifier: String,
    pub title: Option<String>,
    pub icon: Option<String>,
    pub team: Value,
    pub properties: Map<String, Value>,
    pub relations: Map<String, Value>,
}

/// `json` is the blueprint: it says which properties are the entities' own.
/// Port API reference, "Search a blueprint's entities".
pub(super) async fn read(
    rest: &Rest,
    blueprint: &str,
    json: &str,
    identifiers: &[&str],
) -> Result<HashMap<String, Stored>, Error> {
    #[derive(Deserialize)]
    struct Found {
        entities: Vec<Stored>,
    }
    let own = own(json);
    let mut all = HashMap::new();
    for some in identifiers.chunks(AT_ONCE) {
        let rules = [json!({"property": "$identifier", "operator": "in", "value": some})];
        let query = json!({"combinator": "and", "rules": rules});
        let body = json!({"query": query, "limit": some.len()});
        let request = Request {
            method: Method::POST,
            path: format!("v1/blueprints/{}/entities/search", segment(blueprint)),
            body: Bytes::from(body.to_string()),
            source: None,
        };
        let answer = rest.send(&request).await?;
        if answer.status != StatusCode::OK {
            let what = What {
                blueprint: blueprint.to_owned(),
                identifier: None,
            };
            return Err(Error::answered(
                what,
                answer.status.as_u16(),
                answer.words(),
            ));
        }
        let found: Found = serde_json::from_slice(&answer.body).map_err(|error| {
            Error::Failed(format!(
                "Port's answer for entities of `{blueprint}` cannot be read: {error}"
            ))
        })?;
        all.extend(found.entities.into_iter().map(|mut one| {
            one.properties.retain(|name, _| own.contains_key(name));
            (one.identifier.clone(), one)
        }));
    }
    Ok(all)
}

fn own(blueprint: &str) -> BTreeMap<String, IgnoredAny> {
    #[derive(Deserialize)]
    struct Blueprint {
        schema: Schema,
    }
    #[derive(Deserialize)]
    struct Schema {
        #[serde(default)]
        properties: BTreeMap<String, IgnoredAny>,
    }
    let read: Result<Blueprint, _> = serde_json::from_str(blueprint);
    read.map_or_else(|_| BTreeMap::new(), |read| read.schema.properties)
}
