//! HTTP/2 clients that ask for a 202 and read status documents.

use std::future::poll_fn;

use bytes::Bytes;
use h2::client::SendRequest;
use http::header::LOCATION;
use http::{Request, StatusCode};
use serde_json::Value;
use tokio::time::Instant;

use crate::spine::Trouble;
use crate::spine::held::{Crowd, Tally, Target, connect};

/// Some connections; they close with it.
pub(in crate::spine) struct Clients {
    connections: Vec<SendRequest<Bytes>>,
    _crowd: Crowd,
}

/// A place on a connection.
#[derive(Clone, Debug)]
pub(in crate::spine) struct Client(SendRequest<Bytes>);

/// An accepted operation.
#[derive(Clone, Debug)]
pub(in crate::spine) struct Accepted {
    /// Its status URI.
    pub(in crate::spine) uri: String,
    /// When the head of the 202 was there.
    pub(in crate::spine) at: Instant,
}

/// An operation's status document.
#[derive(Clone, Debug)]
pub(in crate::spine) struct Document {
    /// Its content.
    pub(in crate::spine) content: Vec<u8>,
    /// When its head was there.
    pub(in crate::spine) at: Instant,
}

impl Clients {
    /// Connects.
    pub(in crate::spine) async fn connect(target: &Target, connections: u64) -> Result<Self, Trouble> {
        let mut crowd = Crowd::new(Tally::new());
        let mut requests = Vec::new();
        for _ in 0..connections {
            requests.push(connect(&mut crowd, target).await?);
        }
        Ok(Self { connections: requests, _crowd: crowd })
    }

    /// A place on one of the connections, in turn.
    pub(in crate::spine) fn pick(&self, turn: u64) -> Client {
        let place = usize::try_from(turn).unwrap_or(0) % self.connections.len();
        Client(self.connections[place].clone())
    }
}

impl Client {
    /// Asks for work, and for an answer at once.
    pub(in crate::spine) async fn accept(self) -> Result<Accepted, Trouble> {
        let request = Request::post("https://localhost/work").header("prefer", "respond-async, wait=0");
        let (head, at, _) = self.exchange(request).await?;
        let uri = head.headers.get(LOCATION).and_then(|uri| uri.to_str().ok());
        match (head.status, uri) {
            (StatusCode::ACCEPTED, Some(uri)) => Ok(Accepted { uri: uri.to_owned(), at }),
            (status, _) => Err(unexpected("asking for a 202", status)),
        }
    }

    /// Reads a status document, of a running operation as well as of a finished one.
    pub(in crate::spine) async fn read(self, uri: &str) -> Result<Document, Trouble> {
        let (head, at, content) = self.exchange(Request::get(uri)).await?;
        match head.status {
            StatusCode::OK | StatusCode::ACCEPTED => Ok(Document { content, at }),
            status => Err(unexpected("reading a status document", status)),
        }
    }

    async fn exchange(
        self,
        request: http::request::Builder,
    ) -> Result<(http::response::Parts, Instant, Vec<u8>), Trouble> {
        let request = request.body(()).map_err(Trouble::unexpected("writing a request"))?;
        let mut requests = self.0.ready().await.map_err(Trouble::unexpected("opening a stream"))?;
        let sent = requests.send_request(request, true);
        let (response, _) = sent.map_err(Trouble::unexpected("sending a request"))?;
        let response = response.await.map_err(Trouble::unexpected("waiting for an answer"))?;
        let at = Instant::now();
        let (head, mut body) = response.into_parts();
        let mut content = Vec::new();
        // Whoever does not read to the end resets the stream, which is other work for the gateway.
        while let Some(piece) = poll_fn(|cx| body.poll_data(cx)).await {
            let piece = piece.map_err(Trouble::unexpected("reading content"))?;
            content.extend_from_slice(&piece);
            // An error means that the stream has ended, which is seen next.
            let _ = body.flow_control().release_capacity(piece.len());
        }
        Ok((head, at, content))
    }
}

impl Document {
    /// The operation's id and status.
    pub(in crate::spine) fn id_and_status(&self) -> Option<(String, String)> {
        let document: Value = serde_json::from_slice(&self.content).ok()?;
        let word = |name: &str| document[name].as_str().map(str::to_owned);
        Some((word("id")?, word("status")?))
    }
}

fn unexpected(doing: &'static str, status: StatusCode) -> Trouble {
    Trouble::Unexpected { doing, reason: format!("the gateway answered {status}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_says_whose_it_is_and_how_far() {
        let document = |text: &str| Document { content: text.into(), at: Instant::now() };
        let whole = document(r#"{"id":"a1","status":"Running"}"#);
        assert_eq!(whole.id_and_status(), Some(("a1".to_owned(), "Running".to_owned())));
        assert_eq!(document(r#"{"id":"a1"}"#).id_and_status(), None);
        assert_eq!(document("Running").id_and_status(), None);
    }
}
