//! Sockets.

use std::io;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::num::NonZeroUsize;
use std::time::Duration;

use socket2::{Domain, Protocol, SockRef, Socket, TcpKeepalive, Type};

use super::{DoorPlan, ListenError};
use crate::config::Protocol as Wire;

/// Connections that the kernel completes before we accept them.
const BACKLOG: i32 = 4096;

/// After how much silence a client is probed, how often, and how many probes may stay unanswered: a
/// client that vanished while it waited is noticed after two minutes, and its seat is free.
const SILENCE: Duration = Duration::from_secs(60);
const PROBE: Duration = Duration::from_secs(15);
const PROBES: u32 = 4;

/// How long octets that were sent may stay unacknowledged: the same two minutes for a client that
/// vanished while it was being told something. The kernel's own patience is a quarter of an hour.
const VANISHED: Duration = Duration::from_secs(120);

/// How often another port is tried when the one that the system chose for TCP is taken for UDP.
const ATTEMPTS: usize = 16;

/// Octets of datagrams that the kernel keeps for us: about 10 ms at 1.6 Gbit/s. Half of it
/// is what a system grants by default; less is no error.
const DATAGRAM_BUFFER: usize = 2 * 1024 * 1024;

/// The sockets of one listener.
#[derive(Debug)]
pub(super) struct Bound {
    /// The address, with the port that it really has.
    pub(super) address: SocketAddr,
    /// One per worker.
    pub(super) tcp: Vec<TcpListener>,
    /// For HTTP/3, if the listener has it.
    pub(super) udp: Option<UdpSocket>,
}

/// Binds the sockets of a listener.
pub(super) fn bind(door: &DoorPlan, workers: NonZeroUsize) -> Result<Bound, ListenError> {
    let mut attempts = if door.address.port() == 0 { ATTEMPTS } else { 1 };
    loop {
        attempts -= 1;
        match once(door, workers) {
            Err(ListenError::Bind { transport: "udp", source, .. })
                if attempts > 0 && source.kind() == io::ErrorKind::AddrInUse => {}
            result => return result,
        }
    }
}

fn once(door: &DoorPlan, workers: NonZeroUsize) -> Result<Bound, ListenError> {
    let refused = |transport| move |source| ListenError::Bind { address: door.address, transport, source };
    let sockets = streams(door.address, workers).map_err(refused("tcp"))?;
    let address = address_of(&sockets[0]).map_err(refused("tcp"))?;
    let udp = door.protocols.contains(Wire::H3).then(|| datagrams(address)).transpose();
    let udp = udp.map_err(refused("udp"))?;
    sockets.iter().try_for_each(|socket| socket.listen(BACKLOG)).map_err(refused("tcp"))?;
    Ok(Bound { address, tcp: sockets.into_iter().map(TcpListener::from).collect(), udp })
}

/// One socket per worker on one port. The first is bound alone, so that a port on which somebody
/// else listens is an error and not shared; then the others join it.
fn streams(address: SocketAddr, workers: NonZeroUsize) -> io::Result<Vec<Socket>> {
    let first = stream(address)?;
    first.bind(&address.into())?;
    first.set_reuse_port(true)?;
    let address = address_of(&first)?;
    let mut sockets = vec![first];
    for _ in 1..workers.get() {
        let socket = stream(address)?;
        socket.set_reuse_port(true)?;
        socket.bind(&address.into())?;
        sockets.push(socket);
    }
    Ok(sockets)
}

fn stream(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // After a restart, connections of the last run still linger on the port.
    socket.set_reuse_address(true)?;
    // What follows is inherited by every connection: on Linux no connection has to be asked again.
    // Heads are small and want to leave at once.
    socket.set_tcp_nodelay(true)?;
    let probes = TcpKeepalive::new().with_time(SILENCE).with_interval(PROBE).with_retries(PROBES);
    socket.set_tcp_keepalive(&probes)?;
    socket.set_tcp_user_timeout(Some(VANISHED))?;
    prepare(&socket, address)?;
    Ok(socket)
}

fn datagrams(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    prepare(&socket, address)?;
    socket.bind(&address.into())?;
    let buffers = SockRef::from(&socket);
    let sized =
        buffers.set_recv_buffer_size(DATAGRAM_BUFFER).and(buffers.set_send_buffer_size(DATAGRAM_BUFFER));
    if let Err(error) = sized {
        tracing::debug!(%address, %error, "datagram buffers keep their default size");
    }
    Ok(socket.into())
}

fn prepare(socket: &Socket, address: SocketAddr) -> io::Result<()> {
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_nonblocking(true)
}

fn address_of(socket: &Socket) -> io::Result<SocketAddr> {
    socket.local_addr()?.as_socket().ok_or_else(|| io::ErrorKind::AddrNotAvailable.into())
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;

    use super::*;
    use crate::config::Protocols;

    fn door(port: u16, protocols: Protocols) -> DoorPlan {
        DoorPlan { address: SocketAddr::from(([127, 0, 0, 1], port)), protocols, identity: None }
    }

    const TWO: NonZeroUsize = NonZeroUsize::new(2).unwrap();

    #[test]
    fn all_sockets_of_a_listener_have_one_port() {
        let bound = bind(&door(0, Protocols::OVER_TLS), TWO).unwrap();
        assert_ne!(bound.address.port(), 0);
        assert_eq!(bound.tcp.len(), 2);
        for socket in &bound.tcp {
            assert_eq!(socket.local_addr().unwrap(), bound.address);
        }
        assert_eq!(bound.udp.unwrap().local_addr().unwrap(), bound.address);
    }

    #[test]
    fn connections_inherit_what_the_listener_was_told() {
        let bound = bind(&door(0, Protocols::CLEARTEXT), NonZeroUsize::MIN).unwrap();
        let _client = TcpStream::connect(bound.address).unwrap();
        let (connection, _) = bound.tcp[0].accept().unwrap();
        let connection = SockRef::from(&connection);
        assert!(connection.tcp_nodelay().unwrap() && connection.keepalive().unwrap());
        assert_eq!(connection.tcp_keepalive_time().unwrap(), SILENCE);
        assert_eq!(connection.tcp_keepalive_interval().unwrap(), PROBE);
        assert_eq!(connection.tcp_keepalive_retries().unwrap(), PROBES);
        assert_eq!(connection.tcp_user_timeout().unwrap(), Some(VANISHED));
    }

    #[test]
    fn a_port_that_somebody_else_has_is_an_error_and_not_shared() {
        let theirs = bind(&door(0, Protocols::CLEARTEXT), TWO).unwrap();
        let error = bind(&door(theirs.address.port(), Protocols::CLEARTEXT), TWO).unwrap_err().to_string();
        assert!(error.starts_with(&format!("{}: cannot listen (tcp): ", theirs.address)), "{error}");
        assert!(error.contains("in use"), "{error}");
    }

    #[test]
    fn a_taken_datagram_port_is_an_error_if_the_port_is_given() {
        let refused = || {
            let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
            let port = taken.local_addr().unwrap().port();
            bind(&door(port, Protocols::OVER_TLS), TWO).unwrap_err().to_string()
        };
        // Another test may have the same number for TCP just then: that says nothing.
        let mut errors = std::iter::repeat_with(refused).take(100);
        assert!(errors.any(|error| error.contains("cannot listen (udp)")));
    }
}
