//! Upper bounds of histogram buckets, in seconds where nothing else is said.

/// A request, an operation or a call of an origin: 5 ms to 1 h.
pub(super) const LONG: &[f64] = &[
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 1800.0, 3600.0,
];

/// What a client feels before anything comes: 1 ms to 1 min.
pub(super) const FIRST_SIGNAL: &[f64] =
    &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];

/// The cadence: 0.1 s to 1 min, close together around the default intervals of 1 s and 10 s.
pub(super) const INTERVAL: &[f64] =
    &[0.1, 0.25, 0.5, 0.9, 1.0, 1.1, 1.5, 2.0, 3.0, 5.0, 7.5, 9.0, 10.0, 11.0, 15.0, 30.0, 60.0];

/// How late a head is: 1 ms to 1 s, with the quantum of 25 ms among the bounds.
pub(super) const LATENESS: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0];

/// How long a transport takes to acknowledge: 0.1 ms to 10 s.
pub(super) const ACKNOWLEDGEMENT: &[f64] = &[
    0.000_1, 0.000_25, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

/// Heads of one exchange; a number, not seconds.
pub(super) const HEADS: &[f64] = &[0.0, 1.0, 2.0, 5.0, 8.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0];

/// The store: 10 µs to 1 s.
pub(super) const STORE: &[f64] = &[
    0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.1, 0.5,
    1.0,
];
