//! Deliveries as text for people.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use crate::admin::wire::{Counted, Deletions, Delivery, Quarantined, Shown, State};

/// Reasons shown at once, of what waits and of each cause.
const SENTENCES: usize = 3;

/// Nothing: what is written to is memory.
const ENDLESS: &str = "a String takes what is written";

pub(super) fn list(deliveries: &[Delivery], are_more: bool) -> String {
    if deliveries.is_empty() {
        return "No deliveries fit.\n".to_owned();
    }
    let mut rows = vec![["WHEN", "EVENT", "REPOSITORY", "STATE", "CAUSE", "ID"].map(str::to_owned)];
    rows.extend(deliveries.iter().map(row));
    let mut text = columns(&rows);
    if are_more {
        let shown = deliveries.len();
        writeln!(text, "\nThese are the newest {shown}; --limit 0 shows all.").expect(ENDLESS);
    }
    text + &waiting(deliveries) + &quarantine(deliveries)
}

fn row(delivery: &Delivery) -> [String; 6] {
    let causes: BTreeSet<_> = delivery
        .quarantined
        .iter()
        .map(|one| one.cause.as_str())
        .collect();
    let causes: Vec<_> = causes.into_iter().collect();
    [
        delivery.received.to_string(),
        event(delivery),
        delivery.repository.clone().unwrap_or_default(),
        word(delivery.state).to_owned(),
        causes.join(","),
        delivery.id.clone(),
    ]
}

/// `pull_request.opened`; of what no delivery brought, where it comes from.
fn event(delivery: &Delivery) -> String {
    match (&delivery.action, delivery.event.as_str()) {
        (_, "") => format!("({})", delivery.source),
        (Some(action), event) => format!("{event}.{action}"),
        (None, event) => event.to_owned(),
    }
}

fn word(state: State) -> &'static str {
    match state {
        State::Waiting => "waiting",
        State::Quarantined => "quarantined",
        State::Done => "done",
    }
}

/// Each as wide as its widest, the last one as it is.
fn columns<const N: usize>(rows: &[[String; N]]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths: Vec<_> = (0..N).map(|column| width(column).unwrap_or(0)).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            write!(line, "{cell:width$}  ").expect(ENDLESS);
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// What waits, by the reason.
fn waiting(deliveries: &[Delivery]) -> String {
    let waiting = deliveries.iter().flat_map(|delivery| &delivery.waiting);
    let reasons = reasons("  ", waiting.filter_map(|waits| waits.why.as_deref()));
    match reasons.as_str() {
        "" => reasons,
        _ => format!("\nWaiting, tried again by themselves:\n{reasons}"),
    }
}

/// What was given up, by cause: what it is about, and what to do.
fn quarantine(deliveries: &[Delivery]) -> String {
    let mut causes: BTreeMap<&str, Vec<&Quarantined>> = BTreeMap::new();
    for one in deliveries.iter().flat_map(|delivery| &delivery.quarantined) {
        causes.entry(&one.cause).or_default().push(one);
    }
    if causes.is_empty() {
        return String::new();
    }
    let mut text = "\nIn quarantine, by cause:\n".to_owned();
    for (cause, of_it) in causes {
        let plugins: BTreeSet<_> = of_it
            .iter()
            .filter_map(|one| one.plugin.as_deref())
            .collect();
        let plugins: Vec<_> = plugins.into_iter().collect();
        let whose = if plugins.is_empty() {
            String::new()
        } else {
            format!(" of {}", plugins.join(", "))
        };
        writeln!(text, "  {cause}: {}{whose}", events(of_it.len() as u64)).expect(ENDLESS);
        text.push_str(&reasons("    ", of_it.iter().map(|one| one.why.as_str())));
        writeln!(text, "    To do: {}", to_do(cause)).expect(ENDLESS);
    }
    text
}

/// Each once, a line each, the most frequent first.
fn reasons<'a>(indent: &str, all: impl Iterator<Item = &'a str>) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for why in all {
        *counts.entry(why).or_default() += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let mut text = String::new();
    for (why, count) in counts.iter().take(SENTENCES) {
        writeln!(text, "{indent}{count} x {why}").expect(ENDLESS);
    }
    match counts.len().saturating_sub(SENTENCES) {
        0 => {}
        1 => writeln!(text, "{indent}and 1 other reason").expect(ENDLESS),
        more => writeln!(text, "{indent}and {more} other reasons").expect(ENDLESS),
    }
    text
}

/// By the failure's class: what helps, and the command that is next.
fn to_do(cause: &str) -> String {
    let first = match cause {
        "data" => "correct what is named, in the repository, in the mapping or in Port",
        "missing" => {
            return "create what is named in Port; then it is tried again by itself within minutes"
                .to_owned();
        }
        "failed" => "see in the other side's own log what was wrong with this one",
        "permission" => "grant what is named, in the App's settings or to Port's credentials",
        "plugin" => "put a mended version of the plugin in its place",
        "held" => {
            "make sure that the deletions are wanted, because to replay it is to agree to them"
        }
        "bug" => "report it with this sentence, and run a newer Portolan",
        _ => "do what the sentence says",
    };
    format!("{first}; then `portolan deliveries replay --cause {cause}`")
}

pub(super) fn show(shown: &Shown) -> String {
    let delivery = &shown.delivery;
    let field = |name: &str, value: String| [format!("  {name}"), value];
    let mut fields = vec![field("event", event(delivery))];
    if let Some(repository) = &delivery.repository {
        fields.push(field("repository", repository.clone()));
    }
    let received = format!("{} ({})", delivery.received, delivery.source);
    fields.push(field("received", received));
    fields.push(field("state", word(delivery.state).to_owned()));
    let mut text = format!("{}\n{}", delivery.id, columns(&fields));
    if !delivery.waiting.is_empty() {
        text.push_str("\nWaiting, tried again by itself:\n");
    }
    for waits in &delivery.waiting {
        let tried = match waits.tries {
            0 => "not tried yet".to_owned(),
            1 => "tried once".to_owned(),
            tries => format!("tried {tries} times"),
        };
        let next = if waits.why.is_some() {
            format!(", next at {} or later", waits.due)
        } else {
            String::new()
        };
        let why = waits
            .why
            .as_deref()
            .map_or(String::new(), |why| format!("\n    {why}"));
        writeln!(text, "  {}: {tried}{next}{why}", waits.subject).expect(ENDLESS);
    }
    if !delivery.quarantined.is_empty() {
        text.push_str("\nIn quarantine:\n");
    }
    for one in &delivery.quarantined {
        let plugin = one
            .plugin
            .as_deref()
            .map_or(String::new(), |plugin| format!(", plugin {plugin}"));
        writeln!(
            text,
            "  {}{plugin}: {}, since {}",
            one.subject, one.cause, one.at
        )
        .expect(ENDLESS);
        writeln!(text, "    {}", one.why).expect(ENDLESS);
        writeln!(text, "    To do: {}", to_do(&one.cause)).expect(ENDLESS);
    }
    match (&shown.payload, &shown.without_payload) {
        (Some(payload), _) => {
            writeln!(
                text,
                "\nWhat GitHub sent, without secrets and addresses:\n{payload:#}"
            )
            .expect(ENDLESS);
        }
        (None, Some(why)) => writeln!(text, "\nNo payload: {why}.").expect(ENDLESS),
        (None, None) => {}
    }
    text
}

pub(super) fn replayed(Counted { count, dry }: Counted, is_running: bool) -> String {
    let events = events(count);
    match (count, dry, is_running) {
        (0, ..) => "Nothing in quarantine fits.\n".to_owned(),
        (_, true, _) => format!("{events} would be tried again; nothing was done (--dry-run).\n"),
        (_, false, true) => format!("{events} {} tried again now.\n", are(count)),
        (_, false, false) => format!("{events} will be tried again at the host's next start.\n"),
    }
}

pub(super) fn dropped(Counted { count, dry }: Counted) -> String {
    let events = events(count);
    match (count, dry) {
        (0, _) => "Nothing in quarantine fits.\n".to_owned(),
        (_, true) => format!("{events} would be dropped; nothing was done (--dry-run).\n"),
        (_, false) => format!("{events} {} dropped.\n", were(count)),
    }
}

pub(super) fn deletions(Deletions { count, waiting }: &Deletions) -> String {
    let mut text = match count {
        0 => return "No deletion waits.\n".to_owned(),
        1 => "1 entity is produced no more and still in Port, because its deletion waits:\n"
            .to_owned(),
        many => format!(
            "{many} entities are produced no more and still in Port, because their deletions wait:\n"
        ),
    };
    let mut named = 0;
    for group in waiting {
        named += group.count;
        let more = match group.count.saturating_sub(group.entities.len() as u64) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        writeln!(
            text,
            "  {}, plugin {}, blueprint {}: {}{more}\n    {}",
            group.repository,
            group.plugin,
            group.blueprint,
            group.entities.join(", "),
            group.why
        )
        .expect(ENDLESS);
    }
    if *count > named {
        writeln!(text, "  and {} more", count - named).expect(ENDLESS);
    }
    text
}

fn events(count: u64) -> String {
    match count {
        1 => "1 event".to_owned(),
        count => format!("{count} events"),
    }
}

fn are(count: u64) -> &'static str {
    if count == 1 { "is" } else { "are" }
}

fn were(count: u64) -> &'static str {
    if count == 1 { "was" } else { "were" }
}
