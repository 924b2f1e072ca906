//! The language server's answer to a keystroke in a file of 500 lines: from the change to the
//! diagnostics, over its real protocol, the whole process.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;

use serde_json::{Value, json};

use crate::{median, validate};

const KEYSTROKES: usize = 101;
const URI: &str = "file:///tmp/five-hundred-lines.yaml";

fn send(to: &mut ChildStdin, message: &Value) {
    let text = message.to_string();
    write!(to, "Content-Length: {}\r\n\r\n{text}", text.len()).expect("the server reads");
    to.flush().expect("the server reads");
}

fn receive(from: &mut BufReader<ChildStdout>) -> Value {
    let mut length = 0;
    loop {
        let mut line = String::new();
        assert!(from.read_line(&mut line).expect("the server writes") > 0, "the server has ended");
        let line = line.trim();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("Content-Length: ") {
            length = value.parse().expect("a length");
        }
    }
    let mut body = vec![0; length];
    from.read_exact(&mut body).expect("the server writes");
    serde_json::from_slice(&body).expect("a message is JSON")
}

pub(crate) fn measure(program: &Path) {
    let mut text = String::new();
    let mut number = 0;
    while text.lines().count() < 500 {
        if number > 0 {
            text.push_str("---\n");
        }
        text.push_str(&validate::text(number));
        number += 1;
    }
    let mut child = Command::new(program)
        .arg("lsp")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program runs");
    let mut to = child.stdin.take().expect("it is piped");
    let mut from = BufReader::new(child.stdout.take().expect("it is piped"));
    let request = |id: u32, method: &str, params: Value| json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
    let tell = |method: &str, params: Value| json!({ "jsonrpc": "2.0", "method": method, "params": params });
    send(
        &mut to,
        &request(
            1,
            "initialize",
            json!({ "capabilities": {}, "processId": null, "rootUri": null }),
        ),
    );
    while receive(&mut from)["id"] != 1 {}
    send(&mut to, &tell("initialized", json!({})));
    let document = json!({ "uri": URI, "languageId": "yaml", "version": 0, "text": text });
    send(&mut to, &tell("textDocument/didOpen", json!({ "textDocument": document })));
    // The server tells the findings of a text whenever they change: with each keystroke below.
    let diagnosed = |from: &mut BufReader<ChildStdout>| loop {
        let message = receive(from);
        if message["method"] == "textDocument/publishDiagnostics" {
            return message["params"]["diagnostics"].as_array().map_or(0, Vec::len);
        }
    };
    let mut times = Vec::new();
    for version in 1..=KEYSTROKES {
        // Every other keystroke misspells a name, the next one mends it.
        let changed = if version % 2 == 1 {
            text.replacen("slot.booked + input.seats <=", "slot.boked + input.seats <=", 1)
        } else {
            text.clone()
        };
        let change = json!({
            "textDocument": { "uri": URI, "version": version },
            "contentChanges": [{ "text": changed }],
        });
        let begin = Instant::now();
        send(&mut to, &tell("textDocument/didChange", change));
        let found = diagnosed(&mut from);
        times.push(begin.elapsed());
        assert_eq!(found, version % 2, "the misspelt name is told");
    }
    send(&mut to, &request(2, "shutdown", Value::Null));
    while receive(&mut from)["id"] != 2 {}
    send(&mut to, &tell("exit", Value::Null));
    drop(to);
    assert!(child.wait().expect("it ends").success(), "the server ends well");
    let median = median(times);
    let lines = text.lines().count();
    println!("answer to a keystroke in {lines} lines, median of {KEYSTROKES}: {median:.1?}");
}
