//! `port-app-config.yml` for the plugins that read it: which file is in force, and what it says to all of them.
//!
//! A repository's own file replaces the organization's whole (Port docs, GitHub, "Configuration options"), but where the
//! organization has one, a repository may delete no more than that allows.
//! What a key means that only one plugin reads is that plugin's to know; here it is a value that knows its line.

mod flags;
pub mod yaml;

use portolan_sdk::{Description, Diagnostic, File, Owner, Place, WriteOptions};

use crate::flags::Flags;
use crate::yaml::{Key, Kind, Node};

/// Where the file may lie; the first that is there is in force.
const PLACES: [(Owner, &str); 4] = [
    (Owner::Repository, ".github/port-app-config.yml"),
    (Owner::Repository, ".github/port-app-config.yaml"),
    (Owner::Organization, "port-app-config.yml"),
    (Owner::Organization, "port-app-config.yaml"),
];

/// The file in force.
#[derive(Debug)]
pub struct Configuration<'a> {
    pub file: &'a File,
    pub options: WriteOptions,
    /// What stands at its root beside the [`options`](Self::options), in order.
    pub fields: Vec<(Key, Node)>,
    /// What keeps it from opening. A plugin adds its own, so that all are told at once.
    pub mistakes: Vec<Diagnostic>,
    /// What is to be said about the file as a whole.
    pub notes: Vec<Diagnostic>,
}

/// Adds the files that [`in_force`] chooses from.
pub fn files(description: Description) -> Description {
    PLACES
        .into_iter()
        .fold(description, |description, (owner, path)| {
            description.reads(owner, path)
        })
}

/// The configuration that holds, if there is one.
///
/// # Errors
///
/// What makes the file unreadable as a whole.
pub fn in_force(files: &[File]) -> Result<Option<Configuration<'_>>, Diagnostic> {
    let mut present = PLACES.into_iter().filter_map(|(owner, path)| {
        files
            .iter()
            .find(|file| file.owner == owner && file.path == path)
    });
    let Some(file) = present.next() else {
        return Ok(None);
    };
    let mut notes = Vec::new();
    let mut rest: Vec<_> = present.collect();
    if let Some(second) = rest.first().filter(|second| second.owner == file.owner) {
        let message = format!(
            "`{}` lies beside it and is not read. Keep one of the two.",
            second.path
        );
        notes.push(Diagnostic::warning(message).at(Place::new(&file.path)));
    }
    let mut mistakes = Vec::new();
    let fields = root(file, &mut mistakes)?;
    let (mut flags, fields) = Flags::take(&file.path, fields, &mut mistakes);
    rest.retain(|other| other.owner == Owner::Organization);
    if let Some(organizations) = rest.first().filter(|_| file.owner == Owner::Repository) {
        flags.obey(organizations, &mut notes);
    }
    Ok(Some(Configuration {
        file,
        options: flags.options(),
        fields,
        mistakes,
        notes,
    }))
}

/// What stands at the root of a configuration.
fn root(file: &File, mistakes: &mut Vec<Diagnostic>) -> Result<Vec<(Key, Node)>, Diagnostic> {
    let mut documents = yaml::documents(&file.path, &file.text)?.into_iter();
    let fields = match documents.next() {
        None => Vec::new(),
        Some(Node {
            kind: Kind::Object(fields),
            ..
        }) => fields,
        Some(other) => {
            let message = format!(
                "The configuration is an object of settings, but {} stands here.",
                other.noun()
            );
            mistakes.push(Diagnostic::error(message).at(other.place(&file.path)));
            Vec::new()
        }
    };
    if let Some(second) = documents.next() {
        let message = "A second document stands here. A configuration is one document: remove the `---` or what follows.";
        mistakes.push(Diagnostic::error(message).at(second.place(&file.path)));
    }
    Ok(fields)
}
