use super::*;

fn client(protocol: Protocol, fields: &[(&'static str, &'static str)]) -> Client {
    let fields: HeaderMap =
        fields.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
    Client::of(protocol, &fields, &ClientProfiles::default())
}

fn plan(settings: &ProgressSettings, client: &Client) -> Option<Plan> {
    Plan::new(settings, client).0
}

fn on_request() -> ProgressSettings {
    ProgressSettings::default()
}

#[test]
fn sec_07_nobody_gets_a_head_that_did_not_ask() {
    let (none, suppressed) = Plan::new(&on_request(), &client(Protocol::H2, &[]));
    assert!(none.is_none());
    assert_eq!(suppressed, Some(Suppressed::NotPreferred));
    let always = ProgressSettings { interim: InterimMode::Always, ..on_request() };
    assert!(plan(&always, &client(Protocol::H2, &[])).unwrap().terms.heads.is_some());
    let never = ProgressSettings { interim: InterimMode::Never, ..on_request() };
    assert!(plan(&never, &client(Protocol::H2, &[("prefer", "processing")])).is_none());
}

#[test]
fn i_01_i_03_i_04_clients_that_cannot_get_none() {
    let asked = ("prefer", "processing");
    for (client, reason) in [
        (client(Protocol::Http10, &[asked]), Suppressed::Http10),
        (client(Protocol::Http11, &[asked, ("via", "1.1 a, 1.0 b")]), Suppressed::Http10),
        (
            client(Protocol::Http11, &[asked, ("user-agent", "python-requests/2.34")]),
            Suppressed::DeniedClient,
        ),
    ] {
        let (plan, suppressed) = Plan::new(&on_request(), &client);
        assert!(plan.is_none_or(|plan| plan.terms.heads.is_none()));
        assert_eq!(suppressed, Some(reason));
    }
    let go = client(Protocol::Http11, &[asked, ("user-agent", "Go-http-client/1.1")]);
    let heads = plan(&on_request(), &go).unwrap().terms.heads.unwrap();
    assert_eq!(heads.cadence.maximum_heads, Some(5));
}

#[test]
fn prf_07_how_long_a_202_is_held() {
    for (prefer, after) in [
        ("respond-async", Some(10)),
        ("respond-async, wait=3", Some(3)),
        ("respond-async, wait=0", Some(0)),
        ("respond-async, wait=99999999999999999999", Some(3_600)),
        ("wait=3", None),
        ("processing", None),
    ] {
        let plan = plan(&on_request(), &client(Protocol::H2, &[("prefer", prefer)]));
        let found = plan.and_then(|plan| plan.terms.deferral).map(|deferral| deferral.after.as_secs());
        assert_eq!(found, after, "{prefer}");
    }
}

#[test]
fn v10_02_http_10_is_held_for_its_own_time() {
    let (plan, _) = Plan::new(&on_request(), &client(Protocol::Http10, &[]));
    let deferral = plan.unwrap().terms.deferral.unwrap();
    assert_eq!((deferral.after.as_secs(), deferral.because), (5, Because::Http10));
    let asked = client(Protocol::Http10, &[("prefer", "respond-async, wait=0")]);
    let deferral = Plan::new(&on_request(), &asked).0.unwrap().terms.deferral.unwrap();
    assert_eq!((deferral.after.as_secs(), deferral.because), (0, Because::WaitElapsed));
    let never = ProgressSettings { http10_accept_after: None, ..on_request() };
    assert!(Plan::new(&never, &client(Protocol::Http10, &[])).0.is_none());
}

#[test]
fn prf_13_what_is_honoured_is_named() {
    let all = client(Protocol::H2, &[("prefer", "processing, progress, respond-async, wait=20")]);
    let plan = plan(&on_request(), &all).unwrap();
    assert_eq!(plan.terms.heads.unwrap().applied.print().unwrap(), "processing, progress");
    assert_eq!(plan.accepted_applied.print().unwrap(), "processing, progress, respond-async, wait=20");
    assert_eq!(plan.honoured, Honoured { respond_async: true, wait: true });
}

#[test]
fn prf_15_a_wait_that_is_not_honoured_goes_on_to_the_origin() {
    let plan = plan(&on_request(), &client(Protocol::H2, &[("prefer", "processing, wait=20")])).unwrap();
    assert_eq!(plan.honoured, Honoured::default());
}

#[test]
fn a_client_of_a_202_is_registered_only_when_it_is_due() {
    let plan = plan(&on_request(), &client(Protocol::H2, &[("prefer", "respond-async")])).unwrap();
    assert_eq!(plan.terms.register_after, Duration::MAX);
}

#[test]
fn an_http_10_client_that_asked_is_answered_where_others_never_are() {
    let never = ProgressSettings { http10_accept_after: None, ..on_request() };
    let asked = client(Protocol::Http10, &[("prefer", "respond-async, wait=1")]);
    let deferral = Plan::new(&never, &asked).0.unwrap().terms.deferral.unwrap();
    assert_eq!((deferral.after.as_secs(), deferral.because), (1, Because::WaitElapsed));
    let always = ProgressSettings { accept_async: AcceptAsync::Always, ..never };
    let deferral = Plan::new(&always, &client(Protocol::Http10, &[])).0.unwrap().terms.deferral.unwrap();
    assert_eq!(deferral.because, Because::Policy);
}

#[test]
fn prf_13_a_wait_that_was_not_used_is_not_named() {
    let (plan, _) = Plan::new(&on_request(), &client(Protocol::Http10, &[("prefer", "wait=20")]));
    let plan = plan.unwrap();
    assert_eq!(plan.accepted_applied.print(), None);
    assert_eq!(plan.honoured, Honoured::default());
}

#[test]
fn prf_15_a_wait_that_a_route_honours_for_everybody_stays_here() {
    let always = ProgressSettings { accept_async: AcceptAsync::Always, ..on_request() };
    let plan = plan(&always, &client(Protocol::H2, &[("prefer", "wait=1")])).unwrap();
    assert_eq!(plan.honoured, Honoured { respond_async: false, wait: true });
    assert_eq!(plan.accepted_applied.print().unwrap(), "wait=1");
}
