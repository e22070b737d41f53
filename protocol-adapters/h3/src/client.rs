//! A client, for tests and tools.

use bytes::Bytes;
use h3::error::ConnectionError;

use crate::quic::{Connection, OpenStreams};

/// Keeps the connection going: `poll_close` is to be polled while requests are made.
pub type Driver = h3::client::Connection<Connection, Bytes>;
/// Makes requests. `recv_response` returns each interim response, and then the final one.
pub type SendRequest = h3::client::SendRequest<OpenStreams, Bytes>;

/// Begins HTTP/3 on a connection that has negotiated it.
///
/// # Errors
///
/// The connection is gone.
pub async fn connect(connection: quinn::Connection) -> Result<(Driver, SendRequest), ConnectionError> {
    h3::client::builder().send_grease(false).build(Connection::client(connection)).await
}
