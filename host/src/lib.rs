//! Portolan: GitHub's webhooks through sandboxed plugins to Port's software catalog.
//!
//! The modules in the order in which a delivery passes them:
//! [`settings`] are read once; [`webhook`] receives, [`delivery`] proves that it was GitHub,
//! [`subject`] names what is touched, [`inbox`] keeps it in order, [`pipeline`] takes it from there:
//! [`github`] is asked for what is missing ([`files`], [`answers`]), [`plugins`] map it,
//! [`entity`] checks what came back and [`port`] writes it.

pub mod answers;
pub mod files;
pub mod github;
pub mod plugins;
pub mod settings;
pub mod subject;
