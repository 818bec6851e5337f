//! What `portolan preview` reads of the environment. Nothing is required: it works offline, from the binary alone.

use std::path::PathBuf;

use super::read;
use super::variables::{Mistakes, Variables};
use super::{AllowedBlueprints, Level, Plugins, Port};

#[derive(Debug, Clone)]
pub struct Preview {
    pub plugins: Plugins,
    /// Folders that may keep what was compiled: `DATA_DIR`'s, then the user's own (XDG Base Directory Specification).
    pub caches: Vec<PathBuf>,
    /// `None` without credentials: then Port is not asked.
    pub port: Option<Port>,
    pub allowed: AllowedBlueprints,
    /// `LOG_LEVEL`, which is `warn` here: what was loaded is no news.
    pub level: Level,
    /// `NO_COLOR` (no-color.org).
    pub no_color: bool,
}

impl Preview {
    pub fn from_environment() -> Result<Self, Mistakes> {
        Self::read(|name| std::env::var(name).ok())
    }

    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, Mistakes> {
        let variables = Variables::new(variable);
        let data_dir = variables.text("DATA_DIR").map(PathBuf::from);
        let plugins = read::plugins(&variables, &data_dir.clone().unwrap_or_default());
        // A data directory is not made here.
        let kept = data_dir
            .filter(|dir| dir.is_dir())
            .map(|dir| dir.join("compiled"));
        let absolute = |name| {
            variables
                .text(name)
                .map(PathBuf::from)
                .filter(|path| path.is_absolute())
        };
        let users = absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")));
        let caches = kept
            .into_iter()
            .chain(users.map(|dir| dir.join("portolan")));
        let has_credentials = ["PORT_CLIENT_ID", "PORT_CLIENT_SECRET"]
            .iter()
            .any(|name| variables.is_set(name));
        let port = match has_credentials {
            true => {
                read::port_api(
                    &variables,
                    variables.parsed("EXTRA_CA_FILE", read::certificates),
                )
                .0
            }
            false => None,
        };
        let allowed = match &port {
            Some(port) => port.allowed.clone(),
            None if has_credentials => AllowedBlueprints::default(),
            None => variables
                .parsed("ALLOWED_BLUEPRINTS", read::allowed_blueprints)
                .unwrap_or_default(),
        };
        let read = Self {
            plugins,
            caches: caches.collect(),
            port,
            allowed,
            level: variables
                .parsed("LOG_LEVEL", read::level)
                .unwrap_or(Level::Warn),
            no_color: variables.is_set("NO_COLOR"),
        };
        variables.finish()?;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Preview, Mistakes> {
        Preview::read(|name| {
            let found = variables.iter().find(|(given, _)| *given == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn nothing_is_required_and_half_of_the_credentials_is_a_mistake() {
        let bare = read(&[]).unwrap();
        assert!(bare.port.is_none() && bare.caches.is_empty() && bare.level == Level::Warn);
        assert!(
            read(&[("PORT_URL", "https://api.port.io")])
                .unwrap()
                .port
                .is_none()
        );
        let half = read(&[("PORT_CLIENT_ID", "id")]).unwrap_err();
        let named: Vec<_> = half
            .0
            .iter()
            .map(|mistake| mistake.variable.as_str())
            .collect();
        assert_eq!(named, ["PORT_URL", "PORT_CLIENT_SECRET"]);
    }

    #[test]
    fn what_was_compiled_is_kept_where_the_user_keeps_such_things() {
        let caches = |variables: &[(&str, &str)]| read(variables).unwrap().caches;
        let home = ("HOME", "/home/me");
        assert_eq!(caches(&[home]), [PathBuf::from("/home/me/.cache/portolan")]);
        assert_eq!(
            caches(&[home, ("XDG_CACHE_HOME", "/c")]),
            [PathBuf::from("/c/portolan")]
        );
        assert_eq!(
            caches(&[home, ("DATA_DIR", "/")]),
            [
                PathBuf::from("/compiled"),
                PathBuf::from("/home/me/.cache/portolan")
            ]
        );
        assert!(caches(&[("DATA_DIR", "/not/there"), ("HOME", "relative")]).is_empty());
    }
}
