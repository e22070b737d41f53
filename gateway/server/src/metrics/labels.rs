//! The values that labels may have. A label is an enum: its values are known and few (D-12).

use downstream::Protocol;

pub use connections::{AcceptError, Handshake, Refused};
pub use exchanges::{Acknowledgement, Mode, Reason, Signal, Source, Suppressed};
pub use operations::{
    Downgrade, EventKind, Format, OutcomeLabel, State, StoreFault, StoreOperation, UpstreamResult, Via,
};

/// A label whose values are all known.
pub trait Label: Copy + 'static {
    /// Every value, in the order of [`Label::index`].
    const ALL: &'static [Self];

    /// The value as the exposition writes it.
    fn text(self) -> &'static str;

    /// The place of the value in [`Label::ALL`].
    fn index(self) -> usize;
}

macro_rules! label {
    ($(#[$doc:meta])+ $name:ident { $($(#[$value_doc:meta])+ $value:ident = $text:literal,)+ }) => {
        $(#[$doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$value_doc])+ $value),+ }

        impl Label for $name {
            const ALL: &'static [Self] = &[$(Self::$value),+];

            fn text(self) -> &'static str {
                match self { $(Self::$value => $text),+ }
            }

            fn index(self) -> usize {
                self as usize
            }
        }
    };
}

mod connections;
mod exchanges;
mod operations;

impl Label for Protocol {
    const ALL: &'static [Self] = &Protocol::ALL;

    fn text(self) -> &'static str {
        self.label()
    }

    fn index(self) -> usize {
        self as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<L: Label + std::fmt::Debug>() {
        for (index, value) in L::ALL.iter().enumerate() {
            assert_eq!(value.index(), index, "{value:?}");
            assert!(L::ALL.iter().filter(|other| other.text() == value.text()).count() == 1, "{value:?}");
        }
    }

    #[test]
    fn values_are_in_the_order_of_their_indices_and_differ() {
        check::<Protocol>();
        check::<Mode>();
        check::<Suppressed>();
        check::<Handshake>();
    }
}
