//! What went wrong, and whose doing it is: the one table from the edges' errors to a failure's class.
//!
//! What is done about a class is decided in `inbox/failure`. The words come from the edge that failed.

use crate::inbox::{Class, Destination, Failure};
use crate::plugins::Fault;
use crate::{answers, github, port, resync, store};

/// GitHub's answers. What is limited is limited for one account; what is away is away for all.
pub(super) fn github(failed: &github::Error, organization: u64) -> Failure {
    use github::Error::*;
    let (class, destination) = match failed {
        Later { .. } => (Class::Wait, Some(Destination::Installation(organization))),
        Transient(_) | Unauthorized(_) => (Class::Transient, Some(Destination::GitHub)),
        Failed(_) => (Class::Failed, None),
        // Out of reach is not gone: what the ledger holds of it stays.
        Missing { .. } | Forbidden { .. } | Suspended { .. } | NotInstalled | Gone { .. } => {
            (Class::Permission, None)
        }
        TooLarge { .. } | Astray { .. } | Unexpected { .. } => (Class::Data, None),
    };
    Failure {
        after: failed.after(),
        ..new(class, destination, failed.to_string())
    }
}

/// What a mapper asked for and did not get.
pub(super) fn answers(failed: &answers::Error, organization: u64) -> Failure {
    match failed {
        answers::Error::GitHub(failed) => github(failed, organization),
        answers::Error::Port { outage: true, .. } => new(
            Class::Transient,
            Some(Destination::Port),
            failed.to_string(),
        ),
        answers::Error::Port {
            transient: true, ..
        } => new(Class::Failed, None, failed.to_string()),
        answers::Error::Port { .. } => new(Class::Permission, None, failed.to_string()),
        answers::Error::Endless(_) => new(Class::Data, None, failed.to_string()),
    }
}

/// Port's answers about one entity.
pub(super) fn port(failed: &port::Error) -> Failure {
    use port::Error::*;
    let (class, destination) = match failed {
        Later { .. } => (Class::Wait, Some(Destination::Port)),
        Transient(_) | Unauthorized(_) => (Class::Transient, Some(Destination::Port)),
        Failed(_) => (Class::Failed, None),
        MissingBlueprint(_) | MissingTarget { .. } => (Class::Missing, None),
        Refused { .. } | Kept { .. } if failed.is_permission() => (Class::Permission, None),
        Refused { .. } | Kept { .. } => (Class::Data, None),
    };
    Failure {
        after: failed.after(),
        awaits: failed.missing_blueprint().map(str::to_owned),
        ..new(class, destination, failed.to_string())
    }
}

/// A plugin that gave no outcome.
pub(super) fn plugin(fault: &Fault) -> Failure {
    let class = match fault {
        Fault::Resting { .. } => Class::Rests,
        Fault::Host(_) => Class::Failed,
        // What the mapper or its configuration says it would say again.
        Fault::Refused(_) | Fault::Configuration(_) => Class::Data,
        Fault::Deadline { .. }
        | Fault::Memory { .. }
        | Fault::Stack { .. }
        | Fault::Panic { .. }
        | Fault::Trap { .. }
        | Fault::Output { .. }
        | Fault::Invalid { .. } => Class::Plugin,
    };
    Failure {
        after: fault.after(),
        ..new(class, None, fault.to_string())
    }
}

/// A chore that was not done. What the store says is no failure of the chore's.
pub(super) fn resync(failed: &resync::Error, organization: u64) -> Result<Failure, store::Error> {
    match failed {
        resync::Error::Store(failed) => Err(failed.clone()),
        resync::Error::GitHub { failed: error, .. } => {
            let failure = github(error, organization);
            Ok(Failure {
                // GitHub may tell of a repository before its API knows it.
                class: match error {
                    github::Error::Missing { .. } => Class::Failed,
                    _ => failure.class,
                },
                why: failed.to_string(),
                ..failure
            })
        }
    }
}

/// Nobody is there who could map it.
pub(super) fn not_loaded(plugin: Option<String>, kind: &str) -> Failure {
    let why = match &plugin {
        Some(plugin) => format!("the plugin {plugin} is not loaded, and this waits for it"),
        None => format!("no plugin that maps {kind} is loaded, and this waits for one"),
    };
    Failure {
        plugin,
        ..new(Class::Missing, None, why)
    }
}

/// More would be deleted than a person has agreed to.
pub(super) fn held(why: String) -> Failure {
    new(Class::Held, None, why)
}

/// What the store gives back makes no sense.
pub(super) fn unreadable(why: String) -> Failure {
    new(Class::Data, None, why)
}

fn new(class: Class, destination: Option<Destination>, why: String) -> Failure {
    Failure {
        plugin: None,
        class,
        destination,
        after: None,
        why,
        awaits: None,
    }
}
