//! `file://` in a property: which file of the repository it means, and what of it the property takes.
//!
//! Only strings directly below `properties` are looked at, as Port does it. The path is taken as it is
//! written: percent-encoding means nothing here.

use portolan_sdk::{Diagnostic, Place};
use serde_json::Value;

use app_config::yaml;

/// A property whose value is another file's text.
#[derive(Debug)]
pub(crate) struct Reference {
    pub(crate) property: String,
    /// From the root of the repository.
    pub(crate) path: String,
    pub(crate) place: Place,
}

/// The path that a property's text refers to, `None` when it is plain text, an error when it leaves the repository.
///
/// `file://x` counts from the root, `file://./x` and `file://../x` from the folder of the spec
/// (Port docs, GitHub, "GitOps": file properties).
pub(crate) fn target(spec: &str, text: &str) -> Option<Result<String, String>> {
    let written = text.strip_prefix("file://")?;
    let folder = spec.rsplit_once('/').map_or("", |(folder, _)| folder);
    let relative = written.starts_with("./") || written.starts_with("../");
    let mut path: Vec<&str> = Vec::new();
    let segments = if relative { folder } else { "" }
        .split('/')
        .chain(written.split('/'));
    for segment in segments {
        match segment {
            "" | "." => {}
            ".." if path.pop().is_none() => {
                return Some(Err(format!(
                    "`{text}` leads out of the repository. Refer to a file in it: `file://docs/README.md` \
                     counts from its root, `file://./README.md` from this file's folder."
                )));
            }
            ".." => {}
            _ => path.push(segment),
        }
    }
    if path.is_empty() || written.ends_with('/') {
        return Some(Err(format!(
            "`{text}` names no file. Write `file://` and a path, such as `file://README.md`."
        )));
    }
    Some(Ok(path.join("/")))
}

impl Reference {
    /// Whether the file can be more than text.
    pub(crate) fn is_structured(&self) -> bool {
        [".json", ".yml", ".yaml"]
            .iter()
            .any(|ending| self.path.ends_with(ending))
    }

    /// The property's value. `structure` says that the blueprint wants an object or a list, which text is not.
    pub(crate) fn value(&self, text: &str, structure: bool) -> Result<Value, Diagnostic> {
        if !structure || !self.is_structured() {
            // Port's store takes no NUL.
            return Ok(Value::String(text.replace('\0', "")));
        }
        if self.path.ends_with(".json") {
            return serde_json::from_str(text).map_err(|error| {
                let place = Place::new(&self.path)
                    .line(error.line() as u32)
                    .column(error.column() as u32);
                Diagnostic::error(format!("Not readable as JSON: {error}.")).at(place)
            });
        }
        let mut documents = yaml::documents(&self.path, text)?;
        match documents.len() {
            // Whoever means to clear the property writes `null`.
            0 => Err(Diagnostic::error(
                "The file holds no value: it is empty, or has comments only.",
            )
            .at(Place::new(&self.path))),
            1 => Ok(documents.remove(0).json()),
            _ => Ok(documents.iter().map(yaml::Node::json).collect()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::target;

    fn path(spec: &str, text: &str) -> Option<String> {
        target(spec, text)?.ok()
    }

    #[test]
    fn a_path_counts_from_the_root_unless_it_begins_with_a_dot() {
        assert_eq!(
            path("a/port.yml", "file://b/README.md").as_deref(),
            Some("b/README.md")
        );
        assert_eq!(
            path("a/port.yml", "file://./README.md").as_deref(),
            Some("a/README.md")
        );
        assert_eq!(
            path("a/b/port.yml", "file://../x/y.txt").as_deref(),
            Some("a/x/y.txt")
        );
        assert_eq!(
            path("port.yml", "file://./b/../c%20d.md").as_deref(),
            Some("c%20d.md")
        );
        assert!(target("port.yml", "see file://README.md").is_none());
    }

    #[test]
    fn a_path_that_leaves_the_repository_is_refused() {
        for text in [
            "file://../x",
            "file://a/../../x",
            "file://./../../etc/passwd",
            "file://",
            "file://docs/",
        ] {
            assert!(matches!(target("port.yml", text), Some(Err(_))), "{text}");
        }
        assert!(matches!(
            target("a/port.yml", "file://../../x"),
            Some(Err(_))
        ));
    }
}
