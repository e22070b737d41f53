//! The one metric of the gateway that a report shows.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Interim heads that were written and are not acknowledged, one series for each protocol.
const UNACKNOWLEDGED: &str = "progress_gateway_interim_unacknowledged";
/// How long the gateway may be silent: half the time to the next reading.
const PATIENCE: Duration = Duration::from_millis(500);
/// The longest answer that is read; the gateway's own are some hundred KiB.
const LONGEST: u64 = 4 << 20;

/// Its sum over all protocols; `None` where it is not there or cannot be asked for.
pub(super) fn unacknowledged(admin: SocketAddr) -> Option<u64> {
    sum_in(&ask(admin).ok()?, UNACKNOWLEDGED)
}

/// By HTTP/1.0, which spares us the chunks.
fn ask(admin: SocketAddr) -> io::Result<String> {
    let mut wire = TcpStream::connect_timeout(&admin, PATIENCE)?;
    wire.set_read_timeout(Some(PATIENCE))?;
    wire.write_all(b"GET /metrics HTTP/1.0\r\nHost: localhost\r\n\r\n")?;
    let mut answer = String::new();
    wire.take(LONGEST).read_to_string(&mut answer)?;
    Ok(answer)
}

/// The sum of the series of `name` in Prometheus's text format, of which a line is
/// `name{label="value",…} 1`.
fn sum_in(text: &str, name: &str) -> Option<u64> {
    let series = text.lines().filter_map(|line| {
        let rest = line.strip_prefix(name).filter(|rest| rest.starts_with(['{', ' ']))?;
        rest.rsplit_once(' ')?.1.parse::<f64>().ok()
    });
    let whole = series.fold(None, |sum: Option<f64>, value| Some(sum.unwrap_or_default() + value))?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a count of heads: whole, not negative, far below 2^53"
    )]
    Some(whole as u64)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    const TEXT: &str = "# TYPE progress_gateway_interim_unacknowledged gauge\n\
        progress_gateway_interim_unacknowledged{protocol=\"h2\"} 3\n\
        progress_gateway_interim_unacknowledged{protocol=\"h3\"} 4\n\
        progress_gateway_interim_unacknowledged_age{protocol=\"h3\"} 100\n";

    #[test]
    fn series_are_summed_over_their_labels() {
        assert_eq!(sum_in(TEXT, UNACKNOWLEDGED), Some(7));
        assert_eq!(sum_in("unacknowledged 7\n", UNACKNOWLEDGED), None);
        assert_eq!(sum_in(&format!("{UNACKNOWLEDGED} 0\n"), UNACKNOWLEDGED), Some(0));
    }

    #[test]
    fn the_metric_is_asked_for_over_http() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let admin = listener.local_addr().expect("an address");
        let server = std::thread::spawn(move || -> io::Result<String> {
            let (mut wire, _) = listener.accept()?;
            let mut request = [0; 512];
            let length = wire.read(&mut request)?;
            wire.write_all(format!("HTTP/1.1 200 OK\r\n\r\n{TEXT}").as_bytes())?;
            Ok(String::from_utf8_lossy(&request[..length]).into_owned())
        });
        assert_eq!(unacknowledged(admin), Some(7));
        let request = server.join().expect("a server").expect("a request");
        assert!(request.starts_with("GET /metrics HTTP/1.0\r\n"), "{request}");
    }
}
