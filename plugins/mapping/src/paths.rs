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
        let (own, key) = (field, field.trim_start_matches("selector."));
        for (nth, node) in nodes.iter().enumerate() {
            let field = format!("{own}[{nth}]");
            let fields = match &node.kind {
                Kind::Text(path) => {
                    all.push(Self::new(reader, &field, node, path)?);
                    continue;
                }
                _ => reader.fields(node, &field)?,
            };
            let keys: &[&str] = match key {
                "folders" => &["path", "repos", "organization", "includedFiles"],
                _ => &[
                    "path",
                    "repos",
                    "organization",
                    "skipParsing",
                    "validationCheck",
                ],
            };
            reader.unknown(fields, keys, &format!("an item of `{own}`"));
            let repos = value(fields, "repos")
                .filter(|node| !matches!(node.kind, Kind::Null))
                .map(|node| Repo::read(reader, &format!("{field}.repos"), node))
                .transpose()?;
            let Some(path) = value(fields, "path").filter(|node| !node.is_blank()) else {
                // An example in Port's documentation is written like this, and has been copied.
                match (fields, all.last_mut(), repos) {
                    ([_], Some(before), Some(repos)) if before.repos.is_none() => {
                        before.repos = Some(repos);
                        let message = "`repos` stands in an item of its own and is taken as part of the one before. Remove the `-` before it.";
                        reader.warn(reader.place(node), &field, message);
                        continue;
                    }
                    _ => {
                        let message =
                            format!("The item has no `path`, so it names no {key}. Add one.");
                        return Err(reader.mistake(node, &field, message));
                    }
                }
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
                read.parses = !reader.flag(&format!("{field}.skipParsing"), node)?;
            }
            if let Some(node) = value(fields, "includedFiles").filter(|_| key == "folders") {
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
        let pattern = match field.starts_with("selector.folders") {
            true => Some(
                Pattern::new(&glob)
                    .map_err(|wrong| reader.mistake(node, field, format!("`{glob}` {wrong}.")))?,
            ),
            false => None,
        };
        Ok(Self {
            glob,
            pattern,
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
        let mut unread = None;
        for repo in repos.iter().filter(named) {
            match &repo.branch {
                Some(branch) if Some(branch.as_str()) != default_branch => unread = Some(branch),
                _ => return Ok(true),
            }
        }
        unread.map_or(Ok(false), |branch| Err(branch.clone()))
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
