//! Plugins as the host meets them: those that behave, those that do not, and files that come and go.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so")]

mod guest;
mod hostile;
mod instances;
mod loading;
mod rust;
mod swapping;
