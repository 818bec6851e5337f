//! What plugins would make of a saved event, of objects or of a checkout, without writing anything.
//!
//! The straight line without its ends: `input` reads what is given, `configuration` says which files are in force,
//! `mapper` calls a plugin until it has answered, with `usual` to spare rounds, `made` is what comes of it, and
//! `compare` holds that against Port. What mappers ask is answered from a checkout. Prints nothing, and asks no GitHub.

pub mod compare;
mod configuration;
pub mod input;
mod made;
mod mapper;
mod usual;

use std::sync::Arc;

pub use configuration::{Given, Opening, Text};
pub use made::{Made, Told};

use crate::answers::Answers;
use crate::files::{At, Checkout, Files};
use crate::plugins::Plugin;
use crate::plugins::contract::Event;
use crate::port::Port;
use crate::settings::AllowedBlueprints;
use crate::subject::{NO_INSTALLATION, Repository};

use input::Object;
use mapper::Mapper;

/// What objects are shown to, and what is found out on the way.
pub struct Preview {
    mappers: Vec<Mapper>,
    ground: Ground,
    openings: Vec<Opening>,
    /// A blueprint was asked for, and there was nobody to ask.
    pub unchecked: bool,
}

/// What all plugins share.
struct Ground {
    answers: Answers,
    files: Files,
    checkout: Option<At>,
    given: Given,
    allowed: AllowedBlueprints,
    has_port: bool,
    /// The same for all that is mapped, as if it all came at once.
    time: String,
    explain: bool,
}

/// What is wanted beside the objects themselves.
pub struct Wanted {
    pub plugins: Vec<Arc<Plugin>>,
    /// What the repository's files are read from, and which it is.
    pub checkout: Option<(Checkout, Repository)>,
    pub given: Given,
    pub allowed: AllowedBlueprints,
    /// Asked for blueprints.
    pub port: Option<Arc<Port>>,
    pub explain: bool,
}

/// Nothing more can be told: what is asked does not answer, or the sandbox failed.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Stopped(String);

impl Preview {
    pub fn new(wanted: Wanted) -> Self {
        let at = |(checkout, repository): &(Checkout, Repository)| At {
            installation: NO_INSTALLATION,
            repository: repository.clone(),
            head: checkout.head().clone(),
        };
        let at = wanted.checkout.as_ref().map(at);
        let files = Files::of(wanted.checkout.map(|(checkout, _)| checkout));
        let has_port = wanted.port.is_some();
        let answers = Answers::offline(files.clone(), move |id| {
            let port = wanted.port.clone();
            async move {
                match port {
                    Some(port) => crate::blueprint(port, id).await,
                    None => Ok(None),
                }
            }
        });
        Self {
            mappers: wanted.plugins.into_iter().map(Mapper::new).collect(),
            ground: Ground {
                answers,
                files,
                checkout: at,
                given: wanted.given,
                allowed: wanted.allowed,
                has_port,
                time: jiff::Timestamp::now().to_string(),
                explain: wanted.explain,
            },
            openings: Vec::new(),
            unchecked: false,
        }
    }

    /// Whether any plugin maps objects of this kind.
    pub fn maps(&self, kind: &str) -> bool {
        self.mappers.iter().any(|mapper| mapper.maps(kind))
    }

    /// What each plugin that maps its kind makes of an object.
    pub async fn map(&mut self, object: &mut Object) -> Result<Vec<Made>, Stopped> {
        let mut event = Event {
            kind: object.kind.clone(),
            time: self.ground.time.clone(),
            organization: object.organization.json(),
            repository: (object.repository.as_ref()).map(|repository| repository.json.to_string()),
            subject: object.subject.take(),
            webhook: object.webhook.take(),
            answers: Vec::new(),
            explain: self.ground.explain,
        };
        let about = (&object.organization, object.repository.as_ref());
        let mut all = Vec::new();
        for mapper in &mut self.mappers {
            if object.gone {
                let why = "GitHub says that it is gone: what was mapped of it is deleted";
                all.extend(mapper.maps(&object.kind).then(|| mapper.nothing(why)));
                continue;
            }
            let done = mapper.map(&self.ground, about, &mut event).await?;
            self.unchecked |= done.unchecked;
            self.openings.extend(done.opening);
            all.extend(done.made);
        }
        Ok(all)
    }

    /// The configurations that were opened since this was asked last.
    pub fn openings(&mut self) -> Vec<Opening> {
        std::mem::take(&mut self.openings)
    }

    /// Configurations that were given and that no plugin here reads, as the user knows them.
    pub fn not_read(&self) -> Vec<String> {
        let plugins = self.mappers.iter().map(Mapper::plugin);
        configuration::not_read(&self.ground, plugins)
            .map(|text| text.shown.clone())
            .collect()
    }

    /// Folders of the checkout that may not be read.
    pub fn unreadable(&self) -> Vec<String> {
        (self.ground.files.checkout()).map_or_else(Vec::new, Checkout::unreadable)
    }

    /// How the user knows a file that a plugin names.
    pub fn shown(&self, plugin: &Plugin, path: &str) -> String {
        configuration::shown(&self.ground, plugin, path)
    }

    /// A file of the configuration or the repository, to be quoted: how the user knows it, and its text.
    pub async fn text(&self, plugin: &Plugin, path: &str) -> Option<(String, Arc<str>)> {
        configuration::text(&self.ground, plugin, path).await
    }
}
