use std::future::poll_fn;
use std::time::Duration;

use tokio::time::Instant;

use super::Timer;

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn a_timer_goes_off_at_the_deadline_it_is_asked_for_last() {
    let mut timer = Timer::default();
    let start = Instant::now();
    for (asked, then) in [(5, 5), (9, 2), (3, 8), (0, 0), (4, 4)] {
        let began = Instant::now();
        // Asked for one deadline, but then waiting for another.
        poll_fn(|cx| {
            let _ = timer.poll_until(began + asked * SECOND, cx);
            std::task::Poll::Ready(())
        })
        .await;
        poll_fn(|cx| timer.poll_until(began + then * SECOND, cx)).await;
        assert_eq!(began.elapsed(), then * SECOND);
    }
    assert_eq!(start.elapsed(), 19 * SECOND);
    poll_fn(|cx| timer.poll_until(start, cx)).await;
    assert_eq!(start.elapsed(), 19 * SECOND, "a deadline that has passed");
}
