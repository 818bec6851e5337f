//! Why there are no answers, and what that means for the event.

use crate::github;

/// Why there are no answers.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    GitHub(#[from] github::Error),

    #[error("Port did not answer for a blueprint: {message}")]
    Port {
        message: String,
        transient: bool,
        outage: bool,
    },

    /// The mapper's own mistake: trying again brings the same.
    #[error("the mapper asks without end: {0}")]
    Endless(String),
}

impl Error {
    pub fn is_transient(&self) -> bool {
        match self {
            Self::GitHub(error) => error.is_transient(),
            Self::Port { transient, .. } => *transient,
            Self::Endless(_) => false,
        }
    }
}
