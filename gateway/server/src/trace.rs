//! The trace of each request: the client's, or one that begins here. What the fields may say is
//! [`progress_core::trace_context`]'s; here are the dice.
//!
//! Ids are random so that they are unique, not so that they are secret: a cheap generator for each
//! thread, which the operating system has seeded.

use std::cell::RefCell;

use fastrand::Rng;
use http::HeaderMap;
use progress_core::trace_context::{self, Fresh, SpanId, TraceId};

/// Makes the fields of a request those of the gateway's own span, and says in which trace.
pub fn pass_on(fields: &mut HeaderMap) -> TraceId {
    trace_context::pass_on(fields, DICE.with_borrow_mut(Dice::roll))
}

/// The trace that a client says its request belongs to, for requests that go no further.
pub fn heard(fields: &HeaderMap) -> Option<TraceId> {
    trace_context::heard(fields).map(|parent| parent.trace)
}

thread_local! {
    static DICE: RefCell<Dice> = RefCell::new(Dice::seeded());
}

/// Two generators, because one alone has fewer states than there are traces: with 64 bits, threads
/// and processes would repeat each other's ids too soon.
struct Dice {
    high: Rng,
    low: Rng,
}

// === impl Dice ===

impl Dice {
    fn seeded() -> Self {
        // Without randomness of the system's, the clock and the thread have to do.
        let seeded = || getrandom::u64().map_or_else(|_| Rng::new(), Rng::with_seed);
        Self { high: seeded(), low: seeded() }
    }

    fn roll(&mut self) -> Fresh {
        loop {
            let trace = u128::from(self.high.u64(..)) << 64 | u128::from(self.low.u64(..));
            let trace = TraceId::new(trace.to_be_bytes());
            let span = SpanId::new(self.low.u64(..).to_be_bytes());
            if let (Some(trace), Some(span)) = (trace, span) {
                return Fresh { trace, span };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::thread;

    use progress_core::trace_context::TRACEPARENT;

    use super::*;

    fn passed_on() -> (TraceId, String) {
        let mut fields = HeaderMap::new();
        let trace = pass_on(&mut fields);
        (trace, fields[TRACEPARENT].to_str().unwrap().to_owned())
    }

    #[test]
    fn each_request_without_a_trace_begins_one_of_its_own() {
        let many = || (0..1_000).map(|_| passed_on()).collect::<Vec<_>>();
        let threads: Vec<_> = (0..4).map(|_| thread::spawn(many)).collect();
        let passed: Vec<_> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
        let traces: HashSet<_> = passed.iter().map(|(trace, _)| *trace).collect();
        let spans: HashSet<_> = passed.iter().map(|(_, parent)| parent[36..52].to_owned()).collect();
        assert_eq!((traces.len(), spans.len()), (4_000, 4_000));
        for (trace, parent) in passed {
            assert_eq!(parent[..36], format!("00-{trace}-"));
            assert!(parent.ends_with("-01"), "origins that follow their parent record it: {parent}");
        }
    }

    #[test]
    fn a_trace_goes_on_in_a_new_span_each_time() {
        let came = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let mut spans = HashSet::from([came.to_owned()]);
        for _ in 0..100 {
            let mut fields = HeaderMap::from_iter([(TRACEPARENT, came.parse().unwrap())]);
            assert_eq!(heard(&fields), Some(pass_on(&mut fields)));
            let passed = fields[TRACEPARENT].to_str().unwrap();
            assert_eq!((&passed[..36], &passed[52..]), (&came[..36], &came[52..]));
            assert!(spans.insert(passed.to_owned()), "{passed}");
        }
    }
}
