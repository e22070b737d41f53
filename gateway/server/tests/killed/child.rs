//! The process that is killed: this test program once more, as a whole gateway.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use downstream::Drain;
use progress_gateway::operations::point;
use progress_gateway::{config, gateway};
use status_store::{Bounds, EmbeddedStore, Store};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::subscriber::Interest;
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::Registry;

/// Where the child's store is; set in the child alone, like the others.
pub const DIRECTORY: &str = "PROGRESS_GATEWAY_KILLED_DIRECTORY";

/// The address of its origin.
pub const ORIGIN: &str = "PROGRESS_GATEWAY_KILLED_ORIGIN";

/// The point at which it kills itself, and at which passing of it: `finishing:3`. Empty: it does not.
pub const POINT: &str = "PROGRESS_GATEWAY_KILLED_POINT";

/// Set if its store keeps nothing.
pub const VOLATILE: &str = "PROGRESS_GATEWAY_KILLED_VOLATILE";

const CONFIGURATION: &str = r#"
public-url = "http://gateway.example"
[[listeners]]
address = "127.0.0.1:0"
protocols = ["http/1.1"]
[callback]
address = "127.0.0.1:0"
url = "http://callback.example"
[store]
kind = "embedded"
path = "DIRECTORY"
[[upstreams]]
name = "origin"
servers = ["http://ORIGIN"]
[[routes]]
name = "again"
match = { path = "/jobs/again" }
upstream = "origin"
[routes.progress]
interim-after = "1ms"
minimum-interval = "5ms"
on-restart = "resend"
[[routes]]
name = "jobs"
match = { path = "/jobs" }
upstream = "origin"
[routes.progress]
interim-after = "1ms"
minimum-interval = "5ms"
heartbeat-interval = "1s"
"#;

/// Kills its own process at the n-th passing of a point.
struct Gallows {
    point: String,
    left: AtomicU32,
}

/// The name of a point event's point.
#[derive(Default)]
struct Named(Option<String>);

/// Whether this process is the child.
pub fn is_child() -> bool {
    std::env::var_os(DIRECTORY).is_some()
}

/// Lives until it is killed.
pub async fn live() {
    if let Some((point, passing)) = std::env::var(POINT).ok().as_deref().and_then(|at| at.split_once(':')) {
        let left = AtomicU32::new(passing.parse().expect("a number"));
        let gallows = Gallows { point: point.to_owned(), left };
        tracing::subscriber::set_global_default(Registry::default().with(gallows)).expect("there is none");
    }
    let directory = PathBuf::from(std::env::var_os(DIRECTORY).expect("this is the child"));
    let origin = std::env::var(ORIGIN).expect("set beside the directory");
    let store = directory.join("store");
    let text = CONFIGURATION.replace("DIRECTORY", &store.to_string_lossy()).replace("ORIGIN", &origin);
    let settings = config::parse(&text, Path::new("killed.toml")).expect("a valid configuration");
    let running = if std::env::var_os(VOLATILE).is_some() {
        let bounds = Bounds {
            maximum_operations: 100_000,
            maximum_size: 1 << 30,
            retention: Duration::from_hours(24),
        };
        let store = EmbeddedStore::open_volatile(&store, bounds).expect("a store");
        gateway::start_with(&settings, Store::Embedded(store), Drain::new()).await
    } else {
        gateway::start(&settings, Drain::new()).await
    };
    let running = running.expect("the gateway starts");
    let (address, desk) = (running.addresses()[0], running.callback_address().expect("it is configured"));
    let mut out = std::io::stdout().lock();
    writeln!(out, "@ {address} {desk}").and_then(|()| out.flush()).expect("somebody listens");
    // Whoever started it may be killed as well.
    std::thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(1);
    });
    std::future::pending::<()>().await;
}

// === impl Gallows ===

impl<S: Subscriber> Layer<S> for Gallows {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        let targets = [point::TARGET, status_store::point::TARGET];
        if targets.contains(&metadata.target()) { Interest::always() } else { Interest::never() }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::TRACE)
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut named = Named::default();
        event.record(&mut named);
        if named.0.as_ref() == Some(&self.point) && self.left.fetch_sub(1, Ordering::Relaxed) == 1 {
            let killed =
                rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
            unreachable!("kill -9 came back: {killed:?}");
        }
    }
}

// === impl Named ===

impl Visit for Named {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == point::FIELD {
            self.0 = Some(value.to_owned());
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}
