//! The root keys that every plugin obeys: how entities are written and how much may be deleted.

use portolan_sdk::{Diagnostic, File, Place, Severity, WriteOptions};

use crate::yaml::{Key, Kind, Node};

/// The host's own share, where a file names none (`ARCHITECTURE.md`, deletions).
const THRESHOLD: f64 = 0.9;

/// The flags of one file, with where they stand.
#[derive(Debug)]
pub(crate) struct Flags {
    merge: bool,
    create_missing_related: bool,
    delete_dependents: (bool, Place),
    threshold: (Option<f64>, Place),
}

impl Flags {
    /// Takes the flags out of what stands at the root of a file.
    pub(crate) fn take(
        path: &str,
        fields: Vec<(Key, Node)>,
        mistakes: &mut Vec<Diagnostic>,
    ) -> (Self, Vec<(Key, Node)>) {
        let defaults = WriteOptions::default();
        let mut flags = Self {
            merge: defaults.merge,
            create_missing_related: defaults.create_missing_related,
            delete_dependents: (defaults.delete_dependents, Place::new(path)),
            threshold: (defaults.deletion_threshold, Place::new(path)),
        };
        let mut others = Vec::new();
        for (key, value) in fields {
            let read = flags.read(&key.name, &value, path);
            match read {
                None => others.push((key, value)),
                Some(Ok(())) => {}
                Some(Err(must)) => {
                    let message =
                        format!("`{}` {must}, but {} stands here.", key.name, value.noun());
                    let mistake = Diagnostic::error(message).at(value.place(path));
                    mistakes.push(mistake.field(key.name));
                }
            }
        }
        (flags, others)
    }

    /// `None`: it is no flag.
    fn read(&mut self, name: &str, value: &Node, path: &str) -> Option<Result<(), &'static str>> {
        let place = value.place(path);
        let flag = match name {
            "enableMergeEntity" => &mut self.merge,
            "createMissingRelatedEntities" => &mut self.create_missing_related,
            "deleteDependentEntities" => {
                self.delete_dependents.1 = place;
                &mut self.delete_dependents.0
            }
            "entityDeletionThreshold" => {
                self.threshold.1 = place;
                let share = match &value.kind {
                    Kind::Null => return Some(Ok(())),
                    Kind::Number(number, _) => number.as_f64(),
                    _ => None,
                };
                let Some(share) = share.filter(|share| (0.0..=1.0).contains(share)) else {
                    return Some(Err("must be a number from 0 to 1, such as 0.9"));
                };
                self.threshold.0 = Some(share);
                return Some(Ok(()));
            }
            _ => return None,
        };
        Some(match value.kind {
            // A key without a value says nothing: the default holds.
            Kind::Null => Ok(()),
            Kind::Bool(value) => {
                *flag = value;
                Ok(())
            }
            _ => Err("must be true or false"),
        })
    }

    /// A repository may be stricter about deletions than its organization, never laxer: what it does not say itself
    /// does not become laxer either.
    pub(crate) fn obey(&mut self, organizations: &File, notes: &mut Vec<Diagnostic>) {
        let (mut mistakes, path) = (Vec::new(), &organizations.path);
        let fields = crate::root(organizations, &mut mistakes);
        let mut theirs = match fields {
            Ok(fields) => Self::take(path, fields, &mut mistakes).0,
            Err(mistake) => {
                mistakes.push(mistake);
                Self::take(path, Vec::new(), &mut mistakes).0
            }
        };
        let mistake = mistakes.into_iter().next();
        // A share that cannot be read may be any: until it is mended, nothing is deleted without a person's word.
        let is_silent = mistake.is_some() && theirs.threshold.0.is_none();
        if is_silent {
            theirs.threshold.0 = Some(0.0);
        }
        if let Some(mistake) = mistake {
            let message = format!(
                "What the organization's `{path}` allows to delete is not known, because it has a mistake: {}",
                mistake.message
            );
            let severity = Severity::Warning;
            notes.push(Diagnostic {
                severity,
                message,
                ..mistake
            });
        }
        if self.delete_dependents.0 && !theirs.delete_dependents.0 {
            self.delete_dependents.0 = false;
            let message = format!(
                "`deleteDependentEntities` stays false, because the organization's `{path}` does not set it to true. \
                 A repository may only be stricter."
            );
            notes.push(overruled(
                message,
                &self.delete_dependents.1,
                "deleteDependentEntities",
            ));
        }
        let (most, whose) = match theirs.threshold.0 {
            Some(share) if is_silent => (
                share,
                format!("because the organization's `{path}` has a mistake"),
            ),
            Some(share) => (share, format!("as the organization's `{path}` has it")),
            None => (
                THRESHOLD,
                format!("because the organization's `{path}` sets no other"),
            ),
        };
        match self.threshold.0 {
            Some(ours) if ours > most => {
                let message = format!(
                    "`entityDeletionThreshold` stays {most}, {whose}. \
                     A repository may only be stricter: write a lower number, or remove the key."
                );
                notes.push(overruled(
                    message,
                    &self.threshold.1,
                    "entityDeletionThreshold",
                ));
                self.threshold.0 = theirs.threshold.0;
            }
            // Its own default would be laxer than what the organization says.
            None => self.threshold.0 = theirs.threshold.0.map(|share| share.min(THRESHOLD)),
            Some(_) => {}
        }
    }

    pub(crate) fn options(&self) -> WriteOptions {
        WriteOptions {
            merge: self.merge,
            create_missing_related: self.create_missing_related,
            delete_dependents: self.delete_dependents.0,
            deletion_threshold: self.threshold.0,
        }
    }
}

fn overruled(message: String, place: &Place, field: &str) -> Diagnostic {
    Diagnostic::warning(message).at(place.clone()).field(field)
}
