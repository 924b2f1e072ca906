//! Messages as bytes: a header with the length, then JSON.
//!
//! Invariants:
//!
//! * At most [`MAX_MESSAGE`] bytes of a message and [`MAX_HEADER`] of a line of its header are kept.
//! * Whatever is not a message is answered with an error, and the conversation goes on with the next
//!   one; it ends where the length of a message is not known.

use std::io::{self, BufRead, Read as _, Write};

use lsp_server::Message;
use serde_json::{Value, json};

/// Largest message: 16 MiB.
pub(super) const MAX_MESSAGE: u64 = 16 << 20;
/// Numbers of errors, as the protocol has them.
pub(super) const PARSE_ERROR: i32 = -32_700;
pub(super) const INVALID_REQUEST: i32 = -32_600;
pub(super) const METHOD_NOT_FOUND: i32 = -32_601;
pub(super) const INVALID_PARAMS: i32 = -32_602;
pub(super) const NOT_INITIALIZED: i32 = -32_002;
/// Longest line of a header, in bytes.
const MAX_HEADER: u64 = 4 << 10;
/// Most lines of a header.
const MAX_HEADER_LINES: usize = 64;

/// The next message; `None` at the end of the input. Errors go to `out`.
pub(super) fn receive(input: &mut impl BufRead, out: &mut impl Write) -> Option<Message> {
    loop {
        let length = length(input).ok().flatten()?;
        if length > MAX_MESSAGE {
            let skipped = io::copy(&mut input.take(length), &mut io::sink()).ok()?;
            refuse(out, &Value::Null, &format!("a message of {skipped} bytes is too large"));
            continue;
        }
        let mut bytes = Vec::new();
        let read = input.take(length).read_to_end(&mut bytes).ok()?;
        if u64::try_from(read).ok()? < length {
            return None;
        }
        match serde_json::from_slice::<Value>(&bytes) {
            Ok(value) => {
                let id = value.get("id").cloned().unwrap_or(Value::Null);
                match serde_json::from_value(value) {
                    Ok(message) => return Some(message),
                    Err(_) => refuse(out, &id, "this is no message of the protocol"),
                }
            }
            Err(error) => refuse(out, &Value::Null, &format!("this is no JSON: {error}")),
        }
    }
}

/// The length of the next message, from its header; `None` at the end of the input or if there is
/// none.
fn length(input: &mut impl BufRead) -> io::Result<Option<u64>> {
    let mut length = None;
    for _ in 0..MAX_HEADER_LINES {
        let mut line = Vec::new();
        if input.take(MAX_HEADER).read_until(b'\n', &mut line)? == 0 || !line.ends_with(b"\n") {
            return Ok(None);
        }
        let line = String::from_utf8_lossy(&line);
        let line = line.trim();
        if line.is_empty() {
            return Ok(length);
        }
        if let Some((name, value)) = line.split_once(':')
            && name.trim().eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().ok();
        }
    }
    Ok(None)
}

/// Answers what is no message. If even that is not possible, nobody can be told.
fn refuse(out: &mut impl Write, id: &Value, message: &str) {
    let code = if id.is_null() { PARSE_ERROR } else { INVALID_REQUEST };
    let error = json!({ "code": code, "message": message });
    let text = json!({ "jsonrpc": "2.0", "id": id, "error": error }).to_string();
    let frame = format!("Content-Length: {}\r\n\r\n{text}", text.len());
    drop(out.write_all(frame.as_bytes()).and_then(|()| out.flush()));
}
