//! What a deletion waits for, in a sentence for the person who looks at what is left in Port.

use super::{Fate, Sending};

/// Port's own words are cut here: as many rows as there are entities hold them.
const LONGEST: usize = 300;

/// More would go than may without a person's consent.
pub(super) const CONSENT: &str = "more would be deleted at once than entityDeletionThreshold allows: make sure that it \
     is wanted, then replay the event (`portolan deliveries list --cause held`)";

/// It could not be renamed, and with so many of them nobody was asked.
pub(super) const UNASKED: &str = "it was to be renamed, but Port had an entity of the new name as well; with so many of \
     them at once a person has to agree, who is asked at the next event of its subject";

/// These could not be written, and one of them may be what takes its place.
pub(super) fn behind(stalled: &[&Sending]) -> String {
    let refused = stalled.iter().find(|send| send.fate == Fate::Refused);
    let first = refused
        .or(stalled.first())
        .and_then(|send| send.named.as_ref());
    let name = first.map_or_else(
        || "an entity that is found by a search".to_owned(),
        |named| format!("`{}`", named.key.identifier),
    );
    let more = match stalled.len().saturating_sub(1) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let why = match refused {
        Some(_) => "Port did not take",
        None => "Port does not have yet",
    };
    cut(format!(
        "{why} {name}{more} of the same event, which may be meant to take its place: it is deleted once that is written"
    ))
}

/// Port did not let it go.
pub(super) fn refused(why: &str) -> String {
    cut(why.to_owned())
}

fn cut(mut sentence: String) -> String {
    if sentence.len() > LONGEST {
        let end = (0..=LONGEST)
            .rev()
            .find(|at| sentence.is_char_boundary(*at));
        sentence.truncate(end.unwrap_or(0));
        sentence.push('…');
    }
    sentence
}
