//! One subject's state as GitHub has it now, and whether GitHub still answers for its kind.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::endpoint::of_kind;
use super::{Error, GitHub, Named};
use crate::subject::{Repository, Subject};

impl GitHub {
    /// A subject's object, in the shape in which its webhook brings it.
    ///
    /// [`Error::Missing`] is GitHub's word that it is not there, or that the App does not see it: whoever would take it
    /// for gone asks first whether its repository and its kind's list still answer.
    pub async fn object(&self, installation: u64, subject: &Subject) -> Result<Arc<str>, Error> {
        let repository = in_repository(subject)?;
        if subject.kind == "repository" {
            let named = Named::Id(repository.id);
            return Ok(self.repository(installation, named).await?.json);
        }
        let (Some((endpoint, _)), Some(number)) = (of_kind(&subject.kind), subject.number) else {
            return Err(cannot_ask(
                &subject.key,
                "GitHub names no such object by what is known of it",
            ));
        };
        let values = [repository.id.to_string(), number.to_string()];
        let values = values.each_ref().map(|value| &**value);
        let what = || endpoint.fill(&values);
        let reply = match self.ask(endpoint, &values, Some(installation)).await {
            // An issue that was deleted (GitHub docs, Get an issue).
            Err(Error::Unexpected { status: 410, .. }) => {
                return Err(Error::Missing {
                    what: format!("GET {}", what()),
                });
            }
            reply => reply?,
        };
        let json: &RawValue = reply.json()?;
        // An issue that was transferred leads on to what it became elsewhere, which is another subject.
        if !subject.key.ends_with(&format!("/{}", id(json)?)) {
            return Err(Error::Missing {
                what: format!("GET {}", what()),
            });
        }
        Ok(json.get().into())
    }

    /// Whether GitHub still lists a kind's objects in a repository: if it does, one that it does not have is gone.
    pub async fn kind_answers(
        &self,
        installation: u64,
        repository: &Repository,
        kind: &str,
    ) -> Result<(), Error> {
        let Some((_, list)) = of_kind(kind) else {
            return Err(cannot_ask(kind, "GitHub has no list of this kind"));
        };
        let values = [&*repository.id.to_string()];
        self.ask(list, &values, Some(installation)).await.map(drop)
    }
}

fn in_repository(subject: &Subject) -> Result<&Repository, Error> {
    let repository = subject.repository.as_ref();
    repository.ok_or_else(|| cannot_ask(&subject.key, "it is in no repository"))
}

fn id(json: &RawValue) -> Result<u64, Error> {
    #[derive(Deserialize)]
    struct Identified {
        id: u64,
    }
    let found: Result<Identified, _> = serde_json::from_str(json.get());
    found
        .map(|found| found.id)
        .map_err(|error| Error::Unexpected {
            what: "GET of an object".to_owned(),
            status: 200,
            message: format!("an answer of another shape than documented: {error}"),
        })
}

fn cannot_ask(what: &str, why: &str) -> Error {
    Error::Unexpected {
        what: format!("no request for {what}"),
        status: 0,
        message: why.to_owned(),
    }
}
