//! What a repetition is told that is not served.

use http::StatusCode;

use crate::problem::Problem;

/// Seconds after which a client whose request broke off, or was not taken, may come back.
const COME_BACK: u32 = 1;

/// Another content than that of the first request with its key (IDK-03).
pub fn reused() -> Problem {
    let detail = "The key has been used for a request with another content.";
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "idempotency-key-reused", detail)
}

/// The first request's operation runs, and nothing was promised to this one (IDK-03).
pub fn underway(uri: &str, seconds: u32) -> Problem {
    let detail = "The request with this key is being worked on; the status document tells how far it is.";
    Problem::new(StatusCode::CONFLICT, "idempotency-key-in-use", detail)
        .instance(Some(uri))
        .retry_after(seconds)
}

/// The first request is still being received, so that nobody can tell whether this one is the same.
pub fn receiving(uri: Option<&str>) -> Problem {
    let detail = "The first request with this key is still being received.";
    Problem::new(StatusCode::CONFLICT, "idempotency-key-in-use", detail).instance(uri).retry_after(COME_BACK)
}

/// The content of the first request has never been known.
pub fn unknown_content(uri: &str) -> Problem {
    let detail = "The first request with this key was answered before all of it had come: whether this one is \
                  the same cannot be told. The status document tells what became of it.";
    Problem::new(StatusCode::CONFLICT, "idempotency-key-unclear", detail).instance(Some(uri))
}

/// Nothing can be bound, so nothing is forwarded: the client relies on it.
pub fn not_bound() -> Problem {
    let detail = "The request cannot be kept at the moment, so that its key could not be honoured.";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "store-unavailable", detail).retry_after(COME_BACK)
}

/// What became of the first request cannot be told at the moment.
pub fn unavailable() -> Problem {
    let detail = "What became of the first request with this key cannot be looked up at the moment.";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "store-unavailable", detail).retry_after(COME_BACK)
}
