//! Which room may know which: `gateway/ARCHITECTURE.md` as a table.

use crate::paths;
use crate::sources::Source;

/// The crates of the workspace, by directory.
pub(crate) const ROOMS: &[&str] = &[
    "gateway/core",
    "gateway/store",
    "gateway/server",
    "protocol-adapters/downstream",
    "protocol-adapters/h1",
    "protocol-adapters/h2",
    "protocol-adapters/h3",
    "load-tests",
];

const ADAPTERS: &[&str] = &["h1_adapter", "h2_adapter", "h3_adapter"];

/// What reads a clock, opens a socket or rolls dice.
const IMPURE: &[&str] = &[
    "tokio",
    "tracing",
    "rand",
    "getrandom",
    "futures_util",
    "socket2",
    "libc",
    "rustls",
    "quinn",
    "h2",
    "h3",
    "std::fs",
    "std::net",
    "std::process",
    "std::thread",
    "std::env",
    "std::time::SystemTime",
    "jiff::Timestamp::now",
    "jiff::Zoned::now",
    "Timestamp::now",
    "Zoned::now",
];

/// One room (a directory, or a module as file and directory) and the paths that it may not name.
pub(crate) struct Wall {
    pub(crate) room: &'static str,
    pub(crate) forbidden: &'static [&'static [&'static str]],
}

/// The walls. A path is forbidden with everything below it.
pub(crate) const WALLS: &[Wall] = &[
    Wall {
        room: "gateway/core",
        forbidden: &[IMPURE, ADAPTERS, &["downstream", "status_store", "progress_gateway"]],
    },
    Wall { room: "gateway/store", forbidden: &[ADAPTERS, &["downstream", "progress_gateway"]] },
    Wall {
        room: "protocol-adapters/downstream",
        forbidden: &[ADAPTERS, &["status_store", "progress_gateway"]],
    },
    Wall {
        room: "protocol-adapters/h1",
        forbidden: &[&["h2_adapter", "h3_adapter", "status_store", "progress_gateway"]],
    },
    Wall {
        room: "protocol-adapters/h2",
        forbidden: &[&["h1_adapter", "h3_adapter", "status_store", "progress_gateway"]],
    },
    Wall {
        room: "protocol-adapters/h3",
        forbidden: &[&["h1_adapter", "h2_adapter", "status_store", "progress_gateway"]],
    },
    Wall { room: "load-tests", forbidden: &[ADAPTERS, &["downstream", "progress_gateway"]] },
    Wall { room: "gateway/server/src/listen", forbidden: &[&["status_store", "crate::operations"]] },
    Wall { room: "gateway/server/src/upstream", forbidden: &[&["status_store"]] },
    Wall {
        room: "gateway/server/src/config",
        forbidden: &[&["tokio", "quinn", "crate::listen", "crate::upstream", "crate::operations"]],
    },
];

/// The only rooms of the server that name an adapter.
const ADAPTER_ROOMS: &[&str] = &[
    "gateway/server/src/listen",
    "gateway/server/src/upstream",
    "gateway/server/src/client",
    "gateway/server/src/ingest",
];

/// The only room of the load tests that names the store: it fills one before a gateway is measured on it.
const STORE_ROOM: &str = "load-tests/src/spine/stored";

pub(crate) fn offences(source: &Source) -> Vec<String> {
    if !source.is_production() {
        return Vec::new();
    }
    let forbidden = forbidden(&source.path);
    let mut offences: Vec<String> = paths::named(&source.text)
        .iter()
        .filter(|path| forbidden.iter().any(|wall| is_within(path, wall)))
        .map(|path| format!("{}: `{path}` is behind a wall", source.path))
        .collect();
    offences.dedup();
    offences
}

/// Everything that the file at `path` may not name.
fn forbidden(path: &str) -> Vec<&'static str> {
    let walls = WALLS.iter().filter(|wall| is_in(path, wall.room));
    let mut forbidden: Vec<&str> = walls.flat_map(|wall| wall.forbidden.concat()).collect();
    if is_in(path, "gateway/server") && !ADAPTER_ROOMS.iter().any(|room| is_in(path, room)) {
        forbidden.extend(ADAPTERS);
    }
    if is_in(path, "load-tests") && !is_in(path, STORE_ROOM) {
        forbidden.push("status_store");
    }
    forbidden
}

/// Whether a file belongs to a room: lies in its directory, or is the module file beside it.
fn is_in(path: &str, room: &str) -> bool {
    path.strip_prefix(room).is_some_and(|rest| rest.starts_with('/') || rest == ".rs")
}

fn is_within(path: &str, wall: &str) -> bool {
    path.strip_prefix(wall).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

#[test]
fn each_wall_is_noticed_when_crossed() {
    for (path, text) in [
        ("gateway/core/src/pacing.rs", "use tokio::time::Instant;"),
        ("gateway/core/src/lib.rs", "use std::{fmt, net::TcpStream};"),
        ("gateway/core/src/document.rs", "fn f() { let now = Timestamp::now(); }"),
        ("gateway/core/src/prefer.rs", "fn f() { tracing::info!(\"x\"); }"),
        ("gateway/store/src/memory.rs", "use downstream::Handler;"),
        ("protocol-adapters/downstream/src/drive.rs", "use h1_adapter::serve;"),
        ("protocol-adapters/h1/src/server.rs", "use h2_adapter::serve;"),
        ("protocol-adapters/h2/src/lib.rs", "use status_store::Store;"),
        ("protocol-adapters/h3/src/lib.rs", "pub use progress_gateway as gateway;"),
        ("load-tests/src/readers.rs", "use h1_adapter::client;"),
        ("load-tests/src/spine/running.rs", "use status_store::Store;"),
        ("gateway/server/src/handler.rs", "use h2_adapter::serve;"),
        ("gateway/server/src/operations/task.rs", "fn f() { h1_adapter::client::call(); }"),
        ("gateway/server/src/listen/tcp.rs", "use crate::operations::Operations;"),
        ("gateway/server/src/upstream.rs", "use status_store::Store;"),
        ("gateway/server/src/config/file.rs", "use tokio::net::TcpListener;"),
    ] {
        assert_eq!(offences(&Source::made_up(path, text)).len(), 1, "{path}: {text}");
    }
}

#[test]
fn what_the_table_allows_is_allowed() {
    for (path, text) in [
        ("gateway/core/src/progress.rs", "use http::HeaderValue; use std::time::{Duration, Instant};"),
        ("gateway/core/src/progress.rs", "#[cfg(test)] mod tests { use std::fs; }"),
        ("gateway/core/tests/vectors.rs", "use std::fs;"),
        ("protocol-adapters/h1/src/lib.rs", "use downstream::Handler; use progress_core::Progress;"),
        ("gateway/server/src/listen.rs", "use h3_adapter::serve;"),
        ("gateway/server/src/upstream/http1.rs", "use h1_adapter::client;"),
        ("gateway/server/src/listening.rs", "use status_store::Store;"),
        ("load-tests/src/spine/stored/fill.rs", "use status_store::EmbeddedStore;"),
        ("gateway/core/src/pacing.rs", "use tokio_like::x; mod a { use crate::h2::b; }"),
    ] {
        assert_eq!(offences(&Source::made_up(path, text)), Vec::<String>::new(), "{path}: {text}");
    }
}
