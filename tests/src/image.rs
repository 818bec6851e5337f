//! The image without a container engine: its files laid out in a folder, and a way to run a command in there.
//!
//! What the Dockerfile's last stage says is read from the Dockerfile; its base image is laid out by
//! `tests/empty-root/base.sh`, and `tests/empty-root/enter.sh` is the runtime.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail, ensure};

use crate::host::{binary, guest};

mod files;
mod stage;

pub use files::Files;

use stage::{Owner, Stage};

/// What `base.sh` lays out, and what that image's configuration says.
const BASE: &str = "gcr.io/distroless/cc-debian12:nonroot";
const BASE_ENVIRONMENT: [(&str, &str); 3] = [
    (
        "PATH",
        "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    ),
    ("SSL_CERT_FILE", "/etc/ssl/certs/ca-certificates.crt"),
    // The runtime's doing, who looks it up in /etc/passwd.
    ("HOME", "/home/nonroot"),
];
const BASE_WORKDIR: &str = "/home/nonroot";

/// The image's root file system, to run commands in.
pub struct EmptyRoot {
    folder: PathBuf,
    stage: Stage,
}

impl EmptyRoot {
    /// Lays the image out in a folder, anew each time.
    pub fn build(folder: &Path) -> anyhow::Result<Self> {
        let dockerfile = fs::read_to_string(project().join("Dockerfile"))?;
        let stage = Stage::last(&dockerfile).context("the Dockerfile's last stage")?;
        ensure!(
            stage.from == BASE,
            "the image is based on {}: teach tests/empty-root/base.sh, which knows {BASE}",
            stage.from
        );
        ensure!(
            stage.environment.get("PORT") == stage.exposed.first(),
            "EXPOSE {:?} is not the PORT of ENV {:?}",
            stage.exposed,
            stage.environment
        );
        ensure!(stage.user.user != 0, "the image runs as root");
        let root = Self {
            folder: folder.to_owned(),
            stage,
        };
        root.can_be_entered()?;
        root.lay_out()?;
        root.runtime_files()?;
        Ok(root)
    }

    fn lay_out(&self) -> anyhow::Result<()> {
        let root = self.root();
        let _ = fs::remove_dir_all(&root);
        let base = Command::new("sh")
            .arg(project().join("tests/empty-root/base.sh"))
            .args([&root, &self.folder.join("packages"), &binary()])
            .status()?;
        ensure!(base.success(), "base.sh ended with {base}");
        for copy in &self.stage.copies {
            ensure!(
                copy.stage == "builder",
                "nobody here knows what the stage {} holds",
                copy.stage
            );
            let target = root.join(copy.target.trim_start_matches('/'));
            copy_out(&copy.source, &target, copy.owner)
                .with_context(|| format!("COPY {} {}", copy.source, copy.target))?;
        }
        for volume in &self.stage.volumes {
            ensure!(
                root.join(volume.trim_start_matches('/')).is_dir(),
                "VOLUME {volume}: the image has no such folder, so that an engine would make it root's"
            );
        }
        Ok(())
    }

    fn root(&self) -> PathBuf {
        self.folder.join("root")
    }

    fn runtime(&self) -> PathBuf {
        self.folder.join("runtime")
    }

    /// Who the image's `USER` is.
    pub fn user(&self) -> String {
        self.stage.user.to_string()
    }

    /// The bundled plugins' files, beside the binary.
    pub fn plugins(&self) -> anyhow::Result<Vec<PathBuf>> {
        let entries = fs::read_dir(self.root().join("usr/local/bin/plugins"))?;
        Ok(entries
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<_, _>>()?)
    }

    pub fn files(&self) -> anyhow::Result<Files> {
        Files::of(&self.root())
    }

    /// Makes a name known inside, as `docker run --add-host` does; all others stay unknown.
    pub fn add_host(&self, name: &str) -> anyhow::Result<()> {
        let hosts = self.runtime().join("hosts");
        let known = fs::read_to_string(&hosts)?;
        Ok(fs::write(hosts, format!("{known}127.0.0.1\t{name}\n"))?)
    }

    /// `ENTRYPOINT` and `CMD`, with these folders of the machine as volumes.
    pub(crate) fn serving(&self, plugins: &Path, data: &Path) -> Command {
        self.command(plugins, data, &self.stage.command)
    }

    /// What the engine runs in the container to see whether it is well.
    pub(crate) fn healthcheck(&self, plugins: &Path, data: &Path) -> Command {
        self.command(plugins, data, &self.stage.healthcheck)
    }

    fn command(&self, plugins: &Path, data: &Path, words: &[String]) -> Command {
        let mut command = self.namespaces();
        command
            .env_clear()
            .envs(BASE_ENVIRONMENT)
            .envs(&self.stage.environment)
            .arg("sh")
            .arg(project().join("tests/empty-root/enter.sh"))
            .args([self.root(), self.runtime()])
            .args([
                self.stage.user.user.to_string(),
                self.stage.user.group.to_string(),
            ])
            .arg(BASE_WORKDIR);
        if !is_root() {
            command.env("UNMAPPED", "yes");
        }
        for volume in &self.stage.volumes {
            let mut mount = OsString::from(format!("{volume}="));
            match volume.as_str() {
                "/data" => mount.push(data),
                // Plugins are the operator's: read-only shows that the host does not need more.
                "/plugins" => {
                    mount.push(plugins);
                    mount.push(":ro");
                }
                // A volume that nobody here fills stays as the image has it.
                _ => continue,
            }
            command.arg(mount);
        }
        command.arg("--").args(words);
        command
    }

    /// Gives a folder to whom the image gives its volume: a new volume of Docker's takes over both.
    pub(crate) fn own(&self, data: &Path) -> std::io::Result<()> {
        let image = fs::metadata(self.root().join("data"))?;
        fs::set_permissions(data, image.permissions())?;
        if is_root() {
            let entries = fs::read_dir(data)?.map(|entry| entry.map(|entry| entry.path()));
            for path in entries.chain([Ok(data.to_owned())]) {
                chown(path?, Some(image.uid()), Some(image.gid()))?;
            }
        }
        Ok(())
    }

    fn namespaces(&self) -> Command {
        let mut command = Command::new("unshare");
        if !is_root() {
            command.arg("--map-root-user");
        }
        command.args(["--mount", "--pid", "--fork", "--kill-child"]);
        command
    }

    fn can_be_entered(&self) -> anyhow::Result<()> {
        let tried = self.namespaces().arg("true").stdin(Stdio::null()).output();
        let tried = tried.context("unshare, of Debian's package util-linux, is needed")?;
        if tried.status.success() {
            return Ok(());
        }
        bail!(
            "the empty root wants a mount and a PID namespace of its own, and may have none ({}): run this as root with \
             the capability SYS_ADMIN, or where users may make user namespaces",
            String::from_utf8_lossy(&tried.stderr).trim()
        )
    }

    /// What an engine writes beside the image, with places in the image to show it at.
    fn runtime_files(&self) -> anyhow::Result<()> {
        fs::create_dir_all(self.runtime())?;
        for (name, text) in [
            ("hostname", "portolan\n"),
            ("hosts", "127.0.0.1\tlocalhost\n"),
            // Nobody answers there: a name that is not among the hosts is not known.
            ("resolv.conf", "nameserver 127.0.0.1\n"),
        ] {
            fs::write(self.runtime().join(name), text)?;
            fs::write(self.root().join("etc").join(name), "")?;
        }
        Ok(())
    }
}

/// What the stage `builder` leaves in /out, from where make leaves it here.
fn copy_out(source: &str, target: &Path, owner: Owner) -> anyhow::Result<()> {
    let folder = target.parent().context("a target with a folder")?;
    fs::create_dir_all(folder)?;
    match source {
        "/out/portolan" => {
            fs::copy(binary(), target)?;
            fs::set_permissions(target, fs::Permissions::from_mode(0o755))?;
        }
        "/out/plugins" => {
            fs::create_dir_all(target)?;
            for plugin in fs::read_dir(project().join("plugins"))? {
                let plugin = plugin?;
                // As the builder does: what they share is no plugin.
                if !plugin.path().join("Cargo.toml").is_file() {
                    continue;
                }
                let name = plugin.file_name().to_string_lossy().into_owned();
                let file = target.join(name.replace('-', "_")).with_extension("wasm");
                fs::write(file, guest(&name))?;
            }
        }
        "/out/empty" => fs::create_dir_all(target)?,
        _ => bail!("nobody here knows what the builder leaves in {source}"),
    }
    if is_root() {
        chown(target, Some(owner.user), Some(owner.group))?;
    }
    Ok(())
}

fn project() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().expect("tests lie in the project").to_owned()
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0)
}
