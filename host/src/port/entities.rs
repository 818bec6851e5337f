//! One batch of entities written, whatever it takes: renamed, sent, split where Port refuses the whole, sent again.

use backon::ExponentialBackoff;
use bytes::Bytes;
use reqwest::{Method, StatusCode};
use serde::Deserialize;

use super::error::What;
use super::queue::{Group, Item};
use super::rest::{self, Request, Rest, segment};
use super::{Error, Write, Written};
use crate::entity::Renaming;

/// So many single entities that failed with 500 one after the other, and it is not them: Port is out of order.
pub(super) const DOWN: usize = 2;

/// Writes the items and settles each as soon as its answer is known.
pub(super) async fn write<R>(
    rest: &Rest,
    group: &Group,
    how: Write,
    items: Vec<Item<R>>,
    mut settle: impl FnMut(Item<R>, Result<Written, Error>),
) {
    let mut parts = vec![Part {
        items,
        pauses: rest::pauses(),
        whole_again: true,
        renaming: Renaming::NotAsked,
    }];
    let mut failed_alone = 0;
    while let Some(mut part) = parts.pop() {
        if part.renaming == Renaming::NotAsked {
            part.renaming = match rename(rest, group, &part.items).await {
                Ok(renaming) => renaming,
                Err(error) => {
                    part.items
                        .into_iter()
                        .for_each(|item| settle(item, Err(error.clone())));
                    continue;
                }
            };
        }
        let renaming = part.renaming;
        match send(rest, group, how, &part.items).await {
            Sent::Each(fates) => {
                failed_alone = 0;
                let mut again = Vec::new();
                let mut trouble = Vec::new();
                for (item, fate) in part.items.into_iter().zip(fates) {
                    match fate {
                        Fate::Final(answer) => settle(
                            item,
                            answer.map(|written| Written {
                                renaming,
                                ..written
                            }),
                        ),
                        Fate::Again(error) => {
                            again.push(item);
                            trouble.push(error);
                        }
                    }
                }
                match part.pauses.next() {
                    Some(_) if again.is_empty() => {}
                    Some(pause) => {
                        tokio::time::sleep(pause).await;
                        parts.push(Part {
                            items: again,
                            ..part
                        });
                    }
                    None => again
                        .into_iter()
                        .zip(trouble)
                        .for_each(|(item, error)| settle(item, Err(error))),
                }
            }
            Sent::Failed(error) => part
                .items
                .into_iter()
                .for_each(|item| settle(item, Err(error.clone()))),
            // The failure of a moment, perhaps, before every entity is suspected.
            Sent::Answered(StatusCode::INTERNAL_SERVER_ERROR, _)
                if part.items.len() > 1 && part.whole_again =>
            {
                tokio::time::sleep(part.pauses.next().unwrap_or_default()).await;
                part.whole_again = false;
                parts.push(part);
            }
            Sent::Answered(status, (code, message))
                if status == StatusCode::INTERNAL_SERVER_ERROR && failed_alone >= DOWN =>
            {
                let error = Error::Transient(format!(
                    "Port fails at everything just now: {} {code}: {message}",
                    status.as_u16()
                ));
                part.items
                    .into_iter()
                    .for_each(|item| settle(item, Err(error.clone())));
            }
            // One of several may have spoiled the call for all: find out which.
            Sent::Answered(
                StatusCode::PAYLOAD_TOO_LARGE
                | StatusCode::BAD_REQUEST
                | StatusCode::UNPROCESSABLE_ENTITY
                | StatusCode::INTERNAL_SERVER_ERROR,
                _,
            ) if part.items.len() > 1 => {
                let second = part.items.split_off(part.items.len() / 2);
                parts.push(Part {
                    items: second,
                    pauses: rest::pauses(),
                    whole_again: false,
                    renaming,
                });
                parts.push(Part {
                    whole_again: false,
                    ..part
                });
            }
            Sent::Answered(status, words) => {
                failed_alone = match status {
                    StatusCode::INTERNAL_SERVER_ERROR => failed_alone + 1,
                    _ => 0,
                };
                for item in part.items {
                    let what = what(group, &item);
                    settle(
                        item,
                        Err(match status {
                            // The call as a whole finds nothing but its blueprint missing.
                            StatusCode::NOT_FOUND => Error::MissingBlueprint(What {
                                identifier: None,
                                ..what
                            }),
                            _ => Error::answered(what, status.as_u16(), words.clone()),
                        }),
                    );
                }
            }
        }
    }
}

struct Part<R> {
    items: Vec<Item<R>>,
    /// Between the tries for entities that Port could not write just now.
    pauses: ExponentialBackoff,
    /// Whether it is sent once more as it is when Port fails with 500.
    whole_again: bool,
    /// What became of it where it was to be renamed: it is not tried again.
    renaming: Renaming,
}

enum Sent {
    Each(Vec<Fate>),
    Answered(StatusCode, (String, String)),
    Failed(Error),
}

enum Fate {
    Final(Result<Written, Error>),
    /// What to say if there is no further try.
    Again(Error),
}

async fn send<R>(rest: &Rest, group: &Group, how: Write, items: &[Item<R>]) -> Sent {
    let request = Request {
        method: Method::POST,
        path: format!(
            "v1/blueprints/{}/entities/bulk?upsert=true&merge={}&create_missing_related_entities={}",
            segment(&group.blueprint),
            how.merge,
            how.create_missing_related,
        ),
        body: body(items),
        source: Some(group.source),
    };
    let answer = match rest.send(&request).await {
        Ok(answer) => answer,
        Err(error) => return Sent::Failed(error),
    };
    match answer.status {
        StatusCode::OK | StatusCode::MULTI_STATUS => {
            match serde_json::from_slice::<Body>(&answer.body) {
                Ok(body) => Sent::Each(fates(group, items, body, |message| answer.traced(message))),
                Err(error) => Sent::Failed(Error::Failed(format!(
                    "Port's answer for entities of blueprint `{}` cannot be read: {error}",
                    group.blueprint
                ))),
            }
        }
        status => Sent::Answered(status, answer.words()),
    }
}

fn body<R>(items: &[Item<R>]) -> Bytes {
    let (start, end) = (br#"{"entities":["#, b"]}");
    let size: usize = items.iter().map(|item| item.body.len() + 1).sum();
    let mut body = Vec::with_capacity(start.len() + size + end.len());
    body.extend_from_slice(start);
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            body.push(b',');
        }
        body.extend_from_slice(&item.body);
    }
    body.extend_from_slice(end);
    body.into()
}

#[derive(Deserialize)]
struct Body {
    #[serde(default)]
    entities: Vec<Done>,
    #[serde(default)]
    errors: Vec<Fault>,
}

#[derive(Deserialize)]
struct Done {
    index: usize,
    created: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Fault {
    index: usize,
    status_code: u16,
    #[serde(default)]
    error: String,
    #[serde(default)]
    message: String,
}

/// The answer's indexes back to the items; an item it does not mention is not known to be written.
fn fates<R>(
    group: &Group,
    items: &[Item<R>],
    body: Body,
    traced: impl Fn(&str) -> String,
) -> Vec<Fate> {
    let mut fates: Vec<Option<Fate>> = items.iter().map(|_| None).collect();
    for done in body.entities {
        if let Some(fate) = fates.get_mut(done.index) {
            *fate = Some(Fate::Final(Ok(Written {
                created: done.created,
                renaming: Renaming::NotAsked,
            })));
        }
    }
    for fault in body.errors {
        let Some(fate) = fates.get_mut(fault.index) else {
            continue;
        };
        let what = what(group, &items[fault.index]);
        let message = traced(&fault.message);
        let code = super::error::quoted(&fault.error);
        *fate = Some(match fault.status_code {
            404 => Fate::Final(Err(Error::MissingTarget { what, message })),
            // Somebody else wrote the same entity in this moment, or Port had a bad one.
            status @ (408 | 409 | 429 | 500..) => Fate::Again(Error::Failed(format!(
                "{what}: Port could not write it, several tries were made: {status} {code}: {message}"
            ))),
            status => Fate::Final(Err(Error::Refused {
                what,
                status,
                code,
                message,
            })),
        });
    }
    let silent = |item: &Item<R>| {
        Fate::Again(Error::Failed(format!(
            "{}: Port's answer does not mention it",
            what(group, item)
        )))
    };
    fates
        .into_iter()
        .zip(items)
        .map(|(fate, item)| fate.unwrap_or_else(|| silent(item)))
        .collect()
}

/// Gives an entity that is to be renamed its new identifier. Its absence is fine: it was renamed before, or never was.
async fn rename<R>(rest: &Rest, group: &Group, items: &[Item<R>]) -> Result<Renaming, Error> {
    let [item] = items else {
        return Ok(Renaming::NotAsked);
    };
    let (Some(previous), Some(identifier)) = (&item.previous, &item.identifier) else {
        return Ok(Renaming::NotAsked);
    };
    if previous == identifier {
        return Ok(Renaming::NotAsked);
    }
    #[derive(serde::Serialize)]
    struct Renamed<'a> {
        identifier: &'a str,
    }
    let request = Request {
        method: Method::PATCH,
        path: format!(
            "v1/blueprints/{}/entities/{}",
            segment(&group.blueprint),
            segment(previous)
        ),
        body: serde_json::to_vec(&Renamed { identifier })
            .expect("a string always serializes")
            .into(),
        source: Some(group.source),
    };
    let answer = rest.send(&request).await?;
    match answer.status {
        status if status.is_success() => Ok(Renaming::Done),
        StatusCode::NOT_FOUND => Ok(Renaming::NothingThere),
        // The new one is still to be written.
        StatusCode::CONFLICT => Ok(Renaming::BothThere),
        status => Err(Error::answered(
            what(group, item),
            status.as_u16(),
            answer.words(),
        )),
    }
}

pub(super) fn what<R>(group: &Group, item: &Item<R>) -> What {
    What {
        blueprint: group.blueprint.to_string(),
        identifier: item.identifier.as_deref().map(str::to_owned),
    }
}

#[cfg(test)]
mod tests;
