//! What reading every part of the configuration needs: the file, the programs compiled so far, what is to be told.

use std::collections::HashMap;
use std::rc::Rc;

use app_config::yaml::{Key, Kind, Node, place_within};
use port_jq::{Mistake, Program};
use portolan_sdk::{Diagnostic, File, Place, Severity};

use crate::expression::{Expression, closed, gist, shown};
use crate::notes::MOST;
use crate::{lint, spelling};

/// Different programs in one file. The largest file in use has some hundreds.
const MOST_PROGRAMS: usize = 8_000;

pub(crate) struct Reader<'a> {
    pub(crate) file: &'a File,
    pub(crate) notes: Vec<Diagnostic>,
    /// By text: the same program stands in many resources.
    programs: HashMap<String, Rc<Result<Program, Mistake>>>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(file: &'a File) -> Self {
        Self {
            file,
            notes: Vec::new(),
            programs: HashMap::new(),
        }
    }

    pub(crate) fn place(&self, node: &Node) -> Place {
        node.place(&self.file.path)
    }

    pub(crate) fn mistake(
        &self,
        node: &Node,
        field: &str,
        message: impl Into<String>,
    ) -> Diagnostic {
        Diagnostic::error(message).at(self.place(node)).field(field)
    }

    pub(crate) fn warn(&mut self, place: Place, field: &str, message: impl Into<String>) {
        self.notes
            .push(Diagnostic::warning(message).at(place).field(field));
    }

    /// The fields of an object.
    pub(crate) fn fields<'n>(
        &self,
        node: &'n Node,
        field: &str,
    ) -> Result<&'n [(Key, Node)], Diagnostic> {
        match &node.kind {
            Kind::Object(fields) => Ok(fields),
            _ => {
                let message = format!("`{field}` is an object, but {} stands here.", node.noun());
                Err(self.mistake(node, field, message))
            }
        }
    }

    /// Points out keys that nobody reads.
    pub(crate) fn unknown(&mut self, fields: &[(Key, Node)], known: &[&str], of: &str) {
        for (key, _) in fields {
            if known.contains(&key.name.as_str()) {
                continue;
            }
            let hint = spelling::did_you_mean(&key.name, known.iter().copied());
            let message = format!("`{}` is not a key of {of} and is ignored.{hint}", key.name);
            self.warn(key.place(&self.file.path), &key.name, message);
        }
    }

    /// A jq program. YAML's truth values, numbers and null are jq's as well.
    ///
    /// One that does not compile is told with that severity and kept.
    pub(crate) fn expression(
        &mut self,
        field: &str,
        node: &Node,
        severity: Severity,
    ) -> Result<Expression, Diagnostic> {
        let text = match &node.kind {
            Kind::Text(text) => text.clone(),
            Kind::Bool(value) => value.to_string(),
            Kind::Number(value, _) => value.to_string(),
            Kind::Null => "null".to_owned(),
            Kind::List(_) | Kind::Object(_) => {
                let message = format!(
                    "`{field}` is a jq expression, but {} stands here.",
                    node.noun()
                );
                return Err(self.mistake(node, field, message));
            }
        };
        let program = match self.programs.get(&text) {
            Some(known) => known.clone(),
            None if self.programs.len() == MOST_PROGRAMS => {
                let message = format!(
                    "More than {MOST_PROGRAMS} different jq expressions in one file. Split it: a repository may have its own \
                     in `.github/port-app-config.yml`."
                );
                return Err(self.mistake(node, field, message));
            }
            None => {
                let program = Rc::new(Program::compile(&text));
                self.programs.insert(text.clone(), program.clone());
                program
            }
        };
        if let Err(mistake) = &*program {
            // Finding the character reads the file from its beginning; of notes that nobody reads it is not worth that.
            let place = match mistake.at.filter(|_| self.notes.len() < MOST) {
                Some(at) => place_within(&self.file.path, &self.file.text, node, at),
                None => self.place(node),
            };
            let hint = lint::hint(field, &text);
            let said = closed(match hint.as_str() {
                "" => &mistake.message,
                _ => gist(&mistake.message),
            });
            self.notes.push(Diagnostic {
                severity,
                message: format!("`{}` is no valid jq: {said}{hint}", shown(&text)),
                place: Some(place),
                field: Some(field.to_owned()),
            });
        }
        Ok(Expression {
            text,
            place: self.place(node),
            field: field.to_owned(),
            program,
        })
    }

    /// A list of texts, or one. Blank ones say nothing.
    pub(crate) fn texts(&mut self, field: &str, node: &Node) -> Result<Vec<String>, Diagnostic> {
        let nodes = match &node.kind {
            Kind::Null => return Ok(Vec::new()),
            Kind::List(items) => items.as_slice(),
            _ => std::slice::from_ref(node),
        };
        let text = |node: &Node| match &node.kind {
            Kind::Text(text) => Ok(text.trim().to_owned()),
            Kind::Number(_, spelled) => Ok(spelled.clone()),
            _ => {
                let message = format!("`{field}` holds texts, but {} stands here.", node.noun());
                Err(self.mistake(node, field, message))
            }
        };
        let texts: Vec<_> = nodes.iter().map(text).collect::<Result<_, _>>()?;
        Ok(texts.into_iter().filter(|text| !text.is_empty()).collect())
    }

    /// A truth value. In quotes it is one all the same, which is told.
    pub(crate) fn flag(&mut self, field: &str, node: &Node) -> Result<bool, Diagnostic> {
        let text = match &node.kind {
            Kind::Bool(value) => return Ok(*value),
            Kind::Null => return Ok(false),
            Kind::Text(text) => text.trim(),
            _ => "",
        };
        let spelled = [("true", true), ("false", false)];
        let spelled = spelled
            .into_iter()
            .find(|(word, _)| text.eq_ignore_ascii_case(word));
        let Some((word, value)) = spelled else {
            let message = format!(
                "`{field}` is true or false, but {} stands here.",
                node.noun()
            );
            return Err(self.mistake(node, field, message));
        };
        let message = format!("`{field}` is taken for {word}. Remove the quotes.");
        self.warn(self.place(node), field, message);
        Ok(value)
    }
}

/// The value of a key.
pub(crate) fn value<'n>(fields: &'n [(Key, Node)], name: &str) -> Option<&'n Node> {
    fields
        .iter()
        .find(|(key, _)| key.name == name)
        .map(|(_, value)| value)
}
