//! The trait that a plugin implements, and what it tells the host about itself.
//!
//! Knows nothing of how the calls cross the sandbox's border; that is `guest`.

use serde_json::{Value, json};

use crate::{Diagnostic, Error, Event, Outcome};

/// A mapper: a pure function from an event and the configuration in force to entities.
///
/// Only [`describe`](Mapper::describe) and [`map`](Mapper::map) are required.
/// The value itself is the parsed configuration; a mapper without one is a unit struct.
///
/// One value maps many events, in any order, and may be dropped and opened anew between two of them.
/// Whatever it remembers must not change what it returns: the same event with the same answers
/// always gives the same outcome.
///
/// # Examples
///
/// A mapper with a configuration, `catalog/owners.json` in the organization's `.github-private`:
///
/// ```
/// use std::collections::BTreeMap;
///
/// use portolan_sdk::{Description, Diagnostic, Entity, Error, Event, File, Mapper, Outcome, Owner, Place};
///
/// #[derive(Default)]
/// struct Owners(BTreeMap<String, String>);
///
/// impl Mapper for Owners {
///     fn describe() -> Description {
///         Description::of(["repository"])
///             .reads(Owner::Organization, "catalog/owners.json")
///             .writes("service")
///     }
///
///     fn open(files: Vec<File>) -> Result<Self, Vec<Diagnostic>> {
///         let Some(file) = files.first() else {
///             return Ok(Self::default());
///         };
///         serde_json::from_str(&file.text).map(Self).map_err(|error| {
///             let place = Place::new(&file.path).line(error.line() as u32);
///             vec![Diagnostic::error(error.to_string()).at(place)]
///         })
///     }
///
///     fn map(&self, event: &Event) -> Result<Outcome, Error> {
///         let repository = event.repository().ok_or(Error::refuse("no repository"))?;
///         let owner = self.0.get(&repository.name);
///         Ok(Entity::new("service", &repository.name).property("owner", owner).into())
///     }
/// }
/// # portolan_sdk::export_mapper!(Owners);
/// ```
pub trait Mapper: Default + 'static {
    /// What the host must know before it calls anything else. Read once, when the plugin is loaded.
    fn describe() -> Description;

    /// Parses the configuration: every file that matches [`Description::files`], in no promised order.
    ///
    /// Called once for each organization and configuration, not for each event: compile here what is dear.
    /// No files is not a mistake. The default ignores them.
    ///
    /// # Errors
    ///
    /// The mistakes in the configuration, each with its [`Place`](crate::Place).
    /// The last configuration that opened then stays in force, and these are shown until they are mended.
    fn open(files: Vec<File>) -> Result<Self, Vec<Diagnostic>> {
        let _ = files;
        Ok(Self::default())
    }

    /// What is to be said about a configuration that opened, such as an unknown key in it.
    fn notes(&self) -> Vec<Diagnostic> {
        Vec::new()
    }

    /// The kinds that this configuration really needs; the host lists, fetches and calls for those alone.
    ///
    /// By default every kind of [`describe`](Mapper::describe), whole.
    fn wants(&self) -> Vec<Want> {
        Self::describe().kinds.into_iter().map(Want::all).collect()
    }

    /// How the entities are written to Port. See [`WriteOptions`] for the default.
    fn options(&self) -> WriteOptions {
        WriteOptions::default()
    }

    /// Maps one event.
    ///
    /// The entities of the outcome are *all* that the subject has: what an earlier outcome had and this one
    /// does not name is deleted. An outcome with a [`Diagnostic::error`] in it, or one that came about in spite
    /// of a [refused answer](crate::Answer::Refused), counts as incomplete and only adds and updates.
    ///
    /// # Errors
    ///
    /// [`Error::Ask`] is how [`Event::file`] and its like ask the host: pass it on with `?` and `map` is
    /// called again with the answer. [`Error::Refuse`] puts the event aside with that text.
    ///
    /// A question that was asked and not passed on (`.ok()`) is asked all the same: whatever `map` returned
    /// without its answer does not count.
    fn map(&self, event: &Event) -> Result<Outcome, Error>;
}

/// What a plugin is for.
///
/// ```
/// use portolan_sdk::{Description, Owner};
///
/// let description = Description::of(["tree"])
///     .reads(Owner::Repository, "**/port.yml")
///     .writes("service");
/// assert_eq!(description.files[0].glob, "**/port.yml");
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Description {
    /// The kinds of subject to be called for: `tree`, `repository`, `pull-request`, `issue`, `workflow-run`,
    /// or the name of a GitHub event that has no kind, such as `star`.
    /// Names of Port's kinds that the host does not serve yet (`team`, `release`, ...) are reserved.
    /// The host warns at load about a kind that it never calls for, such as `pull_request`.
    pub kinds: Vec<String>,
    /// The files that the host reads and passes to [`Mapper::open`].
    pub files: Vec<FilePattern>,
    /// The blueprints that the mapper means to write. For people and the host's log:
    /// what a plugin may write is decided by the operator.
    pub blueprints: Vec<String>,
}

impl Description {
    /// A description of a mapper for these kinds, that reads no files.
    pub fn of<K: Into<String>>(kinds: impl IntoIterator<Item = K>) -> Self {
        Self {
            kinds: kinds.into_iter().map(Into::into).collect(),
            ..Self::default()
        }
    }

    /// Adds a file, by path or by glob, that is part of the configuration.
    #[must_use]
    pub fn reads(mut self, owner: Owner, glob: impl Into<String>) -> Self {
        self.files.push(FilePattern {
            owner,
            glob: glob.into(),
        });
        self
    }

    /// Adds a blueprint that the mapper writes.
    #[must_use]
    pub fn writes(mut self, blueprint: impl Into<String>) -> Self {
        self.blueprints.push(blueprint.into());
        self
    }
}

/// Whose file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owner {
    /// The event's own repository, at the head of its default branch.
    Repository,
    /// The organization's: its repository `.github-private`, at the head of the default branch.
    Organization,
    /// The operator's: a file that lies beside the plugin on the host.
    Operator,
}

/// A text file that the host read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Whose it is.
    pub owner: Owner,
    /// Path from the root of the repository (or from the plugin's folder), `/` between segments, no leading `/`.
    pub path: String,
    /// The whole content. A file that is not UTF-8 or larger than 512 KB is refused where it is asked for by name
    /// (`README.md`, `**/port.yml`) and left out where only a wildcard matches it (`docs/**`).
    pub text: String,
}

/// Which files belong to the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilePattern {
    /// Whose they are.
    pub owner: Owner,
    /// A path or a glob: `*` and `?` within a segment, `**` across segments (`**/x` matches `x` at the root too),
    /// `{a,b}`, `[a-z]`. No `.`, `..` or empty segments, no leading `/`, no backslash: the host refuses the plugin.
    pub glob: String,
}

/// A kind that an opened configuration needs.
#[derive(Debug, Clone, PartialEq)]
pub struct Want {
    /// A kind out of [`Description::kinds`].
    pub kind: String,
    /// A JSON object that narrows it, such as `{"finished": true, "newest": 100, "days": 60}`.
    /// `{}` is everything; keys that the host does not know are ignored.
    pub scope: Value,
}

impl Want {
    /// Every subject of a kind.
    pub fn all(kind: impl Into<String>) -> Self {
        Self {
            kind: kind.into(),
            scope: json!({}),
        }
    }
}

/// How entities are written to Port.
///
/// By default properties that an entity does not name keep their value, targets of relations that do not
/// exist are created bare, dependents are not deleted, and the host's own threshold holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WriteOptions {
    /// `true`: properties that an entity does not name keep their value. `false`: the entity is replaced.
    pub merge: bool,
    /// Create the targets of relations that do not exist yet, bare.
    pub create_missing_related: bool,
    /// When an entity is deleted, delete those that require it too.
    pub delete_dependents: bool,
    /// Never delete more than this share (0 to 1) of the plugin's entities in an organization
    /// without a person's word.
    pub deletion_threshold: Option<f64>,
}

impl Default for WriteOptions {
    fn default() -> Self {
        Self {
            merge: true,
            create_missing_related: true,
            delete_dependents: false,
            deletion_threshold: None,
        }
    }
}
