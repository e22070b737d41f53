//! How often an address may ask for operations that it is not told of (S-01).
//!
//! Ids cannot be guessed, and whoever tries is not to keep the store busy with it. What is somebody else's
//! counts like what never was (S-02). An address whose budget is spent is refused whatever it asks for: what
//! it is told must not depend on whether there is such an operation.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::config::IpPrefix;
use crate::meter::{Meter, Rate};

/// Misses that may come at once, in seconds of the rate: a client that comes back with a list of operations
/// that have expired is no flood.
const BURST: f64 = 5.0;

/// Addresses that are metered at a time, in about a megabyte. Meters that are full again are dropped to make
/// room; whoever misses from so many addresses at once that there is still little begins anew with all of them.
const METERS: usize = 10_000;

/// Bits of an IPv6 address that its user chooses: they tell nobody from anybody.
const OWN_BITS: u32 = 64;

/// The budgets of all addresses.
#[derive(Debug)]
pub struct Misses {
    /// `None`: any number.
    rate: Option<Rate>,
    /// They stand before many clients.
    trusted: Vec<IpPrefix>,
    /// Of those addresses alone that have missed lately.
    meters: Mutex<HashMap<IpAddr, Meter>>,
}

impl Misses {
    /// So many misses a second, `None` for any number; clients behind `trusted` proxies are not metered.
    pub fn new(rate: Option<NonZeroU32>, trusted: Vec<IpPrefix>) -> Self {
        let rate =
            rate.map(|rate| Rate { burst: f64::from(rate.get()) * BURST, per_second: rate.get().into() });
        Self { rate, trusted, meters: Mutex::default() }
    }

    /// Whether an address may ask. To be asked before the store is.
    pub fn allow(&self, address: IpAddr, now: Instant) -> bool {
        let Some(rate) = self.rate else { return true };
        let meter = self.meters().get(&payer(address)).copied();
        meter.is_none_or(|meter| meter.has_one(rate, now))
    }

    /// An address has asked for what it is not told of.
    pub fn missed(&self, address: IpAddr, now: Instant) {
        let Some(rate) = self.rate else { return };
        if self.trusted.iter().any(|prefix| prefix.contains(address)) {
            return;
        }
        let payer = payer(address);
        let mut meters = self.meters();
        if meters.len() >= METERS && !meters.contains_key(&payer) {
            meters.retain(|_, meter| !meter.is_full(rate, now));
            // What is worth the walk makes room for many.
            if meters.len() > METERS / 2 {
                meters.clear();
            }
        }
        meters.entry(payer).or_insert(Meter::full(rate, now)).spend(rate, now);
    }

    fn meters(&self) -> MutexGuard<'_, HashMap<IpAddr, Meter>> {
        // A panic cannot leave a map half changed.
        self.meters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whom an address counts for.
fn payer(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> OWN_BITS << OWN_BITS).into(),
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use super::*;

    fn misses(rate: u32) -> Misses {
        let text = r#"
public-url = "https://a"
trusted-proxies = ["192.0.2.0/24"]
[[listeners]]
address = "127.0.0.1:0"
[[upstreams]]
name = "o"
servers = ["http://127.0.0.1:1"]
[[routes]]
name = "r"
upstream = "o"
"#;
        let settings = crate::config::parse(text, Path::new("t.toml")).unwrap();
        Misses::new(NonZeroU32::new(rate), settings.trusted_proxies)
    }

    /// How many misses an address may have now, at most 1,000.
    fn left(misses: &Misses, address: &str, now: Instant) -> usize {
        let address = address.parse().unwrap();
        let miss = || misses.allow(address, now).then(|| misses.missed(address, now));
        (0..1_000).map_while(|_| miss()).count()
    }

    #[tokio::test(start_paused = true)]
    async fn s_01_an_address_has_a_burst_and_then_a_rate() {
        let now = tokio::time::Instant::now().into_std();
        let misses = misses(20);
        assert_eq!(left(&misses, "198.51.100.1", now), 100);
        assert_eq!(left(&misses, "::ffff:198.51.100.1", now), 0, "the same one");
        assert_eq!(left(&misses, "198.51.100.2", now), 100, "each has its own");
        assert_eq!(left(&misses, "198.51.100.1", now + Duration::from_secs(1)), 20);
        assert_eq!(left(&misses, "198.51.100.1", now + Duration::from_mins(1)), 100);
    }

    #[tokio::test(start_paused = true)]
    async fn s_01_of_ipv6_the_network_counts() {
        let now = tokio::time::Instant::now().into_std();
        let misses = misses(20);
        assert_eq!(left(&misses, "2001:db8:1:2::1", now), 100);
        assert_eq!(left(&misses, "2001:db8:1:2:ffff:ffff:ffff:ffff", now), 0);
        assert_eq!(left(&misses, "2001:db8:1:3::1", now), 100);
    }

    #[tokio::test(start_paused = true)]
    async fn who_asks_for_what_there_is_spends_nothing_and_a_proxy_never_does() {
        let now = tokio::time::Instant::now().into_std();
        let misses = misses(20);
        let reader = "198.51.100.1".parse().unwrap();
        assert!((0..1_000).all(|_| misses.allow(reader, now)));
        assert_eq!(misses.meters().len(), 0);
        assert_eq!(left(&misses, "192.0.2.7", now), 1_000);
        assert_eq!(left(&self::misses(0), "198.51.100.1", now), 1_000, "0: no bound");
    }

    #[tokio::test(start_paused = true)]
    async fn s_01_meters_are_bounded() {
        let now = tokio::time::Instant::now().into_std();
        let misses = misses(20);
        for number in 0..50_000_u32 {
            misses.missed(IpAddr::V4(number.into()), now);
            assert!(misses.meters().len() <= METERS);
        }
    }
}
