//! A connection: its buffers, and how time passes on it.

use std::io;
use std::pin::pin;
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::sleep;

use crate::origin::performance::{HINT, Interim, Wire};

/// The longest request head. The buffer holds at most this and one read.
pub(super) const LONGEST_HEAD: usize = 64 << 10;
/// Room for the head of a usual request: a connection that is held keeps it.
const USUAL_HEAD: usize = 1 << 10;
/// As much of a request's content as is read at once.
const PIECE: usize = 64 << 10;
/// As much as is collected before it is written.
pub(super) const FULL: usize = 16 << 10;

/// A connection of the gateway.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) stream: TcpStream,
    /// What has come and was not looked at.
    pub(super) input: Vec<u8>,
    /// What is to be written.
    pub(super) output: Vec<u8>,
}

impl Connection {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self { stream, input: Vec::with_capacity(USUAL_HEAD), output: Vec::new() }
    }

    /// Reads what there is; 0: the other side has ended.
    pub(super) async fn read(&mut self) -> io::Result<usize> {
        self.stream.read_buf(&mut self.input).await
    }

    /// Reads within a request, where the other side may not end.
    pub(super) async fn read_more(&mut self) -> io::Result<()> {
        if self.input.len() > LONGEST_HEAD {
            return Err(io::ErrorKind::InvalidData.into());
        }
        if self.read().await? == 0 { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
    }

    /// Reads over `octets` octets.
    pub(super) async fn skip(&mut self, octets: u64) -> io::Result<()> {
        let mut left = octets;
        loop {
            let here = usize::try_from(left).unwrap_or(usize::MAX).min(self.input.len());
            self.input.drain(..here);
            left -= here as u64;
            if left == 0 {
                return Ok(());
            }
            self.input.reserve(usize::try_from(left).unwrap_or(PIECE).min(PIECE));
            self.read_more().await?;
        }
    }

    /// Writes what was collected.
    pub(super) async fn flush(&mut self) -> io::Result<()> {
        if !self.output.is_empty() {
            self.stream.write_all(&self.output).await?;
            self.output.clear();
        }
        Ok(())
    }

    /// Writes `octets` after what was collected.
    pub(super) async fn send(&mut self, octets: &[u8]) -> io::Result<()> {
        self.output.extend_from_slice(octets);
        self.flush().await
    }

    /// Waits until the other side leaves. What it sends is not looked at.
    pub(super) async fn outlast(&mut self) -> io::Result<()> {
        self.flush().await?;
        while self.read().await? > 0 {
            self.input.clear();
        }
        Ok(())
    }

    /// Lets the end of this handle be a reset instead of a close.
    pub(super) fn reset_when_dropped(&self) -> io::Result<()> {
        SockRef::from(&self.stream).set_linger(Some(Duration::ZERO))
    }

    /// Ends it in good order.
    pub(super) async fn close(mut self) -> io::Result<()> {
        self.flush().await?;
        self.stream.shutdown().await
    }
}

impl Wire for Connection {
    async fn tell(&mut self, head: Interim<'_>) -> io::Result<()> {
        let pieces: [&str; 3] = match head {
            Interim::Processing(Some(progress)) => {
                ["HTTP/1.1 102 Processing\r\nProgress: ", progress, "\r\n\r\n"]
            }
            Interim::Processing(None) => ["HTTP/1.1 102 Processing\r\n", "", "\r\n"],
            Interim::Hints => ["HTTP/1.1 103 Early Hints\r\nLink: ", HINT, "\r\n\r\n"],
        };
        for piece in pieces {
            self.output.extend_from_slice(piece.as_bytes());
        }
        if self.output.len() < FULL { Ok(()) } else { self.flush().await }
    }

    async fn rest(&mut self, time: Duration) -> io::Result<()> {
        self.flush().await?;
        let mut over = pin!(sleep(time));
        loop {
            tokio::select! {
                biased;
                () = &mut over => return Ok(()),
                more = self.read_more() => more?,
            }
        }
    }
}
