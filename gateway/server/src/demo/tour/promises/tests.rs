use super::*;

const BASE: &str = "https://localhost:8443";
const URI: &str = "https://localhost:8443/.operations/abc";

fn promised() -> Promised<'static> {
    Promised { base: BASE, title: "sales".to_owned() }
}

fn response<B>(status: u16, fields: &[(&str, &str)], body: B) -> Response<B> {
    let builder =
        fields.iter().fold(Response::builder().status(status), |b, (name, value)| b.header(*name, *value));
    builder.body(body).expect("a response")
}

fn heads() -> Vec<Response<()>> {
    vec![
        response(102, &[("location", URI)], ()),
        response(102, &[("progress", "1/5")], ()),
        response(102, &[], ()),
        response(102, &[("progress", "2/5")], ()),
    ]
}

fn final_response() -> Response<Bytes> {
    let link = format!("</style>; rel=\"preload\", <{URI}>; rel=\"status\"");
    response(201, &[("location", "/reports/7"), ("link", &link)], origin::text(7, "sales").into())
}

fn accepted_response(status: &str) -> Response<Bytes> {
    let body = format!("{{\"status\":\"{status}\"}}");
    let length = body.len().to_string();
    let fields = [("location", URI), ("content-length", length.as_str()), ("connection", "close")];
    response(202, &fields, body.into())
}

#[test]
fn what_is_promised_is_not_missed() {
    assert_eq!(told(&heads(), &final_response(), &promised()), Vec::<String>::new());
    assert_eq!(accepted(&[], &accepted_response("Running"), &promised()), Vec::<String>::new());
    let document = response(200, &[], Bytes::from_static(b"{\"status\":\"Succeeded\"}"));
    assert_eq!(finished(&[], &document), Vec::<String>::new());
    assert_eq!(result(&[], &final_response(), &promised()), Vec::<String>::new());
}

/// What `told` misses after a change.
fn told_after(change: impl FnOnce(&mut Vec<Response<()>>, &mut Response<Bytes>)) -> String {
    let (mut heads, mut answer) = (heads(), final_response());
    change(&mut heads, &mut answer);
    told(&heads, &answer, &promised()).join("; ")
}

#[test]
fn each_promise_to_who_asked_is_missed_when_it_is_broken() {
    let missed = told_after(|heads, _| heads.truncate(3));
    assert_eq!(missed, "at least 2 heads with Progress, there were 1");
    let missed = told_after(|heads, _| heads.push(response(103, &[], ())));
    assert_eq!(missed, "every interim head is a 102, this one was a 103 Early Hints");
    let missed = told_after(|heads, _| drop(heads.remove(0)));
    assert_eq!(missed, "Location in the first 102");
    let missed = told_after(|heads, _| heads[0] = response(102, &[("location", "/x")], ()));
    assert_eq!(missed, "Location in the first 102 is a status URI, it was /x");
    let missed = told_after(|_, answer| drop(answer.headers_mut().remove(LINK)));
    assert_eq!(missed, "the final response links to the status document (rel=\"status\")");
    let missed = told_after(|_, answer| *answer.body_mut() = Bytes::from_static(b"Report 7"));
    assert_eq!(missed, "the report byte for byte as the origin wrote it");
    let missed = told_after(|_, answer| *answer.status_mut() = StatusCode::BAD_GATEWAY);
    assert_eq!(missed, "201 from the origin, it was 502 Bad Gateway");
    let missed = told_after(|_, answer| drop(answer.headers_mut().remove(LOCATION)));
    assert_eq!(missed, "Location: /reports/N from the origin, it was None");
}

#[test]
fn each_promise_to_http_1_0_is_missed_when_it_is_broken() {
    let interim = [response(102, &[], ())];
    let missed = accepted(&interim, &accepted_response("Running"), &promised());
    assert_eq!(missed, ["no interim head for HTTP/1.0, there was a 102 Processing"]);
    let missed = accepted(&[], &accepted_response("Succeeded"), &promised());
    assert_eq!(missed, ["a status document that says Running, it said Succeeded"]);
    let missed = accepted(&[], &response(201, &[], Bytes::new()), &promised());
    assert_eq!(
        missed,
        [
            "202 for HTTP/1.0, it was 201 Created",
            "Location in the 202",
            "Content-Length in the 202",
            "a status document that says Running, it said nothing",
        ]
    );
    let missed = finished(&[], &accepted_response("Failed"));
    assert_eq!(
        missed,
        [
            "200 for the document of a finished operation, it was 202 Accepted",
            "a status document that says Succeeded, it said Failed",
        ]
    );
    let missed = result(&interim, &response(404, &[], Bytes::new()), &promised());
    assert_eq!(
        missed,
        [
            "no interim head for HTTP/1.0, there was a 102 Processing",
            "201 from the origin, it was 404 Not Found",
        ]
    );
}
