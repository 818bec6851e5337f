//! `portolan preview`: what plugins would make of what is given, and what would change in Port. Writes nothing.
//!
//! The command line, and the loop: `source` reads what is given, `preview` maps it, `report` shows it.

mod explained;
mod json;
mod paint;
mod report;
mod source;
mod text;
mod told;
mod totals;
mod value;

use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;

use self::report::Report;
use self::source::{CheckedOut, Source};
use crate::plugins::{Once, Plugin, Refused, look_once};
use crate::port::Port;
use crate::preview;
use crate::preview::input::Object;
use crate::settings;
use crate::telemetry;

/// Something to mend in the configuration, in the mapping or in a plugin.
const MISTAKES: u8 = 1;
/// Wrong usage, or what is given cannot be read.
const USAGE: u8 = 2;

/// Entities that Port is asked for together, object by object.
const COMPARED: usize = 100;
/// Objects that wait for that at most, as they may give none.
const WAITING: usize = 1_000;
/// Between two words on how far it is.
const PROGRESS: Duration = Duration::from_millis(200);

/// What the help ends with.
pub(super) const AFTER_HELP: &str = "\
Exit status: 0 fine (warnings, and what is not known offline, do not count), 1 errors in the configuration, the mapping
or a plugin, 2 wrong usage or unreadable input.

Works offline. Plugins are found as by `portolan serve`: PLUGIN_DIR, BUNDLED_PLUGIN_DIR, BUNDLED_PLUGINS.
With PORT_URL, PORT_CLIENT_ID and PORT_CLIENT_SECRET it asks Port for blueprints and shows what would change there.
What plugins log goes to standard error, from LOG_LEVEL (here warn unless set) on.

Examples:
  portolan preview --repo .
  portolan preview --repo . --event pull_request.json --explain
  gh api repos/acme/shop | portolan preview --repo . --kind repository --event -
  gh api 'repos/acme/shop/pulls?state=all' | portolan preview --kind pull-request --event - --config port-app-config.yml";

#[derive(Debug, Args)]
pub(super) struct Preview {
    /// A saved webhook: the payload, or what `portolan deliveries show --json` prints; `-` is standard input
    #[arg(long, value_name = "FILE")]
    event: Option<PathBuf>,
    /// Which event it is, as the header X-GitHub-Event had it, where its payload leaves a doubt
    #[arg(
        long,
        value_name = "EVENT",
        requires = "event",
        conflicts_with = "kind"
    )]
    name: Option<String>,
    /// FILE holds no webhook but objects of this kind, as GitHub's API lists them: NDJSON or JSON
    #[arg(long)]
    kind: Option<String>,
    /// A checkout: its files, but for those that .gitignore names, answer what mappers ask and hold the configuration;
    /// alone, they are what is mapped
    #[arg(long, value_name = "DIR")]
    repo: Option<PathBuf>,
    /// The repository of the checkout, and of objects that do not say it
    #[arg(long, value_name = "OWNER/NAME", value_parser = owner_and_name)]
    repository: Option<(String, String)>,
    /// The default branch of the checkout's repository, where its remote's is not known or another is meant
    #[arg(long, value_name = "NAME", requires = "repo")]
    default_branch: Option<String>,
    /// The configuration in force instead of the repository's .github/port-app-config.yml
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The organization's configuration: port-app-config.yml of its repository .github-private
    #[arg(long, value_name = "FILE")]
    organization_config: Option<PathBuf>,
    /// Only this plugin; may be given again
    #[arg(long = "plugin", value_name = "NAME")]
    plugins: Vec<String>,
    /// Show how each field comes about
    #[arg(long)]
    explain: bool,
    /// One JSON object a line, for each object that is mapped
    #[arg(long)]
    json: bool,
}

fn owner_and_name(text: &str) -> Result<(String, String), String> {
    match text.split_once('/') {
        Some((owner, name)) if !owner.is_empty() && !name.is_empty() && !name.contains('/') => {
            Ok((owner.to_owned(), name.to_owned()))
        }
        _ => Err("give it as owner/name".to_owned()),
    }
}

pub(super) fn run(wanted: Preview) -> ExitCode {
    let settings = match settings::Preview::from_environment() {
        Ok(settings) => settings,
        Err(mistakes) => {
            eprintln!("{mistakes}");
            return ExitCode::from(USAGE);
        }
    };
    telemetry::start_beside(settings.level);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let done = match runtime {
        Ok(runtime) => runtime.block_on(carry_out(wanted, settings)),
        Err(error) => Err(error.to_string()),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(MISTAKES),
        Err(wrong) => {
            eprintln!("{}.", wrong.trim_end_matches('.'));
            ExitCode::from(USAGE)
        }
    }
}

/// Whether all is well. `Err` with a sentence: nothing, or nothing more, could be mapped.
async fn carry_out(wanted: Preview, settings: settings::Preview) -> Result<bool, String> {
    let mut report = Report::new(wanted.json, settings.no_color, settings.port.is_some());
    let checkout = CheckedOut::open(&wanted, &mut report)?;
    let mut source = Source::new(&wanted, checkout.as_ref(), &mut report)?;
    let given = source::given(&wanted)?;
    let port = settings.port.as_ref().map(Port::new).transpose();
    let port = port.map_err(|error| format!("{error:#}"))?.map(Arc::new);
    let plugins = plugins(&wanted, &settings, &mut report)?;
    let loaded: Vec<_> = (plugins.iter())
        .map(|plugin| format!("{} ({})", plugin.name, plugin.description.kinds.join(", ")))
        .collect();
    let mut preview = preview::Preview::new(preview::Wanted {
        plugins,
        checkout: checkout.map(|checkout| (checkout.files, checkout.repository)),
        given,
        allowed: settings.allowed,
        port: port.clone(),
        explain: wanted.explain,
    });
    for shown in preview.not_read() {
        report.remark(format!(
            "{shown} is in force for no plugin that is loaded: none looks for such a file"
        ));
    }
    source
        .only(|kind| preview.maps(kind), &mut report)
        .map_err(|kinds| format!("no plugin maps {kinds}: loaded are {}", loaded.join("; ")))?;
    let mapped = map_all(source, &mut preview, port.as_deref(), &mut report).await;
    let is_well = report.end(&preview).await;
    mapped.and(is_well)
}

fn plugins(
    wanted: &Preview,
    settings: &settings::Preview,
    report: &mut Report,
) -> Result<Vec<Arc<Plugin>>, String> {
    let names = wanted.plugins.iter().cloned().collect();
    let Once { plugins, refused } = look_once(&settings.plugins, &settings.caches, &names)
        .map_err(|error| format!("{error:#}"))?;
    let (users, bundled) = (
        settings.plugins.dir.display(),
        settings.plugins.bundled_dir.display(),
    );
    let is_there = |name: &&String| plugins.iter().any(|plugin| plugin.name == **name);
    if let Some(missing) = names.iter().find(|name| !is_there(name)) {
        let is = |refused: &&Refused| {
            refused
                .path
                .file_stem()
                .is_some_and(|stem| stem == missing.as_str())
        };
        return Err(match refused.iter().find(is) {
            Some(Refused { path, why }) => format!("{} is not loaded: {why}", path.display()),
            None => format!("there is no plugin {missing} in {users} or {bundled}"),
        });
    }
    if plugins.is_empty() {
        let why: Vec<_> = refused
            .iter()
            .map(|Refused { path, why }| format!("; {} is not loaded: {why}", path.display()))
            .collect();
        return Err(format!(
            "there is no plugin in {users} or {bundled} (PLUGIN_DIR, BUNDLED_PLUGIN_DIR){}",
            why.concat()
        ));
    }
    report.refused(&refused);
    Ok(plugins)
}

async fn map_all(
    mut source: Source,
    preview: &mut preview::Preview,
    port: Option<&Port>,
    report: &mut Report,
) -> Result<(), String> {
    let mut progress = Progress::new();
    let (mut waiting, mut entities) = (Vec::new(), 0);
    let mapped = loop {
        let mut object = match source.next() {
            Ok(Some(object)) => object,
            Ok(None) => break Ok(()),
            Err(wrong) => break Err(wrong),
        };
        let made = preview.map(&mut object).await;
        report.openings(preview.openings());
        match made {
            Ok(made) => {
                entities += made.iter().map(|made| made.entities.len()).sum::<usize>();
                waiting.push((object, made));
            }
            Err(stopped) => break Err(stopped.to_string()),
        }
        if port.is_none() || entities >= COMPARED || waiting.len() >= WAITING {
            show(&mut waiting, preview, port, report).await?;
            entities = 0;
        }
        if report.is_unread() {
            break Ok(());
        }
        progress.tell(report.objects());
    };
    show(&mut waiting, preview, port, report).await?;
    progress.end();
    mapped
}

type Mapped = (Object, Vec<preview::Made>);

async fn show(
    waiting: &mut Vec<Mapped>,
    preview: &preview::Preview,
    port: Option<&Port>,
    report: &mut Report,
) -> Result<(), String> {
    if let Some(port) = port {
        let made = waiting.iter_mut().flat_map(|(_, made)| made).collect();
        let compared = preview::compare::compare(port, made).await;
        compared.map_err(|failed| format!("what is in Port cannot be read: {failed}"))?;
    }
    for (object, made) in waiting.drain(..) {
        report.object(preview, &object, &made);
    }
    Ok(())
}

/// How far it is, for somebody who waits at a terminal and sees nothing else.
struct Progress {
    shows: bool,
    told: Instant,
}

impl Progress {
    fn new() -> Self {
        Self {
            shows: io::stderr().is_terminal() && !io::stdout().is_terminal(),
            told: Instant::now(),
        }
    }

    fn tell(&mut self, objects: u64) {
        if self.shows && self.told.elapsed() >= PROGRESS {
            self.told = Instant::now();
            eprint!("\r{} objects", value::grouped(objects));
        }
    }

    /// Leaves no trace.
    fn end(&self) {
        if self.shows {
            eprint!("\r\u{1b}[K");
        }
    }
}
