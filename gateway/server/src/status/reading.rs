//! A result in a file, read as its client takes it.

use std::mem;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use downstream::BodyError;
use http_body::Frame;
use status_store::{SpoolReader, Spooled, StoreError};
use tokio::task::JoinHandle;

/// A reader that is at work on a thread that may block, and what it brings back: itself, and a piece.
type Trip = JoinHandle<(SpoolReader, Result<Option<Bytes>, StoreError>)>;

/// See the module's documentation. Holds one piece at most, whatever the client does.
#[derive(Debug)]
pub struct Reading {
    stage: Stage,
    /// Octets that the client has not got.
    left: u64,
}

#[derive(Debug)]
enum Stage {
    Open(SpoolReader),
    Away(Trip),
    Over,
}

// === impl Reading ===

impl Reading {
    /// Opens the file.
    ///
    /// # Errors
    /// It is gone, because the operation has expired meanwhile, or the disk fails.
    pub(super) fn open(spooled: &Spooled) -> Result<Self, StoreError> {
        let reader = spooled.open()?;
        Ok(Self { left: reader.left(), stage: Stage::Open(reader) })
    }

    /// Octets that are still to come.
    pub fn left(&self) -> u64 {
        self.left
    }

    /// The next piece. A piece that is not as it was written ends the content as broken off: what the
    /// client has got so far is right, and it can tell that something is missing.
    pub fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if let Stage::Open(_) = self.stage
            && let Stage::Open(mut reader) = mem::replace(&mut self.stage, Stage::Over)
        {
            let read = move || {
                let piece = reader.next_piece();
                (reader, piece)
            };
            self.stage = Stage::Away(tokio::task::spawn_blocking(read));
        }
        let Stage::Away(trip) = &mut self.stage else { return Poll::Ready(None) };
        let came_back = ready!(std::pin::Pin::new(trip).poll(cx));
        self.stage = Stage::Over;
        let piece = match came_back {
            Ok((reader, Ok(piece))) => {
                if piece.is_some() {
                    self.stage = Stage::Open(reader);
                }
                piece
            }
            Ok((_, Err(error))) => {
                tracing::error!(%error, "a stored result cannot be read to its end");
                return Poll::Ready(Some(Err(BodyError::Store)));
            }
            Err(_) => return Poll::Ready(Some(Err(BodyError::Store))),
        };
        self.left -= piece.as_ref().map_or(0, |piece| piece.len() as u64);
        Poll::Ready(piece.map(|piece| Ok(Frame::data(piece))))
    }
}
