//! What the kernel still holds of what a socket has sent: system calls on a descriptor that somebody else
//! owns.
#![expect(unsafe_code, reason = "ioctl(SIOCOUTQ) and getpeername; see `Descriptor`")]

use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, RawFd};

use tokio::net::TcpStream;

/// Whether this platform tells.
pub(super) const TELLS: bool = cfg!(any(target_os = "linux", target_os = "android"));

#[expect(clippy::cast_possible_truncation, reason = "128 octets")]
const SIZE_OF_ADDRESS: libc::socklen_t = size_of::<libc::sockaddr_storage>() as libc::socklen_t;

/// The descriptor of a socket that whoever holds this keeps open.
#[derive(Debug)]
pub(super) struct Descriptor(RawFd);

impl Descriptor {
    /// The descriptor of `stream`. It must be dropped before the stream is.
    pub(super) fn of(stream: &TcpStream) -> Self {
        Self(stream.as_raw_fd())
    }

    /// Octets that were sent and not acknowledged, and those that wait to be sent (tcp(7),
    /// `SIOCOUTQ`). `None`: the socket does not know.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub(super) fn queued(&self) -> Option<u64> {
        let mut queued: libc::c_int = 0;
        // SAFETY: SIOCOUTQ (TIOCOUTQ by its other name) writes one int to the address that follows, and
        // keeps nothing; `queued` is one, and outlives the call. Any descriptor will do for soundness: the
        // kernel refuses one that is not open, or not a socket. That it is the right one is up to whoever
        // drops this before the stream.
        let result = unsafe { libc::ioctl(self.0, libc::TIOCOUTQ, &raw mut queued) };
        if result == 0 { u64::try_from(queued).ok() } else { None }
    }

    /// Whether the connection has ended for both sides, as by a reset: it has no peer any more (tcp(7),
    /// getpeername(2)).
    pub(super) fn is_over(&self) -> bool {
        let mut peer = MaybeUninit::<libc::sockaddr_storage>::uninit();
        let mut size = SIZE_OF_ADDRESS;
        // SAFETY: getpeername writes at most `size` octets to the address that it is given, and the size to
        // the other; both outlive the call, and nothing is read from them. Any descriptor will do, as for
        // `queued`.
        unsafe { libc::getpeername(self.0, peer.as_mut_ptr().cast(), &raw mut size) != 0 }
    }

    /// Not on this platform.
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    pub(super) fn queued(&self) -> Option<u64> {
        None
    }
}
