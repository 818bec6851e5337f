//! `portolan health`: for a container's HEALTHCHECK, which has no curl.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, ensure};

use crate::settings;

/// For each step. The Dockerfile's HEALTHCHECK kills this after 3 s, which would leave its reason unsaid.
const TIMEOUT: Duration = Duration::from_secs(2);

pub(super) fn run() -> ExitCode {
    let port = match settings::listening_port() {
        Ok(port) => port,
        Err(mistakes) => {
            eprintln!("{mistakes}");
            return ExitCode::FAILURE;
        }
    };
    match ask(port) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("Not healthy: {error:#}.");
            ExitCode::FAILURE
        }
    }
}

fn ask(port: u16) -> anyhow::Result<()> {
    let address = (Ipv4Addr::LOCALHOST, port).into();
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)
        .with_context(|| format!("nothing listens on {address}"))?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    let request = format!("GET /health HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut status = [0; 12];
    stream
        .read_exact(&mut status)
        .with_context(|| format!("{address} does not answer"))?;
    let status = String::from_utf8_lossy(&status);
    ensure!(status == "HTTP/1.1 200", "{address} answers `{status}`");
    Ok(())
}
