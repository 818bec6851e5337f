//! The last stage of a Dockerfile: what a container made from it finds and is.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use anyhow::{Context, bail, ensure};

/// Read from the Dockerfile itself, so that image and test cannot drift apart.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Stage {
    pub(super) from: String,
    pub(super) copies: Vec<Copied>,
    pub(super) environment: BTreeMap<String, String>,
    pub(super) volumes: Vec<String>,
    pub(super) exposed: Vec<String>,
    pub(super) user: Owner,
    pub(super) healthcheck: Vec<String>,
    /// `ENTRYPOINT` and `CMD` together.
    pub(super) command: Vec<String>,
}

/// One `COPY`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Copied {
    /// The stage that it comes from.
    pub(super) stage: String,
    pub(super) source: String,
    pub(super) target: String,
    pub(super) owner: Owner,
}

/// Root where nothing is said.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Owner {
    pub(super) user: u32,
    pub(super) group: u32,
}

impl Stage {
    /// Refuses what it does not know: half an image would prove nothing.
    pub(super) fn last(dockerfile: &str) -> anyhow::Result<Self> {
        let instructions = instructions(dockerfile);
        let last = instructions
            .iter()
            .rposition(|line| line.starts_with("FROM "));
        let last = &instructions[last.context("there is no FROM")?..];
        let mut stage = Self::default();
        let (mut entrypoint, mut command) = (Vec::new(), Vec::new());
        for line in last {
            let (instruction, rest) = line.split_once(' ').context("an instruction alone")?;
            match instruction {
                "FROM" => stage.from = rest.to_owned(),
                "COPY" => stage.copies.push(copied(rest)?),
                "ENV" => {
                    let (name, value) = rest.split_once('=').context("ENV without `=`")?;
                    ensure!(
                        !value.contains([' ', '"']),
                        "one plain value an ENV: {rest}"
                    );
                    stage.environment.insert(name.into(), value.into());
                }
                "VOLUME" => stage.volumes = list(rest)?,
                "EXPOSE" => stage.exposed.push(rest.to_owned()),
                "USER" => stage.user = rest.parse()?,
                "HEALTHCHECK" => {
                    let (_, words) = rest.split_once("CMD ").context("HEALTHCHECK without CMD")?;
                    stage.healthcheck = list(words)?;
                }
                "ENTRYPOINT" => entrypoint = list(rest)?,
                "CMD" => command = list(rest)?,
                "LABEL" => {}
                _ => bail!("the empty root does not know what `{line}` does to an image"),
            }
        }
        stage.command = [entrypoint, command].concat();
        Ok(stage)
    }
}

/// One a line: comments gone, continued lines joined.
fn instructions(dockerfile: &str) -> Vec<String> {
    let lines = dockerfile.lines().map(str::trim);
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    let joined = lines.collect::<Vec<_>>().join("\n").replace("\\\n", " ");
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    joined.lines().map(words).collect()
}

fn copied(text: &str) -> anyhow::Result<Copied> {
    let (flags, paths): (Vec<_>, Vec<_>) = text
        .split_whitespace()
        .partition(|word| word.starts_with("--"));
    let [source, target] = paths[..] else {
        bail!("COPY {text}: not one source and one target");
    };
    let mut stage = None;
    let mut owner = Owner::default();
    for flag in flags {
        match flag.split_once('=') {
            Some(("--from", from)) => stage = Some(from.to_owned()),
            Some(("--chown", who)) => owner = who.parse()?,
            _ => bail!("COPY {text}: the empty root does not know {flag}"),
        }
    }
    Ok(Copied {
        stage: stage
            .context("COPY from the build context: the last stage takes from others alone")?,
        source: source.into(),
        target: target.into(),
        owner,
    })
}

fn list(text: &str) -> anyhow::Result<Vec<String>> {
    serde_json::from_str(text)
        .with_context(|| format!("no JSON list, so a shell would run it: {text}"))
}

impl FromStr for Owner {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        let numbers = || {
            let (user, group) = text.split_once(':')?;
            Some((user.parse().ok()?, group.parse().ok()?))
        };
        // Kubernetes' `runAsNonRoot` believes numbers alone.
        let (user, group) =
            numbers().with_context(|| format!("`{text}` is not `number:number`"))?;
        Ok(Self { user, group })
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.user, self.group)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_follows_the_last_from_counts() {
        let stage = Stage::last(
            "FROM rust AS builder\nRUN make \\\n  # why\n  it\nUSER 1:1\n\nFROM base:nonroot\n\
             COPY --from=builder /out/a /a\nCOPY --from=builder --chown=2:3 /out/b /b\n\
             ENV PORT=3000\nVOLUME [\"/b\"]\nUSER 2:3\nENTRYPOINT [\"/a\"]\nCMD [\"serve\"]\n",
        )
        .unwrap();

        assert_eq!(stage.from, "base:nonroot");
        assert_eq!(stage.user.to_string(), "2:3");
        assert_eq!(stage.command, ["/a", "serve"]);
        let owners: Vec<_> = stage.copies.iter().map(|copy| copy.owner.user).collect();
        assert_eq!(owners, [0, 2]);
        assert_eq!(stage.environment["PORT"], "3000");
    }

    #[test]
    fn what_is_not_known_is_not_passed_over() {
        for line in [
            "RUN rm -rf /data",
            "COPY --from=builder --chmod=600 /out/a /a",
            "COPY here /there",
            "USER nonroot",
            "CMD serve",
        ] {
            let read = Stage::last(&format!("FROM base\n{line}\n"));
            assert!(read.is_err(), "{line}");
        }
    }
}
