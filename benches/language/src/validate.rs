//! `lockstep validate` of a thousand workflow files of about fifty lines: the whole process.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::median;

const FILES: usize = 1000;
const ROUNDS: usize = 7;

/// Returns one of the files: a booking with a lock, a call, errors and a loop.
pub(crate) fn text(number: usize) -> String {
    format!(
        r#"# Books one place of slot kind {number}.
entity: Slot{number}
attributes:
  starts_at: timestamp
  places: {{ type: int, min: 0 }}
  booked: {{ type: int, default: 0 }}
  owner: {{ type: string, optional: true }}
---
workflow: book-{number}
description: Books the last place once, and only once.
input:
  slot: string
  customer: string
  seats: {{ type: int, default: 1 }}
activities:
  - activity: book
    exclusive_lock:
      context: ref("Slot{number}", input.slot)
      waiting_timeout: 5s
      hold_timeout: 2m
    steps:
      - load: {{ entity: Slot{number}, id: "${{input.slot}}" }}
        as: slot
      - require: slot.booked + input.seats <= slot.places && input.customer != ""
        else:
          error: slot.full
          message: "no place left at ${{slot.starts_at}} for ${{input.customer}}"
      - http:
          method: POST
          url: "https://calendar.example/appointments"
          headers: {{ x-customer: "${{input.customer}}" }}
          body: {{ who: "${{input.customer}}", seats: "${{input.seats}}" }}
        as: remote
        timeout: 10s
        retry: {{ max_attempts: 3, backoff: 200ms }}
      - update: slot
        set:
          booked: "${{slot.booked + input.seats}}"
          owner: "${{input.customer}}"
    catch:
      - error: "http.*"
        goto: give-up
    next:
      - when: remote.status == 200
        goto: end
  - activity: give-up
    steps:
      - log: "the calendar did not answer for ${{input.customer}}"
      - raise:
          error: calendar.down
          message: "try again after ${{string(now + duration('5m'))}}"
output:
  slot: "${{slot.id}}"
  booked: "${{slot.booked}}"
"#
    )
}

pub(crate) fn measure(program: &Path) {
    let folder = std::env::temp_dir().join(format!("lockstep-validate-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("the folder can be made");
    let lines = text(0).lines().count();
    for number in 0..FILES {
        fs::write(folder.join(format!("{number}.yaml")), text(number)).expect("it can be written");
    }
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let begin = Instant::now();
        let output = Command::new(program)
            .arg("validate")
            .arg(&folder)
            .stdin(Stdio::null())
            .output()
            .expect("the program runs");
        times.push(begin.elapsed());
        let messages = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "the files are right: {messages}");
    }
    fs::remove_dir_all(&folder).expect("the folder can be removed");
    let median = median(times);
    println!("validate {FILES} files of {lines} lines, median of {ROUNDS}: {median:.0?}");
}
