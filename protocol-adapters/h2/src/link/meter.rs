//! Reads the frame headers of what a client sends (RFC 9113 4.1).
//!
//! `h2` answers every PING and SETTINGS and takes every `WINDOW_UPDATE` and unknown frame, millions
//! a second, without limit (H2-06). The meter counts such frames. A request head, or a kibibyte of
//! content in either direction, is progress and clears the count: a client that downloads must
//! open windows, and one that uploads may send PINGs to learn its bandwidth.

use std::time::{Duration, Instant};

use crate::Excess;

/// Control frames that a client may send in one [`SPAN`] without progress (H2-06).
const MAX_CONTROL: u32 = 1_000;

/// The time that control frames are counted over (H2-06).
const SPAN: Duration = Duration::from_secs(10);

/// Content that counts as progress. Windows of one octet buy nothing: a frame for each of them
/// spends the budget before the kibibyte is through.
const PROGRESS: usize = 1024;

const PREFACE_SIZE: u8 = 24;
const HEAD_SIZE: u8 = 9;
const ENTRY_SIZE: u8 = 6;
const ACK: u8 = 0x1;
const END_HEADERS: u8 = 0x4;
const MAX_HEADER_LIST_SIZE: u16 = 0x6;

/// The state of one connection's read side.
#[derive(Debug)]
pub(super) struct FrameMeter {
    at: Place,
    /// Control frames since the last progress, or since the span began.
    control: u32,
    /// Those of them that had come by the last judgement.
    judged: u32,
    span: Option<Instant>,
    /// Octets of content since the last progress.
    content: usize,
    /// Request heads that have begun.
    heads: u64,
    head_open: bool,
    peer_list_size: u32,
}

/// What the next octet belongs to.
#[derive(Clone, Copy, Debug)]
enum Place {
    Preface { left: u8 },
    Head { octets: [u8; HEAD_SIZE as usize], filled: u8 },
    Payload { left: usize, kind: Kind },
}

/// What a payload is read for.
#[derive(Clone, Copy, Debug)]
enum Kind {
    /// Nothing.
    Opaque,
    /// The last part of a request head.
    LastOfHead,
    /// Settings, six octets each (RFC 9113 6.5.1).
    Settings { entry: [u8; ENTRY_SIZE as usize], filled: u8 },
}

impl Default for FrameMeter {
    fn default() -> Self {
        Self {
            at: Place::Preface { left: PREFACE_SIZE },
            control: 0,
            judged: 0,
            span: None,
            content: 0,
            heads: 0,
            head_open: false,
            peer_list_size: u32::MAX,
        }
    }
}

impl FrameMeter {
    /// Takes in what was read.
    pub(super) fn read(&mut self, mut octets: &[u8]) {
        while !octets.is_empty() {
            octets = match self.at {
                Place::Preface { left } => self.preface(left, octets),
                Place::Head { octets: head, filled } => self.head(head, filled, octets),
                Place::Payload { left, kind } => self.payload(left, kind, octets),
            };
        }
    }

    /// Takes in content, received or sent.
    pub(super) fn content(&mut self, size: usize) {
        self.content += size;
        if self.content >= PROGRESS {
            self.progress();
        }
    }

    /// Whether there were too many control frames up to `now`.
    pub(super) fn judge(&mut self, now: Instant) -> Result<(), Excess> {
        if self.control == 0 {
            return Ok(());
        }
        if now.saturating_duration_since(*self.span.get_or_insert(now)) >= SPAN {
            self.control -= self.judged;
            self.span = Some(now);
        }
        self.judged = self.control;
        if self.control > MAX_CONTROL { Err(Excess::ControlFrames) } else { Ok(()) }
    }

    /// The ordinal of the request head that is being received, if one is.
    pub(super) fn open_head(&self) -> Option<u64> {
        self.head_open.then_some(self.heads)
    }

    /// What the client said with `SETTINGS_MAX_HEADER_LIST_SIZE`, else no limit.
    pub(super) fn peer_list_size(&self) -> usize {
        usize::try_from(self.peer_list_size).unwrap_or(usize::MAX)
    }

    fn preface<'a>(&mut self, left: u8, octets: &'a [u8]) -> &'a [u8] {
        let take = octets.len().min(usize::from(left));
        self.at = match left - small(take) {
            0 => next_head(),
            left => Place::Preface { left },
        };
        &octets[take..]
    }

    fn head<'a>(&mut self, mut head: [u8; 9], filled: u8, octets: &'a [u8]) -> &'a [u8] {
        let start = usize::from(filled);
        let take = octets.len().min(head.len() - start);
        head[start..start + take].copy_from_slice(&octets[..take]);
        let filled = filled + small(take);
        self.at = Place::Head { octets: head, filled };
        if filled == HEAD_SIZE {
            self.frame(head);
        }
        &octets[take..]
    }

    /// A frame header is complete.
    fn frame(&mut self, head: [u8; 9]) {
        let [high, middle, low, kind, flags, ..] = head;
        let left = usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low);
        let kind = match kind {
            0x0 if left > 0 => {
                self.content(left);
                Kind::Opaque
            }
            0x1 | 0x9 => {
                if kind == 0x1 {
                    self.progress();
                    self.heads += 1;
                }
                self.head_open = true;
                if flags & END_HEADERS == 0 { Kind::Opaque } else { Kind::LastOfHead }
            }
            0x4 if flags & ACK == 0 => {
                self.control = self.control.saturating_add(1);
                Kind::Settings { entry: [0; 6], filled: 0 }
            }
            _ => {
                self.control = self.control.saturating_add(1);
                Kind::Opaque
            }
        };
        self.enter(left, kind);
    }

    fn payload<'a>(&mut self, left: usize, kind: Kind, octets: &'a [u8]) -> &'a [u8] {
        let (now, rest) = octets.split_at(octets.len().min(left));
        let kind = match kind {
            Kind::Settings { entry, filled } => self.settings(entry, filled, now),
            kind => kind,
        };
        self.enter(left - now.len(), kind);
        rest
    }

    /// Goes on with a payload, or with the next frame if nothing is left of it.
    fn enter(&mut self, left: usize, kind: Kind) {
        if left > 0 {
            self.at = Place::Payload { left, kind };
            return;
        }
        if matches!(kind, Kind::LastOfHead) {
            self.head_open = false;
        }
        self.at = next_head();
    }

    fn settings(&mut self, mut entry: [u8; 6], mut filled: u8, octets: &[u8]) -> Kind {
        for octet in octets {
            entry[usize::from(filled)] = *octet;
            filled += 1;
            if filled == ENTRY_SIZE {
                let [id_high, id_low, value @ ..] = entry;
                if u16::from_be_bytes([id_high, id_low]) == MAX_HEADER_LIST_SIZE {
                    self.peer_list_size = u32::from_be_bytes(value);
                }
                filled = 0;
            }
        }
        Kind::Settings { entry, filled }
    }

    fn progress(&mut self) {
        self.control = 0;
        self.judged = 0;
        self.content = 0;
        self.span = None;
    }
}

fn next_head() -> Place {
    Place::Head { octets: [0; 9], filled: 0 }
}

/// At most [`PREFACE_SIZE`], by what it was cut to.
fn small(size: usize) -> u8 {
    u8::try_from(size).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests;
