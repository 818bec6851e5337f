//! One connection to the host that survives the host: opened anew when it broke.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// The host has its own limits; beyond this it hangs.
const PATIENCE: Duration = Duration::from_secs(30);

/// What was read of an answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// How long to wait before asking again, where it says so.
    pub(crate) retry_after: Option<Duration>,
}

pub(crate) struct Line {
    host: SocketAddr,
    stream: Option<TcpStream>,
}

impl Line {
    pub(crate) fn to(host: SocketAddr) -> Self {
        Self { host, stream: None }
    }

    /// `None` where the host was not there, or went before it said a status.
    pub(crate) async fn post(&mut self, request: &[u8]) -> Option<Answer> {
        let mut read = Vec::with_capacity(1024);
        let answered = timeout(PATIENCE, self.converse(request, &mut read)).await;
        // Half an answer is an acknowledgement, too, once its first line is there.
        if !matches!(answered, Ok(Ok(()))) {
            self.stream = None;
        }
        Answer::of(&read)
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

impl Answer {
    fn of(read: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(read);
        let (line, rest) = text.split_once("\r\n")?;
        Some(Self {
            status: line.split(' ').nth(1)?.parse().ok()?,
            retry_after: number_of(rest, "retry-after").map(Duration::from_secs),
        })
    }

    pub(crate) fn is_2xx(&self) -> bool {
        self.status / 100 == 2
    }
}

fn is_whole(read: &[u8]) -> bool {
    let text = String::from_utf8_lossy(read);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = number_of(head, "content-length");
    body.len() as u64 >= length.unwrap_or(0)
}

/// What this header says.
fn number_of(head: &str, name: &str) -> Option<u64> {
    let mut headers = head.lines().filter_map(|line| line.split_once(": "));
    let header = headers.find(|(header, _)| header.eq_ignore_ascii_case(name));
    header?.1.trim().parse().ok()
}
