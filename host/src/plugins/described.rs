//! What a plugin says of itself, held against what a description may be: refused, or taken with a warning.
//!
//! Knows the names of kinds and the shape of patterns; which events there are is decided by `subject`.

use super::contract::Description;
use super::journal::clean;
use super::vet::Refusal;

/// More than there are kinds of anything on GitHub.
const KINDS: usize = 64;
const PATTERNS: usize = 64;
const BLUEPRINTS: usize = 256;
/// The longest kind, pattern or blueprint, in bytes: as long as a path may be.
const LONGEST: usize = 1 << 10;

/// The kinds of subject that this host calls for.
const SERVED: [&str; 5] = [
    "tree",
    "repository",
    "pull-request",
    "issue",
    "workflow-run",
];

/// GitHub's names of webhooks that lead to a subject with a kind (GitHub docs, Webhook events and payloads).
const LEADING: [(&str, &str); 4] = [
    ("pull_request", "pull-request"),
    ("issues", "issue"),
    ("workflow_run", "workflow-run"),
    ("push", "tree"),
];

/// Webhooks about the App itself, which no mapper is called for.
const OWN: [&str; 6] = [
    "installation",
    "installation_repositories",
    "installation_target",
    "github_app_authorization",
    "meta",
    "ping",
];

/// Port's names of kinds that this host does not serve yet (Port docs, GitHub integration).
const RESERVED: [&str; 19] = [
    "branch",
    "code-scanning-alerts",
    "collaborator",
    "dependabot-alert",
    "deployment",
    "deployment-status",
    "environment",
    "file",
    "folder",
    "organization",
    "packages",
    "plugin",
    "release",
    "secret-scanning-alerts",
    "skill",
    "tag",
    "team",
    "user",
    "workflow",
];

/// Sentences about what the plugin will wait for in vain.
pub(super) fn check(description: &Description) -> Result<Vec<String>, Refusal> {
    let Description {
        kinds,
        files,
        blueprints,
    } = description;
    for (what, count, most) in [
        ("kinds", kinds.len(), KINDS),
        ("file patterns", files.len(), PATTERNS),
        ("blueprints", blueprints.len(), BLUEPRINTS),
    ] {
        if count > most {
            let refusal = format!("it describes {count} {what}; {most} are allowed");
            return Err(Refusal(refusal));
        }
    }
    let globs = files.iter().map(|pattern| &pattern.glob);
    for text in kinds.iter().chain(globs.clone()).chain(blueprints) {
        if text.len() > LONGEST {
            return Err(Refusal(format!(
                "it describes a name of {} bytes, `{}`; {LONGEST} are allowed",
                text.len(),
                clean(text, 40)
            )));
        }
    }
    globs.map(|glob| glob.as_str()).try_for_each(pattern)?;
    Ok(kinds.iter().filter_map(|kind| in_vain(kind)).collect())
}

/// A pattern that could match no path, since paths have no such segments.
fn pattern(glob: &str) -> Result<(), Refusal> {
    let wrong = |why: &str| {
        Err(Refusal(format!(
            "its file pattern `{}` {why}",
            clean(glob, 100)
        )))
    };
    if glob.is_empty() {
        return wrong("is empty: it names no file");
    }
    if glob.starts_with('/') {
        return wrong("begins with `/`: paths are counted from the root, write it without");
    }
    if glob.contains('\\') {
        return wrong("contains a backslash: segments are separated by `/`");
    }
    if glob.chars().any(char::is_control) {
        return wrong("contains control characters");
    }
    // Alternatives are segments too: `{a,../b}`.
    let mut segments = glob.split(['/', '{', ',', '}']);
    if segments.any(|segment| segment == "." || segment == "..") {
        return wrong("has a segment `.` or `..`: write the path from the root");
    }
    if glob.split('/').any(str::is_empty) {
        return wrong("has an empty segment (`//`, or a `/` at the end)");
    }
    Ok(())
}

/// Why there will be no event of this kind, or none as the author thinks.
fn in_vain(kind: &str) -> Option<String> {
    if SERVED.contains(&kind) {
        return None;
    }
    if let Some((_, leads_to)) = LEADING.iter().find(|(webhook, _)| *webhook == kind) {
        return Some(match kind {
            "push" => format!(
                "`push` leads to the kind `{leads_to}`: describe that, `push` is never called"
            ),
            _ => format!(
                "`{kind}` is GitHub's name of the webhook, which is never called; the kind is `{leads_to}`"
            ),
        });
    }
    let shown = clean(kind, 100);
    if OWN.contains(&kind) {
        return Some(format!(
            "`{shown}` is about the App itself: no mapper is called for it"
        ));
    }
    if RESERVED.contains(&kind) {
        return Some(format!(
            "`{shown}` is a kind of Port's that this host does not serve yet, and the name is reserved for it: there are no subjects of it for now"
        ));
    }
    let is_a_webhook = |c: char| c.is_ascii_lowercase() || c == '_';
    if kind.is_empty() || !kind.chars().all(is_a_webhook) {
        return Some(format!(
            "`{shown}` is neither a kind ({}) nor a name of GitHub's webhooks: it is never called",
            SERVED.join(", ")
        ));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::contract::{FilePattern, Owner};
    use super::*;

    fn of(kinds: &[&str], globs: &[&str]) -> Description {
        Description {
            kinds: kinds.iter().map(ToString::to_string).collect(),
            files: (globs.iter())
                .map(|glob| FilePattern {
                    owner: Owner::Repository,
                    glob: glob.to_string(),
                })
                .collect(),
            blueprints: Vec::new(),
        }
    }

    fn refusal(description: &Description) -> String {
        check(description).unwrap_err().to_string()
    }

    #[test]
    fn a_kind_that_is_never_called_is_warned_about_in_words() {
        let said = |kind| check(&of(&[kind], &[])).unwrap().join("\n");
        for fine in ["pull-request", "tree", "star", "branch_protection_rule"] {
            assert_eq!(said(fine), "");
        }
        assert_eq!(
            said("pull_request"),
            "`pull_request` is GitHub's name of the webhook, which is never called; the kind is `pull-request`"
        );
        assert!(said("push").contains("leads to the kind `tree`"));
        assert!(said("installation").contains("about the App itself"));
        assert!(said("team").contains("reserved"));
        for odd in ["pull-requests", "Issue", "", "a\nb"] {
            let said = said(odd);
            assert!(
                said.contains("never called") && !said.contains('\n'),
                "{said}"
            );
        }
    }

    #[test]
    fn a_pattern_that_can_match_nothing_is_refused() {
        for odd in [
            "./x", "/x", "a//b", "a/", "", "../x", "{a,../b}", "a\\b", "a\nb",
        ] {
            let said = refusal(&of(&["tree"], &[odd]));
            assert!(
                said.starts_with("its file pattern `") && !said.contains('\n'),
                "{said}"
            );
        }
        let fine = [
            "**/port.yml",
            "{.github/,}CODEOWNERS",
            "docs/**",
            ".github/x.yml",
            "a..b",
        ];
        assert_eq!(check(&of(&["tree"], &fine)), Ok(Vec::new()));
    }

    #[test]
    fn a_description_has_limits() {
        let many = vec!["star"; 65];
        assert!(refusal(&of(&many, &[])).contains("65 kinds; 64 are allowed"));
        assert!(refusal(&of(&[], &many)).contains("65 file patterns"));
        let long = "x".repeat(1025);
        assert!(refusal(&of(&[&long], &[])).contains("1025 bytes"));
        let description = Description {
            blueprints: vec!["service".to_owned(); 257],
            ..of(&[], &[])
        };
        assert!(refusal(&description).contains("257 blueprints; 256 are allowed"));
    }
}
