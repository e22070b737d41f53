//! A gateway without a file.

use progress_gateway::config::{
    ProgressSettings, Protocols, PublicUrl, QuickStart, QuickTls, Scheme, Settings, TlsSettings, quick_start,
};

fn start(listen: &[&str], tls: QuickTls) -> Settings {
    let listen = listen.iter().map(|address| address.parse().expect("an address")).collect();
    quick_start(QuickStart { listen, upstream: Some("http://127.0.0.1:3000".to_owned()), tls })
        .expect("right")
}

fn public_url(settings: &Settings) -> Option<&str> {
    settings.public_url.as_ref().map(PublicUrl::as_str)
}

#[test]
fn one_route_with_progress_at_its_defaults() {
    let settings = start(&["127.0.0.1:8443"], QuickTls::SelfSigned);
    assert_eq!(public_url(&settings), Some("https://localhost:8443"));
    assert_eq!(settings.status_path, "/.operations/");
    let [listener] = &settings.listeners[..] else { panic!("one listener") };
    assert_eq!(listener.protocols, Protocols::OVER_TLS);
    let names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).to_vec();
    assert_eq!(listener.tls, Some(TlsSettings::SelfSigned(names)));
    let [route] = &settings.routes[..] else { panic!("one route") };
    assert_eq!(route.name, "default");
    assert_eq!(route.progress, Some(ProgressSettings::default()));
    let upstream = settings.upstream_of(route);
    assert_eq!((upstream.servers[0].scheme, upstream.servers[0].port), (Scheme::Http, 3000));
    assert_eq!(settings.admin, None);
}

#[test]
fn a_quick_start_means_the_same_as_its_file() {
    let file = r#"
public-url = "http://localhost:8080"
[store]
kind = "memory"
[[listeners]]
address = "127.0.0.1:8080"
[[upstreams]]
name = "default"
servers = ["http://127.0.0.1:3000"]
[[routes]]
name = "default"
upstream = "default"
[routes.progress]
"#;
    assert_eq!(start(&[], QuickTls::Cleartext), super::parse(file).expect("right"));
}

#[test]
fn the_public_url_is_one_that_clients_can_reach() {
    let table = [
        ("0.0.0.0:8080", Some("http://localhost:8080")),
        ("[::1]:8080", Some("http://localhost:8080")),
        ("192.0.2.7:80", Some("http://192.0.2.7:80")),
        ("[2001:db8::7]:8080", Some("http://[2001:db8::7]:8080")),
        ("127.0.0.1:0", None),
    ];
    for (address, url) in table {
        assert_eq!(public_url(&start(&[address], QuickTls::Cleartext)), url, "{address}");
    }
    let settings = start(&["192.0.2.7:443"], QuickTls::SelfSigned);
    let Some(TlsSettings::SelfSigned(names)) = &settings.listeners[0].tls else { panic!("self-signed") };
    assert!(names.iter().any(|name| name == "192.0.2.7"), "{names:?}");
}

#[test]
fn every_wrong_option_at_once() {
    let twice = vec!["127.0.0.1:80".parse().expect("an address"); 2];
    let quick =
        QuickStart { listen: twice, upstream: Some("127.0.0.1:3000".to_owned()), tls: QuickTls::Cleartext };
    let printed = quick_start(quick).expect_err("two things are wrong").to_string();
    assert_eq!(
        printed,
        "command line: --upstream: \"127.0.0.1:3000\" has no scheme, write \"http://127.0.0.1:3000\"\n\
         command line: --listen: 127.0.0.1:80 is given twice, write each address once"
    );
    let quick = QuickStart { listen: Vec::new(), upstream: None, tls: QuickTls::Cleartext };
    assert_eq!(
        quick_start(quick).expect_err("no upstream").to_string(),
        "command line: --upstream: is missing, write --upstream http://127.0.0.1:3000 or use --config FILE"
    );
}
