//! How many operations may run at a time, by owner, by address and by route (SEC-04).

use std::collections::HashMap;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::StatusCode;
use smallvec::SmallVec;

use super::Owner;
use crate::config::Limits;
use crate::problem::Problem;

/// Seconds after which a client that was sent away may come back: operations are long.
const COME_BACK: u32 = 5;

/// The operations that run, counted by whom they count for.
#[derive(Debug)]
pub struct Budgets {
    per_owner: Option<NonZeroU32>,
    per_address: Option<NonZeroU32>,
    /// Only of those with a bound. One entry for each that runs an operation now.
    running: Mutex<HashMap<Payer, u32>>,
}

/// An operation that is about to begin.
#[derive(Clone, Copy, Debug)]
pub struct Claim {
    /// Whose it will be.
    pub owner: Option<Owner>,
    /// Where it comes from; `None`: from a proxy that stands before many clients.
    pub address: Option<IpAddr>,
    /// The place of its route in the configuration.
    pub route: usize,
    /// How many of the route's may run; `None`: any number.
    pub per_route: Option<NonZeroU32>,
}

/// An operation that is counted, until this is dropped.
#[derive(Debug)]
pub struct Place {
    budgets: Arc<Budgets>,
    payers: SmallVec<[Payer; 3]>,
}

/// Who runs as many operations as they may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OverBudget {
    /// The owner of the credential.
    Owner,
    /// The client's address.
    Address,
    /// Everybody on the route.
    Route,
}

/// Whom an operation counts for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Payer {
    Owner(Owner),
    Address(IpAddr),
    Route(usize),
}

// === impl Budgets ===

impl Budgets {
    /// The bounds that `limits` sets.
    pub fn new(limits: &Limits) -> Arc<Self> {
        Arc::new(Self {
            per_owner: limits.maximum_operations_per_owner,
            per_address: limits.maximum_operations_per_address,
            running: Mutex::default(),
        })
    }

    /// A place for an operation. Where nothing is bounded there are no places: `None`.
    ///
    /// # Errors
    /// Whose budget is spent.
    pub fn admit(self: &Arc<Self>, claim: &Claim) -> Result<Option<Box<Place>>, OverBudget> {
        let owner = claim.owner.map(Payer::Owner);
        let address = claim.address.map(|address| Payer::Address(address.to_canonical()));
        let bounds = [
            (owner, self.per_owner, OverBudget::Owner),
            (address, self.per_address, OverBudget::Address),
            (Some(Payer::Route(claim.route)), claim.per_route, OverBudget::Route),
        ];
        let bounded = bounds.into_iter().filter_map(|(payer, most, over)| Some((payer?, most?, over)));
        let bounded: SmallVec<[_; 3]> = bounded.collect();
        if bounded.is_empty() {
            return Ok(None);
        }
        let mut running = self.running();
        for (payer, most, over) in &bounded {
            if running.get(payer).is_some_and(|count| *count >= most.get()) {
                return Err(*over);
            }
        }
        let payers: SmallVec<[Payer; 3]> = bounded.into_iter().map(|(payer, ..)| payer).collect();
        for payer in &payers {
            *running.entry(*payer).or_default() += 1;
        }
        drop(running);
        Ok(Some(Box::new(Place { budgets: Arc::clone(self), payers })))
    }

    fn running(&self) -> MutexGuard<'_, HashMap<Payer, u32>> {
        // A panic cannot leave a count half changed.
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut running = self.budgets.running();
        for payer in &self.payers {
            if let Some(count) = running.get_mut(payer) {
                *count -= 1;
                if *count == 0 {
                    running.remove(payer);
                }
            }
        }
    }
}

// === impl OverBudget ===

impl OverBudget {
    /// What its client is told, before anything is forwarded.
    pub fn problem(self) -> Problem {
        let (status, detail) = match self {
            Self::Owner => (StatusCode::TOO_MANY_REQUESTS, "Too many operations of this owner run."),
            Self::Address => (StatusCode::TOO_MANY_REQUESTS, "Too many operations of this address run."),
            Self::Route => (StatusCode::SERVICE_UNAVAILABLE, "Too many operations of this kind run."),
        };
        Problem::new(status, "too-many-operations", detail).retry_after(COME_BACK)
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const ONE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

    fn budgets(per_owner: u32, per_address: u32) -> Arc<Budgets> {
        Budgets::new(&Limits {
            maximum_operations_per_owner: NonZeroU32::new(per_owner),
            maximum_operations_per_address: NonZeroU32::new(per_address),
            ..Limits::default()
        })
    }

    fn claim(owner: u8, per_route: u32) -> Claim {
        Claim {
            owner: Some([owner; 32]),
            address: Some(ONE),
            route: 0,
            per_route: NonZeroU32::new(per_route),
        }
    }

    #[test]
    fn sec_04_each_budget_is_spent_by_itself_and_comes_back() {
        let budgets = budgets(1, 2);
        let first = budgets.admit(&claim(1, 0)).unwrap();
        assert_eq!(budgets.admit(&claim(1, 0)).unwrap_err(), OverBudget::Owner);
        let _second = budgets.admit(&claim(2, 0)).unwrap();
        assert_eq!(budgets.admit(&claim(3, 0)).unwrap_err(), OverBudget::Address);
        let mapped = Claim { address: Some("::ffff:192.0.2.1".parse().unwrap()), ..claim(3, 0) };
        assert_eq!(budgets.admit(&mapped).unwrap_err(), OverBudget::Address);
        let unknown = Claim { address: None, ..claim(3, 1) };
        let _third = budgets.admit(&unknown).unwrap();
        assert_eq!(budgets.admit(&Claim { address: None, ..claim(4, 1) }).unwrap_err(), OverBudget::Route);
        drop(first);
        assert!(budgets.admit(&claim(1, 0)).is_ok(), "a place that is given back is free");
    }

    #[test]
    fn who_is_refused_counts_nowhere_and_who_has_left_is_forgotten() {
        let budgets = budgets(5, 1);
        let first = budgets.admit(&claim(1, 0)).unwrap();
        assert!(budgets.admit(&claim(2, 0)).is_err());
        assert_eq!(budgets.running().len(), 2, "of the refused nothing stays");
        drop(first);
        assert!(budgets.running().is_empty());
    }

    #[test]
    fn without_bounds_nobody_is_counted() {
        let budgets = budgets(0, 0);
        assert!(budgets.admit(&claim(1, 0)).unwrap().is_none());
        assert!(budgets.running().is_empty());
    }
}
