//! The contract of `wit/mapper.wit` as Rust types, and the configuration that a mapper is opened with.
//!
//! Everything here is data: plain structs that `files`, `answers` and `pipeline` pass on.
//! How a guest is called stands in `sandbox`.

use std::fmt;
use std::sync::Arc;

use sha2::{Digest, Sha256};

mod generated {
    wasmtime::component::bindgen!({
        path: "../wit",
        world: "plugin",
        additional_derives: [Clone, PartialEq],
    });
}

pub use generated::portolan::mapper::types::{
    Answer, AnswerValue, Description, Diagnostic, Entity, EntityKey, Event, File, FilePattern,
    Identifier, Mapped, Outcome, Owner, Place, Question, Severity, Want, Webhook, WriteOptions,
};

/// The configuration files a mapper is opened with, named by their digest.
#[derive(Clone)]
pub struct Configuration(Arc<Inner>);

struct Inner {
    organization: String,
    digest: [u8; 32],
    files: Vec<File>,
}

impl Configuration {
    /// The files in any order; the organization's login keeps one organization's instances apart from another's.
    pub fn new(organization: &str, mut files: Vec<File>) -> Self {
        files.sort_by(|a, b| (a.owner as u8, &a.path).cmp(&(b.owner as u8, &b.path)));
        let mut digest = Sha256::new();
        for part in std::iter::once((9, organization, "")).chain(
            files
                .iter()
                .map(|f| (f.owner as u8, f.path.as_str(), f.text.as_str())),
        ) {
            digest.update([part.0]);
            for text in [part.1, part.2] {
                digest.update((text.len() as u64).to_le_bytes());
                digest.update(text);
            }
        }
        Self(Arc::new(Inner {
            organization: organization.to_owned(),
            digest: digest.finalize().into(),
            files,
        }))
    }

    pub fn organization(&self) -> &str {
        &self.0.organization
    }

    /// Equal for the same organization and the same files with the same content.
    pub fn digest(&self) -> [u8; 32] {
        self.0.digest
    }

    pub fn files(&self) -> &[File] {
        &self.0.files
    }
}

impl fmt::Debug for Configuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let paths: Vec<_> = self.0.files.iter().map(|file| &file.path).collect();
        f.debug_tuple("Configuration").field(&paths).finish()
    }
}
