//! Times as people give and read them: RFC 3339, or `2h` for two hours ago.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::store::Millis;

/// A moment, told to the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct When(pub(crate) Millis);

/// The clock, as the store counts.
pub(crate) fn now() -> Millis {
    Timestamp::now().as_millisecond()
}

/// `2026-11-22T10:00:00Z`, or `45s`, `90m`, `2h`, `3d`, `1w` before `now`.
pub(crate) fn parse(text: &str, now: Millis) -> Result<Millis, String> {
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Ok(moment.as_millisecond());
    }
    ago(text).map(|ago| now.saturating_sub(ago)).ok_or_else(|| {
        format!(
            "`{text}` is no time: give one such as 2026-11-22T10:00:00Z, or 2h or 3d for so long ago"
        )
    })
}

fn ago(text: &str) -> Option<Millis> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let unit = match unit {
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        "w" => 7 * 86_400_000,
        _ => return None,
    };
    number.parse::<Millis>().ok()?.checked_mul(unit)
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Timestamp::from_second(self.0.div_euclid(1_000)) {
            Ok(moment) => moment.fmt(f),
            // Beyond the year 9999: nothing that a clock said.
            Err(_) => write!(f, "{} ms", self.0),
        }
    }
}

impl Serialize for When {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for When {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let moment: Timestamp = text.parse().map_err(de::Error::custom)?;
        Ok(Self(moment.as_millisecond()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = 1_795_000_000_000;

    #[test]
    fn a_time_is_rfc_3339_or_so_long_ago() {
        for (text, moment) in [
            ("2026-11-22T10:00:00Z", 1_795_341_600_000),
            ("2026-11-22T12:00:00+02:00", 1_795_341_600_000),
            ("1970-01-01T00:00:00Z", 0),
            ("45s", NOW - 45_000),
            ("90m", NOW - 90 * 60_000),
            ("2h", NOW - 2 * 3_600_000),
            ("3d", NOW - 3 * 86_400_000),
            ("1w", NOW - 7 * 86_400_000),
            ("0h", NOW),
        ] {
            assert_eq!(parse(text, NOW), Ok(moment), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_said() {
        for text in [
            "",
            "h",
            "2",
            "2 h",
            "-2h",
            "2y",
            "h2",
            "yesterday",
            "2026-11-22",
            "9999999999999999d",
            "2h ",
            "２h",
        ] {
            let said = parse(text, NOW).unwrap_err();
            assert!(said.contains("is no time: give one such as"), "{said}");
        }
    }

    #[test]
    fn what_is_shown_can_be_given_again() {
        let shown = When(NOW).to_string();
        assert_eq!(shown, "2026-11-18T11:06:40Z");
        assert_eq!(parse(&shown, 0), Ok(NOW));
        let json = serde_json::to_string(&When(NOW)).unwrap();
        assert_eq!(serde_json::from_str::<When>(&json).unwrap(), When(NOW));
        assert_eq!(When(Millis::MAX).to_string(), format!("{} ms", Millis::MAX));
    }
}
