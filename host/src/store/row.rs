//! The ledger's rows: who produced what.

use super::Millis;

/// One entity that a plugin produced from one subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub plugin: String,
    /// The subject's key.
    pub subject: String,
    pub organization: u64,
    pub repository: Option<u64>,
    /// `owner/name`, or the organization's login: for people.
    pub whose: String,
    pub blueprint: String,
    pub identifier: String,
    /// Of what was last sent. `None`: it is about to be sent, or has to be sent again whatever it is.
    pub digest: Option<[u8; 32]>,
    /// The ledger created it in Port, or adopted it: the ledger may delete it.
    pub ours: bool,
    pub written: Millis,
    /// It is produced no more and still in Port: what its deletion waits for, a sentence.
    pub waits: Option<String>,
}

/// Entities of one blueprint that a producer produces no more, and whose deletions wait for the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undeleted {
    pub plugin: String,
    /// The subject's key.
    pub subject: String,
    /// `owner/name`, or the organization's login: for people.
    pub whose: String,
    pub blueprint: String,
    pub why: String,
    /// The first of them.
    pub identifiers: Vec<String>,
    pub count: u64,
}

/// Of waiting deletions so many groups are told, and so many identifiers of each.
pub(super) const GROUPS: u32 = 100;
pub(super) const IDENTIFIERS: u32 = 10;

/// A producer's rows, and those of all others about the same entities.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Producers {
    pub own: Vec<Row>,
    pub others: Vec<Row>,
}

/// What changes in the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Adds the row or replaces it.
    Put(Row),
    /// The producer does not produce it any more.
    Remove {
        plugin: String,
        subject: String,
        blueprint: String,
        identifier: String,
    },
    /// Whoever else produces it has to send it again: it was overwritten. The producer named here is not meant.
    Forget {
        plugin: String,
        subject: String,
        blueprint: String,
        identifier: String,
    },
    /// Whoever else produces it inherits that it is ours: its creator produces it no more.
    Inherit {
        blueprint: String,
        identifier: String,
    },
}
