//! Another origin, to which a redirect may lead: whoever follows it with a token has leaked it.

use std::ops::Deref;

use serde_json::json;

use crate::standin::StandIn;
use crate::wire::{Answer, Place};

/// Answers everything with an empty list and remembers who came with credentials.
pub struct Stranger(StandIn);

impl Stranger {
    pub async fn start() -> Self {
        let answer = |_: &_| Answer::json(200, &json!([]));
        Self(StandIn::start("stranger", Place::plain(), "", answer).await)
    }

    pub fn url(&self) -> String {
        format!("{}/", self.origin())
    }
}

/// What it has in common with the others.
impl Deref for Stranger {
    type Target = StandIn;

    fn deref(&self) -> &StandIn {
        &self.0
    }
}
