//! What every stand-in can do, whatever it stands in for: fail on demand, and tell what it was asked.

use crate::fault::Fault;
use crate::journal::{Journal, Mark, PATIENCE, Recorded};
use crate::wire::{Answer, Call, Place, Server};

/// A running server of a scenario's. Dropping it closes its socket.
pub struct StandIn {
    server: Server,
    /// Paths are told without it.
    base: &'static str,
}

impl StandIn {
    pub(crate) async fn start<F>(
        name: &'static str,
        place: Place,
        base: &'static str,
        answer: F,
    ) -> Self
    where
        F: Fn(&Call) -> Answer + Send + Sync + 'static,
    {
        let server = Server::start(name, place, answer).await;
        Self {
            server: server.expect("a free port on the loopback"),
            base,
        }
    }

    /// Scheme, name and port.
    pub fn origin(&self) -> &str {
        &self.server.origin
    }

    pub fn fail(&self, fault: Fault) {
        self.server.faults.add(fault);
    }

    pub fn mend(&self) {
        self.server.faults.clear();
    }

    /// Closes every connection without an answer until [`StandIn::go_up`].
    pub fn go_down(&self) {
        self.server.set_down(true);
    }

    pub fn go_up(&self) {
        self.server.set_down(false);
    }

    pub fn mark(&self) -> Mark {
        self.journal().mark()
    }

    /// How often it was asked since then, without what came while it was down.
    pub fn asked_since(&self, mark: Mark) -> usize {
        self.journal().count_since(mark)
    }

    /// How many connections and requests were closed without an answer because it was down.
    pub fn turned_away(&self) -> usize {
        self.server.turned_away()
    }

    pub fn requests(&self) -> Vec<Recorded> {
        self.requests_since(Mark::default())
    }

    pub fn requests_since(&self, mark: Mark) -> Vec<Recorded> {
        let mut requests = self.journal().since(mark);
        for request in &mut requests {
            if let Some(below) = request.path.strip_prefix(self.base) {
                request.path = below.to_owned();
            }
        }
        requests
    }

    /// Waits for a request, answered or not, that this is true of; panics with what was asked if it never comes.
    pub async fn wait_for_request(&self, what: &str, is: impl Fn(&Recorded) -> bool) -> Recorded {
        let found = || self.requests().into_iter().find(|request| is(request));
        let seen = self.journal().wait(PATIENCE, found).await;
        seen.unwrap_or_else(|| {
            let (whose, tail) = (self.server.name, self.journal().tail());
            panic!("waited in vain for {what}; {whose} was asked last:{tail}")
        })
    }

    pub(crate) fn journal(&self) -> &Journal {
        &self.server.journal
    }
}
