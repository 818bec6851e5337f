//! The log: lines on standard output, for people or for machines.

use std::io::IsTerminal;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt};

use crate::settings::{Format, Level, Log};

/// A command's log: beside what it prints, for people.
pub fn start_beside(level: Level) {
    let lines = fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .without_time();
    let _ = tracing_subscriber::registry()
        .with(lines)
        .with(filter(level))
        .try_init();
}

/// Starts the process' log. A second call changes nothing.
pub fn start(log: Log) {
    let lines = match log.format {
        Format::Text => fmt::layer()
            .with_ansi(std::io::stdout().is_terminal())
            .with_target(false)
            .boxed(),
        Format::Json => fmt::layer()
            .json()
            .flatten_event(true)
            .with_current_span(true)
            .boxed(),
    };
    // Fails only when there is a log already, as in a test that starts several hosts.
    let _ = tracing_subscriber::registry()
        .with(lines)
        .with(filter(log.level))
        .try_init();
}

/// Ours at that level. What other crates have to say below a warning is about themselves, not about deliveries;
/// `trace` asks for it.
fn filter(level: Level) -> EnvFilter {
    let level = match level {
        Level::Silent => LevelFilter::OFF,
        Level::Error => LevelFilter::ERROR,
        Level::Warn => LevelFilter::WARN,
        Level::Info => LevelFilter::INFO,
        Level::Debug => LevelFilter::DEBUG,
        Level::Trace => LevelFilter::TRACE,
    };
    match level {
        LevelFilter::INFO | LevelFilter::DEBUG => EnvFilter::new(format!("warn,portolan={level}")),
        _ => EnvFilter::new(level.to_string()),
    }
}
