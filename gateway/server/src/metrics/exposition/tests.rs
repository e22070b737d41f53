use super::*;

const ANSWERS: Family = Family { name: "answers_total", help: "Answers.", labels: &["who", "code"] };
const TOOK: Family = Family { name: "took_seconds", help: "Time.", labels: &["who"] };
const UP: Family = Family { name: "up", help: "Whether it is.", labels: &[] };

#[test]
fn text_is_exactly_as_it_is_to_be() {
    let registry = Registry::default();
    let up = UP.gauge(&registry).unwrap();
    let took = TOOK.histograms(&registry, &[0.005, 1.0, 10.0]).unwrap();
    let answers = ANSWERS.counters(&registry).unwrap();
    assert_eq!(registry.text().unwrap(), "# HELP up Whether it is.\n# TYPE up gauge\nup 0\n");
    up.set(-1);
    for code in ["404", "200"] {
        answers.of(&["you", code]).unwrap().inc_by(2);
        answers.of(&["me", code]).unwrap();
    }
    for seconds in [0.001, 0.5, 1.0, 11.0] {
        took.of(&["me"]).unwrap().observe(seconds);
    }
    let expected = r#"# HELP answers_total Answers.
# TYPE answers_total counter
answers_total{code="200",who="me"} 0
answers_total{code="200",who="you"} 2
answers_total{code="404",who="me"} 0
answers_total{code="404",who="you"} 2
# HELP took_seconds Time.
# TYPE took_seconds histogram
took_seconds_bucket{who="me",le="0.005"} 1
took_seconds_bucket{who="me",le="1"} 3
took_seconds_bucket{who="me",le="10"} 3
took_seconds_bucket{who="me",le="+Inf"} 4
took_seconds_sum{who="me"} 12.501
took_seconds_count{who="me"} 4
# HELP up Whether it is.
# TYPE up gauge
up -1
"#;
    assert_eq!(registry.text().unwrap(), expected);
    assert_eq!(registry.text().unwrap(), expected, "a scrape changes nothing");
}

#[test]
fn a_histogram_without_labels_has_none_but_the_bound() {
    let registry = Registry::default();
    let family = Family { labels: &[], ..TOOK };
    family.histograms(&registry, &[0.5]).unwrap().of(&[]).unwrap().observe(0.25);
    let text = registry.text().unwrap();
    assert!(text.contains("\ntook_seconds_bucket{le=\"0.5\"} 1\n"), "{text}");
    assert!(text.ends_with("\ntook_seconds_sum 0.25\ntook_seconds_count 1\n"), "{text}");
}

/// D-12: a route's name may be anything that its operator likes.
#[test]
fn d_12_no_label_value_leaves_its_quotes() {
    let registry = Registry::default();
    let answers = ANSWERS.counters(&registry).unwrap();
    answers.of(&["a\"b\\c\nd\u{e9}", "200"]).unwrap();
    let text = registry.text().unwrap();
    assert!(text.ends_with("answers_total{code=\"200\",who=\"a\\\"b\\\\c\\nd\u{e9}\"} 0\n"), "{text}");
}

#[test]
fn the_same_labels_are_the_same_series() {
    let registry = Registry::default();
    let answers = ANSWERS.counters(&registry).unwrap();
    answers.of(&["me", "200"]).unwrap().inc();
    assert_eq!(answers.of(&["me", "200"]).unwrap().get(), 1);
    assert_eq!(answers.of(&["200", "me"]).unwrap().get(), 0);
    assert!(matches!(answers.of(&["me"]).unwrap_err(), Error::InconsistentCardinality { expect: 2, got: 1 }));
    assert!(matches!(ANSWERS.counters(&registry).unwrap_err(), Error::AlreadyReg));
}
