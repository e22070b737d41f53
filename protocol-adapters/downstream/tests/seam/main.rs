//! The parts of the seam that stand alone, through their public face.

mod body;
mod drain;
mod expectation;
mod roster;
mod wakes;
