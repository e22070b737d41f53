//! The messages that a record holds: the response that it ended in, the request that may be sent again.

use std::path::Path;
use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

use super::super::spool::{SpoolName, Spooled};
use super::wire::{Eye, Pen};
use crate::{Content, StoredRequest, StoredResponse};

pub(super) fn write_request(pen: &mut Pen, request: &StoredRequest) {
    pen.octets(request.method.as_str().as_bytes());
    pen.octets(request.target.as_bytes());
    write_fields(pen, &request.fields);
    pen.octets(&request.content);
}

pub(super) fn read_request(eye: &mut Eye) -> Option<StoredRequest> {
    Some(StoredRequest {
        method: Method::from_bytes(&eye.octets()?).ok()?,
        target: eye.text()?,
        fields: read_fields(eye)?,
        content: eye.octets()?,
    })
}

pub(super) fn write_response(pen: &mut Pen, response: &StoredResponse) {
    pen.short(response.status.as_u16());
    write_fields(pen, &response.fields);
    match &response.content {
        Content::NotKept => pen.byte(0),
        Content::Kept { pieces, .. } => {
            pen.byte(1);
            pen.octets(&pieces.concat());
        }
        Content::File(spooled) => {
            pen.byte(2);
            pen.0.extend(spooled.name().to_bytes());
            pen.long(spooled.len());
        }
    }
}

pub(super) fn read_response(eye: &mut Eye, results: &Arc<Path>) -> Option<StoredResponse> {
    let status = StatusCode::from_u16(eye.short()?).ok()?;
    let fields = read_fields(eye)?;
    let content = match eye.byte()? {
        0 => Content::NotKept,
        1 => Content::Kept { pieces: vec![eye.octets()?], room: None },
        2 => {
            let name = SpoolName::from_bytes(eye.array()?)?;
            Content::File(Spooled::new(Arc::clone(results), name, eye.long()?))
        }
        _ => return None,
    };
    Some(StoredResponse { status, fields, content })
}

fn write_fields(pen: &mut Pen, fields: &HeaderMap) {
    pen.long(fields.len() as u64);
    for (name, value) in fields {
        pen.octets(name.as_str().as_bytes());
        pen.octets(value.as_bytes());
    }
}

fn read_fields(eye: &mut Eye) -> Option<HeaderMap> {
    let mut fields = HeaderMap::new();
    for _ in 0..eye.long()? {
        let name = HeaderName::from_bytes(&eye.octets()?).ok()?;
        fields.try_append(name, HeaderValue::from_bytes(&eye.octets()?).ok()?).ok()?;
    }
    Some(fields)
}
