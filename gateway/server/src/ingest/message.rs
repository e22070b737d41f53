//! A whole response as content of its own: `message/http` (RFC 9112 10.1), read as strictly as from
//! a connection.

use bytes::{Buf, BytesMut};
use h1_adapter::chunk::{ChunkDecoder, Decoded};
use h1_adapter::head::{ResponseFraming, ResponseHead, ResponseLimits, Scan, resume_response};
use http::{HeaderMap, Method, Response};

use super::content::Pieces;
use crate::upstream::UpstreamBody;

/// Origin: the message is not one whole final response; the text says why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct Malformed(pub(super) &'static str);

/// Reads a message piece by piece.
#[derive(Debug)]
pub(super) struct MessageReader {
    /// Of the request that the message answers: it decides whether there is content.
    method: Method,
    unread: BytesMut,
    scan: Scan,
    head: Option<ResponseHead>,
    rest: Rest,
    content: Pieces,
    trailers: Option<HeaderMap>,
}

/// What is to come.
#[derive(Debug)]
enum Rest {
    Head,
    Length(u64),
    Chunks(ChunkDecoder),
    UntilEnd,
}

impl MessageReader {
    /// Reads a response to a request with `method`.
    pub(super) fn new(method: Method) -> Self {
        Self {
            method,
            unread: BytesMut::new(),
            scan: Scan::default(),
            head: None,
            rest: Rest::Head,
            content: Pieces::default(),
            trailers: None,
        }
    }

    /// Takes in the next piece.
    pub(super) fn push(&mut self, piece: &[u8]) -> Result<(), Malformed> {
        self.unread.extend_from_slice(piece);
        if matches!(self.rest, Rest::Head) && !self.read_head()? {
            return Ok(());
        }
        match &mut self.rest {
            Rest::Head => {}
            Rest::UntilEnd => self.content.push(&self.unread.split()),
            Rest::Length(left) => {
                *left = left.checked_sub(self.unread.len() as u64).ok_or(BEYOND)?;
                self.content.push(&self.unread.split());
            }
            Rest::Chunks(_) => self.read_chunks()?,
        }
        Ok(())
    }

    /// Octets of content so far.
    pub(super) fn length(&self) -> u64 {
        self.content.length()
    }

    /// The message has ended.
    pub(super) fn end(self) -> Result<Response<UpstreamBody>, Malformed> {
        let whole = match &self.rest {
            Rest::Head => false,
            Rest::Length(left) => *left == 0,
            Rest::Chunks(decoder) => decoder.is_done(),
            Rest::UntilEnd => true,
        };
        let head = self.head.filter(|_| whole).ok_or(Malformed("The message ends before its end."))?;
        let mut response = Response::new(UpstreamBody::delivered(self.content.into_inner(), self.trailers));
        *response.status_mut() = head.status;
        *response.headers_mut() = head.fields;
        Ok(response)
    }

    /// Whether the head is there.
    fn read_head(&mut self) -> Result<bool, Malformed> {
        let found = resume_response(&mut self.scan, &self.unread, &ResponseLimits::default());
        let found = found
            .map_err(|_| Malformed("The content does not begin with the head of an HTTP/1.1 response."))?;
        let Some((head, length)) = found else { return Ok(false) };
        self.unread.advance(length);
        if head.status.is_informational() {
            return Err(Malformed("The message is an interim response."));
        }
        self.rest = match head.framing(&self.method) {
            ResponseFraming::None => Rest::Length(0),
            ResponseFraming::Length(length) => Rest::Length(length),
            ResponseFraming::Chunked => Rest::Chunks(ChunkDecoder::new()),
            ResponseFraming::UntilClose => Rest::UntilEnd,
        };
        self.head = Some(head);
        Ok(true)
    }

    fn read_chunks(&mut self) -> Result<(), Malformed> {
        let Rest::Chunks(decoder) = &mut self.rest else { return Ok(()) };
        loop {
            let decoded = decoder.decode(&mut self.unread);
            match decoded.map_err(|_| Malformed("The message's chunks are malformed."))? {
                Decoded::NeedMore => return Ok(()),
                Decoded::Data(data) => self.content.push(&data),
                Decoded::End(trailers) => {
                    self.trailers = self.trailers.take().or(trailers);
                    return if self.unread.is_empty() { Ok(()) } else { Err(BEYOND) };
                }
            }
        }
    }
}

const BEYOND: Malformed = Malformed("The message goes on after its end.");

#[cfg(test)]
mod tests {
    use http_body::Body as _;

    use super::*;

    fn read(method: &Method, text: &str, step: usize) -> Result<Response<UpstreamBody>, Malformed> {
        let mut reader = MessageReader::new(method.clone());
        for piece in text.as_bytes().chunks(step) {
            reader.push(piece)?;
        }
        reader.end()
    }

    #[test]
    fn each_framing_is_read_whatever_the_pieces() {
        for text in [
            "HTTP/1.1 201 Created\r\nLocation: /a\r\nContent-Length: 5\r\n\r\nhello",
            "HTTP/1.1 201 Created\r\nLocation: /a\r\n\r\nhello",
            "HTTP/1.1 201 \r\nLocation: /a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
        ] {
            for step in [1, 7, 1_000] {
                let response = read(&Method::POST, text, step).unwrap();
                assert_eq!(response.status(), 201);
                assert_eq!(response.headers()["location"], "/a");
                assert!(!response.headers().contains_key("transfer-encoding"));
                assert_eq!(response.body().size_hint().exact(), Some(5), "{text}");
            }
        }
    }

    #[test]
    fn what_is_not_one_whole_final_response_is_refused() {
        for text in [
            "",
            "hello",
            "HTTP/1.1 200 OK\r\n",
            "HTTP/1.1 200 OK\nContent-Length: 0\n\n",
            "HTTP/2 200 OK\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
            "HTTP/1.1 102 Processing\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell",
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello!",
            "HTTP/1.1 204 No Content\r\n\r\nx",
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
        ] {
            for step in [1, 1_000] {
                assert!(read(&Method::POST, text, step).is_err(), "{text:?}");
            }
        }
    }

    #[test]
    fn the_answer_to_a_head_has_a_length_and_no_content() {
        let text = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
        assert!(read(&Method::HEAD, text, 3).is_ok());
        assert!(read(&Method::GET, text, 3).is_err());
    }
}
