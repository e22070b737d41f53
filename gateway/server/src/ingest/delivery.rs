//! A final response that comes by callback, until it is whole: nobody is shown half of one.

use downstream::RequestBody;
use http::header::{CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_RANGE, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, Method, Response};
use http_body::Body as _;
use progress_core::progress;
use status_store::Reservation;

use super::content::{self, Pieces, Unread};
use super::message::{Malformed, MessageReader};
use crate::operations::Operations;
use crate::upstream::UpstreamBody;

/// What the response to a request without a message of its own takes over.
const KEPT: [HeaderName; 5] =
    [CONTENT_TYPE, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_DISPOSITION, progress::FIELD];

/// Why a delivered response is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Undelivered {
    /// Origin: the content is not to be had.
    #[error(transparent)]
    Unread(#[from] Unread),
    /// Origin: it is no message.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// Origin: a part of a response, or one in a coding that would have to be undone.
    #[error("the content is partial or coded")]
    Unsuited,
    /// Operator: the store has no room for it.
    #[error("there is no room for the content")]
    NoRoom,
}

/// What a delivery is read for.
pub(super) struct Purposed<'a> {
    /// The method of the request that is answered.
    pub(super) method: &'a Method,
    /// Octets of content that are taken.
    pub(super) limit: u64,
    /// Whose room the content takes while it comes.
    pub(super) operations: &'a Operations,
}

enum Reader {
    Message(Box<MessageReader>),
    Plain(Pieces),
}

/// Reads the response out of a callback's fields and content. Its room is the recorder's to reserve
/// once it is handed over.
pub(super) async fn read(
    fields: &HeaderMap,
    mut body: RequestBody,
    purpose: &Purposed<'_>,
) -> Result<Response<UpstreamBody>, Undelivered> {
    let is_message = is_message(fields);
    if fields.contains_key(CONTENT_RANGE) || (is_message && fields.contains_key(CONTENT_ENCODING)) {
        return Err(Undelivered::Unsuited);
    }
    if !is_message && body.size_hint().lower() > purpose.limit {
        return Err(Unread::TooLong.into());
    }
    let mut reader = if is_message {
        Reader::Message(Box::new(MessageReader::new(purpose.method.clone())))
    } else {
        Reader::Plain(Pieces::default())
    };
    let mut room: Option<Reservation> = None;
    while let Some(piece) = content::next(&mut body).await? {
        match &mut reader {
            Reader::Message(message) => message.push(&piece)?,
            Reader::Plain(pieces) => pieces.push(&piece),
        }
        if reader.length() > purpose.limit {
            return Err(Unread::TooLong.into());
        }
        let octets = piece.len() as u64;
        let has_room = match &mut room {
            Some(room) => room.grow(octets),
            none => {
                *none = purpose.operations.reserve(octets);
                none.is_some()
            }
        };
        if !has_room {
            return Err(Undelivered::NoRoom);
        }
    }
    reader.end(fields)
}

/// Whether the content is a whole response with a head of its own.
fn is_message(fields: &HeaderMap) -> bool {
    let is_http = |value: &str| {
        let essence = value.split(';').next().unwrap_or_default();
        essence.trim().eq_ignore_ascii_case("message/http")
    };
    fields.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).is_some_and(is_http)
}

impl Reader {
    fn length(&self) -> u64 {
        match self {
            Self::Message(message) => message.length(),
            Self::Plain(pieces) => pieces.length(),
        }
    }

    fn end(self, fields: &HeaderMap) -> Result<Response<UpstreamBody>, Undelivered> {
        let pieces = match self {
            Self::Message(message) => return Ok(message.end()?),
            Self::Plain(pieces) => pieces,
        };
        let mut response = Response::new(UpstreamBody::delivered(pieces.into_inner(), None));
        for name in KEPT {
            let values = fields.get_all(&name).iter().cloned();
            response.headers_mut().extend(values.map(|value| (name.clone(), value)));
        }
        Ok(response)
    }
}
