//! Another origin, to which a redirect may lead: whoever follows it with a token has leaked it.

use std::net::{Ipv4Addr, SocketAddr};

use serde_json::json;

use crate::journal::Recorded;
use crate::wire::{Answer, Server};

/// Answers everything with an empty list and remembers who came with credentials.
pub struct Stranger(Server);

impl Stranger {
    pub async fn start() -> Self {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let server = Server::start("stranger", address, |_| Answer::json(200, &json!([])))
            .await
            .expect("a free port on the loopback");
        Self(server)
    }

    pub fn url(&self) -> String {
        format!("http://{}/", self.0.address)
    }

    pub fn requests(&self) -> Vec<Recorded> {
        self.0.journal.since(Default::default())
    }
}
