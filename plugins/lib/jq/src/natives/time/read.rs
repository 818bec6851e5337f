//! `strptime`, as C has it where nobody chose a language.

use super::{DAY, DAYS, Date, MONTHS, days_before};

/// The date that the begin of a text means in a format, and the rest; nothing where it does not fit.
pub(super) fn date<'t>(text: &'t str, format: &str) -> Option<(Date, &'t str)> {
    // C leaves what is not read as it was; these are jq's marks for days that nobody knows.
    let date = Date {
        year: 1900,
        weekday: 8,
        yearday: 367,
        ..Date::default()
    };
    let mut reader = Reader {
        rest: text,
        date,
        ..Reader::default()
    };
    reader.format(format)?;
    let rest = reader.rest;
    Some((reader.date(), rest))
}

#[derive(Default)]
struct Reader<'t> {
    rest: &'t str,
    date: Date,
    century: Option<i64>,
    year_of_century: Option<i64>,
    afternoon: Option<bool>,
    /// `%s`
    epoch: Option<i64>,
    /// Was anything read that says which day it is?
    is_dated: bool,
    has_month: bool,
    has_day: bool,
    has_weekday: bool,
    has_yearday: bool,
}

impl<'t> Reader<'t> {
    fn format(&mut self, format: &str) -> Option<()> {
        let mut chars = format.chars();
        while let Some(char) = chars.next() {
            if char.is_ascii_whitespace() {
                self.rest = self.rest.trim_ascii_start();
            } else if char == '%' {
                let mut letter = chars.next()?;
                while matches!(letter, '-' | '_' | '0' | '^' | 'E' | 'O') {
                    letter = chars.next()?;
                }
                self.field(letter)?;
            } else {
                self.rest = self.rest.strip_prefix(char)?;
            }
        }
        Some(())
    }

    fn field(&mut self, letter: char) -> Option<()> {
        self.is_dated |= matches!(letter, 'Y' | 'C' | 'y' | 'm' | 'd' | 'e' | 'B' | 'b' | 'h');
        match letter {
            'Y' => {
                self.date.year = self.number(4, 0..=9999)?;
                (self.century, self.year_of_century) = (None, None);
            }
            'C' => self.century = Some(self.number(2, 0..=99)?),
            'y' => self.year_of_century = Some(self.number(2, 0..=99)?),
            'm' => {
                self.date.month = self.number(2, 1..=12)? - 1;
                self.has_month = true;
            }
            'd' | 'e' => {
                self.date.day = self.number(2, 1..=31)?;
                self.has_day = true;
            }
            'H' | 'k' => {
                self.date.hour = self.number(2, 0..=23)?;
                self.afternoon = None;
            }
            'I' | 'l' => {
                self.date.hour = self.number(2, 1..=12)? % 12;
                self.afternoon.get_or_insert(false);
            }
            'M' => self.date.minute = self.number(2, 0..=59)?,
            'S' => self.date.second = self.number(2, 0..=61)? as f64,
            'j' => {
                self.date.yearday = self.number(3, 1..=366)? - 1;
                self.has_yearday = true;
            }
            'u' => {
                self.date.weekday = self.number(1, 1..=7)? % 7;
                self.has_weekday = true;
            }
            'w' => {
                self.date.weekday = self.number(1, 0..=6)?;
                self.has_weekday = true;
            }
            'U' | 'W' | 'V' => drop(self.number(2, 0..=53)?),
            'g' => drop(self.number(2, 0..=99)?),
            'G' => drop(self.number(4, 0..=9999)?),
            's' => {
                let digits = self.digits(18)?;
                self.epoch = Some(digits.parse().ok()?);
            }
            'B' | 'b' | 'h' => {
                self.date.month = self.name(&MONTHS)?;
                self.has_month = true;
            }
            'A' | 'a' => {
                self.date.weekday = self.name(&DAYS)?;
                self.has_weekday = true;
            }
            'p' | 'P' => {
                let afternoon = self.name(&["AM", "PM"])? == 1;
                self.afternoon = Some(afternoon);
            }
            // The name of a zone is all up to the next blank, and means nothing: C converts none.
            'Z' => {
                self.rest = self
                    .rest
                    .trim_ascii_start()
                    .trim_start_matches(|char: char| !char.is_ascii_whitespace());
            }
            'z' => self.offset()?,
            'n' | 't' => self.rest = self.rest.trim_ascii_start(),
            '%' => self.rest = self.rest.strip_prefix('%')?,
            'c' => self.format("%a %b %e %H:%M:%S %Y")?,
            'D' | 'x' => self.format("%m/%d/%y")?,
            'F' => self.format("%Y-%m-%d")?,
            'R' => self.format("%H:%M")?,
            'r' => self.format("%I:%M:%S %p")?,
            'T' | 'X' => self.format("%H:%M:%S")?,
            _ => return None,
        }
        Some(())
    }

    /// Blanks, and up to so many digits.
    fn number(&mut self, most: usize, range: std::ops::RangeInclusive<i64>) -> Option<i64> {
        self.rest = self.rest.trim_start_matches(' ');
        let number = self.digits(most)?.parse().ok()?;
        range.contains(&number).then_some(number)
    }

    fn digits(&mut self, most: usize) -> Option<&'t str> {
        let count = self
            .rest
            .bytes()
            .take(most)
            .take_while(u8::is_ascii_digit)
            .count();
        let (digits, rest) = self.rest.split_at(count);
        self.rest = rest;
        if digits.is_empty() {
            None
        } else {
            Some(digits)
        }
    }

    /// A name in full or by its first three letters, whatever its case.
    fn name(&mut self, names: &[&str]) -> Option<i64> {
        let begins = |name: &str| {
            self.rest
                .get(..name.len())
                .is_some_and(|begin| begin.eq_ignore_ascii_case(name))
        };
        let found = names.iter().enumerate().find_map(|(place, name)| {
            let lengths = [name.len(), name.len().min(3)];
            let length = lengths
                .into_iter()
                .find(|length| begins(&name[..*length]))?;
            Some((place, length))
        });
        let (place, length) = found?;
        self.rest = &self.rest[length..];
        Some(place as i64)
    }

    /// `+01:00`, `-0130`, `Z`: read, and as in jq without an effect.
    fn offset(&mut self) -> Option<()> {
        self.rest = self.rest.trim_start_matches(' ');
        if let Some(rest) = self.rest.strip_prefix('Z') {
            self.rest = rest;
            return Some(());
        }
        self.rest = self.rest.strip_prefix(['+', '-'])?;
        let hours = self.digits(2)?;
        if hours.len() < 2 {
            return None;
        }
        self.rest = self.rest.strip_prefix(':').unwrap_or(self.rest);
        if self.rest.starts_with(|char: char| char.is_ascii_digit()) && self.digits(2)?.len() < 2 {
            return None;
        }
        Some(())
    }

    fn date(mut self) -> Date {
        if let Some(epoch) = self.epoch {
            return Date::at(epoch as f64);
        }
        if self.afternoon == Some(true) {
            self.date.hour += 12;
        }
        match (self.century, self.year_of_century) {
            (Some(century), year) => self.date.year = century * 100 + year.unwrap_or(0),
            (None, Some(year)) => {
                self.date.year = if year < 69 { 2000 + year } else { 1900 + year }
            }
            (None, None) => {}
        }
        let date = &mut self.date;
        if !self.is_dated {
            return *date;
        }
        let first = days_before(date.year, 1, 1);
        if self.has_yearday && !(self.has_month && self.has_day) {
            let of_year = Date::at(((first + date.yearday) * DAY) as f64);
            if !self.has_month {
                date.month = of_year.month;
            }
            if !self.has_day {
                date.day = of_year.day;
            }
        }
        let days = days_before(date.year, date.month + 1, 1) + date.day - 1;
        if !self.has_weekday {
            date.weekday = (days + 4).rem_euclid(7);
        }
        if !self.has_yearday {
            date.yearday = days - first;
        }
        *date
    }
}
