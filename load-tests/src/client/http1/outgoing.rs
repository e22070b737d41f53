//! A request on its way out.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::AsyncWrite;

use super::Version;
use crate::client::{Ask, Ending, ZEROS};

/// The head, the content, and perhaps the end of this side.
#[derive(Debug)]
pub(super) struct Outgoing {
    /// The head, and as much of the content as goes with it in one write.
    first: Vec<u8>,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// So much of `first` has gone out; so many octets of content come after it.
    First {
        gone: usize,
        content: u64,
        ending: Ending,
    },
    Content {
        left: u64,
        ending: Ending,
    },
    Flush {
        ending: Ending,
    },
    Shutdown,
    Gone,
}

impl Outgoing {
    pub(super) fn new() -> Self {
        Self { first: Vec::new(), stage: Stage::Gone }
    }

    /// Prepares a request.
    pub(super) fn begin(&mut self, ask: &Ask, authority: &str, version: Version) {
        let first = &mut self.first;
        first.clear();
        first.extend_from_slice(ask.method.as_str().as_bytes());
        first.push(b' ');
        first.extend_from_slice(ask.path.as_bytes());
        first.extend_from_slice(match version {
            Version::Http10 => b" HTTP/1.0\r\nHost: ",
            Version::Http11 => b" HTTP/1.1\r\nHost: ",
        });
        first.extend_from_slice(authority.as_bytes());
        for (name, value) in &ask.fields {
            first.extend_from_slice(b"\r\n");
            first.extend_from_slice(name.as_str().as_bytes());
            first.extend_from_slice(b": ");
            first.extend_from_slice(value.as_bytes());
        }
        if ask.announces_content() {
            first.extend_from_slice(format!("\r\nContent-Length: {}", ask.content).as_bytes());
        }
        first.extend_from_slice(b"\r\n\r\n");
        let mut content = ask.content;
        if let Some(zeros) = usize::try_from(content).ok().and_then(|length| ZEROS.get(..length)) {
            first.extend_from_slice(zeros);
            content = 0;
        }
        self.stage = Stage::First { gone: 0, content, ending: ask.ending };
    }

    pub(super) fn is_gone(&self) -> bool {
        self.stage == Stage::Gone
    }

    /// The peer takes no more. What it says about it is still to be read.
    pub(super) fn give_up(&mut self) {
        self.stage = Stage::Gone;
    }

    /// Ready once all of it has gone out.
    pub(super) fn poll(
        &mut self,
        mut stream: Pin<&mut impl AsyncWrite>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            self.stage = match self.stage {
                Stage::First { gone, content, ending } => {
                    let rest = &self.first[gone..];
                    let gone = gone + ready!(stream.as_mut().poll_write(cx, rest))?;
                    if gone < self.first.len() {
                        Stage::First { gone, content, ending }
                    } else {
                        Stage::Content { left: content, ending }
                    }
                }
                Stage::Content { left: 0, ending } => Stage::Flush { ending },
                Stage::Content { left, ending } => {
                    let zeros = ZEROS.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                    let written = ready!(stream.as_mut().poll_write(cx, &ZEROS[..zeros]))?;
                    if written == 0 {
                        return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
                    }
                    Stage::Content { left: left - written as u64, ending }
                }
                Stage::Flush { ending } => {
                    ready!(stream.as_mut().poll_flush(cx))?;
                    if ending == Ending::HalfClosed { Stage::Shutdown } else { Stage::Gone }
                }
                Stage::Shutdown => {
                    ready!(stream.as_mut().poll_shutdown(cx))?;
                    Stage::Gone
                }
                Stage::Gone => return Poll::Ready(Ok(())),
            };
        }
    }
}
