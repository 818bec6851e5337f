//! How long a connection may keep us waiting for a request.
//!
//! hyper has one timeout for both an idle connection and a head that comes byte by byte. They want different ones:
//! a proxy that keeps connections open must be the one to close them, or a delivery is sent into a closing connection
//! and lost; a head that has begun has no reason to take long.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep};

/// Longer than the 60 s of nginx and of the cloud's load balancers.
const IDLE: Duration = Duration::from_secs(75);

/// From a request's first byte to the end of its headers.
const HEAD: Duration = Duration::from_secs(10);

/// A connection that reports a timeout when the next request does not come.
pub(super) struct Patient {
    stream: TcpStream,
    busy: Busy,
    waiting: Waiting,
    deadline: Pin<Box<Sleep>>,
}

/// Set while a request is being answered: then its body has its own timeout.
#[derive(Clone, Default)]
pub(super) struct Busy(Arc<AtomicBool>);

impl Busy {
    pub(super) fn set(&self, busy: bool) {
        self.0.store(busy, Ordering::Relaxed);
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
    pub(super) fn new(stream: TcpStream, busy: Busy) -> Self {
        // A connection is opened to be used at once: its first byte has no more time than a head.
        Self {
            stream,
            busy,
            waiting: Waiting::Request,
            deadline: Box::pin(sleep(HEAD)),
        }
    }

    fn wait(&mut self, waiting: Waiting, time: Duration) {
        self.waiting = waiting;
        self.deadline.as_mut().reset(Instant::now() + time);
    }
}

impl AsyncRead for Patient {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.busy.0.load(Ordering::Relaxed) {
            this.waiting = Waiting::Not;
        } else if this.waiting == Waiting::Not {
            this.wait(Waiting::Request, IDLE);
        }
        let polled = Pin::new(&mut this.stream).poll_read(cx, buffer);
        match (&polled, &this.waiting) {
            (Poll::Ready(_), Waiting::Request) => this.wait(Waiting::Head, HEAD),
            (Poll::Pending, Waiting::Request | Waiting::Head) => {
                ready!(this.deadline.as_mut().poll(cx));
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
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
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
