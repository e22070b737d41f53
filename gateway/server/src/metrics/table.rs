//! Handles that are resolved once: a metric is found by an index, never by a hash.

use std::marker::PhantomData;

use prometheus::Error;

use super::labels::Label;

/// One handle for each value of a label.
#[derive(Clone, Debug)]
pub(super) struct Table<L, M> {
    handles: Box<[M]>,
    label: PhantomData<fn(L)>,
}

impl<L: Label, M> Table<L, M> {
    /// Makes the handle of each value.
    pub(super) fn build(handle: impl FnMut(L) -> Result<M, Error>) -> Result<Self, Error> {
        let handles = L::ALL.iter().copied().map(handle).collect::<Result<_, _>>()?;
        Ok(Self { handles, label: PhantomData })
    }

    /// The handle of a value.
    pub(super) fn of(&self, label: L) -> &M {
        &self.handles[label.index()]
    }
}
