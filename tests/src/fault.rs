//! What a stand-in does wrong on demand: the next requests that match are refused, dropped, lost or slow.

use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;
use serde_json::json;

/// One kind of trouble, once unless said otherwise, for every request unless narrowed.
#[derive(Debug, Clone)]
pub struct Fault {
    effect: Effect,
    method: Option<&'static str>,
    path: String,
    times: usize,
}

#[derive(Debug, Clone)]
pub(crate) enum Effect {
    Answer(u16, Vec<(String, String)>, Bytes),
    Drop,
    LoseAnswer,
    Slow(Duration),
}

impl Fault {
    /// Answers this status; 429 and 403 want a [`Fault::header`] to be read as a rate limit.
    pub fn status(status: u16) -> Self {
        let body = json!({"ok": false, "error": "fault", "message": "a fault that the scenario asked for"});
        let headers = vec![("content-type".into(), "application/json".into())];
        Self::of(Effect::Answer(status, headers, body.to_string().into()))
    }

    /// Closes the connection before anything is done.
    pub fn dropped() -> Self {
        Self::of(Effect::Drop)
    }

    /// Does what was asked, then closes the connection instead of saying so.
    pub fn lost_answer() -> Self {
        Self::of(Effect::LoseAnswer)
    }

    /// Answers rightly, late.
    pub fn slow(pause: Duration) -> Self {
        Self::of(Effect::Slow(pause))
    }

    pub fn header(mut self, name: &str, value: impl ToString) -> Self {
        if let Effect::Answer(_, headers, _) = &mut self.effect {
            headers.push((name.into(), value.to_string()));
        }
        self
    }

    /// The body instead of the default one.
    pub fn body(mut self, text: impl Into<String>) -> Self {
        if let Effect::Answer(_, _, body) = &mut self.effect {
            *body = Bytes::from(text.into());
        }
        self
    }

    /// Only for requests whose path contains this.
    pub fn on(mut self, part_of_path: &str) -> Self {
        self.path = part_of_path.into();
        self
    }

    pub fn method(mut self, method: &'static str) -> Self {
        self.method = Some(method);
        self
    }

    pub fn times(mut self, times: usize) -> Self {
        self.times = times;
        self
    }

    /// Until the stand-in is mended.
    pub fn always(self) -> Self {
        self.times(usize::MAX)
    }

    fn of(effect: Effect) -> Self {
        Self {
            effect,
            method: None,
            path: String::new(),
            times: 1,
        }
    }
}

/// The faults still to be played, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Faults(Mutex<Vec<Fault>>);

impl Faults {
    pub(crate) fn add(&self, fault: Fault) {
        self.lock().push(fault);
    }

    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    pub(crate) fn take(&self, method: &str, path: &str) -> Option<Effect> {
        let mut faults = self.lock();
        let found = faults.iter().position(|fault| {
            path.contains(&fault.path) && fault.method.is_none_or(|wanted| wanted == method)
        })?;
        let fault = &mut faults[found];
        let effect = fault.effect.clone();
        fault.times -= 1;
        if fault.times == 0 {
            faults.remove(found);
        }
        Some(effect)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Fault>> {
        self.0.lock().expect("nothing panics while it is held")
    }
}
