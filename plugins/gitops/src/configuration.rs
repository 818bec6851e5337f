//! What `port-app-config.yml` says about `port.yml` files: where they are and how their entities are written.
//!
//! `resources` and its neighbors belong to another plugin and are passed over. What concerns the file as a whole
//! (keys that nobody reads, two files side by side) is said here and not by `mapping`, so that it is said once.

use portolan_sdk::{Diagnostic, File, WriteOptions};

use app_config::yaml::{Key, Kind, Node};

/// Root keys that other plugins read.
const OTHERS: [&str; 4] = [
    "resources",
    "repositoryType",
    "organizations",
    "includeAuthenticatedUser",
];

/// Root keys of Port's app of 2022, long without effect but still in many files.
const HISTORIC: [&str; 5] = [
    "defaultBlueprint",
    "defaultTitle",
    "defaultIdentifier",
    "defaultTeam",
    "defaultPropertiesPath",
];

/// Each is one question, and an event has 256 of them.
const MAX_SPEC_PATHS: usize = 64;

#[derive(Debug)]
pub(crate) struct Configuration {
    /// Globs.
    pub(crate) spec_paths: Vec<String>,
    pub(crate) options: WriteOptions,
    pub(crate) enrich: bool,
    pub(crate) metadata_property: String,
    pub(crate) notes: Vec<Diagnostic>,
}

impl Default for Configuration {
    fn default() -> Self {
        Self {
            spec_paths: vec!["**/port.yml".to_owned()],
            options: WriteOptions::default(),
            enrich: true,
            metadata_property: "gitopsMetadata".to_owned(),
            notes: Vec::new(),
        }
    }
}

impl Configuration {
    pub(crate) fn read(files: &[File]) -> Result<Self, Vec<Diagnostic>> {
        let Some(found) = app_config::in_force(files).map_err(|mistake| vec![mistake])? else {
            return Ok(Self::default());
        };
        let mut reading = Reading {
            path: &found.file.path,
            mistakes: found.mistakes,
            read: Self {
                options: found.options,
                notes: found.notes,
                ..Self::default()
            },
        };
        for (key, value) in &found.fields {
            reading.field(key, value);
        }
        if reading.mistakes.is_empty() {
            Ok(reading.read)
        } else {
            Err(reading.mistakes)
        }
    }
}

struct Reading<'a> {
    path: &'a str,
    mistakes: Vec<Diagnostic>,
    read: Configuration,
}

impl Reading<'_> {
    fn field(&mut self, key: &Key, value: &Node) {
        let name = key.name.as_str();
        if matches!(value.kind, Kind::Null) && !HISTORIC.contains(&name) {
            return; // A key without a value says nothing: the default holds.
        }
        match name {
            "specPath" => {
                if let Some(globs) = self.globs(value) {
                    self.read.spec_paths = globs;
                }
            }
            "enrichEntitiesWithGitopsMetadata" => match value.kind {
                Kind::Bool(enrich) => self.read.enrich = enrich,
                _ => self.mistake(name, value, "must be true or false"),
            },
            "gitopsMetadataProperty" => match &value.kind {
                Kind::Text(property) if !property.trim().is_empty() => {
                    self.read.metadata_property = property.clone()
                }
                _ => self.mistake(
                    name,
                    value,
                    "must be the identifier of a property, such as gitopsMetadata",
                ),
            },
            _ if OTHERS.contains(&name) => {}
            _ if HISTORIC.contains(&name) => {
                let message = format!(
                    "`{name}` has had no effect since 2023. Write the value into each port.yml and remove the key."
                );
                self.warn(key, message);
            }
            _ => self.warn(
                key,
                format!(
                    "`{name}` is not a setting and is ignored. Remove it, or correct its spelling."
                ),
            ),
        }
    }

    fn globs(&mut self, value: &Node) -> Option<Vec<String>> {
        let nodes = match &value.kind {
            Kind::List(items) => items.as_slice(),
            _ => std::slice::from_ref(value),
        };
        if nodes.len() > MAX_SPEC_PATHS {
            self.mistake(
                "specPath",
                value,
                &format!("may hold at most {MAX_SPEC_PATHS} globs"),
            );
            return None;
        }
        let mut globs = Vec::new();
        for node in nodes {
            match &node.kind {
                // Taken as part of a name it would match nothing and say nothing.
                Kind::Text(glob) if glob.trim_start().starts_with('!') => {
                    let message = format!(
                        "`{}` would exclude files, but exclusions are not supported: name the folders instead.",
                        glob.trim()
                    );
                    self.mistakes.push(
                        Diagnostic::error(message)
                            .at(node.place(self.path))
                            .field("specPath"),
                    );
                }
                Kind::Text(glob) if !glob.trim().is_empty() => {
                    // Paths begin at the root of the repository, however that is written.
                    let glob = glob.trim();
                    globs.push(
                        glob.strip_prefix("./")
                            .unwrap_or(glob)
                            .trim_start_matches('/')
                            .to_owned(),
                    );
                }
                _ => self.mistake(
                    "specPath",
                    node,
                    "must be a glob or a list of globs, such as \"**/port.yml\"",
                ),
            }
        }
        Some(globs)
    }

    fn mistake(&mut self, name: &str, value: &Node, must: &str) {
        let message = format!("`{name}` {must}, but {} stands here.", value.noun());
        self.mistakes.push(
            Diagnostic::error(message)
                .at(value.place(self.path))
                .field(name),
        );
    }

    fn warn(&mut self, key: &Key, message: String) {
        let warning = Diagnostic::warning(message)
            .at(key.place(self.path))
            .field(&key.name);
        self.read.notes.push(warning);
    }
}
