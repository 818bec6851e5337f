//! Strings: shared, and added to in place where nobody shares them.

use std::rc::Rc;

use crate::bounds::{self, Metered};

/// A string, cheap to clone.
#[derive(Clone)]
pub struct Text(Repr);

#[derive(Clone)]
enum Repr {
    Shared(Rc<str>),
    /// What was put together, and may be added to: `reduce .[] as $x (""; . + $x)`.
    Grown(Rc<String>),
}

impl Text {
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Repr::Shared(text) => text,
            Repr::Grown(text) => text,
        }
    }

    /// This and that in one string.
    pub(crate) fn append(self, more: &str) -> Metered<Self> {
        if more.is_empty() {
            return Ok(self);
        }
        let length = self.as_str().len() + more.len();
        match self.0 {
            Repr::Shared(text) => grown(&text, more, length),
            Repr::Grown(mut text) => match Rc::get_mut(&mut text) {
                Some(alone) => {
                    bounds::append(length, more.len())?;
                    alone.push_str(more);
                    Ok(Self(Repr::Grown(text)))
                }
                None => grown(&text, more, length),
            },
        }
    }
}

fn grown(text: &str, more: &str, length: usize) -> Metered<Text> {
    bounds::string(length)?;
    let mut both = String::with_capacity(length);
    both.push_str(text);
    both.push_str(more);
    Ok(Text(Repr::Grown(Rc::new(both))))
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self(Repr::Shared(text.into()))
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self(Repr::Grown(Rc::new(text)))
    }
}

impl From<Rc<str>> for Text {
    fn from(text: Rc<str>) -> Self {
        Self(Repr::Shared(text))
    }
}

/// The string as the name of a member.
impl From<&Text> for Rc<str> {
    fn from(text: &Text) -> Self {
        match &text.0 {
            Repr::Shared(text) => text.clone(),
            Repr::Grown(text) => text.as_str().into(),
        }
    }
}
