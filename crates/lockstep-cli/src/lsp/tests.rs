//! Conversations with the server, as editors have them.

use std::collections::BTreeMap;

use lsp_server::{Connection, Message, Notification, Request, Response};
use serde_json::{Value, json};

use super::{server, wire};

const URI: &str = "file:///w/%C3%A9.yaml";

/// An editor on the other side of a server that runs in a thread of its own.
struct Editor {
    connection: Connection,
    server: std::thread::JoinHandle<bool>,
    last: i32,
    /// The findings that were told last, of each file.
    findings: BTreeMap<String, Vec<Value>>,
}

impl Editor {
    fn start(capabilities: Value) -> Self {
        let (connection, other) = Connection::memory();
        let server = std::thread::spawn(move || server::serve(&other));
        let mut editor = Self { connection, server, last: 0, findings: BTreeMap::new() };
        let result = editor.ask("initialize", json!({ "capabilities": capabilities })).unwrap();
        assert_eq!(result["serverInfo"]["name"], "lockstep");
        editor.note("initialized", json!({}));
        editor
    }

    fn note(&self, method: &str, params: Value) {
        let note = Notification::new(method.to_owned(), params);
        self.connection.sender.send(Message::Notification(note)).unwrap();
    }

    #[expect(clippy::panic_in_result_fn, reason = "an answer may be an error; a wrong one is none")]
    fn ask(&mut self, method: &str, params: Value) -> Result<Value, i32> {
        self.last += 1;
        let request = Request::new(self.last.into(), method.to_owned(), params);
        self.connection.sender.send(Message::Request(request)).unwrap();
        loop {
            match self.connection.receiver.recv().expect("the server answers") {
                Message::Response(Response { id, response_result }) => {
                    assert_eq!(id, self.last.into());
                    return response_result.map_err(|error| error.code);
                }
                Message::Notification(note) => {
                    assert_eq!(note.method, "textDocument/publishDiagnostics");
                    let uri = note.params["uri"].as_str().unwrap().to_owned();
                    self.findings
                        .insert(uri, note.params["diagnostics"].as_array().unwrap().clone());
                }
                Message::Request(request) => panic!("{}", request.method),
            }
        }
    }

    fn open(&mut self, text: &str) {
        let document = json!({ "uri": URI, "languageId": "yaml", "version": 1, "text": text });
        self.note("textDocument/didOpen", json!({ "textDocument": document }));
    }

    /// The codes of the findings about the file, when all messages are answered.
    fn codes(&mut self) -> Vec<String> {
        // Findings are told when no message waits, so one more question is enough to see them all
        // only after the second answer.
        for _ in 0..2 {
            let document = json!({ "textDocument": { "uri": URI } });
            self.ask("textDocument/documentSymbol", document).unwrap();
        }
        let found = self.findings.get(URI).cloned().unwrap_or_default();
        found.iter().map(|one| one["code"].as_str().unwrap().to_owned()).collect()
    }

    fn end(mut self) -> bool {
        self.ask("shutdown", Value::Null).unwrap();
        self.note("exit", Value::Null);
        self.server.join().expect("the server does not panic")
    }
}

fn at(line: u32, character: u32) -> Value {
    let position = json!({ "line": line, "character": character });
    json!({ "textDocument": { "uri": URI }, "position": position })
}

const TEXT: &str = "workflow: w\nactivities:\n  - activity: a\n    steps: [{ log: é }]\n    \
                    next: { when: now > now, goto: a }\n";

/// A text without findings, with a name whose type only the checker knows.
const CALM: &str = "workflow: v\nactivities: [{ activity: a, steps: [{ set: { n: 1 } }] }]\n\
                    output: { m: \"${n}\" }\n---\nworkflow: w\nactivities:\n  - activity: a\n    \
                    steps:\n      - workflow: { call: v }\n        as: child\n      \
                    - log: \"${child.m}\"\n";

#[test]
fn types_of_the_checker_are_known() {
    let mut editor = Editor::start(json!({}));
    editor.open(CALM);
    assert_eq!(editor.codes(), Vec::<String>::new());
    let items = editor.ask("textDocument/completion", at(10, 22)).unwrap();
    assert_eq!(items[0]["label"], "m", "{items}");
    let hover = editor.ask("textDocument/hover", at(10, 23)).unwrap();
    assert!(hover["contents"]["value"].as_str().unwrap().contains("m: int"), "{hover}");
    assert!(editor.end());
}

#[test]
fn findings_follow_the_text() {
    let mut editor = Editor::start(json!({}));
    editor.open("workflow: w\nactivitis: []\n");
    assert_eq!(editor.codes(), ["unknown-key"]);
    let range =
        json!({ "start": { "line": 1, "character": 6 }, "end": { "line": 1, "character": 6 } });
    let change = json!({ "range": range, "text": "i" });
    let document = json!({ "uri": URI, "version": 2 });
    let params = json!({ "textDocument": document, "contentChanges": [change] });
    editor.note("textDocument/didChange", params);
    assert_eq!(editor.codes(), ["unknown-key"]);
    let params = json!({ "textDocument": document, "contentChanges": [{ "text": CALM }] });
    editor.note("textDocument/didChange", params);
    assert_eq!(editor.codes(), Vec::<String>::new());
    assert!(editor.end());
}

#[test]
fn columns_are_counted_as_the_editor_wants() {
    for (capabilities, character) in
        [(json!({}), 29), (json!({ "general": { "positionEncodings": ["utf-8", "utf-16"] } }), 31)]
    {
        let mut editor = Editor::start(capabilities);
        // A character outside of the first plane: two units of UTF-16, four of UTF-8.
        editor
            .open("workflow: w\nactivities:\n  - { activity: \"𝒳\", wrong: 1, steps: [commit] }\n");
        editor.codes();
        let start = editor.findings[URI].iter().find(|one| one["code"] == "unknown-key").unwrap();
        let expected = character - 7;
        assert_eq!(start["range"]["start"]["character"], expected, "{start}");
        assert!(editor.end());
    }
}

#[test]
fn questions_are_answered() {
    let mut editor = Editor::start(json!({}));
    editor.open(TEXT);
    let hover = editor.ask("textDocument/hover", at(3, 6)).unwrap();
    assert!(hover["contents"]["value"].as_str().unwrap().contains("What is done"), "{hover}");
    let items = editor.ask("textDocument/completion", at(4, 36)).unwrap();
    let labels: Vec<&str> =
        items.as_array().unwrap().iter().map(|item| item["label"].as_str().unwrap()).collect();
    assert_eq!(labels, ["a", "end"]);
    let target = editor.ask("textDocument/definition", at(4, 36)).unwrap();
    assert_eq!(target["range"]["start"], json!({ "line": 2, "character": 14 }));
    let mut params = at(4, 36);
    params["newName"] = json!("b");
    let edit = editor.ask("textDocument/rename", params).unwrap();
    assert_eq!(edit["changes"][URI].as_array().unwrap().len(), 2, "{edit}");
    let prepared = editor.ask("textDocument/prepareRename", at(2, 14)).unwrap();
    assert_eq!(prepared["placeholder"], "a");
    let document = json!({ "textDocument": { "uri": URI } });
    let symbols = editor.ask("textDocument/documentSymbol", document).unwrap();
    assert_eq!(symbols[0]["children"][0]["name"], "a");
    assert!(editor.end());
}

#[test]
fn suggestion_becomes_a_quick_fix() {
    let mut editor = Editor::start(json!({}));
    editor.open("workflow: w\nactivitis: []\n");
    assert_eq!(editor.codes(), ["unknown-key"]);
    let position = json!({ "line": 1, "character": 2 });
    let params = json!({
        "textDocument": { "uri": URI },
        "range": { "start": position, "end": position },
        "context": { "diagnostics": [] },
    });
    let actions = editor.ask("textDocument/codeAction", params).unwrap();
    assert_eq!(actions[0]["edit"]["changes"][URI][0]["newText"], "activities", "{actions}");
    assert!(editor.end());
}

#[test]
fn files_of_the_folder_belong_to_the_texts() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("e.yaml"), "entity: E\nattributes: { a: int }\n").unwrap();
    std::fs::write(at("other.yaml"), "version: 1\n").unwrap();
    let root = format!("file://{}", folder.path().display());
    let (connection, other) = Connection::memory();
    let server = std::thread::spawn(move || server::serve(&other));
    let mut editor = Editor { connection, server, last: 0, findings: BTreeMap::new() };
    let params = json!({ "capabilities": {}, "workspaceFolders": [{ "uri": root, "name": "w" }] });
    editor.ask("initialize", params).unwrap();
    editor.open(
        "workflow: w\nactivities: [{ activity: a, steps: [{ create: E, set: { a: 1 } }] }]\n",
    );
    assert_eq!(editor.codes(), Vec::<String>::new());
    std::fs::remove_file(at("e.yaml")).unwrap();
    let change = json!({ "uri": format!("{root}/e.yaml"), "type": 3 });
    editor.note("workspace/didChangeWatchedFiles", json!({ "changes": [change] }));
    assert_eq!(editor.codes(), ["unknown-entity"]);
    assert!(editor.end());
}

#[test]
fn what_is_not_understood_gets_an_error() {
    let mut editor = Editor::start(json!({}));
    editor.open(TEXT);
    editor.note("textDocument/didChange", json!({ "textDocument": 1 }));
    editor.note("unknown/note", Value::Null);
    for (method, params, code) in [
        ("unknown/method", Value::Null, -32_601),
        ("textDocument/hover", json!({ "position": -1 }), -32_602),
        ("textDocument/hover", at(99, 0), -32_602),
        ("initialize", json!({ "capabilities": {} }), -32_600),
    ] {
        assert_eq!(editor.ask(method, params), Err(code), "{method}");
    }
    // A column behind the end of its line counts as the end.
    assert!(editor.ask("textDocument/hover", at(0, 9_999)).is_ok());
    editor.ask("shutdown", Value::Null).unwrap();
    assert_eq!(editor.ask("textDocument/hover", Value::Null), Err(-32_600));
    editor.note("exit", Value::Null);
    assert!(editor.server.join().unwrap());
}

#[test]
fn question_before_the_beginning_gets_an_error() {
    let (connection, other) = Connection::memory();
    let server = std::thread::spawn(move || server::serve(&other));
    let request = Request::new(1.into(), "textDocument/hover".to_owned(), Value::Null);
    connection.sender.send(Message::Request(request)).unwrap();
    let Ok(Message::Response(response)) = connection.receiver.recv() else { panic!("no answer") };
    assert_eq!(response.response_result.unwrap_err().code, -32_002);
    drop(connection);
    assert!(!server.join().unwrap(), "it did not end in order");
}

fn frame(body: &[u8]) -> Vec<u8> {
    let mut frame = format!("Content-Length: {}\r\n\r\n", body.len()).into_bytes();
    frame.extend_from_slice(body);
    frame
}

/// What is received of these bytes: methods; and the errors that are answered.
fn received(bytes: &[u8]) -> (Vec<String>, String) {
    let (mut input, mut out) = (bytes, Vec::new());
    let mut methods = Vec::new();
    while let Some(message) = wire::receive(&mut input, &mut out) {
        match message {
            Message::Request(request) => methods.push(request.method),
            Message::Notification(note) => methods.push(note.method),
            Message::Response(_) => methods.push("response".to_owned()),
        }
    }
    (methods, String::from_utf8(out).unwrap())
}

#[test]
fn conversation_goes_on_behind_what_is_no_message() {
    let good = frame(br#"{"jsonrpc":"2.0","method":"a"}"#);
    let large = vec![b' '; usize::try_from(wire::MAX_MESSAGE).unwrap() + 1];
    for (bad, told) in [
        (frame(b"{"), "no JSON"),
        (frame(b"\xff"), "no JSON"),
        (frame(br#"{"id": 7, "method": 1}"#), "no message"),
        (frame(b"[]"), "no message"),
        (frame(&large), "too large"),
    ] {
        let (methods, errors) = received(&[bad, good.clone()].concat());
        assert_eq!(methods, ["a"], "{told}");
        assert!(errors.contains(told), "{errors}");
    }
}

#[test]
fn input_without_a_length_ends_the_conversation() {
    let line = vec![b'x'; 100_000];
    for bytes in
        [&b"\r\n\r\n"[..], b"Content-Length: x\r\n\r\n{}", b"Content-Length: 9\r\n\r\n{}", &line]
    {
        assert_eq!(received(bytes), (Vec::new(), String::new()));
    }
}
