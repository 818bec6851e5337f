//! Plugins as the host meets them: those that behave, those that do not, and files that come and go.

mod guest;
mod hostile;
mod instances;
mod loading;
mod swapping;
