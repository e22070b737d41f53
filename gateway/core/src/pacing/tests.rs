use super::*;

const MINIMUM: Duration = Duration::from_secs(1);
const HEARTBEAT: Duration = Duration::from_secs(10);

fn cadence() -> Cadence {
    Cadence {
        minimum_interval: MINIMUM,
        heartbeat_interval: HEARTBEAT,
        maximum_heads: None,
        company: Company::Shared,
    }
}

fn start() -> Instant {
    tokio_free_now()
}

#[expect(clippy::disallowed_methods, reason = "a starting point for pure arithmetic; nothing waits for it")]
fn tokio_free_now() -> Instant {
    Instant::now() + Duration::from_secs(1_000)
}

#[test]
fn the_first_news_is_due_at_once() {
    let t = start();
    assert_eq!(Pacing::new(cadence(), t, t).news_due(t), t);
}

#[test]
fn int_11_news_keeps_the_minimum_interval_and_the_quantum() {
    let t = start();
    let mut pacing = Pacing::new(cadence(), t, t);
    pacing.on_head(t + Duration::from_millis(3), t + Duration::from_millis(3));
    let due = pacing.news_due(t + Duration::from_millis(10));
    assert_eq!(due, t + Duration::from_millis(1_025), "1.003 s, rounded up to 25 ms");
}

#[test]
fn int_11_news_is_rounded_to_a_quarter_of_the_minimum_but_to_10_ms_at_least() {
    let t = start();
    for (minimum, due) in [(80, 100), (48, 60), (20, 30), (1, 10)] {
        let minimum_interval = Duration::from_millis(minimum);
        let mut pacing = Pacing::new(Cadence { minimum_interval, ..cadence() }, t, t);
        pacing.on_head(t + Duration::from_millis(3), t + Duration::from_millis(3));
        let news = pacing.news_due(t + Duration::from_millis(4));
        assert_eq!(news - t, Duration::from_millis(due), "{minimum} ms");
    }
}

#[test]
fn int_11_news_of_an_exchange_that_is_alone_waits_for_nothing_but_the_gap() {
    let t = start();
    let mut pacing = Pacing::new(Cadence { company: Company::Alone, ..cadence() }, t, t);
    pacing.on_head(t + Duration::from_millis(3), t + Duration::from_millis(3));
    assert_eq!(pacing.news_due(t + Duration::from_millis(10)), t + Duration::from_millis(1_003));
    let late = t + Duration::from_millis(2_001);
    assert_eq!(pacing.news_due(late), late);
}

#[test]
fn int_12_the_gap_stretches_to_five_percent_and_stops_at_the_heartbeat() {
    let t = start();
    for (elapsed, gap) in [(0, 1), (20, 1), (60, 3), (200, 10), (86_400, 10)] {
        let mut pacing = Pacing::new(cadence(), t, t);
        let now = t + Duration::from_secs(elapsed);
        pacing.on_head(now, now);
        assert_eq!(pacing.news_due(now), now + Duration::from_secs(gap), "after {elapsed} s");
    }
}

#[test]
fn int_09_no_silence_is_longer_than_the_interval() {
    let t = start();
    for offset in (0..20_000).step_by(37) {
        let mut pacing = Pacing::new(cadence(), t, t);
        let last = t + Duration::from_millis(offset);
        pacing.on_head(last, last);
        let silence = pacing.heartbeat_due() - last;
        assert!(silence <= HEARTBEAT && silence >= HEARTBEAT / 2, "{silence:?} at {offset}");
    }
}

#[test]
fn exchanges_of_a_connection_beat_together() {
    let t = start();
    let mut dues = std::collections::BTreeSet::new();
    for offset in 0..100 {
        let mut pacing = Pacing::new(cadence(), t, t);
        let said = t + Duration::from_millis(offset * 40 + 1);
        pacing.on_head(said, said);
        dues.insert(pacing.heartbeat_due());
    }
    assert_eq!(dues.len(), 1, "everything said in one half interval beats on the same beat");
}

#[test]
fn int_12_a_heartbeat_keeps_the_gap_too() {
    let t = start();
    let mut pacing = Pacing::new(Cadence { minimum_interval: HEARTBEAT, ..cadence() }, t, t);
    let last = t + Duration::from_millis(1_234);
    pacing.on_head(last, last);
    assert_eq!(pacing.heartbeat_due() - last, HEARTBEAT);
    let mut longer = Pacing::new(Cadence { minimum_interval: HEARTBEAT * 2, ..cadence() }, t, t);
    longer.on_head(last, last);
    assert_eq!(longer.heartbeat_due() - last, HEARTBEAT * 2, "a longer minimum rules");
}

#[test]
fn an_old_exchange_stays_on_the_beat_with_its_news() {
    let t = start();
    let mut pacing = Pacing::new(cadence(), t, t);
    let mut last = t + Duration::from_secs(150);
    pacing.on_head(last, last);
    for n in 0..200 {
        let since = last + Duration::from_millis(n * 37 % 9_000);
        let due = pacing.news_due(since).min(pacing.heartbeat_due());
        assert_eq!((due - t).as_millis() % 5_000, 0, "head {n}");
        assert!(due - last <= HEARTBEAT, "head {n}: {:?}", due - last);
        pacing.on_head(due, due + Duration::from_millis(n % 20));
        last = due;
    }
}

#[test]
fn the_budget_counts_every_head() {
    let t = start();
    let mut pacing = Pacing::new(Cadence { maximum_heads: Some(2), ..cadence() }, t, t);
    assert!(!pacing.is_spent());
    pacing.on_head(t, t);
    pacing.on_head(t, t);
    assert!(pacing.is_spent());
}
