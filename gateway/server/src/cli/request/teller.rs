//! What is shown, and where.

use std::fmt::Display;
use std::fs::File;
use std::io::{self, IsTerminal, Write};

use downstream::Protocol;
use http::{Method, Response, Uri};
use tokio::time::Instant;

use super::bar::Bar;
use super::order::{Order, Showing};
use super::{lines, plain};

/// A head, and what it came in answer to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Told<'a> {
    pub(super) protocol: Protocol,
    pub(super) method: &'a Method,
    pub(super) uri: &'a Uri,
    pub(super) head: &'a Response<()>,
}

/// Tells the user.
#[derive(Debug)]
pub(super) struct Teller {
    start: Instant,
    face: Face,
    sink: Sink,
    output: Output,
    monitor: Option<Uri>,
}

/// Whether some of the content is out, and cannot be taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Output {
    Untouched,
    Begun,
}

/// Where heads are shown.
#[derive(Debug)]
enum Face {
    Bar(Bar),
    Lines,
    Json,
}

/// Where content goes.
#[derive(Debug)]
enum Sink {
    File(File),
    /// As it is.
    Pipe,
    /// Without what a terminal obeys; with the octet before.
    Terminal(u8),
    /// Nowhere: standard output has the heads.
    Nowhere,
}

impl Teller {
    /// Fails if the file for the content cannot be made.
    pub(super) fn new(order: &Order) -> io::Result<Self> {
        let sink = match &order.output {
            Some(file) => Sink::File(
                File::create(file)
                    .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", file.display())))?,
            ),
            None if order.showing == Showing::Json => Sink::Nowhere,
            None if io::stdout().is_terminal() => Sink::Terminal(0),
            None => Sink::Pipe,
        };
        let face = match order.showing {
            Showing::Bar => Face::Bar(Bar::new()),
            Showing::Lines => Face::Lines,
            Showing::Json => Face::Json,
        };
        Ok(Self { start: Instant::now(), face, sink, output: Output::Untouched, monitor: None })
    }

    /// Remembers the status URI, for whoever is interrupted.
    pub(super) fn learn(&mut self, uri: Uri) {
        self.monitor = Some(uri);
    }

    /// The status URI, if one is known.
    pub(super) fn monitor(&self) -> Option<&Uri> {
        self.monitor.as_ref()
    }

    /// Whether some of the content is out.
    pub(super) fn output(&self) -> Output {
        self.output
    }

    /// A head has come.
    pub(super) fn head(&mut self, told: &Told<'_>) -> io::Result<()> {
        let elapsed = self.start.elapsed();
        match &self.face {
            Face::Json => {
                let mut out = io::stdout().lock();
                out.write_all(lines::json(told, elapsed).as_bytes())?;
                out.flush()
            }
            Face::Lines => {
                say(&lines::text(told, elapsed));
                Ok(())
            }
            Face::Bar(bar) => {
                if let Some(reported) = lines::reported(told.head) {
                    bar.show(&reported);
                }
                if !told.head.status().is_informational() {
                    bar.note(&lines::text(told, elapsed));
                }
                Ok(())
            }
        }
    }

    /// From here on the status document is asked.
    pub(super) fn following(&self, uri: &Uri) {
        self.remark(&format!("following {}", plain::text(&uri.to_string())));
    }

    /// Something has failed, which is not yet the end.
    pub(super) fn note(&self, error: &dyn Display) {
        self.remark(&format!("{}; asking again", plain::text(&error.to_string())));
    }

    /// Content of the final response.
    pub(super) fn content(&mut self, octets: &[u8]) -> io::Result<()> {
        self.rest();
        self.output = Output::Begun;
        match &mut self.sink {
            Sink::File(file) => file.write_all(octets),
            Sink::Pipe => io::stdout().lock().write_all(octets),
            Sink::Terminal(before) => io::stdout().lock().write_all(&plain::content(octets, before)),
            Sink::Nowhere => Ok(()),
        }
    }

    /// Nothing more is drawn.
    pub(super) fn rest(&self) {
        if let Face::Bar(bar) = &self.face {
            bar.clear();
        }
    }

    /// Everything is out.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        if let Sink::File(file) = &mut self.sink {
            file.flush()?;
        }
        io::stdout().lock().flush()
    }

    fn remark(&self, line: &str) {
        match &self.face {
            Face::Json => {}
            Face::Lines => say(line),
            Face::Bar(bar) => bar.note(line),
        }
    }
}

fn say(line: &str) {
    // Whoever closed standard error does not want to know.
    let _ = writeln!(io::stderr(), "{line}");
}
