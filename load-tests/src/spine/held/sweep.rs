//! Clients that look at their sockets now and then.

use std::time::Duration;

use tokio::task::{JoinHandle, yield_now};

/// How long nobody looks. What comes meanwhile fits into the buffers of the sockets, and the kernel
/// hands over a thousand sockets at a time: 50,000 a second.
const NAP: Duration = Duration::from_millis(20);

/// As long as it lives the runtime of the clients, which has one thread, naps between two looks
/// instead of waiting for its sockets.
#[derive(Debug)]
pub(in crate::spine) struct Sweeps(JoinHandle<()>);

impl Sweeps {
    pub(in crate::spine) fn begin() -> Self {
        Self(tokio::spawn(async {
            loop {
                // A thread that waits elsewhere than in `epoll_wait` is not woken by a socket. It
                // blocks the runtime, and that is the purpose.
                std::thread::park_timeout(NAP);
                yield_now().await;
            }
        }))
    }
}

impl Drop for Sweeps {
    fn drop(&mut self) {
        self.0.abort();
    }
}
