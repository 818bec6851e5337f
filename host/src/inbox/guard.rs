//! The version guard: whether what a webhook or a list told of a subject may be mapped as it is.

use crate::store::Seen;

/// Only what is strictly newer than all that was seen of the subject may. Everything else is in doubt (GitHub counts in
/// seconds, and delivers late, twice and in any order): the subject's present state is asked for instead.
pub fn is_news(version: Option<&str>, seen: &Seen) -> bool {
    match (version, &seen.version) {
        _ if seen.gone => false,
        (None, _) => false,
        (Some(_), None) => true,
        (Some(version), Some(seen)) => version > seen.as_str(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_strictly_newer_counts() {
        let seen = |version: &str| Seen {
            version: Some(version.to_owned()),
            gone: false,
        };
        assert!(is_news(Some("2026-11-22T10:00:00Z"), &Seen::default()));
        assert!(is_news(
            Some("2026-11-22T10:00:01Z"),
            &seen("2026-11-22T10:00:00Z")
        ));
        assert!(!is_news(
            Some("2026-11-22T10:00:00Z"),
            &seen("2026-11-22T10:00:00Z")
        ));
        assert!(!is_news(
            Some("2026-11-22T09:59:59Z"),
            &seen("2026-11-22T10:00:00Z")
        ));
        assert!(!is_news(None, &Seen::default()));
        let gone = Seen {
            version: None,
            gone: true,
        };
        assert!(!is_news(Some("2026-11-22T10:00:00Z"), &gone));
    }
}
