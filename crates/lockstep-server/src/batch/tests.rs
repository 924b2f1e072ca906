use super::*;

#[test]
fn a_line_has_an_input_and_perhaps_a_key() {
    for (line, expected) in [
        (r#"{"input": {"n": 1}, "key": "one"}"#, Some((r#"{"n":1}"#, Some("one")))),
        (r#"{"key": null, "input": {}}"#, Some(("{}", None))),
        ("{}\r", Some(("{}", None))),
        (r#"{"input": {}, "n": 1}"#, None),
        (r#"{"input": 1}"#, None),
        (r#"{"input": {}, "key": 1}"#, None),
        ("[]", None),
        ("{", None),
        ("\u{feff}", None),
    ] {
        let read = parts(line.as_bytes()).ok();
        let read = read.map(|(input, key)| (json::to_json(&input), key));
        let expected = expected
            .map(|(input, key): (&str, Option<&str>)| (input.to_owned(), key.map(Arc::from)));
        assert_eq!(read, expected, "{line}");
    }
    assert!(parts(&[0xff]).is_err());
}

#[test]
fn answers_can_be_read_as_their_form() {
    let id = InstanceId(uuid::Uuid::from_u128(1));
    for told in [
        Told::Done { id, output: Value::from("a\n\"b\""), is_known: true },
        Told::Running { id, is_known: false },
    ] {
        let mut text = String::new();
        told.write(&mut text);
        assert_eq!(text.matches('\n').count(), 1, "{text}");
        let read: lockstep_api::BatchAnswer = serde_json::from_str(&text).expect("it has the form");
        assert_eq!(serde_json::to_string(&read).expect("it is written") + "\n", text);
    }
}
