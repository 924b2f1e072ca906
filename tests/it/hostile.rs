//! Facts about files that are made to harm: the real program tells an error, within 200 MB of
//! memory and a second of work.

use std::fmt::Write as _;
use std::path::Path;

use tokio::process::Command;

use crate::binary::{self, Told};

/// Most memory of the program, in KiB: all that it maps, not only what it uses.
const MEMORY: u32 = 200 * 1024;
/// Most seconds of work of the processor.
const SECONDS: u32 = 1;

/// Runs the program within the limits, which the kernel holds.
async fn within_limits(args: &[&str]) -> Told {
    let script = format!("ulimit -v {MEMORY}; ulimit -t {SECONDS}; exec \"$0\" \"$@\"");
    let mut command = Command::new("sh");
    command.arg("-c").arg(script).arg(binary::path()).args(args);
    binary::finish(command).await
}

async fn validate(folder: &Path, name: &str, content: &[u8]) -> Told {
    let path = folder.join(name);
    std::fs::write(&path, content).expect("the file can be written");
    within_limits(&["validate", path.to_str().expect("a path in UTF-8")]).await
}

/// A workflow with this condition.
fn with_condition(condition: &str) -> String {
    format!(
        "workflow: w\nactivities:\n  - activity: a\n    when: {condition}\n    steps: [{{ log: hi }}]\n"
    )
}

#[tokio::test]
async fn file_that_is_made_to_harm_is_an_error_soon_and_in_little_memory() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut bomb = "workflow: w\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let items = vec![format!("*a{}", level - 1); 10].join(", ");
        writeln!(bomb, "a{level}: &a{level} [{items}]").expect("a string takes text");
    }
    let cases: &[(&str, Vec<u8>, &str)] = &[
        ("bomb.yaml", bomb.into_bytes(), "yaml-aliases"),
        ("brackets.yaml", format!("workflow: {}", "[".repeat(10_000)).into(), "yaml-depth"),
        ("braces.yaml", format!("workflow: {}", "{a: ".repeat(10_000)).into(), "yaml-depth"),
        ("dashes.yaml", "- ".repeat(10_000).into(), "yaml-depth"),
        ("line.yaml", vec![b'a'; 100_000_000], "file-too-large"),
        ("bytes.yaml", b"workflow: \xff\xfe\n".to_vec(), "not-utf-8"),
        ("key.yaml", format!("{}: 1\n", "k".repeat(1_000_000)).into(), "error"),
        ("parentheses.yaml", with_condition(&"(".repeat(10_000)).into(), "expression-syntax"),
        ("nots.yaml", with_condition(&format!("\"{}x\"", "!".repeat(20_000))).into(), "error"),
        ("minus.yaml", with_condition(&format!("\"{}1\"", "-".repeat(16_000))).into(), "error"),
        ("fields.yaml", with_condition(&format!("a{}", ".a".repeat(7_000))).into(), "error"),
    ];
    for (name, content, code) in cases {
        let told = validate(folder.path(), name, content).await;
        assert_eq!(told.status, Some(1), "{name}: {told:?}");
        assert!(told.stdout.contains(code), "{name}: {told:?}");
    }
}

#[tokio::test]
async fn expression_that_would_run_for_ever_ends_with_an_error() {
    let list = "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]";
    let mut nested = "true".to_owned();
    for level in 0..12 {
        nested = format!("{list}.all(x{level}, {nested})");
    }
    let mut doubled = "'x'".to_owned();
    for _ in 0..40 {
        doubled = format!("[{doubled}].map(s, s + s)[0]");
    }
    for text in [nested, doubled, "lists.range(1000000000).map(x, [x])".to_owned()] {
        let told = within_limits(&["eval", &text]).await;
        assert_eq!(told.status, Some(1), "{told:?}");
        assert!(told.stderr.contains("expr.limit"), "{told:?}");
    }
}
