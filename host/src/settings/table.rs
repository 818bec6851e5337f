//! The settings as a table: for `portolan serve --help` and the README.

/// One variable. Each can be given as a file too: `<NAME>_FILE` names it.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    pub name: &'static str,
    /// What it is when unset; a required one says so.
    pub default: &'static str,
    pub meaning: &'static str,
}

const fn setting(name: &'static str, default: &'static str, meaning: &'static str) -> Setting {
    Setting {
        name,
        default,
        meaning,
    }
}

/// Every setting there is: those of Port's own app first, ours after.
pub const SETTINGS: &[Setting] = &[
    setting("APP_ID", "required", "ID of the GitHub App"),
    setting("WEBHOOK_SECRET", "required", "secret of the App's webhook"),
    setting(
        "PRIVATE_KEY",
        "required",
        "private key of the App: the .pem file, as it is or in base64",
    ),
    setting(
        "GHE_HOST",
        "github.com",
        "host name of the GitHub Enterprise Server",
    ),
    setting(
        "PORT",
        "required",
        "TCP port for webhooks and /health, on all addresses",
    ),
    setting(
        "PORT_URL",
        "required",
        "base of Port's API, such as https://api.port.io",
    ),
    setting(
        "PORT_API_URL",
        "PORT_URL",
        "the newer name of PORT_URL; wins when both are set",
    ),
    setting(
        "PORT_CLIENT_ID",
        "required",
        "client ID of the Port organization",
    ),
    setting(
        "PORT_CLIENT_SECRET",
        "required",
        "client secret of the Port organization",
    ),
    setting(
        "PORT_ORG_ID",
        "none",
        "accepted as Port's own app does; not used yet",
    ),
    setting(
        "WEBHOOK_SECRET_PREVIOUS",
        "none",
        "the secret before, still accepted while it is rotated",
    ),
    setting(
        "WEBHOOK_PATH",
        "none",
        "a path for webhooks beside / and /api/github/webhooks",
    ),
    setting(
        "WEBHOOK_MODE",
        "push",
        "pull: GitHub's log of deliveries is read instead, without an inbound route or WEBHOOK_SECRET",
    ),
    setting(
        "GHE_PROTOCOL",
        "https",
        "http for a GitHub Enterprise Server without TLS",
    ),
    setting(
        "GITHUB_API_URL",
        "from GHE_HOST",
        "base of GitHub's REST API; wins over GHE_HOST",
    ),
    setting(
        "EXTRA_CA_FILE",
        "none",
        "file of PEM certificates to trust beside the system's",
    ),
    setting(
        "PLUGIN_DIR",
        "/plugins",
        "folder of your plugins, watched for changes",
    ),
    setting(
        "BUNDLED_PLUGINS",
        "all",
        "names of the bundled plugins to load, separated by commas; `none` for none",
    ),
    setting(
        "BUNDLED_PLUGIN_DIR",
        "plugins beside the binary",
        "folder of the bundled plugins",
    ),
    setting(
        "ALLOWED_BLUEPRINTS",
        "all",
        "blueprints that plugins may write: `service` for every plugin, `plugin:service` for one",
    ),
    setting("DATA_DIR", "/data", "folder for what outlives a restart"),
    setting(
        "ADMIN_ADDR",
        "127.0.0.1:0",
        "address for probes, status and `portolan deliveries`; port 0 is any free one",
    ),
    setting(
        "SYNC_ON_START",
        "true",
        "take in every installed repository at first start",
    ),
    setting(
        "LOG_LEVEL",
        "info",
        "trace, debug, info, warn, error, fatal or silent",
    ),
    setting(
        "LOG_FORMAT",
        "text",
        "text (or pretty) for people, json for machines",
    ),
];

/// The table as text, a line each.
pub fn settings_as_text() -> String {
    let width = |column: fn(&Setting) -> usize| SETTINGS.iter().map(column).max().unwrap_or(0);
    let (names, defaults) = (width(|s| s.name.len()), width(|s| s.default.len()));
    let mut text =
        String::from("Settings (environment; each also as <NAME>_FILE, which names a file):\n");
    for Setting {
        name,
        default,
        meaning,
    } in SETTINGS
    {
        text.push_str(&format!(
            "  {name:names$}  {default:defaults$}  {meaning}\n"
        ));
    }
    text
}
