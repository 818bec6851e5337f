//! One plugin: opened once for each configuration, and called for each object until it has answered.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use super::configuration::{Open, Opening, Ready};
use super::{Ground, Made, Stopped};
use crate::answers;
use crate::checked::Checked;
use crate::plugins::contract::{AnswerValue, Event, Outcome, Question};
use crate::plugins::{Fault, Plugin};
use crate::subject::{NO_INSTALLATION, Organization, Repository};

pub(super) struct Mapper {
    plugin: Arc<Plugin>,
    /// By the organization's login, and whether the repository is the checkout's.
    open: HashMap<(String, bool), Open>,
}

/// What came of an object.
pub(super) struct Done {
    /// `None`: it is of no concern to this plugin.
    pub(super) made: Option<Made>,
    /// The configuration was opened for it.
    pub(super) opening: Option<Opening>,
    /// A blueprint was asked for, and there was nobody to ask.
    pub(super) unchecked: bool,
}

/// Whose an object is.
type About<'a> = (&'a Organization, Option<&'a Repository>);

impl Mapper {
    pub(super) fn new(plugin: Arc<Plugin>) -> Self {
        Self {
            plugin,
            open: HashMap::new(),
        }
    }

    pub(super) fn plugin(&self) -> &Arc<Plugin> {
        &self.plugin
    }

    pub(super) fn maps(&self, kind: &str) -> bool {
        self.plugin.description.kinds.iter().any(|one| one == kind)
    }

    /// Not called, because of this.
    pub(super) fn nothing(&self, why: &'static str) -> Made {
        let mut made = Made::new(self.plugin.clone());
        made.nothing = Some(why);
        made
    }

    /// Maps an object of a kind of its own. The configuration is opened whatever the kind is: its mistakes are worth
    /// knowing by whoever looks at a part of it.
    pub(super) async fn map(
        &mut self,
        ground: &Ground,
        about: About<'_>,
        event: &mut Event,
    ) -> Result<Done, Stopped> {
        let (organization, repository) = about;
        let mut done = Done {
            made: None,
            opening: None,
            unchecked: false,
        };
        let is_own = self.maps(&event.kind);
        if !is_own && self.plugin.description.files.is_empty() {
            return Ok(done);
        }
        let own = repository.filter(|repository| ground.files.has(repository).is_ok());
        let open = match self.open.entry((organization.login.clone(), own.is_some())) {
            Entry::Occupied(open) => open.into_mut(),
            Entry::Vacant(place) => {
                let (open, told) = Open::new(&self.plugin, ground, organization, own).await?;
                done.opening = Some(told);
                place.insert(open)
            }
        };
        if !is_own {
            return Ok(done);
        }
        let mut made = Made::new(self.plugin.clone());
        match open {
            Open::Ready(ready) if ready.wants(&event.kind) => {
                done.unchecked = call(&mut made, ready, ground, about, event).await?;
            }
            Open::Ready(_) => made.nothing = Some("its configuration does not want this kind"),
            Open::Broken => made.nothing = Some("its configuration has mistakes"),
        }
        done.made = Some(made);
        Ok(done)
    }
}

/// Round after round until there is an outcome. Whether a blueprint was asked for, with nobody to ask.
async fn call(
    made: &mut Made,
    ready: &mut Ready,
    ground: &Ground,
    (organization, repository): About<'_>,
    event: &mut Event,
) -> Result<bool, Stopped> {
    let plugin = made.plugin.clone();
    let mut unchecked = false;
    made.merges = ready.opened.options.merge;
    event.answers = ready.usual.answers().to_vec();
    let mut asking = None;
    let mapped = loop {
        let questions = match plugin.map_here(&ready.configuration, event) {
            Ok(Outcome::Mapped(mapped)) => break mapped,
            Ok(Outcome::Ask(questions)) => questions,
            Ok(Outcome::Unchanged) => {
                made.nothing = Some("it has nothing to say: what there is stays");
                return Ok(unchecked);
            }
            Err(Fault::Host(why)) => return Err(Stopped(format!("the sandbox failed: {why}"))),
            Err(fault) => {
                made.failed(fault.to_string());
                return Ok(unchecked);
            }
        };
        let asking = asking.get_or_insert_with(|| {
            let (organization, repository) = (organization.clone(), repository.cloned());
            ground
                .answers
                .about(NO_INSTALLATION, organization, repository)
        });
        let of_port = |question: &Question| matches!(question, Question::Blueprint(_));
        unchecked |= !ground.has_port && questions.iter().any(of_port);
        match asking.answer(&questions).await {
            Ok(answers) => {
                // What was left out is told once, by the object that asked.
                if asking.left_out().is_empty() {
                    ready.usual.learn(&answers);
                }
                event.answers.extend(answers);
            }
            Err(endless @ answers::Error::Endless(_)) => {
                made.failed(endless.to_string());
                return Ok(unchecked);
            }
            Err(failed) => return Err(Stopped(failed.to_string())),
        }
    };
    let left_out = asking.as_ref().map_or(&[][..], |asking| asking.left_out());
    let mut refused = !left_out.is_empty();
    for answer in &event.answers {
        if let AnswerValue::Refused(why) = &answer.value {
            refused = true;
            made.unknown |= why.contains(answers::UNKNOWN);
        }
    }
    let checked = Checked::new(&plugin.name, mapped, refused, &ground.allowed);
    made.take(checked, left_out, ground.explain);
    Ok(unchecked)
}
