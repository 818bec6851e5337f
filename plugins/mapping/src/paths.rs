//! Files and folders that a selector names: `path`, of which repositories, and how a file is read.

use app_config::yaml::{Kind, Node};
use portolan_sdk::{Diagnostic, Place};

use crate::kinds::Pattern;
use crate::reader::{Reader, value};
use crate::resource::Resource;

/// Files or folders, and of which repositories.
#[derive(Debug)]
pub(crate) struct Paths {
    /// As the host takes it: from the root, without `./` and `/` around it.
    pub(crate) glob: String,
    /// Where it is about folders.
    pub(crate) pattern: Option<Pattern>,
    pub(crate) place: Place,
    /// All, where it is absent.
    pub(crate) repos: Option<Vec<Repo>>,
    pub(crate) organization: Option<String>,
    pub(crate) parses: bool,
    /// Of a folder: paths from there.
    pub(crate) included_files: Vec<String>,
}

#[derive(Debug)]
pub(crate) struct Repo {
    pub(crate) name: String,
    pub(crate) branch: Option<String>,
}

/// Paths that lead to a file each.
pub(crate) fn file_paths(
    reader: &mut Reader<'_>,
    field: &str,
    node: &Node,
) -> Result<Vec<String>, Diagnostic> {
    let paths = reader.texts(field, node)?;
    Ok(paths
        .iter()
        .map(|path| from_root(path))
        .filter(|path| !path.is_empty())
        .collect())
}

/// Paths begin at the root of the repository, however that is written.
fn from_root(path: &str) -> String {
    let path = path.trim();
    path.strip_prefix("./")
        .unwrap_or(path)
        .trim_start_matches('/')
        .to_owned()
}

impl Paths {
    pub(crate) fn read(
        reader: &mut Reader<'_>,
        field: &str,
        node: &Node,
    ) -> Result<Vec<Self>, Diagnostic> {
        let nodes = match &node.kind {
            Kind::Null => return Ok(Vec::new()),
            Kind::List(items) => items.as_slice(),
            _ => std::slice::from_ref(node),
        };
        let mut all: Vec<Self> = Vec::new();
        for (nth, node) in nodes.iter().enumerate() {
            let field = format!("{field}[{nth}]");
            let fields = match &node.kind {
                Kind::Text(path) => {
                    all.push(Self::new(reader, &field, node, path)?);
                    continue;
                }
                _ => reader.fields(node, &field)?,
            };
            const KEYS: [&str; 6] = [
                "path",
                "repos",
                "organization",
                "skipParsing",
                "validationCheck",
                "includedFiles",
            ];
            reader.unknown(fields, &KEYS, "an item of files or folders");
            let repos = value(fields, "repos")
                .filter(|node| !matches!(node.kind, Kind::Null))
                .map(|node| Repo::read(reader, &format!("{field}.repos"), node))
                .transpose()?;
            let Some(path) = value(fields, "path").filter(|node| !node.is_blank()) else {
                // An example in Port's documentation is written like this, and has been copied.
                let message = match (all.last_mut(), repos) {
                    (Some(before), Some(repos)) if before.repos.is_none() => {
                        before.repos = Some(repos);
                        "`repos` stands in an item of its own and is taken as part of the one before. Remove the `-` before it."
                    }
                    _ => "The item has no `path` and is ignored. Add one.",
                };
                reader.warn(reader.place(node), &field, message);
                continue;
            };
            let Kind::Text(text) = &path.kind else {
                let message = format!("`path` is a glob, but {} stands here.", path.noun());
                return Err(reader.mistake(path, &format!("{field}.path"), message));
            };
            let mut read = Self::new(reader, &format!("{field}.path"), path, text)?;
            read.repos = repos;
            if let Some(node) = value(fields, "organization") {
                read.organization = reader.texts(&format!("{field}.organization"), node)?.pop();
            }
            if let Some(node) = value(fields, "skipParsing") {
                read.parses = !reader.flag(&format!("{field}.skipParsing"), node);
            }
            if let Some(node) = value(fields, "includedFiles") {
                read.included_files = file_paths(reader, &format!("{field}.includedFiles"), node)?;
            }
            all.push(read);
        }
        Ok(all)
    }

    fn new(reader: &Reader<'_>, field: &str, node: &Node, path: &str) -> Result<Self, Diagnostic> {
        let glob = from_root(path).trim_end_matches('/').to_owned();
        let wrong = match glob.as_str() {
            "" | "." => Some("is the root of the repository, which the kind `repository` maps"),
            _ if glob.starts_with('!') => Some(
                "would exclude paths, but exclusions are not supported: name the folders instead",
            ),
            _ if path.trim().ends_with('/') && field.starts_with("selector.files") => {
                Some("names a folder; for the files below it write `**` after it")
            }
            _ => None,
        };
        if let Some(wrong) = wrong {
            return Err(reader.mistake(node, field, format!("`{}` {wrong}.", path.trim())));
        }
        Ok(Self {
            glob,
            pattern: None,
            place: reader.place(node),
            repos: None,
            organization: None,
            parses: true,
            included_files: Vec::new(),
        })
    }

    /// What is read in each folder: what the mappings of its resource refer to, and what the item includes.
    pub(crate) fn files<'p>(&'p self, resource: &'p Resource) -> impl Iterator<Item = &'p str> {
        let included = self.included_files.iter().map(String::as_str);
        resource.references().into_iter().chain(included)
    }

    /// Whether all that lies below must be known, once so many segments have been followed.
    pub(crate) fn is_deep(&self, followed: usize) -> bool {
        self.pattern
            .as_ref()
            .is_some_and(|pattern| pattern.is_deep(followed))
    }

    /// Whether these are of this repository; `Err` names a branch that is not read.
    pub(crate) fn belong_to(
        &self,
        organization: &str,
        repository: &str,
        default_branch: Option<&str>,
    ) -> Result<bool, String> {
        if self
            .organization
            .as_ref()
            .is_some_and(|own| !own.eq_ignore_ascii_case(organization))
        {
            return Ok(false);
        }
        let Some(repos) = &self.repos else {
            return Ok(true);
        };
        // `owner/name` is not documented, and means what it looks like.
        let named = |repo: &&Repo| {
            let name = repo.name.rsplit('/').next().unwrap_or_default();
            name.eq_ignore_ascii_case(repository)
        };
        match repos.iter().find(named) {
            None => Ok(false),
            Some(Repo {
                branch: Some(branch),
                ..
            }) if Some(branch.as_str()) != default_branch => Err(branch.clone()),
            Some(_) => Ok(true),
        }
    }
}

impl Repo {
    fn read(reader: &mut Reader<'_>, field: &str, node: &Node) -> Result<Vec<Self>, Diagnostic> {
        let nodes = match &node.kind {
            Kind::List(items) => items.as_slice(),
            _ => std::slice::from_ref(node),
        };
        let mut repos = Vec::new();
        for node in nodes {
            if !matches!(node.kind, Kind::Object(_)) {
                let names = reader.texts(field, node)?.into_iter();
                repos.extend(names.map(|name| Self { name, branch: None }));
                continue;
            }
            let fields = reader.fields(node, field)?;
            reader.unknown(fields, &["name", "branch"], "a repository");
            let mut text = |name: &str| {
                let node = value(fields, name)?;
                reader.texts(&format!("{field}.{name}"), node).ok()?.pop()
            };
            let (name, branch) = (text("name"), text("branch"));
            match name {
                Some(name) => repos.push(Self { name, branch }),
                None => {
                    let message = "The repository has no `name`. Add one.";
                    return Err(reader.mistake(node, field, message));
                }
            }
        }
        Ok(repos)
    }
}
