//! The command line: one file per command.

mod deliveries;
mod health;
mod mount;
mod preview;
mod serve;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::settings;

/// Maps what happens on GitHub to entities of a Port software catalog.
#[derive(Debug, Parser)]
#[command(name = "portolan", version, after_help = settings::settings_as_text())]
struct CommandLine {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Receive webhooks until told to stop (what happens without a command)
    #[command(after_help = settings::settings_as_text())]
    Serve,
    /// Ask the host on this machine whether it is up: exit status 0 or 1
    Health,
    /// Look at deliveries, and replay or drop those in quarantine; works on a running host and on a stopped one
    Deliveries(deliveries::Deliveries),
    /// Show what plugins make of a saved webhook, of objects or of a checkout, and what would change; writes nothing
    #[command(after_help = preview::AFTER_HELP)]
    Preview(Box<preview::Preview>),
}

/// Runs what the process was called with.
pub fn run() -> ExitCode {
    match CommandLine::parse().command.unwrap_or(Command::Serve) {
        Command::Serve => serve::run(),
        Command::Health => health::run(),
        Command::Deliveries(deliveries) => deliveries::run(deliveries),
        Command::Preview(preview) => preview::run(*preview),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound_and_its_help_names_the_settings() {
        CommandLine::command().debug_assert();
        let help = CommandLine::command().render_help().to_string();
        assert!(
            help.contains("WEBHOOK_SECRET") && help.contains("health"),
            "{help}"
        );
    }
}
