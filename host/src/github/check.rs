//! What is found out about the App at start: is it accepted, and may it do what today's kinds need?

use std::collections::BTreeMap;

use tracing::Level;

use super::{Error, GitHub, Named, Registration};

/// What the host and the bundled plugins read. More is needed only by mappers that ask for more.
const PERMISSIONS: &[(&str, &str)] = &[
    ("metadata", "repositories, and everything else"),
    ("contents", "port.yml, port-app-config.yml and other files"),
    ("pull_requests", "the kind pull-request"),
    ("issues", "the kind issue"),
    ("actions", "the kind workflow-run"),
];

/// Without an event's webhooks the catalog follows only by resync.
const EVENTS: &[&str] = &[
    "push",
    "repository",
    "pull_request",
    "issues",
    "workflow_run",
];

/// Organizations to look into, so that a start does not take minutes.
const LOOKED_INTO: usize = 50;

/// One line for the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// `ERROR`: nothing will work. `WARN`: something will not. `INFO`: good to know.
    pub level: Level,
    pub message: String,
}

impl GitHub {
    /// Asks who we are and what we may, and says what is missing.
    pub async fn check(&self) -> Vec<Finding> {
        let registration = match self.app().await {
            Ok(registration) => registration,
            Err(error) => return vec![finding(Level::ERROR, self.unrecognized(&error))],
        };
        let mut findings = lacking(&registration);
        match self.installations().await {
            Ok(installations) => {
                findings.insert(
                    0,
                    finding(
                        Level::INFO,
                        format!(
                            "GitHub knows the App as `{}`, installed in {} account(s)",
                            registration.name,
                            installations.len()
                        ),
                    ),
                );
                if installations.is_empty() {
                    findings.push(finding(
                        Level::WARN,
                        "the App is installed nowhere: install it from its settings page to receive webhooks".to_owned(),
                    ));
                }
                for installation in installations.iter().take(LOOKED_INTO) {
                    let login = &installation.account.login;
                    if installation.suspended_at.is_some() {
                        let message = format!(
                            "{login}: the installation is suspended; nothing is mapped there"
                        );
                        findings.push(finding(Level::WARN, message));
                        continue;
                    }
                    findings.extend(unaccepted(login, &registration, &installation.permissions));
                    if installation.account.kind == "Organization" {
                        findings.extend(
                            self.organization_configuration(installation.id, login)
                                .await,
                        );
                    }
                }
            }
            Err(error) => findings.push(finding(Level::ERROR, error.to_string())),
        }
        findings
    }

    /// Why `GET /app` failed. That path is on every GitHub: where it is not, something else was asked.
    fn unrecognized(&self, error: &Error) -> String {
        let base = self.0.rest.base();
        match error {
            Error::Missing { .. } | Error::Unexpected { .. } | Error::Astray { .. } => format!(
                "{base} does not answer as GitHub's API does ({error}): set GHE_HOST to the host name of your GitHub \
                 Enterprise Server, or GITHUB_API_URL to the base of its API, which ends in /api/v3/"
            ),
            Error::Transient(_) => format!(
                "{error}. Check GHE_HOST or GITHUB_API_URL (the API is expected at {base}), the network and EXTRA_CA_FILE"
            ),
            _ => error.to_string(),
        }
    }

    async fn organization_configuration(&self, installation: u64, login: &str) -> Option<Finding> {
        let named = Named::Name {
            owner: login,
            name: ".github-private",
        };
        match self.repository(installation, named).await {
            Ok(_) => None,
            Err(Error::Missing { .. }) => Some(finding(
                Level::INFO,
                format!(
                    "{login}: no readable repository `.github-private`, so no configuration holds for the whole organization \
                     (create it, or include it in the App's installation)"
                ),
            )),
            Err(error) => Some(finding(Level::WARN, format!("{login}: {error}"))),
        }
    }
}

fn lacking(registration: &Registration) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (permission, used_for) in PERMISSIONS {
        if !registration.permissions.contains_key(*permission) {
            findings.push(finding(
                Level::WARN,
                format!("the App lacks the permission `{permission}: read`, needed for {used_for}: grant it in the App's settings"),
            ));
        }
    }
    let missing: Vec<_> = EVENTS
        .iter()
        .filter(|event| !registration.events.iter().any(|named| named == *event))
        .map(|event| format!("`{event}`"))
        .collect();
    if !missing.is_empty() {
        findings.push(finding(
            Level::WARN,
            format!(
                "the App is not subscribed to {}: the catalog will not follow these events. Subscribe in the App's settings",
                missing.join(", ")
            ),
        ));
    }
    findings
}

/// Permissions that the App asks for and an organization has not accepted yet.
fn unaccepted(
    login: &str,
    registration: &Registration,
    accepted: &BTreeMap<String, String>,
) -> Option<Finding> {
    let waiting: Vec<_> = PERMISSIONS
        .iter()
        .map(|(permission, _)| *permission)
        .filter(|name| {
            registration.permissions.contains_key(*name) && !accepted.contains_key(*name)
        })
        .map(|name| format!("`{name}`"))
        .collect();
    (!waiting.is_empty()).then(|| {
        finding(
            Level::WARN,
            format!(
                "{login}: an owner has yet to accept the App's permission(s) {}",
                waiting.join(", ")
            ),
        )
    })
}

fn finding(level: Level, message: String) -> Finding {
    Finding { level, message }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_missing_permission_and_event_is_named() {
        let mut registration = Registration {
            name: "Portolan".to_owned(),
            slug: "portolan".to_owned(),
            permissions: BTreeMap::new(),
            events: ["push", "issues", "workflow_run", "repository"]
                .map(str::to_owned)
                .into(),
        };
        for (permission, _) in PERMISSIONS.iter().filter(|(name, _)| *name != "contents") {
            registration
                .permissions
                .insert((*permission).to_owned(), "read".to_owned());
        }
        let lines: Vec<_> = lacking(&registration)
            .into_iter()
            .map(|found| found.message)
            .collect();
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(lines[0].contains("`contents: read`"));
        assert!(lines[1].contains("not subscribed to `pull_request`:"));
        registration
            .permissions
            .insert("contents".to_owned(), "read".to_owned());
        registration.events.push("pull_request".to_owned());
        assert_eq!(lacking(&registration), []);

        let accepted = BTreeMap::from([("metadata".to_owned(), "read".to_owned())]);
        let waiting = unaccepted("acme", &registration, &accepted).expect("some are not accepted");
        assert!(waiting.message.contains("`contents`, `pull_requests`"));
    }
}
