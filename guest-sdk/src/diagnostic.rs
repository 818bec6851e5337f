//! Sentences for the person who wrote a configuration.

/// Says what is wrong, where, and what to do.
///
/// ```
/// use portolan_sdk::{Diagnostic, Place};
///
/// let diagnostic = Diagnostic::warning("`tier` must be one of gold, silver; `bronze` is left out")
///     .at(Place::new("port.yml").line(3).column(5))
///     .field("properties.tier");
/// assert_eq!(diagnostic.to_string(), "warning: port.yml:3:5: properties.tier: `tier` must be one of gold, silver; `bronze` is left out");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// How much it matters.
    pub severity: Severity,
    /// What happened and what to do, in one or two sentences.
    pub message: String,
    /// Where in the configuration.
    pub place: Option<Place>,
    /// The field it is about, such as `properties.tier`.
    pub field: Option<String>,
}

impl Diagnostic {
    /// Something could not be mapped. In an outcome it means: incomplete, so nothing is deleted.
    pub fn error(message: impl Into<String>) -> Self {
        Self::new(Severity::Error, message)
    }

    /// Mapped, but probably not as meant.
    pub fn warning(message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, message)
    }

    /// Good to know.
    pub fn note(message: impl Into<String>) -> Self {
        Self::new(Severity::Note, message)
    }

    /// Says where.
    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.place = Some(place);
        self
    }

    /// Says which field.
    #[must_use]
    pub fn field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    fn new(severity: Severity, message: impl Into<String>) -> Self {
        Self {
            severity,
            message: message.into(),
            place: None,
            field: None,
        }
    }
}

impl std::fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.severity {
            Severity::Error => "error: ",
            Severity::Warning => "warning: ",
            Severity::Note => "note: ",
        })?;
        if let Some(place) = &self.place {
            write!(f, "{place}: ")?;
        }
        if let Some(field) = &self.field {
            write!(f, "{field}: ")?;
        }
        f.write_str(&self.message)
    }
}

/// How much a [`Diagnostic`] matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// Something could not be mapped: the outcome is incomplete and only adds and updates.
    Error,
    /// Mapped, but probably not as meant.
    Warning,
    /// Good to know.
    Note,
}

/// A place in a configuration file. Displays as `path:line:column`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The path as in [`File::path`](crate::File::path).
    pub path: String,
    /// From 1.
    pub line: Option<u32>,
    /// From 1, in characters.
    pub column: Option<u32>,
}

impl Place {
    /// A whole file.
    pub fn new(path: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            line: None,
            column: None,
        }
    }

    /// A line of it, from 1.
    #[must_use]
    pub fn line(mut self, line: u32) -> Self {
        self.line = Some(line);
        self
    }

    /// A column of that line, from 1, in characters.
    #[must_use]
    pub fn column(mut self, column: u32) -> Self {
        self.column = Some(column);
        self
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.path)?;
        for number in [self.line, self.column].into_iter().flatten() {
            write!(f, ":{number}")?;
        }
        Ok(())
    }
}
