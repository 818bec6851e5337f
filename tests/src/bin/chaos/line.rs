//! One connection to the host that survives the host: opened anew when it broke.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// The host has its own limits; beyond this it hangs.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Line {
    host: SocketAddr,
    stream: Option<TcpStream>,
}

impl Line {
    pub(crate) fn to(host: SocketAddr) -> Self {
        Self { host, stream: None }
    }

    /// The status that was read; `None` where the host was not there, or went before it said one.
    pub(crate) async fn post(&mut self, request: &[u8]) -> Option<u16> {
        let mut read = Vec::with_capacity(1024);
        let answered = timeout(PATIENCE, self.converse(request, &mut read)).await;
        // Half an answer is an acknowledgement, too, once its first line is there.
        let status = status(&read);
        if !matches!(answered, Ok(Ok(()))) {
            self.stream = None;
        }
        status
    }

    async fn converse(&mut self, request: &[u8], read: &mut Vec<u8>) -> io::Result<()> {
        let stream = match &mut self.stream {
            Some(stream) => stream,
            none => none.insert(connect(self.host).await?),
        };
        stream.write_all(request).await?;
        while !is_whole(read) {
            if stream.read_buf(read).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        let text = String::from_utf8_lossy(read).to_lowercase();
        if text.contains("\r\nconnection: close") {
            self.stream = None;
        }
        Ok(())
    }
}

async fn connect(host: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(host).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

fn status(read: &[u8]) -> Option<u16> {
    let text = String::from_utf8_lossy(read);
    let (line, _) = text.split_once("\r\n")?;
    line.split(' ').nth(1)?.parse().ok()
}

fn is_whole(read: &[u8]) -> bool {
    let text = String::from_utf8_lossy(read);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let lengths = head.lines().filter_map(|line| line.split_once(": "));
    let length = lengths
        .filter(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .find_map(|(_, value)| value.parse().ok());
    body.len() >= length.unwrap_or(0)
}
