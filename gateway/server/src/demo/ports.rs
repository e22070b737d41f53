//! Ports that are free.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};

/// How often a port is drawn that is free for TCP and for UDP: the first one nearly always is.
const DRAWS: usize = 16;

/// Where the gateway of a demo listens, always on 127.0.0.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ports {
    /// 8443, 8080 and 9180, each replaced if it is taken.
    Usual,
    /// Whatever is free.
    Free,
}

/// The addresses that were chosen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chosen {
    /// TLS, over TCP and UDP.
    pub(super) tls: SocketAddr,
    /// Cleartext.
    pub(super) clear: SocketAddr,
    /// The admin listener.
    pub(super) admin: SocketAddr,
}

impl Ports {
    /// Chooses ports. Each is free at this moment; nothing keeps it so until the gateway has it.
    pub(super) fn choose(self) -> io::Result<Chosen> {
        let or_any = |usual: u16| match self {
            Self::Usual => hold(usual).or_else(|_| hold_any()),
            Self::Free => hold_any(),
        };
        // Held together, so that no two are the same.
        let (tls, clear, admin) = (or_any(8443)?, or_any(8080)?, or_any(9180)?);
        Ok(Chosen { tls: tls.address()?, clear: clear.address()?, admin: admin.address()? })
    }
}

struct Held(TcpListener, #[expect(dead_code, reason = "it keeps the port")] UdpSocket);

impl Held {
    fn address(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

/// The port for TCP and UDP. It must not be shared with another gateway, which would let us.
fn hold(port: u16) -> io::Result<Held> {
    let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
    let udp = UdpSocket::bind(tcp.local_addr()?)?;
    Ok(Held(tcp, udp))
}

fn hold_any() -> io::Result<Held> {
    let mut drawn = hold(0);
    for _ in 1..DRAWS {
        if drawn.is_ok() {
            break;
        }
        drawn = hold(0);
    }
    drawn
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_replaced() {
        let taken = hold_any().expect("some port is free");
        let port = taken.address().expect("it has an address").port();
        assert!(hold(port).is_err());
        // Somebody may have the usual ones: with them held here too, all three are replaced.
        let held = [hold(8443), hold(8080), hold(9180)];
        let chosen = Ports::Usual.choose().expect("some ports are free");
        for address in [chosen.tls, chosen.clear, chosen.admin] {
            assert!(![8443, 8080, 9180, port].contains(&address.port()), "{address}");
        }
        assert!(chosen.tls != chosen.clear && chosen.clear != chosen.admin && chosen.admin != chosen.tls);
        drop(held);
    }
}
