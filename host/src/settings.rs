//! Every setting: variable, default, meaning. Read once at start and refused early, all mistakes at once.
//!
//! Nothing outside these files reads the environment, but for the proxy variables, which the HTTP client reads itself.

mod github_host;
mod preview;
mod private_key;
mod read;
mod table;
mod variables;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;

use reqwest::Url;
use secrecy::SecretString;

pub use preview::Preview;
pub use table::{SETTINGS, Setting, settings_as_text};
pub use variables::{Mistake, Mistakes};

/// What the operator decided.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where the webhook listens: `PORT` on all addresses.
    pub listen: SocketAddr,
    /// `ADMIN_ADDR`: probes, status, and deliveries for people. Port 0 is any free one.
    pub admin: SocketAddr,
    pub webhook: Webhook,
    pub webhook_mode: WebhookMode,
    pub github: GitHub,
    pub port: Port,
    pub plugins: Plugins,
    /// `DATA_DIR`: the compile cache, and the store to come.
    pub data_dir: PathBuf,
    /// `SYNC_ON_START`: take in every installed repository at first start.
    pub sync_on_start: bool,
    pub log: Log,
    /// What is probably not meant but no reason not to start: one sentence each, for the log.
    pub warnings: Vec<String>,
}

/// How the host talks to its operator.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Log {
    pub level: Level,
    pub format: Format,
}

/// `LOG_LEVEL`, in Probot's words; its `fatal` is our `Error`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Level {
    Silent,
    Error,
    Warn,
    #[default]
    Info,
    Debug,
    Trace,
}

/// `LOG_FORMAT`
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One object a line.
    Json,
}

/// `WEBHOOK_MODE`: how deliveries come in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum WebhookMode {
    /// GitHub sends them; what was missed is read from its log.
    #[default]
    Push,
    /// All are read from GitHub's log, so that nothing need reach the host.
    Pull,
}

#[derive(Debug, Clone)]
pub struct Webhook {
    /// `WEBHOOK_SECRET`, and during a rotation `WEBHOOK_SECRET_PREVIOUS`. Empty, so that nobody is believed,
    /// only with [`WebhookMode::Pull`].
    pub secrets: Vec<SecretString>,
    /// `WEBHOOK_PATH`, served beside `/` and `/api/github/webhooks`.
    pub path: Option<String>,
}

#[derive(Debug, Clone)]
pub struct GitHub {
    /// Base of the REST API, with a trailing slash: from `GITHUB_API_URL` or `GHE_HOST` and `GHE_PROTOCOL`.
    pub api: Url,
    pub app_id: String,
    /// PEM, PKCS#1 or PKCS#8, whatever form `PRIVATE_KEY` had.
    pub private_key: SecretString,
    /// `EXTRA_CA_FILE`, read: PEM certificates trusted beside the platform's.
    pub extra_ca: Option<Vec<u8>>,
}

#[derive(Debug, Clone)]
pub struct Port {
    /// Base of Port's API without `/v1`, with a trailing slash: `PORT_API_URL`, else `PORT_URL`.
    pub api: Url,
    pub client_id: String,
    pub client_secret: SecretString,
    pub allowed: AllowedBlueprints,
    /// As in [`GitHub::extra_ca`].
    pub extra_ca: Option<Vec<u8>>,
}

/// `ALLOWED_BLUEPRINTS`: which blueprints plugins may write. An entry `service` holds for every plugin,
/// `codeowners:service` for that one. Empty allows everything.
#[derive(Debug, Clone, Default)]
pub struct AllowedBlueprints(pub BTreeSet<String>);

#[derive(Debug, Clone)]
pub struct Plugins {
    /// `PLUGIN_DIR`: the users' plugins. Need not exist yet.
    pub dir: PathBuf,
    /// Where the bundled plugins lie: `plugins` beside the binary unless `BUNDLED_PLUGIN_DIR` says otherwise.
    pub bundled_dir: PathBuf,
    /// `BUNDLED_PLUGINS`: the bundled ones to load, all when unset and none when empty.
    pub bundled: Option<BTreeSet<String>>,
    /// Compiled plugins, private to this process' user: `DATA_DIR/compiled`.
    pub cache_dir: PathBuf,
}

/// `PORT` alone, for the health check, which must not need the secrets.
pub fn listening_port() -> Result<u16, Mistakes> {
    let variables = variables::Variables::new(|name: &str| std::env::var(name).ok());
    let listen = read::port(&variables);
    variables.finish()?;
    Ok(listen.map_or(0, |address| address.port()))
}

/// `DATA_DIR` alone, for commands about what a host keeps there.
pub fn data_dir() -> Result<PathBuf, Mistakes> {
    let variables = variables::Variables::new(|name: &str| std::env::var(name).ok());
    let folder = read::data_dir(&variables);
    variables.finish()?;
    Ok(folder)
}
