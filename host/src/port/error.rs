//! What can go wrong between us and Port, in words for the person who must act.

use std::fmt;
use std::time::Duration;

/// Why an entity was not written or a blueprint not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Port will not take this, however often it is sent.
    #[error("{what}: Port refused it with {status} {code}: {message}.{}", advice(*.status))]
    Refused {
        what: What,
        status: u16,
        code: String,
        message: String,
    },
    /// Port will not delete this while things are as they are.
    #[error("{what}: Port does not delete it, {status} {code}: {message}.{}", removal_advice(*.status))]
    Kept {
        what: What,
        status: u16,
        code: String,
        message: String,
    },
    /// The blueprint does not exist (yet).
    #[error(
        "{0}: Port has no such blueprint. Create it there; until then nothing can be written to it"
    )]
    MissingBlueprint(What),
    /// A relation points at an entity that does not exist (yet).
    #[error(
        "{what}: Port did not find the target of a relation: {message}. Create that entity first, \
         or let missing ones be created with `createMissingRelatedEntities: true`"
    )]
    MissingTarget { what: What, message: String },
    /// Our credentials are not taken. Nobody's entity is at fault.
    #[error("{0}")]
    Unauthorized(String),
    /// Port wants to be left alone for longer than we wait in line.
    #[error("Port's rate limit is used up: next try in {} s", .after.as_secs())]
    Later { after: Duration },
    /// Port could not be reached or is out of order; several tries were made.
    #[error("{0}")]
    Transient(String),
    /// Port answered, and failed about this one; several tries were made.
    #[error("{0}")]
    Failed(String),
}

impl Error {
    /// Whether the same call may succeed later without anyone changing entity, blueprint or configuration.
    pub fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Unauthorized(_) | Self::Later { .. } | Self::Transient(_) | Self::Failed(_)
        )
    }

    /// Whether it is Port that is away, so that any other call would fare no better.
    pub fn is_outage(&self) -> bool {
        self.is_transient() && !matches!(self, Self::Failed(_))
    }

    /// Whether something else has to come into being first, which others may be about to write.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::MissingBlueprint(_) | Self::MissingTarget { .. })
    }

    /// Whether it is the entity, or its blueprint, that has to be changed by somebody.
    pub fn is_data(&self) -> bool {
        matches!(self, Self::Refused { .. } | Self::Kept { .. }) && !self.is_permission()
    }

    /// Whether the credentials lack the right to do this. When they are not taken at all it is an outage.
    pub fn is_permission(&self) -> bool {
        matches!(
            self,
            Self::Refused {
                status: 401 | 403,
                ..
            } | Self::Kept {
                status: 401 | 403,
                ..
            }
        )
    }

    /// The blueprint that has to come into being first.
    pub fn missing_blueprint(&self) -> Option<&str> {
        match self {
            Self::MissingBlueprint(what) => Some(&what.blueprint),
            _ => None,
        }
    }

    /// Whether an entity has to come into being first, at which this one points.
    pub fn is_missing_target(&self) -> bool {
        matches!(self, Self::MissingTarget { .. })
    }

    /// Whether Port failed about this one while it answered others.
    pub fn is_failed(&self) -> bool {
        matches!(self, Self::Failed(_))
    }

    /// How long Port asked to wait, if it did.
    pub fn after(&self) -> Option<Duration> {
        match self {
            Self::Later { after } => Some(*after),
            _ => None,
        }
    }

    /// The task that carried the call out is gone.
    pub(super) fn stopped() -> Self {
        Self::Transient("the host stopped before Port's answer came".to_owned())
    }

    /// What a status that is no success means, once retries are over.
    pub(super) fn answered(what: What, status: u16, (code, message): (String, String)) -> Self {
        match status {
            500.. => Self::Failed(format!(
                "{what}: Port failed with {status} {code}: {message}"
            )),
            _ => Self::Refused {
                what,
                status,
                code,
                message,
            },
        }
    }
}

/// What an error is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct What {
    pub blueprint: String,
    /// `None` for the blueprint itself, and for an entity found by a search.
    pub identifier: Option<String>,
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.identifier {
            Some(identifier) => {
                write!(f, "entity `{identifier}` of blueprint `{}`", self.blueprint)
            }
            None => write!(f, "blueprint `{}`", self.blueprint),
        }
    }
}

fn advice(status: u16) -> &'static str {
    match status {
        300..400 => " Set PORT_URL (or PORT_API_URL) to the address that answers itself",
        403 => " Give the credentials of PORT_CLIENT_ID the right to write this blueprint",
        409 => " Another entity already has this identifier",
        413 => " Make the entity smaller: Port takes 1 MiB at most",
        422 => " Correct the mapping, or the blueprint",
        _ => "",
    }
}

fn removal_advice(status: u16) -> &'static str {
    match status {
        300..=399 => advice(status),
        401 | 403 => {
            " Give the credentials of PORT_CLIENT_ID the right to delete from this blueprint"
        }
        // Port does not say which status it answers for those that are pointed at.
        _ => {
            " If other entities need it (a required relation), remove those first, or let them be deleted along with \
             it by `deleteDependentEntities: true`"
        }
    }
}

/// Port's own words, fit for a log line: it may quote what a guest wrote.
pub(super) fn quoted(text: &str) -> String {
    /// Longer ones list a whole schema.
    const LIMIT: usize = 1000;
    let clean = text.chars().filter(|c| !c.is_control()).take(LIMIT);
    clean.collect::<String>().trim_end_matches('.').to_owned()
}
