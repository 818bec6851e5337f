//! Which configuration is in force: the checkout's, or a file that was given instead of it.

use std::sync::Arc;

use super::usual::Usual;
use super::{Ground, Stopped, Told};
use crate::files::{self, Candidate, Found, Glob};
use crate::plugins::contract::{Configuration, File, FilePattern, Owner};
use crate::plugins::{Fault, Opened, Plugin};
use crate::subject::{Organization, Repository};

/// The file that these stand for, at the end of its path.
const NAME: &str = "port-app-config.";

/// Files that are in force instead of the repository's and the organization's.
#[derive(Debug, Default)]
pub struct Given {
    pub repository: Option<Text>,
    pub organization: Option<Text>,
}

/// A file that the user named.
#[derive(Debug)]
pub struct Text {
    pub shown: String,
    pub text: Arc<str>,
}

/// A plugin's configuration was opened.
pub struct Opening {
    pub plugin: Arc<Plugin>,
    /// As the user knows them; none is a configuration too.
    pub files: Vec<String>,
    /// It reads files of the organization, which lie in no checkout.
    pub lacks_organization: bool,
    pub told: Vec<Told>,
}

pub(super) enum Open {
    Ready(Box<Ready>),
    /// It has mistakes.
    Broken,
}

pub(super) struct Ready {
    pub(super) configuration: Configuration,
    pub(super) opened: Opened,
    pub(super) usual: Usual,
}

impl Ready {
    pub(super) fn wants(&self, kind: &str) -> bool {
        self.opened.wants.iter().any(|want| want.kind == kind)
    }
}

impl Given {
    fn is_any(&self) -> bool {
        self.repository.is_some() || self.organization.is_some()
    }

    fn of(&self, owner: Owner) -> Option<&Text> {
        match owner {
            Owner::Repository => self.repository.as_ref(),
            Owner::Organization => self.organization.as_ref(),
            Owner::Operator => None,
        }
    }
}

impl Open {
    /// `repository`: the checkout's, where the object belongs to that.
    pub(super) async fn new(
        plugin: &Arc<Plugin>,
        ground: &Ground,
        organization: &Organization,
        repository: Option<&Repository>,
    ) -> Result<(Self, Opening), Stopped> {
        let patterns = &plugin.description.files;
        let kept: Vec<FilePattern> = (patterns.iter())
            .filter(|pattern| !(ground.given.is_any() && stands_for(pattern)))
            .cloned()
            .collect();
        let wanted = files::Wanted {
            plugin: &plugin.name,
            patterns: &kept,
            operator: plugin.operator_files(),
        };
        let at = ground.checkout.clone().filter(|_| repository.is_some());
        let places = [(Owner::Repository, at), (Owner::Organization, None)];
        let candidate = Candidate::read(&ground.files, wanted, organization, places).await;
        let candidate = candidate.map_err(|failed| Stopped(failed.to_string()))?;
        let mut opening = Opening {
            plugin: plugin.clone(),
            files: Vec::new(),
            lacks_organization: patterns
                .iter()
                .any(|pattern| pattern.owner == Owner::Organization),
            told: Vec::new(),
        };
        let mut found = match candidate {
            Candidate::Readable(configuration) => configuration.files().to_vec(),
            Candidate::Unreadable(mistakes) => {
                opening.told.extend(mistakes.into_iter().map(Told::from));
                return Ok((Self::Broken, opening));
            }
        };
        found.extend(given(ground, patterns));
        let of_organization = |file: &File| file.owner == Owner::Organization;
        opening.lacks_organization &= !found
            .iter()
            .any(|file| of_organization(file) || file.owner == Owner::Repository);
        for file in &found {
            let shown = shown(ground, plugin, &file.path);
            opening
                .files
                .push(shown.unwrap_or_else(|| file.path.clone()));
        }
        let configuration = Configuration::new(&organization.login, found);
        let open = match plugin.open_here(&configuration) {
            Ok(opened) => {
                opening
                    .told
                    .extend(opened.notes.iter().cloned().map(Told::from));
                Self::Ready(Box::new(Ready {
                    configuration,
                    opened,
                    usual: Usual::default(),
                }))
            }
            Err(Fault::Configuration(mistakes)) => {
                opening.told.extend(mistakes.into_iter().map(Told::from));
                Self::Broken
            }
            Err(Fault::Host(why)) => return Err(Stopped(format!("the sandbox failed: {why}"))),
            Err(fault) => {
                opening.told.push(Told::error(fault.to_string()));
                Self::Broken
            }
        };
        Ok((open, opening))
    }
}

/// Whether it means the file that was given instead.
fn stands_for(pattern: &FilePattern) -> bool {
    let name = pattern.glob.rsplit('/').next().unwrap_or_default();
    pattern.owner != Owner::Operator && name.starts_with(NAME)
}

/// The given files under the path that the plugin knows them by: the first that it looks at.
fn given(ground: &Ground, patterns: &[FilePattern]) -> Vec<File> {
    let owners = [Owner::Repository, Owner::Organization];
    let file = |owner| {
        let text = ground.given.of(owner)?;
        let pattern = patterns
            .iter()
            .find(|pattern| pattern.owner == owner && stands_for(pattern))?;
        Some(File {
            owner,
            path: Glob::new(&pattern.glob).ok()?.path()?.to_owned(),
            text: text.text.to_string(),
        })
    };
    owners.into_iter().filter_map(file).collect()
}

/// The given file that a plugin knows by this path.
fn given_at<'g>(ground: &'g Ground, plugin: &Plugin, path: &str) -> Option<&'g Text> {
    let files = given(ground, &plugin.description.files);
    ground
        .given
        .of(files.iter().find(|file| file.path == path)?.owner)
}

/// How the user knows a path; `None` where nothing of it is at hand.
fn shown(ground: &Ground, plugin: &Plugin, path: &str) -> Option<String> {
    if let Some(given) = given_at(ground, plugin, path) {
        return Some(given.shown.clone());
    }
    let root = ground.files.checkout()?.shown();
    Some(match root {
        "." => path.to_owned(),
        root => format!("{}/{path}", root.trim_end_matches('/')),
    })
}

pub(super) async fn text(
    ground: &Ground,
    plugin: &Plugin,
    path: &str,
) -> Option<(String, Arc<str>)> {
    let operators = plugin
        .operator_files()
        .iter()
        .find(|file| file.path == path);
    if let Some(given) = given_at(ground, plugin, path) {
        return Some((given.shown.clone(), given.text.clone()));
    }
    if let Some(at) = &ground.checkout {
        let tree = ground.files.tree(at).await.ok()?;
        if let Ok(Found::Text(text)) = ground.files.find(at, &tree, path).await {
            return Some((shown(ground, plugin, path)?, text));
        }
    }
    operators.map(|file| (file.path.clone(), file.text.as_str().into()))
}
