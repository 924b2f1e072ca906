use super::*;

#[test]
fn every_signature_of_the_table_can_be_read() {
    assert!(names().all(|name| !of(name).is_empty()));
    assert!(signatures().count() > 80, "the table has the functions of the language");
}

#[test]
fn signature_is_written_as_the_table_writes_it() {
    for text in ["(A) -> type", "string.(string, int) -> int", "map<A, B>.() -> int"] {
        let read = read::signature(&text.replace("-> type", "-> type<A>")).unwrap();
        assert_eq!(read.to_string(), text);
    }
}

#[test]
fn text_that_is_no_signature_is_refused() {
    for text in
        ["", "int", "(int)", "(int -> int", "(int>) -> int", "(list<int) -> int", "(x) -> int"]
    {
        assert_eq!(read::signature(text), None, "{text}");
    }
}
