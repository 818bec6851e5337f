//! Port's paths below `/v1`: who may ask, what is asked, how it is answered.

use serde_json::{Value, json};

use super::State;
use super::bulk;
use super::catalog::{Catalog, Write};
use super::search;
use crate::wire::{Answer, Call};

/// Above this the real one answers 413.
const LARGEST_BODY: usize = 1024 * 1024;

/// A request refused, as Port words it.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) error: String,
    pub(super) message: String,
}

impl Refusal {
    pub(super) fn new(status: u16, error: &str, message: &str) -> Self {
        Self {
            status,
            error: error.into(),
            message: message.into(),
        }
    }

    pub(super) fn missing(what: &str, identifier: &str) -> Self {
        let message = format!("{what} with identifier \"{identifier}\" was not found");
        Self::new(404, "not_found", &message)
    }

    pub(super) fn invalid(message: &str) -> Self {
        Self::new(422, "invalid_request", message)
    }

    fn answer(self) -> Answer {
        let body = json!({"ok": false, "error": self.error, "message": self.message});
        Answer::json(self.status, &body)
    }
}

pub(super) fn answer(state: &State, call: &Call) -> Answer {
    let mut limits = Vec::new();
    if let Some(quota) = state.quota().as_mut() {
        let left = quota.spend();
        limits.extend(quota.headers());
        if !left {
            let refusal = Refusal::new(429, "too_many_requests", "Too many requests");
            return with(refusal.answer(), limits);
        }
    }
    let answer = route(state, call).unwrap_or_else(Refusal::answer);
    if call.method != "GET" && answer.status < 300 {
        state.writes.send_replace(());
    }
    with(answer, limits).with("x-trace-id", "00000000000000000000000000000000")
}

fn with(answer: Answer, headers: Vec<(&str, String)>) -> Answer {
    headers
        .into_iter()
        .fold(answer, |answer, (name, value)| answer.with(name, value))
}

fn route(state: &State, call: &Call) -> Result<Answer, Refusal> {
    if call.body.len() > LARGEST_BODY {
        let message = "request entity too large: the limit is 1 MiB";
        return Err(Refusal::new(413, "payload_too_large", message));
    }
    let segments = call.segments();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let ["v1", path @ ..] = segments.as_slice() else {
        return Err(unknown(call));
    };
    let body = body(call)?;
    if let ("POST", ["auth", "access_token"]) = (call.method.as_str(), path) {
        return Ok(Answer::json(200, &state.credentials().issue(&body)?));
    }
    state.credentials().check(call.bearer())?;
    let mut catalog = state.catalog();
    match (call.method.as_str(), path) {
        ("GET", ["organization"]) => {
            ok(json!({"organization": {"id": "org_test", "name": "Test"}}))
        }
        ("GET", ["blueprints"]) => {
            let all: Vec<_> = catalog
                .blueprints()
                .map(|blueprint| &blueprint.json)
                .collect();
            ok(json!({"blueprints": all}))
        }
        ("POST", ["blueprints"]) => {
            catalog.define(body.clone());
            Ok(Answer::json(201, &json!({"ok": true, "blueprint": body})))
        }
        ("GET", ["blueprints", id]) => ok(json!({"blueprint": catalog.blueprint(id)?.json})),
        ("POST", ["entities", "search"]) => {
            ok(json!({"matchingBlueprints": [], "entities": search::everywhere(&catalog, &body)?}))
        }
        ("GET", ["blueprints", id, "entities-count"]) => {
            catalog.blueprint(id)?;
            ok(json!({"count": catalog.of(id).count()}))
        }
        ("POST", ["blueprints", id, "bulk", "entities", "delete"]) => {
            delete_many(&mut catalog, id, &body, call)
        }
        (method, ["blueprints", id, "entities", rest @ ..]) => {
            entities(&mut catalog, method, id, rest, &body, call)
        }
        _ => Err(unknown(call)),
    }
}

fn entities(
    catalog: &mut Catalog,
    method: &str,
    blueprint: &str,
    rest: &[&str],
    body: &Value,
    call: &Call,
) -> Result<Answer, Refusal> {
    let write = Write {
        upsert: call.flag("upsert"),
        merge: call.flag("merge"),
        create_missing: call.flag("create_missing_related_entities"),
        validate_only: call.flag("validation_only"),
        datasource: call.header("user-agent"),
    };
    match (method, rest) {
        ("POST", []) => {
            let (identifier, _) = catalog.upsert(blueprint, body, write)?;
            let entity = show(catalog, blueprint, &identifier).unwrap_or_else(|_| body.clone());
            Ok(Answer::json(201, &json!({"ok": true, "entity": entity})))
        }
        ("POST", ["bulk"]) => bulk::upsert(catalog, blueprint, body, write),
        ("POST", ["search"]) => {
            let everything = json!({"combinator": "and", "rules": []});
            let query = body.get("query").unwrap_or(&everything);
            page(
                catalog,
                blueprint,
                search::in_blueprint(catalog, blueprint, query)?,
                body,
            )
        }
        ("GET", [id]) => ok(json!({"entity": show(catalog, blueprint, id)?})),
        ("PUT" | "PATCH", [id]) => {
            show(catalog, blueprint, id)?;
            let name = body["identifier"].as_str().unwrap_or(id);
            let mut entity = body.clone();
            entity["identifier"] = json!(id);
            let merge = method == "PATCH";
            let write = Write {
                upsert: true,
                merge,
                ..write
            };
            catalog.upsert(
                blueprint,
                &entity,
                Write {
                    validate_only: true,
                    ..write
                },
            )?;
            catalog.rename(blueprint, id, name)?;
            entity["identifier"] = json!(name);
            catalog.upsert(blueprint, &entity, write)?;
            ok(json!({"entity": show(catalog, blueprint, name)?}))
        }
        ("DELETE", [id]) => {
            let ids = [(*id).to_owned()];
            catalog.delete(blueprint, &ids, call.flag("delete_dependents"))?;
            ok(json!({}))
        }
        _ => Err(unknown(call)),
    }
}

fn delete_many(
    catalog: &mut Catalog,
    blueprint: &str,
    body: &Value,
    call: &Call,
) -> Result<Answer, Refusal> {
    let ids = body["entities"].as_array().into_iter().flatten();
    let ids: Vec<String> = ids.filter_map(|id| id.as_str().map(Into::into)).collect();
    if !(1..=100).contains(&ids.len()) {
        return Err(Refusal::invalid(
            "\"entities\" must have 1 to 100 identifiers",
        ));
    }
    let deleted = catalog.delete(blueprint, &ids, call.flag("delete_dependents"))?;
    ok(json!({"deletedEntities": deleted}))
}

/// What Port's description has of an entity that a search in one blueprint found: what is not set is not there.
const FOUND: [&str; 6] = [
    "identifier",
    "title",
    "icon",
    "team",
    "properties",
    "relations",
];

fn page(
    catalog: &Catalog,
    blueprint: &str,
    ids: Vec<String>,
    body: &Value,
) -> Result<Answer, Refusal> {
    let limit = body["limit"].as_u64().unwrap_or(200).clamp(1, 1000) as usize;
    let from = body["from"].as_str().unwrap_or_default();
    let mut ids: Vec<_> = ids.into_iter().filter(|id| id.as_str() > from).collect();
    let more = ids.len() > limit;
    ids.truncate(limit);
    let found = |id: &String| {
        let mut entity = show(catalog, blueprint, id)?;
        if let Some(fields) = entity.as_object_mut() {
            fields.retain(|name, value| FOUND.contains(&name.as_str()) && !value.is_null());
        }
        Ok(entity)
    };
    let entities: Result<Vec<_>, _> = ids.iter().map(found).collect();
    let mut page = json!({"entities": entities?});
    if more {
        page["next"] = json!(ids.last());
    }
    ok(page)
}

fn show(catalog: &Catalog, blueprint: &str, identifier: &str) -> Result<Value, Refusal> {
    catalog.blueprint(blueprint)?;
    let stored = catalog.find(blueprint, identifier);
    stored
        .map(|stored| stored.json(blueprint, identifier))
        .ok_or_else(|| Refusal::missing("Entity", identifier))
}

fn body(call: &Call) -> Result<Value, Refusal> {
    if call.body.is_empty() {
        return Ok(Value::Null);
    }
    if !call.header("content-type").starts_with("application/json") {
        return Err(Refusal::new(
            415,
            "unsupported_media_type",
            "Send application/json",
        ));
    }
    serde_json::from_slice(&call.body)
        .map_err(|error| Refusal::new(400, "invalid_json", &error.to_string()))
}

fn unknown(call: &Call) -> Refusal {
    let message = format!("Route {}:{} not found", call.method, call.path);
    Refusal::new(404, "not_found", &message)
}

fn ok(mut body: Value) -> Result<Answer, Refusal> {
    body["ok"] = json!(true);
    Ok(Answer::json(200, &body))
}
