//! Whether the gateway serves.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(1);
/// As much as the status line needs.
const LONGEST: u64 = 64;

/// Whether `/readyz` is 200 on the admin listener.
pub(super) fn is_ready(admin: SocketAddr) -> bool {
    status_line(admin).is_ok_and(|line| line.split(' ').nth(1) == Some("200"))
}

fn status_line(admin: SocketAddr) -> io::Result<String> {
    let mut wire = TcpStream::connect_timeout(&admin, PATIENCE)?;
    wire.set_read_timeout(Some(PATIENCE))?;
    wire.write_all(b"GET /readyz HTTP/1.0\r\nHost: localhost\r\n\r\n")?;
    let mut answer = String::new();
    wire.take(LONGEST).read_to_string(&mut answer)?;
    Ok(answer)
}
