//! Facts about pictures of workflows.

use expect_test::expect;
use lockstep_definition::{Source, check};

use super::{Graph, dot, mermaid, svg};

const BOOKING: &str = r#"
entity: Slot
attributes: { booked: int }
---
workflow: book
description: Book <a> & "place".
input: { slot: string }
activities:
  - activity: read
    exclusive_lock: { context: 'ref("Slot", input.slot)', scope: workflow, on_busy: skip }
    steps:
      - load: { entity: Slot, id: "${input.slot}" }
        as: slot
      - require: slot.booked < 3
      - http: { method: POST, url: "https://x/${slot.id}" }
        when: slot.booked > 1
    next:
      - { when: slot.booked > 2, goto: full }
      - { goto: end }
    catch:
      - { error: "data.*", steps: [{ log: x }] }
      - { error: "*", goto: full }
  - activity: full
    when: input.slot != "x"
    steps: [{ log: full }]
    next: { when: now > workflow.started_at, goto: read }
"#;

fn graph(text: &str) -> Graph {
    let checked = check(&[Source::new("a.yaml", text)]);
    let definitions = checked.definitions.unwrap_or_else(|| panic!("{:#?}", checked.diagnostics));
    Graph::of(definitions.workflows.values().next().unwrap())
}

#[test]
fn every_way_of_a_workflow_is_in_its_picture() {
    expect![[r##"
        digraph "book" {
          node [shape=box, fontname="monospace"];
          n0 [label="book", shape=oval];
          n1 [label="read\l🔒 ref(\"Slot\", input.slot)\lwithin this workflow, left out if busy\lload Slot as slot\lrequire slot.booked < 3\lPOST https://x/${slot.id} ?\l"];
          n2 [label="data.*\llog\l", color="#b4463a"];
          n3 [label="full\lwhen input.slot != \"x\"\llog\l"];
          n4 [label="end", shape=oval];
          n0 -> n1 [label=""];
          n1 -> n3 [label="slot.booked > 2"];
          n1 -> n4 [label="else"];
          n1 -> n3 [label="left out", style=dashed];
          n1 -> n2 [label="", color="#b4463a"];
          n2 -> n3 [label=""];
          n1 -> n3 [label="*", color="#b4463a"];
          n3 -> n1 [label="now > workflow.started_at"];
          n3 -> n4 [label="else"];
        }
    "##]].assert_eq(&dot::dot(&graph(BOOKING)));
}

#[test]
fn mermaid_holds_the_same() {
    expect![[r#"
        flowchart TD
          n0(["book"])
          n1["read<br/>🔒 ref(#34;Slot#34;, input.slot)<br/>within this workflow, left out if busy<br/>load Slot as slot<br/>require slot.booked #60; 3<br/>POST https://x/$#123;slot.id#125; ?"]
          n2[["data.*<br/>log"]]
          n3["full<br/>when input.slot != #34;x#34;<br/>log"]
          n4(["end"])
          n0 --> n1
          n1 -->|"slot.booked #62; 2"| n3
          n1 -->|"else"| n4
          n1 -.->|"left out"| n3
          n1 -.-> n2
          n2 --> n3
          n1 -.->|"*"| n3
          n3 -->|"now #62; workflow.started_at"| n1
          n3 -->|"else"| n4
    "#]].assert_eq(&mermaid::mermaid(&graph(BOOKING)));
}

#[test]
fn lock_shows_its_keys_and_what_is_not_as_usual() {
    let text = r#"
workflow: move-stock
input: { from: string, to: string, urgent: bool }
exclusive_lock: { context: '"move/" + input.from', on_busy: skip, while_waiting: hold }
activities:
  - activity: move
    exclusive_lock:
      context: '[ref("Shelf", input.from), ref("Shelf", input.to)]'
      mode: shared
      max_waiting: 20
      priority: "input.urgent ? 1 : 0"
      while_waiting: release
    steps:
      - wait: { for: 5m }
  - activity: count
    exclusive_lock: { scope: activity }
    steps: [{ log: counting }]
"#;
    expect![[r#"
        flowchart TD
          n0(["move-stock"])
          n1("to the end<br/>🔒 #34;move/#34; + input.from<br/>left out if busy, held while waiting")
          n2["move<br/>🔒 ref(#34;Shelf#34;, input.from)<br/>🔒 ref(#34;Shelf#34;, input.to)<br/>shared, at most 20 wait<br/>priority input.urgent ? 1 : 0<br/>given back while waiting<br/>⏳ wait duration(#34;300s#34;)"]
          n3["count<br/>🔒 the whole activity<br/>log"]
          n4(["end"])
          n0 --> n1
          n1 -.->|"busy"| n4
          n1 --> n2
          n2 --> n3
          n3 --> n4
    "#]].assert_eq(&mermaid::mermaid(&graph(text)));
    let told = svg::svg(&graph(text));
    assert!(
        told.contains(
            "2 activities, 2 of them under an exclusive lock. A lock is held to the end."
        )
    );
}

#[test]
fn svg_holds_all_texts_escaped() {
    let told = svg::svg(&graph(BOOKING));
    assert!(told.contains("<title id=\"title\">Workflow book</title>"), "{told}");
    assert!(told.contains("Book &lt;a&gt; &amp; &quot;place&quot;."), "{told}");
    assert!(told.contains("slot.booked &gt; 2"), "{told}");
    assert!(told.contains("role=\"img\"") && told.contains("prefers-color-scheme:dark"));
}

#[test]
fn long_way_ends_at_the_name_of_its_target() {
    let mut text = "workflow: w\nactivities:\n".to_owned();
    for number in 0..30 {
        let line = format!("  - {{ activity: a{number}, steps: [{{ log: x }}] }}\n");
        text.push_str(&line);
    }
    text += "  - { activity: last, steps: [{ log: x }], next: { when: now > now, goto: a2 } }\n";
    assert!(svg::svg(&graph(&text)).contains("↑ a2"));
}

#[test]
fn thousand_activities_have_a_picture_of_bounded_size() {
    let mut text = "workflow: w\nactivities:\n".to_owned();
    for number in 0..1_000 {
        let goto = (number * 7) % 1_000;
        let line = format!(
            "  - {{ activity: a{number}, steps: [{{ log: x }}], \
             next: {{ when: now > now, goto: a{goto} }} }}\n"
        );
        text.push_str(&line);
    }
    let told = svg::svg(&graph(&text));
    assert!(told.len() < 3_000_000, "{} bytes", told.len());
}
