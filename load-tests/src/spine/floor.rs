//! What the kernel takes for one small write to each of many connections: no head over HTTP/1.1 can
//! cost less, because each has a connection of its own.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::process::thread_cpu;
use super::stage::{Stage, pin_this_thread};
use super::{Figure, Report, Trouble};

/// As long as a bare 102 in a TLS 1.3 record: 27 octets of head, one of type, 5 and 16 around them,
/// and a little.
const SIZE: usize = 60;
/// Writes to each connection: they fit into the buffers of the socket.
const ROUNDS: u64 = 20;
/// How long the reader does not look: see [`super::held::Attention::Sweeping`].
const NAP: Duration = Duration::from_millis(20);

/// Measures it with so many loopback connections.
///
/// # Errors
///
/// See [`Trouble`].
pub async fn measure(count: u64) -> Result<Report, Trouble> {
    // Everything but the writer is on the other core.
    let stage = Stage::new().await?;
    let (mut near, far) = connections(count)?;
    let done = AtomicBool::new(false);
    let cpu = thread::scope(|scope| {
        scope.spawn(|| read(far, &done));
        let writer = scope.spawn(|| {
            let cpu = write(&mut near, &stage);
            done.store(true, Ordering::Release);
            cpu
        });
        writer.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })?;
    let each = cpu.as_secs_f64() * 1e6 / f64::from(u32::try_from(count * ROUNDS).unwrap_or(u32::MAX));
    Ok(Report {
        title: format!("floor: {SIZE} octets to each of {count} connections, {ROUNDS} times, no TLS"),
        figures: vec![Figure::new("CPU per write", each, "µs")],
        notes: stage.notes(),
    })
}

fn connections(count: u64) -> Result<(Vec<TcpStream>, Vec<TcpStream>), Trouble> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(Trouble::system("binding"))?;
    let address = listener.local_addr().map_err(Trouble::system("binding"))?;
    let pair = |_| {
        let far = TcpStream::connect(address)?;
        let (near, _) = listener.accept()?;
        near.set_nodelay(true)?;
        far.set_nonblocking(true)?;
        Ok((near, far))
    };
    let pairs: std::io::Result<Vec<_>> = (0..count).map(pair).collect();
    Ok(pairs.map_err(Trouble::system("connecting"))?.into_iter().unzip())
}

fn write(connections: &mut [TcpStream], stage: &Stage) -> Result<Duration, Trouble> {
    pin_this_thread(stage.pinning())?;
    let before = thread_cpu()?;
    for _ in 0..ROUNDS {
        for connection in &mut *connections {
            connection.write_all(&[0; SIZE]).map_err(Trouble::system("writing"))?;
        }
    }
    Ok(thread_cpu()?.saturating_sub(before))
}

fn read(mut connections: Vec<TcpStream>, done: &AtomicBool) {
    let mut octets = [0; 4096];
    while !done.load(Ordering::Acquire) {
        thread::park_timeout(NAP);
        for connection in &mut connections {
            // Nothing there, or nobody: the writer would notice.
            let _ = connection.read(&mut octets);
        }
    }
}
