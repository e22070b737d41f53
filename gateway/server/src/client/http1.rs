//! HTTP/1.0 and 1.1.

use std::future::poll_fn;

use downstream::{Protocol, RequestBody};
use h1_adapter::client::{ClientConnection, ClientEvent, Park};
use http::header::HOST;
use http::{HeaderValue, Request, Response, Version};
use http_body_util::{BodyExt, Full};

use super::reach::Stream;
use super::{Call, CallError, Witness};

/// A connection carries one call: nobody keeps it.
struct Leave;

impl<S> Park<S> for Leave {
    fn park(&self, _connection: ClientConnection<S>) {}
}

pub(super) async fn call(
    protocol: Protocol,
    stream: Stream,
    call: &Call,
    witness: &mut dyn Witness,
) -> Result<(), CallError> {
    let mut exchange = ClientConnection::new(stream).send(request(protocol, call)?, Leave);
    let response = loop {
        match poll_fn(|cx| exchange.poll_event(cx)).await? {
            ClientEvent::Informational(status, fields) => {
                let mut head = Response::new(());
                *head.status_mut() = status;
                *head.headers_mut() = fields;
                witness.interim(&head).map_err(CallError::Output)?;
            }
            ClientEvent::Response(response) => break response,
        }
    };
    let (head, mut content) = response.into_parts();
    witness.answered(Response::from_parts(head, ())).map_err(CallError::Output)?;
    while let Some(frame) = content.frame().await {
        if let Ok(data) = frame?.into_data() {
            witness.content(&data).map_err(CallError::Output)?;
        }
    }
    Ok(())
}

fn request(protocol: Protocol, call: &Call) -> Result<Request<RequestBody>, CallError> {
    let content = if call.content.is_empty() {
        RequestBody::empty()
    } else {
        RequestBody::new(Full::new(call.content.clone()).map_err(|never| match never {}))
    };
    let mut request = Request::new(content);
    *request.method_mut() = call.method.clone();
    *request.uri_mut() = call.uri.clone();
    *request.version_mut() = match protocol {
        Protocol::Http10 => Version::HTTP_10,
        _ => Version::HTTP_11,
    };
    request.headers_mut().clone_from(&call.fields);
    let host = call.authority().map_or("", |authority| authority.as_str());
    request.headers_mut().insert(HOST, HeaderValue::try_from(host).map_err(http::Error::from)?);
    Ok(request)
}
