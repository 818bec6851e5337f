//! Another origin, to which a redirect may lead: whoever follows it with a token has leaked it.

use serde_json::json;

use crate::journal::Recorded;
use crate::wire::{Answer, Place, Server};

/// Answers everything with an empty list and remembers who came with credentials.
pub struct Stranger(Server);

impl Stranger {
    pub async fn start() -> Self {
        let server = Server::start("stranger", Place::plain(), |_| {
            Answer::json(200, &json!([]))
        })
        .await
        .expect("a free port on the loopback");
        Self(server)
    }

    pub fn url(&self) -> String {
        format!("{}/", self.0.origin)
    }

    pub fn requests(&self) -> Vec<Recorded> {
        self.0.journal.since(Default::default())
    }
}
