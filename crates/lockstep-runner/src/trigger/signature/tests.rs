use super::*;

fn headers(of: &[(&str, &str)]) -> Headers {
    let mut headers = Headers::new();
    for (name, value) in of {
        headers.entry((*name).to_owned()).or_default().push((*value).to_owned());
    }
    headers
}

/// The example of GitHub's documentation of webhooks.
const HUB: (&str, &str, &str) = (
    "It's a Secret to Everybody",
    "Hello, World!",
    "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
);

#[test]
fn signature_in_the_form_of_github_is_taken() {
    let (secret, body, signature) = HUB;
    let given = [("x-hub-signature-256", signature)];
    let by_body = verified(secret, &headers(&given), body.as_bytes(), 0);
    assert_eq!(by_body, Some(format!("body {}", digest(body.as_bytes()))));
    let given = [given[0], ("x-github-delivery", "72d3162e")];
    let by_id = verified(secret, &headers(&given), body.as_bytes(), 0);
    assert_eq!(by_id.as_deref(), Some("id 72d3162e"));
}

#[test]
fn wrong_signatures_in_the_form_of_github_are_refused() {
    let (secret, body, right) = HUB;
    let name = "x-hub-signature-256";
    for given in [
        vec![],
        vec![(name, "")],
        vec![(name, "sha256=")],
        vec![(name, right.trim_end_matches('7'))],
        vec![(name, right.trim_start_matches("sha256="))],
        vec![(name, "sha256=857107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17")],
        vec![(name, "sha256=+57107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17")],
        vec![(name, right), (name, right)],
        vec![(name, right), ("x-github-delivery", "")],
        vec![(name, right), ("webhook-signature", "v1,AAAA")],
    ] {
        assert_eq!(verified(secret, &headers(&given), body.as_bytes(), 0), None, "{given:?}");
    }
    let given = headers(&[(name, right)]);
    assert_eq!(verified("another", &given, body.as_bytes(), 0), None);
    assert_eq!(verified(secret, &given, b"Hello, World?", 0), None);
}

/// The example of the specification of Standard Webhooks.
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const AT: i64 = 1_614_265_330;
const BODY: &[u8] = br#"{"test": 2432232314}"#;
const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

fn standard_headers(signature: &str) -> Headers {
    headers(&[
        ("webhook-id", ID),
        ("webhook-timestamp", &AT.to_string()),
        ("webhook-signature", signature),
    ])
}

#[test]
fn signature_of_the_standard_is_taken_within_five_minutes() {
    let given = standard_headers(SIGNATURE);
    for (now, taken) in
        [(AT, true), (AT + 300, true), (AT - 300, true), (AT + 301, false), (AT - 301, false)]
    {
        assert_eq!(verified(SECRET, &given, BODY, now), taken.then(|| format!("id {ID}")), "{now}");
    }
    let among_others = standard_headers(&format!("v1,AAAA v1a,xyz {SIGNATURE}"));
    assert!(verified(SECRET, &among_others, BODY, AT).is_some());
}

#[test]
fn wrong_signatures_of_the_standard_are_refused() {
    for signature in ["", "v1,", "v1,AAAA", SIGNATURE.trim_start_matches("v1,"), "v2,g0hM9SsE"] {
        assert_eq!(verified(SECRET, &standard_headers(signature), BODY, AT), None, "{signature}");
    }
    assert_eq!(verified(SECRET, &standard_headers(SIGNATURE), b"{}", AT), None);
    assert_eq!(verified("whsec_?", &standard_headers(SIGNATURE), BODY, AT), None);
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        let mut given = standard_headers(SIGNATURE);
        given.get_mut(name).unwrap().push("1".to_owned());
        assert_eq!(verified(SECRET, &given, BODY, AT), None, "{name} stands twice");
        given.insert(name.to_owned(), vec!["1".to_owned()]);
        assert_eq!(verified(SECRET, &given, BODY, AT), None, "{name} is another one");
    }
    let mut extreme = standard_headers(SIGNATURE);
    extreme.insert("webhook-timestamp".to_owned(), vec![i64::MIN.to_string()]);
    assert_eq!(verified(SECRET, &extreme, BODY, i64::MAX), None);
}

/// Returns the HMAC-SHA256 of bytes.
fn tag(secret: &str, bytes: &[u8]) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    hmac::sign(&key, bytes).as_ref().to_vec()
}

#[test]
fn what_was_signed_in_one_form_is_not_signed_in_the_other() {
    let secret = "one secret for both";
    let of_github = |body: &[u8]| {
        let digits: Vec<String> =
            tag(secret, body).iter().map(|byte| format!("{byte:02x}")).collect();
        let signature = format!("sha256={}", digits.concat());
        verified(secret, &headers(&[("x-hub-signature-256", &signature)]), body, AT)
    };
    // What the standard signs, sent as a body in the form of GitHub.
    let signed = [format!("{ID}.{AT}.").as_bytes(), BODY].concat();
    assert_eq!(of_github(&signed), None);
    for body in [r#"{"version": "1.25.3"}"#, "payload=1.2.3", "Hello. 1. 2."] {
        assert!(of_github(body.as_bytes()).is_some(), "{body}");
    }
    // A body of GitHub's, cut up into what the standard signs.
    let (id, rest) = (r#"{"title":"a"#, r#"b"}"#);
    let whole = format!("{id}.{AT}.{rest}");
    let signature = format!("v1,{}", BASE64.encode(tag(secret, whole.as_bytes())));
    let time = AT.to_string();
    let given = headers(&[
        ("webhook-id", id),
        ("webhook-timestamp", &time),
        ("webhook-signature", &signature),
    ]);
    assert_eq!(verified(secret, &given, rest.as_bytes(), AT), None);
}
