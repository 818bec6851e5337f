//! What can go wrong between the host and GitHub, in words for the person who must act.

use std::time::Duration;

/// Why GitHub gave no answer. `what` is the request, such as `GET /repos/acme/shop`.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    #[error(
        "GitHub answered 404 to {what}: it does not exist, or the App's installation does not include it"
    )]
    Missing { what: String },

    #[error("GitHub answered 403 to {what}: {}", lacking(.permission.as_deref(), .message))]
    Forbidden {
        what: String,
        /// `contents: read`, as far as GitHub or our own table says which one is lacking.
        permission: Option<String>,
        message: String,
    },

    #[error(
        "the App's installation {installation} is suspended: an owner of that organization can unsuspend it \
         (organization settings, GitHub Apps)"
    )]
    Suspended { installation: u64 },

    #[error(
        "the webhook names no installation, and the App is installed nowhere that includes this: \
         install it there, or remove the webhook"
    )]
    NotInstalled,

    #[error("the App's installation {installation} is gone: it was uninstalled")]
    Gone { installation: u64 },

    #[error("GitHub does not accept the App's credentials: {0}")]
    Unauthorized(String),

    #[error("GitHub wants to be left alone for {} s: {why}", .after.as_secs())]
    Later { after: Duration, why: String },

    #[error("GitHub could not be asked: {0}")]
    Transient(String),

    /// GitHub answered, and failed about this request; several tries were made.
    #[error("GitHub could not be asked: {0}")]
    Failed(String),

    #[error("too large to be read: {what} takes more than {limit}")]
    TooLarge { what: String, limit: String },

    #[error("GitHub answered {what} by pointing to {to}, which lies outside of what may be read")]
    Astray { what: String, to: String },

    #[error("GitHub answered {status} to {what}: {message}")]
    Unexpected {
        what: String,
        status: u16,
        message: String,
    },
}

impl Error {
    /// Whether the same request may succeed later without anybody's doing.
    ///
    /// Refused credentials count: they are the operator's to mend, not the event's fault.
    pub fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Later { .. } | Self::Transient(_) | Self::Unauthorized(_) | Self::Failed(_)
        )
    }

    /// Whether it is GitHub that is away, so that any other request would fare no better.
    pub fn is_outage(&self) -> bool {
        self.is_transient() && !matches!(self, Self::Failed(_))
    }

    /// How long GitHub asked to wait, if it did.
    pub fn after(&self) -> Option<Duration> {
        match self {
            Self::Later { after, .. } => Some(*after),
            _ => None,
        }
    }
}

fn lacking(permission: Option<&str>, message: &str) -> String {
    match permission {
        Some(permission) => format!(
            "the App lacks the permission `{permission}` (grant it in the App's settings, \
             then accept it in the organization). GitHub says: {message}"
        ),
        None => message.to_owned(),
    }
}
