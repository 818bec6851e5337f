//! What is there now: entities asked for by name, without a look at what is in them.

use bytes::Bytes;
use reqwest::{Method, StatusCode};
use serde::Deserialize;

use super::Error;
use super::error::What;
use super::rest::{Request, Rest, segment};
use crate::entity::Entity;

/// Relations that are looked up for one entity; beyond it is not worth the requests.
const LOOKED_UP: usize = 20;

pub(super) async fn has_entity(
    rest: &Rest,
    blueprint: &str,
    identifier: &str,
) -> Result<bool, Error> {
    let request = Request {
        method: Method::GET,
        path: format!(
            "v1/blueprints/{}/entities/{}?include=identifier",
            segment(blueprint),
            segment(identifier)
        ),
        body: Bytes::new(),
        source: None,
    };
    let answer = rest.send(&request).await?;
    match answer.status {
        status if status.is_success() => Ok(true),
        StatusCode::NOT_FOUND => Ok(false),
        status => {
            let what = What {
                blueprint: blueprint.to_owned(),
                identifier: Some(identifier.to_owned()),
            };
            Err(Error::answered(what, status.as_u16(), answer.words()))
        }
    }
}

/// `blueprint` is the entity's own, as JSON: it says where its relations lead to.
pub(super) async fn missing_target(
    rest: &Rest,
    blueprint: &str,
    entity: &Entity,
) -> Result<Option<String>, Error> {
    for (target, identifier) in targets(blueprint, entity).into_iter().take(LOOKED_UP) {
        if !has_entity(rest, &target, identifier).await? {
            return Ok(Some(format!("{target}/{identifier}")));
        }
    }
    Ok(None)
}

fn targets<'a>(blueprint: &str, entity: &'a Entity) -> Vec<(String, &'a str)> {
    #[derive(Deserialize)]
    struct Blueprint {
        #[serde(default)]
        relations: std::collections::BTreeMap<String, Relation>,
    }
    #[derive(Deserialize)]
    struct Relation {
        target: String,
    }
    let Ok(Blueprint { relations }) = serde_json::from_str(blueprint) else {
        return Vec::new();
    };
    entity
        .relations()
        .filter_map(|(name, identifier)| Some((relations.get(name)?.target.clone(), identifier)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::tests::entity;

    #[test]
    fn the_blueprint_says_where_a_relation_leads_to() {
        let cart = entity(
            "cart",
            r#"{"system":"shop","domains":["a","b"],"odd":"x","none":null}"#,
        );
        let blueprint = r#"{"relations":{"system":{"target":"system"},"domains":{"target":"domain"},"none":{"target":"n"}}}"#;
        let found = targets(blueprint, &cart);
        let found: Vec<_> = found.iter().map(|(b, id)| format!("{b}/{id}")).collect();
        assert_eq!(found, ["domain/a", "domain/b", "system/shop"]);
    }
}
