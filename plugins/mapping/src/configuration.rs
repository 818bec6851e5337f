//! `resources` of the `port-app-config.yml` in force, read and compiled once.
//!
//! A resource that cannot be read leaves the others in force. What concerns the file as a whole beside them (unknown
//! root keys, two files side by side, a flag overruled) `gitops` tells: both plugins read the file, and it is said once.

use app_config::yaml::{Key, Kind, Node};
use portolan_sdk::{Description, Diagnostic, File, Owner, Place, WriteOptions};

use crate::notes::capped;
use crate::reader::{Reader, value};
use crate::resource::{Resource, Unreadable};
use crate::spelling;

/// Where many put the file, and where it has never been read (Port docs, GitHub, "Configuration").
const MISPLACED: [&str; 2] = ["port-app-config.yml", "port-app-config.yaml"];

/// Resources in one file. The largest file in use has some dozens.
const MOST_RESOURCES: usize = 1_000;

#[derive(Debug, Default)]
pub(crate) struct Configuration {
    pub(crate) resources: Vec<Resource>,
    pub(crate) unreadable: Vec<Unreadable>,
    pub(crate) options: WriteOptions,
    pub(crate) notes: Vec<Diagnostic>,
}

impl Configuration {
    /// Adds the files that [`read`](Self::read) takes.
    pub(crate) fn files(description: Description) -> Description {
        MISPLACED
            .into_iter()
            .fold(app_config::files(description), |description, path| {
                description.reads(Owner::Repository, path)
            })
    }

    pub(crate) fn read(files: &[File]) -> Result<Self, Vec<Diagnostic>> {
        let misplaced = misplaced(files);
        let Some(found) = app_config::in_force(files).map_err(|mistake| vec![mistake])? else {
            return Ok(Self {
                notes: misplaced,
                ..Self::default()
            });
        };
        let mut mistakes = found.mistakes;
        let mut reader = Reader::new(found.file);
        reader.notes = misplaced;
        let nodes = match value(&found.fields, "resources") {
            Some(Node {
                kind: Kind::List(nodes),
                ..
            }) if !nodes.is_empty() => nodes.as_slice(),
            None
            | Some(Node {
                kind: Kind::Null | Kind::List(_),
                ..
            }) => {
                let message = nothing(&found.fields);
                let note = Diagnostic::note(message).at(Place::new(&found.file.path));
                reader.notes.push(note);
                &[]
            }
            Some(other) => {
                let message = format!("`resources` is a list, but {} stands here.", other.noun());
                mistakes.push(reader.mistake(other, "resources", message));
                &[]
            }
        };
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        let (mut resources, mut unreadable) = (Vec::new(), Vec::new());
        for node in nodes.iter().take(MOST_RESOURCES) {
            match Resource::read(&mut reader, node) {
                None => {}
                Some(Ok(resource)) => resources.push(resource),
                Some(Err(broken)) => {
                    reader.notes.push(broken.why.clone());
                    unreadable.push(broken);
                }
            }
        }
        if let Some(node) = nodes.get(MOST_RESOURCES) {
            let message = format!(
                "More than {MOST_RESOURCES} resources in one file: those from here on are not read. \
                 A repository may have its own file, `.github/port-app-config.yml`."
            );
            let why = reader.mistake(node, "resources", message);
            reader.notes.push(why.clone());
            unreadable.push(Unreadable { row: None, why });
        }
        let broken = !unreadable.is_empty() || !resources.is_empty();
        if broken && !resources.iter().any(Resource::is_usable) {
            // Nothing would be mapped: the last configuration that was any good stays in force.
            return Err(capped(reader.notes));
        }
        Ok(Self {
            resources,
            unreadable,
            options: found.options,
            notes: capped(reader.notes),
        })
    }
}

/// A file where it is not read. The organization's own repository has it at its root, where it is in force.
fn misplaced(files: &[File]) -> Vec<Diagnostic> {
    let in_force = |path: &str, text: &str| {
        let same = |file: &File| {
            file.owner == Owner::Organization && file.path == path && file.text == text
        };
        files.iter().any(same)
    };
    let misplaced = files.iter().filter(|file| {
        file.owner == Owner::Repository
            && MISPLACED.contains(&file.path.as_str())
            && !in_force(&file.path, &file.text)
    });
    misplaced
        .map(|file| {
            let message = "The file is not read here. Move it to `.github/port-app-config.yml`, or to the root of the organization's repository `.github-private`.";
            Diagnostic::warning(message).at(Place::new(&file.path))
        })
        .collect()
}

/// Why a file maps nothing.
fn nothing(fields: &[(Key, Node)]) -> String {
    let names = fields.iter().map(|(key, _)| key.name.as_str());
    match spelling::nearest("resources", names) {
        Some(name) if name != "resources" => {
            format!(
                "Nothing is mapped by jq, because there is no `resources`. Is `{name}` meant to be it?"
            )
        }
        _ => "Nothing is mapped by jq, because there are no `resources`.".to_owned(),
    }
}
