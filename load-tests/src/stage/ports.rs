//! Ports that are free.

use std::net::{SocketAddr, TcpListener, UdpSocket};

use crate::trouble::Trouble;

/// How often a port is tried whose number is taken for UDP: rarely once.
const ATTEMPTS: usize = 20;

/// Loopback addresses with different ports that are free, each for TCP and for UDP.
pub(crate) fn free_addresses<const N: usize>() -> Result<[SocketAddr; N], Trouble> {
    // Kept until all are found: a port that was given back could be found twice.
    let mut kept = Vec::with_capacity(N);
    while kept.len() < N {
        kept.push(free()?);
    }
    let addresses: Vec<_> = kept.iter().map(|(_, _, address)| *address).collect();
    Ok(addresses.try_into().expect("as many were found as were asked for"))
}

fn free() -> Result<(TcpListener, UdpSocket, SocketAddr), Trouble> {
    let refused = || Trouble::system("looking for a port");
    let mut left = ATTEMPTS;
    loop {
        let tcp = TcpListener::bind(("127.0.0.1", 0)).map_err(refused())?;
        let address = tcp.local_addr().map_err(refused())?;
        left -= 1;
        match UdpSocket::bind(address) {
            Ok(udp) => return Ok((tcp, udp, address)),
            Err(error) if left == 0 => return Err(refused()(error)),
            Err(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_differ_and_are_free() {
        let addresses: [_; 8] = free_addresses().expect("ports");
        for (index, address) in addresses.iter().enumerate() {
            assert!(!addresses[..index].contains(address), "{address} twice");
        }
        TcpListener::bind(addresses[0]).expect("a free port");
    }
}
