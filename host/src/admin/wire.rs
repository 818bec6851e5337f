//! What goes over the wire and what `--json` prints: deliveries and filters as JSON.
//!
//! Texts that came from GitHub or from guests are cleaned on their way into these.

use clap::ValueEnum;
use serde::{Deserialize, Deserializer, Serialize, de};

use super::redact;
use super::when::{self, When};
use crate::store::{self, Millis, Source, Summary, Undeleted};

/// Where a delivery is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    Waiting,
    Quarantined,
    Done,
}

/// Which deliveries are meant; all that is given must fit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Filter {
    /// As a list, or one text with commas.
    #[serde(deserialize_with = "ids", skip_serializing_if = "Vec::is_empty")]
    pub(crate) ids: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) state: Option<State>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cause: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) plugin: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) repository: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) event: Option<String>,
    /// As [`when::parse`] takes them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) since: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) until: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) limit: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) before: Option<i64>,
}

impl Filter {
    /// Whether it leaves anything out.
    pub(crate) fn chooses(&self) -> bool {
        let everything = Self {
            limit: self.limit,
            before: self.before,
            ..Self::default()
        };
        *self != everything
    }

    /// As the store takes it.
    pub(crate) fn meant(&self, now: Millis) -> Result<store::Filter, String> {
        let moment = |text: &Option<String>| {
            let moment = text.as_deref().map(|text| when::parse(text, now));
            moment.transpose()
        };
        let state = self.state.map(|state| match state {
            State::Waiting => store::State::Waiting,
            State::Quarantined => store::State::Quarantined,
            State::Done => store::State::Done,
        });
        Ok(store::Filter {
            ids: self.ids.clone(),
            state,
            cause: self.cause.clone(),
            plugin: self.plugin.clone(),
            awaits: None,
            repository: self.repository.clone(),
            event: self.event.clone(),
            since: moment(&self.since)?,
            until: moment(&self.until)?,
            limit: self.limit.unwrap_or(0),
            before: self.before,
        })
    }
}

fn ids<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    struct Ids;

    impl<'de> de::Visitor<'de> for Ids {
        type Value = Vec<String>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("ids as a list, or as one text with commas")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
            let ids = text.split(',').map(str::trim).filter(|id| !id.is_empty());
            Ok(ids.map(str::to_owned).collect())
        }

        fn visit_seq<A: de::SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
            let mut ids = Vec::new();
            while let Some(id) = list.next_element()? {
                ids.push(id);
            }
            Ok(ids)
        }
    }

    deserializer.deserialize_any(Ids)
}

/// What is to be replayed or dropped. Without any filter `all` must be said.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Order {
    pub(crate) filter: Filter,
    pub(crate) all: bool,
    /// Only count.
    pub(crate) dry: bool,
}

/// How many it was about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Counted {
    pub(crate) count: u64,
    pub(crate) dry: bool,
}

/// A delivery, or an item that no delivery brought.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Delivery {
    pub(crate) id: String,
    pub(crate) number: i64,
    /// Empty where no delivery brought it.
    pub(crate) event: String,
    pub(crate) action: Option<String>,
    pub(crate) repository: Option<String>,
    pub(crate) source: String,
    pub(crate) received: When,
    pub(crate) state: State,
    pub(crate) waiting: Vec<Waits>,
    pub(crate) quarantined: Vec<Quarantined>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Waits {
    pub(crate) subject: String,
    pub(crate) tries: u32,
    pub(crate) due: When,
    pub(crate) why: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Quarantined {
    pub(crate) subject: String,
    pub(crate) plugin: Option<String>,
    /// The failure's class, one word.
    pub(crate) cause: String,
    pub(crate) why: String,
    /// What must exist in Port first.
    pub(crate) awaits: Option<String>,
    pub(crate) at: When,
}

/// A delivery with what GitHub sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Shown {
    #[serde(flatten)]
    pub(crate) delivery: Delivery,
    /// Redacted.
    pub(crate) payload: Option<serde_json::Value>,
    /// Why there is none.
    pub(crate) without_payload: Option<String>,
}

/// A page of deliveries.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Page {
    pub(crate) deliveries: Vec<Delivery>,
}

/// Entities that nobody produces any more and whose deletion waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Deletions {
    /// All of them, whether they are named below or not.
    pub(crate) count: u64,
    pub(crate) waiting: Vec<Deletion>,
}

/// Those of one plugin, subject and blueprint that wait for the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Deletion {
    pub(crate) plugin: String,
    /// `owner/name`, or an organization's login.
    pub(crate) repository: String,
    pub(crate) subject: String,
    pub(crate) blueprint: String,
    /// The first of them.
    pub(crate) entities: Vec<String>,
    pub(crate) count: u64,
    /// What they wait for.
    pub(crate) why: String,
}

/// Why something was not done: one sentence.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Error {
    pub(crate) error: String,
}

impl From<Summary> for Delivery {
    fn from(summary: Summary) -> Self {
        let line = |text: Option<String>| text.as_deref().map(redact::line);
        let waits = |waiting: store::WaitingOf| Waits {
            subject: redact::line(&waiting.subject),
            tries: waiting.tries,
            due: When(waiting.due),
            why: waiting.why.as_deref().map(sentence),
        };
        let quarantined = |quarantined: store::Quarantined| Quarantined {
            subject: redact::line(&quarantined.subject),
            plugin: line(quarantined.plugin),
            cause: redact::line(&quarantined.cause.class),
            why: sentence(&quarantined.cause.why),
            awaits: line(quarantined.cause.awaits),
            at: When(quarantined.at),
        };
        Self {
            id: redact::line(&summary.id),
            number: summary.number,
            event: redact::line(&summary.event),
            action: line(summary.action),
            repository: line(summary.repository),
            source: source(summary.source).to_owned(),
            received: When(summary.received),
            state: summary.state.into(),
            waiting: summary.waiting.into_iter().map(waits).collect(),
            quarantined: summary.quarantined.into_iter().map(quarantined).collect(),
        }
    }
}

impl Deletions {
    pub(crate) fn new(count: u64, waiting: Vec<Undeleted>) -> Self {
        let waiting = waiting.into_iter().map(Deletion::from).collect();
        Self { count, waiting }
    }
}

impl From<Undeleted> for Deletion {
    fn from(undeleted: Undeleted) -> Self {
        let lines = |texts: Vec<String>| texts.iter().map(|text| redact::line(text)).collect();
        Self {
            plugin: redact::line(&undeleted.plugin),
            repository: redact::line(&undeleted.whose),
            subject: redact::line(&undeleted.subject),
            blueprint: redact::line(&undeleted.blueprint),
            entities: lines(undeleted.identifiers),
            count: undeleted.count,
            why: sentence(&undeleted.why),
        }
    }
}

/// A mapper's or Port's words may quote what a file says, an address or worse.
fn sentence(text: &str) -> String {
    redact::line(&redact::scrubbed(text))
}

impl From<store::State> for State {
    fn from(state: store::State) -> Self {
        match state {
            store::State::Waiting => Self::Waiting,
            store::State::Quarantined => Self::Quarantined,
            store::State::Done => Self::Done,
        }
    }
}

fn source(source: Source) -> &'static str {
    match source {
        Source::Webhook => "webhook",
        Source::Recovered => "recovered",
        Source::Listed => "listed",
        Source::Refresh => "refresh",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_read_from_a_query_and_from_json() {
        let uri = "/?ids=a,%20b&state=quarantined&limit=5&since=2h".parse();
        let of_query = axum::extract::Query::<Filter>::try_from_uri(&uri.unwrap()).unwrap();
        let of_json: Filter = serde_json::from_str(
            r#"{"ids": ["a", "b"], "state": "quarantined", "limit": 5, "since": "2h"}"#,
        )
        .unwrap();
        assert_eq!(of_query.0, of_json);
        assert_eq!(of_json.ids, ["a", "b"]);
        let meant = of_json.meant(7_200_001).unwrap();
        assert_eq!(meant.since, Some(1));
        assert_eq!(meant.state, Some(store::State::Quarantined));
        assert_eq!(meant.limit, 5);
    }

    #[test]
    fn a_misspelt_filter_is_no_filter_for_everything() {
        for wrong in [
            r#"{"repo": "acme/shop"}"#,
            r#"{"state": "broken"}"#,
            r#"{"limit": -1}"#,
            r#"{"ids": 7}"#,
        ] {
            assert!(serde_json::from_str::<Filter>(wrong).is_err(), "{wrong}");
        }
        let filter = Filter {
            until: Some("tomorrow".to_owned()),
            ..Filter::default()
        };
        assert!(filter.meant(0).unwrap_err().contains("is no time"));
        assert!(serde_json::from_str::<Order>(r#"{"dryrun": true}"#).is_err());
    }

    #[test]
    fn a_limit_alone_chooses_nothing() {
        let everything = Filter {
            limit: Some(5),
            before: Some(7),
            ..Filter::default()
        };
        assert!(!everything.chooses());
        assert!(
            Filter {
                cause: Some("data".to_owned()),
                ..everything
            }
            .chooses()
        );
    }
}
