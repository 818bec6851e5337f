//! Questions to GitHub's API where nobody asks GitHub: its trees a checkout shows as well, all else is not known.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value, json};

use super::fence::Ground;
use super::{Asking, Error};
use crate::files::{At, Tree};
use crate::github::Mode;
use crate::plugins::contract::{AnswerValue, Question};

/// In every refusal for want of GitHub, so that what follows from it can be told from mistakes.
pub const UNKNOWN: &str = "is not known offline";

pub(super) fn unknown(what: &str, why: &str) -> AnswerValue {
    let what = what.escape_debug();
    AnswerValue::Refused(format!("`{what}` {UNKNOWN}: {why}"))
}

impl Asking {
    /// The answers to a round's questions to the API, by the place of the question.
    pub(super) async fn found_offline(
        &self,
        questions: &[Question],
    ) -> Result<HashMap<usize, AnswerValue>, Error> {
        let mut answers = HashMap::new();
        for (nth, question) in questions.iter().enumerate() {
            if let Question::Api(path) = question {
                answers.insert(nth, self.of_the_api(path).await?);
            }
        }
        Ok(answers)
    }

    async fn of_the_api(&self, path: &str) -> Result<AnswerValue, Error> {
        let ground = match &self.about.repository {
            Some(repository) => Ground::Repository(repository),
            None => Ground::Organization(&self.about.organization),
        };
        if let Err(why) = ground.check(path) {
            return Ok(AnswerValue::Refused(why));
        }
        let Some((named, recursive)) = names_tree(path) else {
            return Ok(unknown(path, "only GitHub can answer that"));
        };
        if let Err(why) = self.within_reach() {
            return Ok(unknown(path, &why));
        }
        Ok(match self.at().await? {
            Some((at, tree)) => match folder(&at, named) {
                Some(below) => AnswerValue::Json(listing(&tree, &below, recursive).to_string()),
                None => unknown(path, "the checkout is of another commit"),
            },
            None => unknown(path, "there is nothing in it"),
        })
    }
}

/// GitHub docs, "REST API endpoints for Git trees": which tree, and whether all below it is wanted.
fn names_tree(path_and_query: &str) -> Option<(&str, bool)> {
    let (path, query) = path_and_query
        .split_once('?')
        .unwrap_or((path_and_query, ""));
    let (_, named) = path.split_once("/git/trees/")?;
    // Whatever its value is, it counts.
    let mut parameters = query.split('&').map(|pair| pair.split('=').next());
    Some((named, parameters.any(|name| name == Some("recursive"))))
}

/// What stands for a sha, for which the whole checkout would have to be read. No sha looks like it.
fn name_of(path: &str) -> String {
    format!("checkout-{}", hex::encode(path))
}

/// The path that a tree is of, with a slash at its end but for the root's.
fn folder(at: &At, named: &str) -> Option<String> {
    let head = &at.head;
    let root = [&*head.branch, &head.commit, &head.tree, "HEAD"].contains(&named);
    if root || named == head.branch.replace('/', "%2F") {
        return Some(String::new());
    }
    let path = hex::decode(named.strip_prefix("checkout-")?).ok()?;
    Some(String::from_utf8(path).ok()? + "/")
}

fn listing(tree: &Tree, below: &str, recursive: bool) -> Value {
    let mut items = BTreeMap::new();
    let item = |path: &str, mode: &str, kind: &str| {
        let sha = name_of(&format!("{below}{path}"));
        json!({"path": path, "mode": mode, "type": kind, "sha": sha})
    };
    for entry in tree.entries() {
        let Some(path) = entry.path.strip_prefix(below) else {
            continue;
        };
        for (end, _) in path.match_indices('/') {
            let folder = &path[..end];
            let is = || item(folder, "040000", "tree");
            items.entry(folder).or_insert_with(is);
        }
        let (mode, kind) = match entry.mode {
            Mode::File => ("100644", "blob"),
            Mode::Symlink => ("120000", "blob"),
            Mode::Submodule => ("160000", "commit"),
        };
        let mut item = item(path, mode, kind);
        item["size"] = entry.size.into();
        items.insert(path, item);
    }
    items.retain(|path, _| recursive || !path.contains('/'));
    let items: Vec<_> = items.into_values().collect();
    json!({"tree": items, "truncated": false})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answers::Answers;
    use crate::files::{Checkout, Files};
    use crate::github::standin::shop;
    use crate::subject::Organization;

    async fn answers(files: Files, questions: &[&str]) -> Vec<AnswerValue> {
        let answers = Answers::offline(files, |_| async { Ok(None) });
        let acme = Organization {
            id: 7,
            login: "acme".to_owned(),
        };
        let mut asking = answers.about(0, acme, Some(shop()));
        let questions: Vec<_> = questions
            .iter()
            .map(|text| match text.strip_prefix('/') {
                Some(_) => Question::Api((*text).to_owned()),
                None => Question::File((*text).to_owned()),
            })
            .collect();
        let answers = asking.answer(&questions).await.unwrap();
        answers.into_iter().map(|answer| answer.value).collect()
    }

    #[tokio::test]
    async fn a_checkout_shows_its_tree_and_all_else_is_not_known() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("src/cart")).unwrap();
        std::fs::write(dir.path().join("src/cart/README.md"), "# Cart").unwrap();
        let files = Files::of(Some(Checkout::open(dir.path()).unwrap()));
        let asked = [
            "/repos/acme/shop/git/trees/HEAD?recursive=1",
            "/repos/acme/shop/git/trees/HEAD",
            "/repos/acme/shop/git/trees/checkout-737263?recursive=1",
            "/repos/acme/shop/git/trees/v1.0?recursive=1",
            "/repos/acme/shop/teams",
            "/repos/acme/other",
            "src/cart/README.md",
        ];
        let answers = answers(files, &asked).await;
        let paths = |answer: &AnswerValue| {
            let AnswerValue::Json(text) = answer else {
                panic!("{answer:?}")
            };
            let tree: Value = serde_json::from_str(text).unwrap();
            let paths = tree["tree"].as_array().unwrap().iter();
            paths
                .map(|item| format!("{} {}", item["type"], item["path"]).replace('"', ""))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            paths(&answers[0]),
            ["tree src", "tree src/cart", "blob src/cart/README.md"]
        );
        assert_eq!(paths(&answers[1]), ["tree src"]);
        assert!(matches!(&answers[1], AnswerValue::Json(text) if text.contains("checkout-737263")));
        assert_eq!(paths(&answers[2]), ["tree cart", "blob cart/README.md"]);
        let unknown = |answer: &AnswerValue| match answer {
            AnswerValue::Refused(why) => why.contains(UNKNOWN),
            answer => panic!("{answer:?}"),
        };
        assert!(unknown(&answers[3]) && unknown(&answers[4]));
        assert!(
            !unknown(&answers[5]),
            "another repository is nobody's to ask"
        );
        assert_eq!(answers[6], AnswerValue::Text("# Cart".to_owned()));
    }

    #[tokio::test]
    async fn without_a_checkout_a_file_is_not_known_rather_than_missing() {
        let answers = answers(Files::of(None), &["port.yml", "../x", "README.md"]).await;
        let refused = |answer: &AnswerValue| matches!(answer, AnswerValue::Refused(why) if why.contains(UNKNOWN));
        assert!(
            refused(&answers[0]) && !refused(&answers[1]) && refused(&answers[2]),
            "{answers:?}"
        );
    }
}
