//! `progress-gateway demo`: an origin with slow jobs, the gateway, and a tour over every protocol.
//!
//! | room | does |
//! |---|---|
//! | `site` | origin and gateway, on ports that are free; `ports`, `folder` |
//! | `origin` | the origin: a report takes its time and tells how far it is |
//! | `client` | calls of the gateway, made by `crate::client` |
//! | `http1` | heads and content of HTTP/1, as the origin reads them |
//! | `tour` | one job over each protocol, and what has to be seen |
//! | `screen` | how it looks |

mod client;
mod folder;
mod http1;
mod origin;
mod ports;
mod screen;
mod site;
mod tour;

use std::io;
use std::time::Duration;

use futures_util::{Stream, StreamExt};

pub use ports::Ports;
pub use screen::{Colours, Screen};

use crate::config::ConfigErrors;
use crate::gateway::StartError;
use crate::signals::Signal;
use site::Site;

/// What to show.
#[derive(Clone, Copy, Debug)]
pub struct Demo {
    /// What comes after the tour.
    pub after: After,
    /// How long the origin works on each of the five steps of a report.
    pub step: Duration,
    /// Where the gateway listens.
    pub ports: Ports,
}

/// What comes after the tour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// Nothing.
    End,
    /// The gateway serves until it is stopped.
    Serve,
}

/// Whether every protocol saw what it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It did.
    AsPromised,
    /// It did not; the screen says what was missed.
    Otherwise,
}

/// Why there was no tour.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// Machine: no socket, no file, no runtime.
    #[error("the system refuses: {0}")]
    System(#[from] io::Error),
    /// Machine: no certificate can be trusted.
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
    /// Gateway: it does not take the demo's configuration, which is a defect.
    #[error("{0}")]
    Configuration(#[from] ConfigErrors),
    /// Gateway or machine: it does not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// Operator: stopped before the tour was over.
    #[error("stopped before the tour was over")]
    Stopped,
}

impl Default for Demo {
    fn default() -> Self {
        Self { after: After::Serve, step: Duration::from_secs(1), ports: Ports::Usual }
    }
}

/// Shows the tour on `screen`, and serves after it if that is wanted, until `signals` say stop.
/// To be called within a runtime.
pub async fn run<S>(demo: Demo, screen: &mut Screen<'_>, mut signals: S) -> Result<Verdict, DemoError>
where
    S: Stream<Item = Signal> + Unpin,
{
    let site = Site::open(demo).await?;
    screen.welcome(&site.sights());
    let verdict = tokio::select! {
        verdict = tour::take(&site, screen) => verdict,
        () = stopped(&mut signals) => return Err(DemoError::Stopped),
    };
    screen.verdict(verdict);
    if demo.after == After::Serve {
        screen.suggestions(&site.sights());
        site.serve(signals).await;
    }
    Ok(verdict)
}

/// Ready at the first stop; never if whoever sends signals has gone away.
async fn stopped<S: Stream<Item = Signal> + Unpin>(signals: &mut S) {
    loop {
        match signals.next().await {
            Some(Signal::Stop) => return,
            Some(Signal::Reload) => {}
            None => std::future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The whole tour with real sockets: the same that `demo --once` shows, with faster reports.
    #[tokio::test]
    async fn every_protocol_sees_what_it_should() {
        let mut shown = Vec::new();
        let demo = Demo { after: After::End, step: Duration::from_millis(300), ports: Ports::Free };
        let mut screen = Screen::new(&mut shown, Colours::None);
        let verdict = run(demo, &mut screen, futures_util::stream::pending()).await;
        let verdict = verdict.expect("there is a tour");
        let shown = String::from_utf8(shown).expect("it is text");
        assert_eq!(verdict, Verdict::AsPromised, "{shown}");
        for protocol in ["HTTP/1.0", "HTTP/1.1", "HTTP/2", "HTTP/3"] {
            assert!(shown.contains(protocol), "{protocol} is missing: {shown}");
        }
        assert!(shown.contains("Progress: 3/5 (Summing up)"), "{shown}");
        assert!(!shown.contains('\u{1b}'), "colours were not wanted: {shown:?}");
    }

    #[tokio::test]
    async fn a_stop_ends_the_tour_at_once() {
        let demo = Demo { after: After::Serve, step: Duration::from_secs(60), ports: Ports::Free };
        let stop = futures_util::stream::iter([Signal::Reload, Signal::Stop]);
        let mut shown = Vec::new();
        let outcome = run(demo, &mut Screen::new(&mut shown, Colours::None), stop).await;
        assert!(matches!(outcome, Err(DemoError::Stopped)), "{outcome:?}");
    }
}
