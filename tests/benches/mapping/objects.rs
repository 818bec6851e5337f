//! Objects as GitHub recorded them, as large as they are on the average, and sixteen programs for each: selector,
//! identifier, title, blueprint, ten properties and two relations.

use portolan::plugins::contract::{Answer, AnswerValue, Question};
use serde_json::{Value, json};

const PULL_REQUESTS: &str = include_str!("../../fixtures/webhooks/pull_request.jsonl");
const ISSUES: &str = include_str!("../../fixtures/webhooks/issues.jsonl");

pub(super) const REPOSITORY: &str =
    r#"{"id":1,"name":"checkout","full_name":"acme/checkout","owner":{"login":"acme"}}"#;

pub(super) struct Sort {
    pub(super) kind: &'static str,
    pub(super) object: Value,
    selector: &'static str,
    identifier: &'static str,
    title: &'static str,
    blueprint: &'static str,
    properties: [(&'static str, &'static str); 10],
    relations: [(&'static str, &'static str); 2],
}

pub(super) fn pull_request() -> Sort {
    Sort {
        kind: "pull-request",
        object: recorded(PULL_REQUESTS, "pull_request", 17_600),
        selector: ".draft != true",
        identifier: ".head.repo.name + (.id|tostring)",
        title: ".title",
        blueprint: "\"githubPullRequest\"",
        properties: [
            ("creator", ".user.login"),
            ("assignees", "[.assignees[].login]"),
            ("reviewers", "[.requested_reviewers[].login]"),
            ("status", ".state"),
            ("closedAt", ".closed_at"),
            ("updatedAt", ".updated_at"),
            ("mergedAt", ".merged_at"),
            ("labels", "[.labels[].name]"),
            ("prNumber", ".number"),
            ("link", ".html_url"),
        ],
        relations: [
            ("service", ".head.repo.name"),
            ("repository", ".base.repo.name"),
        ],
    }
}

pub(super) fn issue() -> Sort {
    Sort {
        kind: "issue",
        object: recorded(ISSUES, "issue", 4_700),
        selector: ".pull_request == null",
        identifier: "(.repository_url | split(\"/\") | last) + (.id|tostring)",
        title: ".title",
        blueprint: "\"githubIssue\"",
        properties: [
            ("creator", ".user.login"),
            ("assignees", "[.assignees[].login]"),
            ("labels", "[.labels[].name]"),
            ("status", ".state"),
            ("createdAt", ".created_at"),
            ("closedAt", ".closed_at"),
            ("updatedAt", ".updated_at"),
            ("description", ".body"),
            ("issueNumber", ".number"),
            ("link", ".html_url"),
        ],
        relations: [
            ("service", ".repository_url | split(\"/\") | last"),
            ("repository", ".repository_url | split(\"/\") | last"),
        ],
    }
}

/// The first that is not larger (and no pull request among the issues), its text as long as makes it so large.
fn recorded(lines: &str, field: &str, size: usize) -> Value {
    let emptied = |line| {
        let payload: Value = serde_json::from_str(line).expect("it was recorded as JSON");
        let mut object = payload[field].clone();
        object["body"] = json!("");
        object
    };
    let (mut object, missing) = (lines.lines().map(emptied))
        .filter(|object| object["pull_request"].is_null())
        .find_map(|object| {
            let missing = size.checked_sub(object.to_string().len())?;
            Some((object, missing))
        })
        .expect("not all that were recorded are larger");
    object["body"] = json!("It pays. ".repeat(missing / 9));
    object
}

impl Sort {
    /// All sixteen.
    pub(super) fn programs(&self) -> Vec<&'static str> {
        let fields = self.properties.iter().chain(&self.relations);
        [self.selector, self.identifier, self.title, self.blueprint]
            .into_iter()
            .chain(fields.map(|(_, program)| *program))
            .collect()
    }

    /// `port-app-config.yml`; JSON is YAML.
    pub(super) fn configuration(&self) -> String {
        let fields = |fields: &[(&str, &str)]| {
            let fields = fields.iter().map(|(name, program)| (*name, json!(program)));
            Value::from_iter(fields)
        };
        let mappings = json!({
            "identifier": self.identifier,
            "title": self.title,
            "blueprint": self.blueprint,
            "properties": fields(&self.properties),
            "relations": fields(&self.relations),
        });
        let resource = json!({
            "kind": self.kind,
            "selector": { "query": self.selector },
            "port": { "entity": { "mappings": mappings } },
        });
        json!({ "resources": [resource] }).to_string()
    }

    /// The same as one program for jq.
    pub(super) fn as_one_program(&self) -> String {
        let fields = |fields: &[(&str, &str)]| {
            let fields = fields
                .iter()
                .map(|(name, program)| format!("{name}: ({program})"));
            fields.collect::<Vec<_>>().join(", ")
        };
        format!(
            "select({}) | {{identifier: ({}), title: ({}), blueprint: ({}), properties: {{{}}}, relations: {{{}}}}}",
            self.selector,
            self.identifier,
            self.title,
            self.blueprint,
            fields(&self.properties),
            fields(&self.relations),
        )
    }

    /// The blueprint's identifier.
    pub(super) fn target(&self) -> &'static str {
        self.blueprint.trim_matches('"')
    }

    /// A blueprint that has all that is mapped.
    pub(super) fn schema(&self) -> Value {
        let kind = |name: &str| match name {
            "assignees" | "reviewers" | "labels" => json!({ "type": "array" }),
            "prNumber" | "issueNumber" => json!({ "type": "number" }),
            _ => json!({ "type": "string" }),
        };
        let properties = self.properties.iter();
        let properties: Value = properties.map(|(name, _)| (*name, kind(name))).collect();
        let relation = json!({ "target": "service", "required": false, "many": false });
        let relations = self.relations.iter();
        let relations: Value = relations
            .map(|(name, _)| (*name, relation.clone()))
            .collect();
        json!({
            "identifier": self.target(), "title": self.kind,
            "schema": { "properties": properties, "required": [] }, "relations": relations,
        })
    }

    pub(super) fn blueprint(&self) -> Answer {
        Answer {
            question: Question::Blueprint(self.target().into()),
            value: AnswerValue::Json(self.schema().to_string()),
        }
    }
}
