//! Ports that people remember, where they are free.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};

/// Where the gateway of a demo listens, always on 127.0.0.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ports {
    /// 8443, 8080 and 9180, each replaced if it is taken.
    Usual,
    /// Whatever is free.
    Free,
}

/// TLS (TCP and UDP), cleartext, admin.
pub(super) const USUAL: [u16; 3] = [8443, 8080, 9180];

impl Ports {
    /// The addresses to ask for, in the order of [`USUAL`]; port 0 leaves the choice to the system.
    pub(super) fn choose(self) -> [SocketAddr; 3] {
        USUAL.map(|usual| {
            let port = if self == Self::Usual && is_free(usual) { usual } else { 0 };
            SocketAddr::from((Ipv4Addr::LOCALHOST, port))
        })
    }
}

/// Whether nobody has the port. Binding it is not enough to know: gateways of one user can share a
/// port, and each would get some of the other's clients.
fn is_free(port: u16) -> bool {
    let address = (Ipv4Addr::LOCALHOST, port);
    TcpListener::bind(address).is_ok() && UdpSocket::bind(address).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_not_asked_for() {
        // Where one cannot be held here, somebody else has it.
        let held: Vec<_> = USUAL.iter().map(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port))).collect();
        assert!(Ports::Usual.choose().iter().all(|address| address.port() == 0));
        assert!(Ports::Free.choose().iter().all(|address| address.port() == 0));
        drop(held);
    }

    #[test]
    fn a_port_is_taken_by_either_transport() {
        let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("some port is free");
        assert!(!is_free(tcp.local_addr().expect("it has an address").port()));
        let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("some port is free");
        assert!(!is_free(udp.local_addr().expect("it has an address").port()));
    }
}
