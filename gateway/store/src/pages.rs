//! Ids in their order, a page at a time.

use std::collections::BinaryHeap;

use progress_core::operation::OperationId;

/// The smallest of `ids` that are not below `from`, at most `most`, in order. Looks at each once and
/// keeps no more than it returns.
pub(crate) fn page(
    ids: impl Iterator<Item = OperationId>,
    from: OperationId,
    most: usize,
) -> Vec<OperationId> {
    let mut smallest = BinaryHeap::new();
    for id in ids.filter(|id| *id >= from) {
        if smallest.len() < most {
            smallest.push(id);
        } else if smallest.peek().is_some_and(|largest| id < *largest) {
            smallest.pop();
            smallest.push(id);
        }
    }
    smallest.into_sorted_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_in_order_and_leave_nothing_out() {
        let id = |n: u8| OperationId::from_random([n; OperationId::SIZE]);
        let all = [5, 1, 4, 2, 3].map(id);
        let from = |n, most| page(all.into_iter(), id(n), most);
        assert_eq!(from(0, 2), [id(1), id(2)]);
        assert_eq!(from(3, 2), [id(3), id(4)]);
        assert_eq!(from(5, 2), [id(5)]);
        assert_eq!(from(6, 2), []);
        assert_eq!(from(0, 0), []);
        assert_eq!(from(0, 9), [1, 2, 3, 4, 5].map(id));
    }
}
