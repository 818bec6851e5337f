//! From the command line to what is to be mapped: the files that it names are opened and read here.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::Preview;
use super::report::Report;
use crate::files::Checkout;
use crate::preview::input::{Object, Objects, Saved, named};
use crate::preview::{Given, Text};
use crate::subject::{self, Organization, Repository};

/// Bytes read at once: a file of objects is read from its beginning to its end.
const READ: usize = 256 << 10;
/// Kinds that are found in the files of a repository.
const OF_FILES: [&str; 3] = ["tree", "file", "folder"];

/// Where objects come from.
pub(super) enum Source {
    Few(std::vec::IntoIter<Object>),
    Many {
        path: PathBuf,
        kind: String,
        objects: Box<Objects<Box<dyn BufRead>>>,
    },
}

/// A checkout and what is known of its repository.
pub(super) struct CheckedOut {
    pub(super) files: Checkout,
    pub(super) repository: Repository,
    organization: Organization,
}

impl Source {
    pub(super) fn new(
        wanted: &Preview,
        checkout: Option<&CheckedOut>,
        report: &mut Report,
    ) -> Result<Self, String> {
        let kind = wanted.kind.as_deref();
        let of_files = kind.filter(|kind| OF_FILES.contains(kind));
        match (&wanted.event, kind, checkout) {
            (None, None, Some(checkout)) => Ok(Self::Few(checkout.objects(false, report).into_iter())),
            (None, Some(_), Some(checkout)) if of_files.is_some() => {
                Ok(Self::Few(checkout.objects(true, report).into_iter()))
            }
            (_, Some(kind), _) if of_files.is_some() => {
                Err(format!("`{kind}` is found in the files of a repository: give its checkout by --repo, without --event"))
            }
            (None, Some(kind), _) => {
                Err(format!("give the objects of the kind `{kind}` by --event FILE, or by --event - on standard input"))
            }
            (None, None, None) => Err(
                "give what is to be mapped: a saved webhook by --event, with --kind objects of GitHub's API, or a checkout by --repo; \
                 `portolan preview --help` shows more"
                    .to_owned(),
            ),
            (Some(path), Some(kind), _) => Self::objects(wanted, path, kind, checkout),
            (Some(path), None, _) => Self::saved(wanted, path, checkout, report),
        }
    }

    fn objects(
        wanted: &Preview,
        path: &Path,
        kind: &str,
        checkout: Option<&CheckedOut>,
    ) -> Result<Self, String> {
        if !subject::kinds().any(|known| known == kind) {
            let known: Vec<_> = subject::kinds().collect();
            return Err(format!(
                "`{kind}` is no kind of object: there are {}, and with --repo {}",
                known.join(", "),
                OF_FILES.join(", ")
            ));
        }
        let belongs = match (checkout, &wanted.repository) {
            (Some(checkout), _) => {
                Some((checkout.repository.clone(), checkout.organization.clone()))
            }
            (None, Some((owner, name))) => Some(named(owner, name)),
            (None, None) => None,
        };
        Ok(Self::Many {
            objects: Box::new(Objects::new(open(path)?, kind, belongs)),
            path: path.to_owned(),
            kind: kind.to_owned(),
        })
    }

    fn saved(
        wanted: &Preview,
        path: &Path,
        checkout: Option<&CheckedOut>,
        report: &mut Report,
    ) -> Result<Self, String> {
        let named = |why: String| format!("{}: {why}", path.display());
        let saved = Saved::read(text(path)?, wanted.name.as_deref()).map_err(named)?;
        let event = saved.event();
        if saved.recognized {
            report.remark(format!(
                "by its shape this is the event `{event}`; --name says another"
            ));
        }
        if saved.redacted {
            report.remark("secrets and e-mail addresses were taken out of this delivery, so what is mapped lacks them".to_owned());
        }
        let mut objects = saved.objects().map_err(named)?;
        if objects.is_empty() {
            report.remark(format!(
                "the event `{event}` touches nothing that is mapped"
            ));
        }
        for tree in objects.iter_mut().filter(|object| object.kind == "tree") {
            tree.subject = checkout.map(CheckedOut::head);
        }
        Ok(Self::Few(objects.into_iter()))
    }

    pub(super) fn next(&mut self) -> Result<Option<Object>, String> {
        match self {
            Self::Few(objects) => Ok(objects.next()),
            Self::Many { path, objects, .. } => objects
                .read()
                .map_err(|why| format!("{}: {why}", path.display())),
        }
    }

    /// Leaves out what nobody maps, and tells of what would be mapped if it were known. `Err` with the kinds where
    /// everything is of the former.
    pub(super) fn only(
        &mut self,
        maps: impl Fn(&str) -> bool,
        report: &mut Report,
    ) -> Result<(), String> {
        match self {
            Self::Many { kind, .. } if !maps(kind) => Err(format!("`{kind}`")),
            Self::Many { .. } => Ok(()),
            Self::Few(objects) => {
                let (mut kept, others): (Vec<_>, Vec<_>) =
                    objects.partition(|object| maps(&object.kind));
                let kinds: BTreeSet<_> = others
                    .iter()
                    .map(|object| format!("`{}`", object.kind))
                    .collect();
                if kept.is_empty() && !kinds.is_empty() {
                    return Err(Vec::from_iter(kinds).join(" or "));
                }
                kept.retain(|object| match unknown(object) {
                    Some(why) => {
                        report.remark(why.to_owned());
                        false
                    }
                    None => true,
                });
                *objects = kept.into_iter();
                Ok(())
            }
        }
    }
}

/// Why an object cannot be mapped: what it is like is not known here.
fn unknown(object: &Object) -> Option<&'static str> {
    match object.kind.as_str() {
        _ if object.gone || object.subject.is_some() => None,
        "tree" => {
            Some("the files of the repository are not known offline: give its checkout by --repo")
        }
        "repository" => Some(
            "what GitHub says of the repository itself is not known here: give it by --kind repository --event -",
        ),
        // A kind of its own, or an event that has none.
        _ => None,
    }
}

impl CheckedOut {
    pub(super) fn open(wanted: &Preview, report: &mut Report) -> Result<Option<Self>, String> {
        let Some(dir) = &wanted.repo else {
            return Ok(None);
        };
        let mut files = Checkout::open(dir)?;
        if let Some((owner, name)) = &wanted.repository {
            files.belongs_to(owner, name);
        }
        if let Some(branch) = &wanted.default_branch {
            files.default_branch_is(branch);
        }
        match files.default_branch() {
            Some((_, true)) => {}
            Some((branch, false)) => report.remark(format!(
                "the default branch is not known here, taken for {branch}; --default-branch says another"
            )),
            None => report.remark(
                "the default branch is not known here; --default-branch says it".to_owned(),
            ),
        }
        let (owner, name) = files.whose().unwrap_or(("local", files.name()));
        let (bare, organization) = named(owner, name);
        let branch = files.default_branch().map(|(branch, _)| branch);
        let mut json: Map<String, Value> =
            serde_json::from_str(&bare.json).map_err(|error| error.to_string())?;
        for (field, known) in [("default_branch", branch), ("html_url", files.page())] {
            json.extend(known.map(|known| (field.to_owned(), known.into())));
        }
        let repository = Repository {
            default_branch: branch.map(str::to_owned),
            json: Value::from(json).to_string().into(),
            ..bare
        };
        Ok(Some(Self {
            files,
            repository,
            organization,
        }))
    }

    /// The subject of the kind `tree`.
    fn head(&self) -> String {
        let head = self.files.head();
        serde_json::json!({"branch": head.branch, "commit": head.commit}).to_string()
    }

    /// The files of the repository, and the repository itself, which a checkout does not know as GitHub has it.
    fn objects(&self, files_alone: bool, report: &mut Report) -> Vec<Object> {
        if self.files.whose().is_none() {
            report.remark(format!(
                "no remote of the checkout says which repository it is of, so it is taken for {}; --repository says another",
                self.repository.full_name()
            ));
        }
        let tree = self.object("tree", Some(self.head()));
        match files_alone {
            true => vec![tree],
            false => vec![self.object("repository", None), tree],
        }
    }

    fn object(&self, kind: &str, subject: Option<String>) -> Object {
        Object {
            kind: kind.to_owned(),
            organization: self.organization.clone(),
            repository: Some(self.repository.clone()),
            subject,
            webhook: None,
            number: None,
            line: None,
            gone: false,
        }
    }
}

pub(super) fn given(wanted: &Preview) -> Result<Given, String> {
    let read = |path: &Option<PathBuf>| {
        let named = path.as_deref().map(|path| {
            Ok::<_, String>(Text {
                shown: path.display().to_string(),
                text: text(path)?.into(),
            })
        });
        named.transpose()
    };
    Ok(Given {
        repository: read(&wanted.config)?,
        organization: read(&wanted.organization_config)?,
    })
}

fn open(path: &Path) -> Result<Box<dyn BufRead>, String> {
    if path == Path::new("-") {
        return Ok(Box::new(BufReader::with_capacity(READ, io::stdin())));
    }
    match File::open(path) {
        Ok(file) => Ok(Box::new(BufReader::with_capacity(READ, file))),
        Err(error) => Err(format!("{} cannot be read: {error}", path.display())),
    }
}

fn text(path: &Path) -> Result<String, String> {
    let mut text = String::new();
    match open(path)?.read_to_string(&mut text) {
        Ok(_) => Ok(text),
        Err(error) => Err(format!("{} cannot be read: {error}", path.display())),
    }
}
