//! The access log of all gateways of this process, and how a test finds its own line: by its trace.

use std::io;
use std::sync::{Arc, Condvar, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tracing_subscriber::fmt::MakeWriter;

/// How long a line may take after its response.
const PATIENCE: Duration = Duration::from_secs(20);

/// Access lines, and everything that our own rooms say.
const FILTER: &str = "off,access=info,progress_gateway=trace,status_store=trace,downstream=trace,\
    h1_adapter=trace,h2_adapter=trace,h3_adapter=trace";

/// The access log; reading it begins it.
static LOG: LazyLock<Log> = LazyLock::new(|| {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(FILTER)
        .json()
        .flatten_event(true)
        .with_writer(log.clone())
        .finish();
    tracing::subscriber::set_global_default(subscriber).expect("no other subscriber in this process");
    log
});

#[derive(Clone, Default)]
struct Log(Arc<(Mutex<String>, Condvar)>);

/// Begins to keep lines; to be called before the first request.
pub fn keep() {
    LazyLock::force(&LOG);
}

/// The line of the exchange in this trace, once it is there.
pub async fn line_of(trace: &str) -> Value {
    let trace = trace.to_owned();
    let found = tokio::task::spawn_blocking(move || LOG.line_with(&trace));
    serde_json::from_str(&found.await.expect("the wait ends")).expect("a JSON object")
}

/// Every line so far that has this in it.
pub fn mentions(part: &str) -> Vec<String> {
    let lines = LOG.0.0.lock().unwrap_or_else(PoisonError::into_inner);
    lines.lines().filter(|line| line.contains(part)).map(str::to_owned).collect()
}

impl Log {
    fn line_with(&self, part: &str) -> String {
        let (lines, changed) = &*self.0;
        let lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
        let is_ours = |line: &&str| line.contains("\"target\":\"access\"") && line.contains(part);
        let is_missing = |lines: &mut String| !lines.lines().any(|line| is_ours(&line));
        let (lines, waited) =
            changed.wait_timeout_while(lines, PATIENCE, is_missing).unwrap_or_else(PoisonError::into_inner);
        assert!(!waited.timed_out(), "no line of {part} in:\n{lines}");
        let mut with = lines.lines().filter(is_ours);
        let line = with.next().expect("it was there").to_owned();
        assert_eq!(with.next(), None, "one line per final response");
        line
    }
}

impl io::Write for Log {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        let (lines, changed) = &*self.0;
        lines.lock().unwrap_or_else(PoisonError::into_inner).push_str(&String::from_utf8_lossy(octets));
        changed.notify_all();
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
