//! Somebody at the host's door who speaks in bytes, and so can say what no HTTP client would.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::github::Signed;
use crate::journal::PATIENCE;

/// One connection. What it waits for, it waits for as long as a scenario does.
pub struct Caller {
    stream: TcpStream,
    /// Read, but not told yet.
    read: Vec<u8>,
}

/// One answer, of a body whose length was told.
#[derive(Debug)]
pub struct Heard {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Caller {
    pub async fn at(host: SocketAddr) -> Self {
        Self::try_at(host).await.expect("the host listens")
    }

    pub async fn try_at(host: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(host).await?;
        stream.set_nodelay(true)?;
        let read = Vec::new();
        Ok(Self { stream, read })
    }

    /// What is said once the host has closed is lost, as it is for everybody.
    pub async fn say(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.try_say(bytes).await;
    }

    pub async fn try_say(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.stream.write_all(bytes.as_ref()).await
    }

    /// FIN: listens on.
    pub async fn fall_silent(&mut self) {
        let _ = self.stream.shutdown().await;
    }

    /// RST.
    pub fn slam(self) {
        let set = self.stream.set_zero_linger();
        set.expect("a socket takes options");
    }

    /// The next answer; `None` where the host closes instead.
    pub async fn hear(&mut self) -> Option<Heard> {
        loop {
            if let Some((heard, length)) = parse(&self.read) {
                self.read.drain(..length);
                return Some(heard);
            }
            if self.more().await == 0 {
                assert!(self.read.is_empty(), "cut off: {}", self.unread());
                return None;
            }
        }
    }

    /// Waits until the host has closed; gives what it said before.
    pub async fn hear_out(&mut self) -> String {
        while self.more().await > 0 {}
        self.unread()
    }

    fn unread(&self) -> String {
        String::from_utf8_lossy(&self.read).into_owned()
    }

    /// A reset is an end as well.
    async fn more(&mut self) -> usize {
        let read = timeout(PATIENCE, self.stream.read_buf(&mut self.read));
        let read = read.await.unwrap_or_else(|_| {
            panic!(
                "the host neither speaks nor closes within {PATIENCE:?}; it said {:?}",
                self.unread()
            )
        });
        read.unwrap_or(0)
    }
}

impl Signed {
    /// The head as GitHub sends it, up to the line in which a scenario says how long the body is.
    pub fn head(&self) -> String {
        let headers = self.headers().into_iter();
        let lines = headers.map(|(name, value)| format!("{name}: {value}\r\n"));
        format!(
            "POST / HTTP/1.1\r\nhost: portolan\r\n{}",
            lines.collect::<String>()
        )
    }

    /// The whole request.
    pub fn request(&self) -> Vec<u8> {
        let length = format!("content-length: {}\r\n\r\n", self.body.len());
        [self.head().as_bytes(), length.as_bytes(), &self.body].concat()
    }
}

/// The first answer among these bytes, and how many of them it takes.
fn parse(bytes: &[u8]) -> Option<(Heard, usize)> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let status = head.split(' ').nth(1).and_then(|word| word.parse().ok());
    let lengths = head.lines().filter_map(|line| line.split_once(": "));
    let length = lengths
        .filter(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .find_map(|(_, value)| value.parse().ok())
        .unwrap_or(0);
    let body = bytes.get(end..end + length)?;
    let heard = Heard {
        status: status.expect("an answer begins with its status"),
        body: String::from_utf8_lossy(body).into_owned(),
        head,
    };
    Some((heard, end + length))
}
