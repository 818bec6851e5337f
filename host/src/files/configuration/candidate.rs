//! What a plugin is to be opened with: the files that it wants, read at the heads, or why they cannot be read.
//!
//! Whether it is any good, only the plugin knows.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};

use sha2::{Digest as _, Sha256};

use super::super::{At, Entry, Files, Glob, MOST, MOST_BYTES, Texts};
use crate::github;
use crate::plugins::contract::{
    Configuration, Diagnostic, File, FilePattern, Owner, Place, Severity,
};
use crate::subject::Organization;

/// What is in force if the plugin can open it.
#[derive(Debug, Clone)]
pub enum Candidate {
    Readable(Configuration),
    /// A file of it lies there and is not read. Without it the rest would mean something else.
    Unreadable(Vec<Diagnostic>),
}

/// What a plugin asks to be opened with.
#[derive(Clone, Copy)]
pub struct Wanted<'a> {
    pub plugin: &'a str,
    pub patterns: &'a [FilePattern],
    /// As they lie beside the plugin.
    pub operator: &'a [File],
}

impl Wanted<'_> {
    pub(super) fn of(&self, owner: Owner) -> bool {
        self.patterns.iter().any(|pattern| pattern.owner == owner)
    }

    pub(super) fn digest(&self) -> u64 {
        let mut digest = DefaultHasher::new();
        for pattern in self.patterns {
            (pattern.owner as u8, &pattern.glob).hash(&mut digest);
        }
        for file in self.operator {
            (&file.path, &file.text).hash(&mut digest);
        }
        digest.finish()
    }
}

impl Candidate {
    /// Reads at the heads of the repository and of the organization's own, as far as there are any.
    pub async fn read(
        files: &Files,
        wanted: Wanted<'_>,
        organization: &Organization,
        places: [(Owner, Option<At>); 2],
    ) -> Result<Self, github::Error> {
        let mut found = wanted.operator.to_vec();
        let mut unread = Vec::new();
        for (owner, at) in places {
            let Some(at) = at else { continue };
            match matching(files, &at, owner, wanted.patterns).await {
                Ok((texts, mistakes)) => {
                    found.extend(texts);
                    unread.extend(mistakes);
                }
                Err(error @ github::Error::TooLarge { .. }) => {
                    let name = at.repository.full_name();
                    unread.push(mistake(
                        None,
                        format!("the configuration in {name} is {error}"),
                    ));
                }
                Err(error) => return Err(error),
            }
        }
        if bytes(&found) > MOST_BYTES {
            unread.push(mistake(
                None,
                format!(
                    "the configuration of {} has more than {} MiB with the files of the organization \
                     and the operator: make it smaller",
                    wanted.plugin,
                    MOST_BYTES >> 20
                ),
            ));
        }
        Ok(match unread.is_empty() {
            true => Self::Readable(Configuration::new(&organization.login, found)),
            false => Self::Unreadable(unread),
        })
    }

    /// Equal for what is to be told alike.
    pub fn digest(&self) -> [u8; 32] {
        match self {
            Self::Readable(configuration) => configuration.digest(),
            Self::Unreadable(mistakes) => {
                let mut digest = Sha256::new();
                for mistake in mistakes {
                    digest.update(&mistake.message);
                    digest.update([0]);
                }
                digest.finalize().into()
            }
        }
    }

    /// In a cache.
    pub(super) fn weight(&self) -> u32 {
        match self {
            Self::Readable(configuration) => weight(configuration),
            Self::Unreadable(_) => 1024,
        }
    }
}

/// In a cache; what is kept beside the files weighs too.
pub(super) fn weight(configuration: &Configuration) -> u32 {
    u32::try_from(bytes(configuration.files()) + 500).unwrap_or(u32::MAX)
}

/// The files that match, and a mistake for each that a pattern names and that is not read.
pub(super) async fn matching(
    files: &Files,
    at: &At,
    owner: Owner,
    patterns: &[FilePattern],
) -> Result<(Vec<File>, Vec<Diagnostic>), github::Error> {
    let tree = files.tree(at).await?;
    let mut globs = Vec::new();
    for pattern in patterns.iter().filter(|pattern| pattern.owner == owner) {
        match Glob::new(&pattern.glob) {
            Ok(glob) => globs.push(glob),
            Err(why) => {
                tracing::warn!("a plugin's `describe` asks for files by a wrong pattern: {why}")
            }
        }
    }
    let mut entries: Vec<Entry> = Vec::new();
    globs
        .iter()
        .for_each(|glob| entries.extend(tree.matching(glob)));
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    entries.dedup();
    if entries.len() > MOST {
        return Err(github::Error::TooLarge {
            what: format!("{} files that match a plugin's patterns", entries.len()),
            limit: format!("the {MOST} files that are allowed"),
        });
    }
    let Texts {
        files: texts,
        unread,
    } = files.texts(at, &tree, owner, &entries).await?;
    let named = |path: &str| {
        let mut globs = globs.iter();
        globs.any(|glob| glob.names_files() && glob.matches(path))
    };
    let unread = unread.into_iter().filter(|unread| named(&unread.path));
    let mistakes = unread.map(|unread| {
        let name = at.repository.full_name();
        mistake(Some(unread.path), format!("in {name}: {}", unread.why))
    });
    Ok((texts, mistakes.collect()))
}

fn mistake(path: Option<String>, message: String) -> Diagnostic {
    Diagnostic {
        severity: Severity::Error,
        message,
        place: path.map(|path| Place {
            path,
            line: None,
            column: None,
        }),
        field: None,
    }
}

fn bytes(files: &[File]) -> u64 {
    let sum = files.iter().map(|file| file.path.len() + file.text.len());
    sum.sum::<usize>() as u64
}
