//! `make empty-root`: the same story with the host in the image's files, under TLS and behind a proxy.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, ensure};
use portolan_tests::Place;
use portolan_tests::github::FakeGitHub;
use portolan_tests::host::{RunningHost, TestHost};
use portolan_tests::image::EmptyRoot;
use portolan_tests::port::FakePort;
use portolan_tests::proxy::FakeProxy;
use portolan_tests::tls::Authority;

use crate::story::{Story, end, step, told};
use crate::target_folder;

/// Names of a company's network. GitHub's is known to its proxy alone, Port's is looked up.
const GITHUB: &str = "github.acme.test";
const PORT: &str = "port.acme.test";

pub(super) async fn run() -> anyhow::Result<()> {
    step("Lay out the files of the image");
    let root = EmptyRoot::build(&target_folder()?.join("empty-root"))?;
    root.add_host(PORT)?;
    let root = Arc::new(root);
    let laid_out = root.files()?;

    let authority = Authority::new();
    let story = Story::between(
        FakeGitHub::start_at(Place::secured(&authority, GITHUB)).await,
        FakePort::start_at(Place::secured(&authority, PORT)).await,
    )?;
    let proxy = FakeProxy::start().await;
    let inside = |host: TestHost| {
        host.without("GITHUB_API_URL")
            .env("GHE_HOST", story.github.host())
            .env("HTTPS_PROXY", proxy.url())
            .env("NO_PROXY", PORT)
            .trusting(&authority)
            .inside(root.clone())
    };

    let (host, _) = story.tell(inside).await?;
    ensure!(host.is_healthy_inside(), "the image's HEALTHCHECK fails");
    let process = Process::of(&host)?;
    let kept = fs::read_dir(host.data_dir().join("compiled"));
    let kept = kept.context("nothing was kept in /data")?.count();
    let loaded = root.plugins()?.len() + 1; // and the one that was dropped in
    ensure!(
        kept == loaded,
        "{kept} plugins' compiled code is kept in /data, not {loaded}"
    );
    end(host).await?;

    step("Try to keep data outside of /data");
    let refused = TestHost::between(&story.github, &story.port);
    let (status, said) = inside(refused)
        .env("DATA_DIR", "/home/nonroot")
        .start_in_vain()
        .await;
    let line = said
        .lines()
        .find(|line| line.contains("Read-only file system"));
    told(line.context("a host that can keep nothing did not say so")?);
    ensure!(
        !status.success(),
        "a host that can keep nothing ended with {status}"
    );

    let tunnels = proxy.tunnels();
    let through: Vec<_> = tunnels.keys().cloned().collect();
    ensure!(
        through == [story.github.host()],
        "the proxy was asked for {tunnels:?}, not for GitHub alone"
    );
    let left = root.files()?;
    ensure!(
        left == laid_out,
        "the host changed its image: {laid_out:?} became {left:?}"
    );
    ensure!(
        process.user == root.user(),
        "it ran as {}, not as {}",
        process.user,
        root.user()
    );
    ensure!(
        process.writable == ["/data"],
        "writable is {:?}, not /data alone",
        process.writable
    );
    ensure!(
        process.capabilities == 0,
        "it had capabilities: {:x}",
        process.capabilities
    );
    step("The empty root");
    let fact = |name: &str, what: String| println!("    {name:<10}{what}");
    fact(
        "files",
        format!(
            "{} in {:.1} MB, unchanged: sha256 {}",
            left.count,
            left.bytes as f64 / 1e6,
            &left.digest[..12]
        ),
    );
    fact(
        "process",
        format!(
            "{}, as user {}, without capabilities",
            process.number, process.user
        ),
    );
    fact("writable", process.writable.join(", "));
    for (to, count) in tunnels {
        fact("proxied", format!("{to}, tunnels: {count}"));
    }
    let direct = story.port.requests().len();
    fact(
        "direct",
        format!("{}, requests: {direct}", story.port.url()),
    );
    for blueprint in ["service", "system", "githubPullRequest"] {
        let arrived = story.port.entities(blueprint).len();
        ensure!(arrived > 0, "no {blueprint} arrived");
        fact("arrived", format!("{arrived} {blueprint}"));
    }
    Ok(())
}

/// What the kernel says of the host, seen from outside.
struct Process {
    /// In its own namespace.
    number: u32,
    user: String,
    capabilities: u64,
    writable: Vec<String>,
}

impl Process {
    fn of(host: &RunningHost) -> anyhow::Result<Self> {
        let folder = Path::new("/proc").join(host.pid().to_string());
        let status = fs::read_to_string(folder.join("status"))?;
        let line = |name: &str| {
            let lines = status.lines().map(|line| line.split_once(":\t"));
            let mut found = lines.flatten().filter(|(key, _)| *key == name);
            let line = found.next().map(|(_, value)| value.trim());
            line.with_context(|| format!("/proc says no {name}"))
        };
        // The first of four: the real one.
        let first = |name: &str| {
            Ok::<u32, anyhow::Error>(line(name)?.split('\t').next().unwrap_or_default().parse()?)
        };
        let user = mapped(&folder.join("uid_map"), first("Uid")?)?;
        let group = mapped(&folder.join("gid_map"), first("Gid")?)?;
        let mounts = fs::read_to_string(folder.join("mountinfo"))?;
        let writable = mounts.lines().filter_map(|mount| {
            let mut fields = mount.split(' ').skip(4);
            let (place, options) = (fields.next()?, fields.next()?);
            options
                .split(',')
                .any(|option| option == "rw")
                .then(|| place.to_owned())
        });
        Ok(Self {
            number: line("NSpid")?
                .rsplit('\t')
                .next()
                .unwrap_or_default()
                .parse()?,
            user: format!("{user}:{group}"),
            capabilities: u64::from_str_radix(line("CapEff")?, 16)?,
            writable: writable.collect(),
        })
    }
}

/// How a process in a user namespace sees a number of ours; the same number in the first namespace.
fn mapped(map: &Path, number: u32) -> anyhow::Result<u32> {
    for line in fs::read_to_string(map)?.lines() {
        let numbers = line.split_whitespace().map(str::parse::<u32>);
        let numbers: Vec<_> = numbers.collect::<Result<_, _>>()?;
        let [inside, outside, count] = numbers[..] else {
            break;
        };
        if let Some(distance) = number.checked_sub(outside).filter(|by| *by < count) {
            return Ok(inside + distance);
        }
    }
    anyhow::bail!("{} says nothing of {number}", map.display())
}
