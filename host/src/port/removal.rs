//! One batch of entities deleted: in one call where one will do, else one by one.

use bytes::Bytes;
use reqwest::{Method, StatusCode};

use super::Error;
use super::entities::{DOWN, what};
use super::queue::{Group, Item};
use super::rest::{self, Answer, Request, Rest, segment};
use super::{Source, Written};

/// Deletes the items and settles each as soon as its answer is known.
pub(super) async fn remove<R>(
    rest: &Rest,
    group: &Group,
    dependents: bool,
    items: Vec<Item<R>>,
    mut settle: impl FnMut(Item<R>, Result<Written, Error>),
) {
    if items.len() > 1 {
        match many(rest, group, dependents, &items).await {
            // All or nothing: which of them spoiled it is not said.
            Ok(answer) if !answer.status.is_success() => {}
            Ok(_) => {
                return items
                    .into_iter()
                    .for_each(|item| settle(item, Ok(Written::default())));
            }
            Err(error) => {
                return items
                    .into_iter()
                    .for_each(|item| settle(item, Err(error.clone())));
            }
        }
    }
    let (mut outage, mut failed): (Option<Error>, usize) = (None, 0);
    for item in items {
        let result = match &outage {
            None => one(rest, group, dependents, &item).await,
            Some(error) => Err(error.clone()),
        };
        match &result {
            Err(error) if error.is_outage() => outage = Some(error.clone()),
            Err(error) if error.is_failed() => {
                failed += 1;
                if failed >= DOWN {
                    outage = Some(Error::Transient(format!(
                        "Port fails at everything just now, as it did with {error}"
                    )));
                }
            }
            _ => failed = 0,
        }
        settle(item, result.map(|()| Written::default()));
    }
}

async fn many<R>(
    rest: &Rest,
    group: &Group,
    dependents: bool,
    items: &[Item<R>],
) -> Result<Answer, Error> {
    #[derive(serde::Serialize)]
    struct Body<'a> {
        entities: Vec<&'a str>,
    }
    let entities = items
        .iter()
        .filter_map(|item| item.identifier.as_deref())
        .collect();
    let request = Request {
        method: Method::POST,
        path: format!(
            "v1/blueprints/{}/bulk/entities/delete?delete_dependents={dependents}",
            segment(&group.blueprint)
        ),
        body: serde_json::to_vec(&Body { entities })
            .expect("strings always serialize")
            .into(),
        source: Some(group.source),
    };
    rest.send(&request).await
}

/// Once more where Port fails with 500: the failure of a moment, perhaps.
async fn one<R>(rest: &Rest, group: &Group, dependents: bool, item: &Item<R>) -> Result<(), Error> {
    let identifier = item.identifier.as_deref().unwrap_or_default();
    let mut pauses = rest::pauses().take(1);
    loop {
        let answer = if leaves_its_path(identifier) {
            many(rest, group, dependents, std::slice::from_ref(item)).await?
        } else {
            let path = format!(
                "v1/blueprints/{}/entities/{}?delete_dependents={dependents}",
                segment(&group.blueprint),
                segment(identifier)
            );
            rest.send(&delete(path, group.source)).await?
        };
        let status = answer.status;
        let (code, message) = match status {
            status if status.is_success() => return Ok(()),
            StatusCode::NOT_FOUND => return Ok(()),
            _ => answer.words(),
        };
        match pauses.next() {
            Some(pause) if status.is_server_error() => tokio::time::sleep(pause).await,
            _ => {
                let what = what(group, item);
                return Err(match status.as_u16() {
                    500.. => Error::Failed(format!(
                        "{what}: Port failed to delete it: {} {code}: {message}",
                        status.as_u16()
                    )),
                    status => Error::Kept {
                        what,
                        status,
                        code,
                        message,
                    },
                });
            }
        }
    }
}

fn delete(path: String, source: Source) -> Request {
    Request {
        method: Method::DELETE,
        path,
        body: Bytes::new(),
        source: Some(source),
    }
}

/// Whether a proxy on the way could take its escaped slashes for real ones and find something else at their end, which
/// would then be deleted.
fn leaves_its_path(identifier: &str) -> bool {
    identifier
        .split(['/', '\\'])
        .any(|part| part == ".." || part == "." || part.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_go_into_the_path_of_a_deletion() {
        for plain in ["cart", "acme/cart", "a..b", "a.b/c"] {
            assert!(!leaves_its_path(plain), "{plain}");
        }
        for not in ["a/../../x", "..\\x", "a//b", "a/", "./a", ""] {
            assert!(leaves_its_path(not), "{not}");
        }
    }
}
