//! `portolan deliveries`: which there are, why one waits or was given up, and once more.
//!
//! Asks the host that runs, else the store itself: needs `DATA_DIR` and none of the other settings.

mod door;
mod running;
mod stopped;
mod table;

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde::Serialize;

use self::door::Door;
use crate::admin::when;
use crate::admin::wire::{Delivery, Filter, Order, State};
use crate::settings;

/// Wrong usage, as clap and `serve` have it.
const USAGE: u8 = 2;

/// Asked for at once; more comes page by page.
const PAGE: usize = 500;

#[derive(Debug, Args)]
pub(super) struct Deliveries {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Show which deliveries there are, the newest first
    List {
        #[command(flatten)]
        which: Which,
        /// At most so many; 0 for all
        #[arg(long, default_value_t = 50)]
        limit: usize,
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Show one delivery: what waits, what was given up and why, and what GitHub sent, without secrets
    Show {
        /// GitHub's GUID, or `item-7` for what no delivery brought
        id: String,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Try again what was given up, with its present state
    Replay(Ordered),
    /// Forget what was given up
    Drop(Ordered),
    /// Show what is produced no more and still in Port because its deletion waits, and for what
    Deletions {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Args)]
struct Ordered {
    #[command(flatten)]
    which: Which,
    /// Everything in quarantine, instead of ids and filters
    #[arg(long)]
    all: bool,
    /// Do nothing, only count
    #[arg(long)]
    dry_run: bool,
    /// As JSON
    #[arg(long)]
    json: bool,
}

/// Which deliveries: all that is given must fit.
#[derive(Debug, Args)]
struct Which {
    /// GitHub's GUIDs, or `item-7` for what no delivery brought
    ids: Vec<String>,
    /// Where it is on its way
    #[arg(long, value_enum)]
    state: Option<State>,
    /// Given up for a cause of this class, such as data or missing
    #[arg(long, value_name = "CLASS")]
    cause: Option<String>,
    /// Given up for this plugin
    #[arg(long)]
    plugin: Option<String>,
    /// Of this repository
    #[arg(long, value_name = "OWNER/NAME", value_parser = repository)]
    repository: Option<String>,
    /// Of this event, such as push
    #[arg(long)]
    event: Option<String>,
    /// Received at this time or later: 2026-11-22T10:00:00Z, or 2h or 3d for so long ago
    #[arg(long, value_name = "TIME", value_parser = time)]
    since: Option<String>,
    /// Received before this time
    #[arg(long, value_name = "TIME", value_parser = time)]
    until: Option<String>,
}

fn repository(text: &str) -> Result<String, String> {
    match text.split_once('/') {
        Some((owner, name)) if !owner.is_empty() && !name.is_empty() => Ok(text.to_owned()),
        _ => Err("give it as owner/name".to_owned()),
    }
}

fn time(text: &str) -> Result<String, String> {
    when::parse(text, when::now()).map(|_| text.to_owned())
}

impl From<Which> for Filter {
    fn from(which: Which) -> Self {
        Self {
            ids: which.ids,
            state: which.state,
            cause: which.cause,
            plugin: which.plugin,
            repository: which.repository,
            event: which.event,
            since: which.since,
            until: which.until,
            limit: None,
            before: None,
        }
    }
}

pub(super) fn run(deliveries: Deliveries) -> ExitCode {
    let data_dir = match settings::data_dir() {
        Ok(data_dir) => data_dir,
        Err(mistakes) => {
            eprintln!("{mistakes}");
            return ExitCode::from(USAGE);
        }
    };
    if let Verb::Replay(ordered) | Verb::Drop(ordered) = &deliveries.verb
        && let Err(wrong) = ordered.check()
    {
        eprintln!("{wrong}.");
        return ExitCode::from(USAGE);
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let done = runtime
        .map_err(anyhow::Error::from)
        .and_then(|runtime| runtime.block_on(carry_out(deliveries.verb, &data_dir)));
    match done {
        Ok(text) => {
            say(&text);
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{}.", format!("{error:#}").trim_end_matches('.'));
            ExitCode::FAILURE
        }
    }
}

impl Ordered {
    /// A slip of the pen must not mean everything.
    fn check(&self) -> Result<(), &'static str> {
        let Which {
            ids,
            state,
            cause,
            plugin,
            repository,
            event,
            since,
            until,
        } = &self.which;
        let texts = [cause, plugin, repository, event, since, until];
        let chooses = !ids.is_empty() || state.is_some() || texts.iter().any(|text| text.is_some());
        match (chooses, self.all) {
            (false, false) => Err("Give ids or a filter, or --all for everything in quarantine"),
            (true, true) => Err("Give either --all, or ids and filters"),
            _ => Ok(()),
        }
    }
}

/// What is to be printed.
async fn carry_out(verb: Verb, data_dir: &Path) -> anyhow::Result<String> {
    let door = Door::open(data_dir).await?;
    let said = answer(&door, verb).await;
    // Also after a failure: a store that was opened is left in order.
    door.close().await;
    said
}

async fn answer(door: &Door, verb: Verb) -> anyhow::Result<String> {
    match verb {
        Verb::List { which, limit, json } => {
            let filter = Filter::from(which);
            // One more than asked for tells whether there are more.
            let wanted = if limit == 0 {
                usize::MAX
            } else {
                limit.saturating_add(1)
            };
            let mut found = list(door, filter, wanted).await?;
            let are_more = limit > 0 && found.len() > limit;
            if limit > 0 {
                found.truncate(limit);
            }
            if json {
                return found.iter().map(json_line).collect();
            }
            Ok(table::list(&found, are_more))
        }
        Verb::Show { id, json } => {
            let shown = door.show(&id).await?;
            if json {
                return json_line(&shown);
            }
            Ok(table::show(&shown))
        }
        Verb::Replay(ordered) => {
            let (order, json) = ordered.order();
            let counted = door.replay(&order).await?;
            if json {
                return json_line(&counted);
            }
            Ok(table::replayed(counted, door.is_running()))
        }
        Verb::Drop(ordered) => {
            let (order, json) = ordered.order();
            let counted = door.forget(&order).await?;
            if json {
                return json_line(&counted);
            }
            Ok(table::dropped(counted))
        }
        Verb::Deletions { json } => {
            let deletions = door.deletions().await?;
            if json {
                return json_line(&deletions);
            }
            Ok(table::deletions(&deletions))
        }
    }
}

impl Ordered {
    fn order(self) -> (Order, bool) {
        let order = Order {
            filter: self.which.into(),
            all: self.all,
            dry: self.dry_run,
        };
        (order, self.json)
    }
}

/// Page by page.
async fn list(door: &Door, mut filter: Filter, wanted: usize) -> anyhow::Result<Vec<Delivery>> {
    let mut found = Vec::new();
    while found.len() < wanted {
        let limit = PAGE.min(wanted - found.len());
        filter.limit = Some(limit);
        let page = door.list(&filter).await?;
        let is_last = page.len() < limit;
        filter.before = page.last().map(|delivery| delivery.number);
        found.extend(page);
        if is_last {
            break;
        }
    }
    Ok(found)
}

fn json_line(what: &impl Serialize) -> anyhow::Result<String> {
    Ok(serde_json::to_string(what)? + "\n")
}

/// Whoever reads may have stopped reading, as `head` does.
fn say(text: &str) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

#[cfg(test)]
mod tests;
