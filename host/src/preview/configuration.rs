//! Which configuration is in force: the checkout's, or a file that was given instead of it.

use std::sync::Arc;

use super::usual::Usual;
use super::{Ground, Stopped, Told};
use crate::files::{self, Candidate, Checkout, Found};
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
    /// Whether the file of this owner is not looked for: one is given, or one that beats it.
    fn replaces(&self, owner: Owner) -> bool {
        self.repository.is_some() || self.of(owner).is_some()
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
            .filter(|pattern| !(stands_for(pattern) && ground.given.replaces(pattern.owner)))
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
        found.extend(given(ground, plugin).map(|(owner, path, text)| File {
            owner,
            path: path.to_owned(),
            text: text.text.to_string(),
        }));
        let of_organization = |file: &File| file.owner == Owner::Organization;
        opening.lacks_organization &= !found
            .iter()
            .any(|file| of_organization(file) || file.owner == Owner::Repository);
        let files = found.iter().map(|file| shown(ground, plugin, &file.path));
        opening.files.extend(files);
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

/// Whether it means the file that was given instead, by its very path.
fn stands_for(pattern: &FilePattern) -> bool {
    let name = pattern.glob.rsplit('/').next().unwrap_or_default();
    pattern.owner != Owner::Operator && name.starts_with(NAME) && !pattern.glob.contains('*')
}

/// The given files, each under the path at which this plugin looks for it first.
fn given<'g>(
    ground: &'g Ground,
    plugin: &'g Plugin,
) -> impl Iterator<Item = (Owner, &'g str, &'g Text)> {
    let owners = [Owner::Repository, Owner::Organization];
    owners.into_iter().filter_map(|owner| {
        let text = ground.given.of(owner)?;
        let mut patterns = plugin.description.files.iter();
        let pattern = patterns.find(|pattern| pattern.owner == owner && stands_for(pattern))?;
        Some((owner, pattern.glob.as_str(), text))
    })
}

/// What was given and is in force for none of these plugins: they look for no such file.
pub(super) fn not_read<'g>(
    ground: &'g Ground,
    plugins: impl Iterator<Item = &'g Arc<Plugin>> + Clone,
) -> impl Iterator<Item = &'g Text> {
    let owners = [Owner::Repository, Owner::Organization];
    owners.into_iter().filter_map(move |owner| {
        let is_read = |plugin: &Arc<Plugin>| given(ground, plugin).any(|(of, ..)| of == owner);
        ground
            .given
            .of(owner)
            .filter(|_| !plugins.clone().any(is_read))
    })
}

fn given_at<'g>(ground: &'g Ground, plugin: &'g Plugin, path: &str) -> Option<&'g Text> {
    let (.., text) = given(ground, plugin).find(|(_, own, _)| *own == path)?;
    Some(text)
}

/// How the user knows a path.
pub(super) fn shown(ground: &Ground, plugin: &Plugin, path: &str) -> String {
    if let Some(given) = given_at(ground, plugin, path) {
        return given.shown.clone();
    }
    match ground.files.checkout().map(Checkout::shown) {
        None | Some(".") => path.to_owned(),
        Some(root) => format!("{}/{path}", root.trim_end_matches('/')),
    }
}

pub(super) async fn text(
    ground: &Ground,
    plugin: &Plugin,
    path: &str,
) -> Option<(String, Arc<str>)> {
    let shown = shown(ground, plugin, path);
    if let Some(given) = given_at(ground, plugin, path) {
        return Some((shown, given.text.clone()));
    }
    if let Some(at) = &ground.checkout {
        let tree = ground.files.tree(at).await.ok()?;
        if let Ok(Found::Text(text)) = ground.files.find(at, &tree, path).await {
            return Some((shown, text));
        }
    }
    let mut operators = plugin.operator_files().iter();
    let file = operators.find(|file| file.path == path)?;
    Some((file.path.clone(), file.text.as_str().into()))
}
