//! The figures, and whether they are what was wished for.

use std::fmt;

use serde_json::{Value, json};

/// All figures of a run.
#[derive(Default)]
pub(crate) struct Table(Vec<Row>);

struct Row {
    what: String,
    unit: &'static str,
    measured: f64,
    reference: Option<(String, f64)>,
    wish: Option<Wish>,
}

/// What a figure should be, and what would be better still.
#[derive(Clone, Copy)]
pub(crate) struct Wish {
    bound: Bound,
    better: Option<Bound>,
}

#[derive(Clone, Copy)]
enum Bound {
    /// So many times the reference, and so much more.
    AtMost {
        times: f64,
        plus: f64,
    },
    AtLeast(f64),
}

impl Wish {
    pub(crate) fn at_most(plus: f64) -> Self {
        Self::times(0.0).plus(plus)
    }

    pub(crate) fn times(times: f64) -> Self {
        Bound::AtMost { times, plus: 0.0 }.into()
    }

    pub(crate) fn plus(self, plus: f64) -> Self {
        match self.bound {
            Bound::AtMost { times, .. } => Bound::AtMost { times, plus }.into(),
            Bound::AtLeast(least) => Bound::AtLeast(least + plus).into(),
        }
    }

    pub(crate) fn at_least(least: f64) -> Self {
        Bound::AtLeast(least).into()
    }

    pub(crate) fn better(self, better: Self) -> Self {
        Self {
            better: Some(better.bound),
            ..self
        }
    }

    fn words(self, unit: &str) -> String {
        let better = self.better.map(|better| better.words(unit));
        let better = better.map_or_else(String::new, |better| format!(", aim {better}"));
        self.bound.words(unit) + &better
    }
}

impl From<Bound> for Wish {
    fn from(bound: Bound) -> Self {
        Self {
            bound,
            better: None,
        }
    }
}

impl Bound {
    fn words(self, unit: &str) -> String {
        match self {
            Self::AtLeast(least) => format!("≥ {least} {unit}"),
            Self::AtMost { times: 0.0, plus } => format!("≤ {plus} {unit}"),
            Self::AtMost { times, plus: 0.0 } => format!("≤ {times} ×"),
            Self::AtMost { times, plus } => format!("≤ {times} × + {plus} {unit}"),
        }
    }

    fn holds(self, measured: f64, reference: f64) -> bool {
        match self {
            Self::AtLeast(least) => measured >= least,
            Self::AtMost { times, plus } => measured <= times * reference + plus,
        }
    }
}

impl Table {
    /// A figure that stands for itself.
    pub(crate) fn figure(
        &mut self,
        what: impl Into<String>,
        (measured, unit): (f64, &'static str),
        wish: impl Into<Option<Wish>>,
    ) {
        self.add(what.into(), (measured, unit), None, wish.into());
    }

    /// A figure beside a reference of the same unit and run.
    pub(crate) fn beside(
        &mut self,
        what: impl Into<String>,
        (measured, unit): (f64, &'static str),
        (reference, value): (&str, f64),
        wish: impl Into<Option<Wish>>,
    ) {
        let reference = Some((reference.to_owned(), value));
        self.add(what.into(), (measured, unit), reference, wish.into());
    }

    fn add(
        &mut self,
        what: String,
        (measured, unit): (f64, &'static str),
        reference: Option<(String, f64)>,
        wish: Option<Wish>,
    ) {
        let row = Row {
            what,
            unit,
            measured,
            reference,
            wish,
        };
        eprintln!("    {}: {}", row.what, row.measured());
        self.0.push(row);
    }

    pub(crate) fn json(&self) -> Value {
        self.0
            .iter()
            .map(|row| {
                json!({
                    "what": row.what, "unit": row.unit, "measured": row.measured,
                    "reference": row.reference.as_ref().map(|(what, value)| json!({"what": what, "measured": value})),
                    "ratio": row.ratio(), "wish": row.wish.map(|wish| wish.words(row.unit)), "met": row.met(),
                })
            })
            .collect()
    }
}

impl Row {
    fn measured(&self) -> String {
        format!("{} {}", short(self.measured), self.unit)
    }

    fn ratio(&self) -> Option<f64> {
        self.reference
            .as_ref()
            .map(|(_, value)| self.measured / value)
    }

    fn met(&self) -> Option<&'static str> {
        let wish = self.wish?;
        let reference = self.reference.as_ref().map_or(0.0, |(_, value)| *value);
        let holds = |bound: Bound| bound.holds(self.measured, reference);
        Some(match wish.better {
            _ if !holds(wish.bound) => "MISSED",
            Some(better) if holds(better) => "aim met",
            _ => "met",
        })
    }

    fn cells(&self) -> [String; 6] {
        let or_nothing = |text: Option<String>| text.unwrap_or_default();
        [
            self.what.clone(),
            self.measured(),
            or_nothing(
                (self.reference.as_ref())
                    .map(|(what, value)| format!("{} {} ({what})", short(*value), self.unit)),
            ),
            or_nothing(self.ratio().map(|ratio| format!("{ratio:.2} ×"))),
            or_nothing(self.wish.map(|wish| wish.words(self.unit))),
            or_nothing(self.met().map(str::to_owned)),
        ]
    }
}

/// Three digits, more only before the point.
fn short(value: f64) -> String {
    let decimals = match value.abs() {
        100.0.. => 0,
        10.0.. => 1,
        _ => 2,
    };
    format!("{value:.decimals$}")
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = ["what", "measured", "reference", "ratio", "wish", ""].map(str::to_owned);
        let rows: Vec<_> = std::iter::once(head)
            .chain(self.0.iter().map(Row::cells))
            .collect();
        let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
        let widths: Vec<usize> = (0..6).map(|column| width(column).unwrap_or(0)).collect();
        for row in &rows {
            let cells = row.iter().zip(&widths);
            let line: Vec<_> = cells
                .map(|(cell, &width)| format!("{cell:width$}"))
                .collect();
            writeln!(f, "{}", line.join("  ").trim_end())?;
        }
        Ok(())
    }
}
