//! `port-app-config.yml` for the plugins that read it.

pub mod yaml;
