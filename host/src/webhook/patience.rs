//! How long a connection may keep us waiting for a request.
//!
//! hyper has one timeout for both an idle connection and a head that comes byte by byte. They want different ones:
//! a proxy that keeps connections open must be the one to close them, or a delivery is sent into a closing connection
//! and lost; a head that has begun has no reason to take long.
//! And hyper has none for who never reads its answers.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep};

#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// Between two requests.
    idle: Duration,
    /// From a request's first byte to the end of its headers.
    head: Duration,
    /// Until a caller that has left answers unread reads on.
    unread: Duration,
}

/// Idle: longer than the 60 s of nginx and of the clouds' load balancers.
pub(super) const PATIENCE: Patience = Patience {
    idle: Duration::from_secs(75),
    head: Duration::from_secs(10),
    unread: Duration::from_secs(10),
};

const TOO_SLOW: &[u8] = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\n\
    content-type: application/json\r\ncontent-length: 56\r\n\r\n\
    {\"error\":\"The request's headers took too long to come.\"}";

/// A connection that reports a timeout when the next request does not come.
pub(super) struct Patient {
    stream: TcpStream,
    busy: Busy,
    patience: Patience,
    waiting: Waiting,
    deadline: Pin<Box<Sleep>>,
    /// The requests that `deadline` knows of.
    answered: usize,
    /// While nothing can be written.
    unread: Option<Pin<Box<Sleep>>>,
}

/// Tells when a request is being answered, in which its body has its own timeout: requests begun and ended, together.
#[derive(Clone, Default)]
pub(super) struct Busy(Arc<AtomicUsize>);

impl Busy {
    pub(super) fn begin(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn end(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Waiting {
    /// For the first byte of a request.
    Request,
    /// For the rest of its head.
    Head,
    /// For nothing: a request is being answered.
    Not,
}

impl Patient {
    pub(super) fn new(stream: TcpStream, busy: Busy, patience: Patience) -> Self {
        // A connection is opened to be used at once: its first byte has no more time than a head.
        let deadline = Box::pin(sleep(patience.head));
        Self {
            stream,
            busy,
            patience,
            waiting: Waiting::Request,
            deadline,
            answered: 0,
            unread: None,
        }
    }

    fn wait(&mut self, waiting: Waiting, time: Duration) {
        self.waiting = waiting;
        self.deadline.as_mut().reset(Instant::now() + time);
    }

    /// What came of writing, unless nobody reads what is written.
    fn written(
        &mut self,
        cx: &mut Context<'_>,
        polled: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if polled.is_ready() {
            self.unread = None;
            return polled;
        }
        let time = self.patience.unread;
        let unread = self.unread.get_or_insert_with(|| Box::pin(sleep(time)));
        ready!(unread.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Patient {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let answered = this.busy.0.load(Ordering::Relaxed);
        if answered % 2 == 1 {
            this.waiting = Waiting::Not;
        } else if answered != this.answered {
            this.answered = answered;
            this.wait(Waiting::Request, this.patience.idle);
        }
        let polled = Pin::new(&mut this.stream).poll_read(cx, buffer);
        match (&polled, &this.waiting) {
            (Poll::Ready(_), Waiting::Request) => this.wait(Waiting::Head, this.patience.head),
            (Poll::Pending, Waiting::Request | Waiting::Head) => {
                ready!(this.deadline.as_mut().poll(cx));
                if this.waiting == Waiting::Head {
                    // For a person who reads along. Nothing else is being written while a head is read.
                    let _ = this.stream.try_write(TOO_SLOW);
                }
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            _ => {}
        }
        polled
    }
}

impl AsyncWrite for Patient {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.written(cx, polled)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.written(cx, polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    async fn connected(patience: Patience) -> (TcpStream, Patient, Busy) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap())
            .await
            .unwrap();
        let (server, _) = listener.accept().await.unwrap();
        let busy = Busy::default();
        (client, Patient::new(server, busy.clone(), patience), busy)
    }

    const SHORT: Duration = Duration::from_millis(20);
    const LONG_SUFFERING: Patience = Patience {
        idle: Duration::from_secs(3600),
        head: Duration::from_secs(3600),
        unread: Duration::from_secs(3600),
    };

    #[tokio::test]
    async fn a_head_that_comes_byte_by_byte_is_told_so() {
        let (mut client, mut server, _) = connected(Patience {
            head: SHORT,
            ..LONG_SUFFERING
        })
        .await;
        client.write_all(b"POST / HT").await.unwrap();
        let mut text = vec![0; 9];
        server.read_exact(&mut text).await.unwrap();
        let error = server.read_u8().await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        drop(server);
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(
            head.contains(&format!("content-length: {}", body.len())),
            "{answer}"
        );
    }

    #[tokio::test]
    async fn an_idle_connection_is_closed_without_a_word() {
        let (mut client, mut server, busy) = connected(Patience {
            idle: SHORT,
            ..LONG_SUFFERING
        })
        .await;
        client.write_all(b"x").await.unwrap();
        assert_eq!(server.read_u8().await.unwrap(), b'x');
        // Answered before anybody reads on, as a request is whose body came with its head.
        busy.begin();
        busy.end();
        assert_eq!(
            server.read_u8().await.unwrap_err().kind(),
            io::ErrorKind::TimedOut
        );
        drop(server);
        assert_eq!(client.read(&mut [0; 1]).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn who_never_reads_its_answers_is_not_written_to_for_long() {
        let (_client, mut server, _) = connected(Patience {
            unread: SHORT,
            ..LONG_SUFFERING
        })
        .await;
        let answers = vec![b'x'; 1 << 20];
        let error = loop {
            if let Err(error) = server.write_all(&answers).await {
                break error;
            }
        };
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }
}
