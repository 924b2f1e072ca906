//! `lockstep top`: the live view, at a daemon and on the file of a store, in a terminal and without.

use std::process::Stdio;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{ChildStdout, Command};

use crate::binary::{self, run};
use crate::daemon_process::Daemon;
use crate::patience::soon;
use crate::shelf::Shelf;

const DEFINITIONS: &str = r#"
workflow: fail
activities:
  - activity: fail
    steps:
      - raise: { error: shop.closed, message: "come back tomorrow" }
---
workflow: hold
activities:
  - activity: hold
    exclusive_lock: { context: '"door"', waiting_timeout: 1h, hold_timeout: 1h, while_waiting: hold }
    steps:
      - wait: { signal: go }
        timeout: 1h
"#;

/// Begins where a terminal shows another screen, and where it shows its own again.
const OTHER_SCREEN: &str = "\u{1b}[?1049h";
const OWN_SCREEN: &str = "\u{1b}[?1049l";

/// A daemon at which one instance has failed, one holds a lock and one waits for it.
async fn daemon(shelf: &Shelf) -> Daemon {
    let definitions = shelf.path("top.yaml");
    std::fs::write(&definitions, DEFINITIONS).expect("the folder can be written");
    let definitions = definitions.display().to_string();
    let daemon = Daemon::with(&shelf.path("lockstep.db"), &definitions, &[]).await;
    for (workflow, query) in [("fail", "?wait=10s"), ("hold", ""), ("hold", "")] {
        let path = format!("/v1/workflows/{workflow}/instances{query}");
        daemon.post(&path, "", "{}").await.expect("it answers");
    }
    daemon
}

#[tokio::test]
async fn one_view_is_written_as_text_if_there_is_no_terminal() {
    let shelf = Shelf::new();
    let daemon = daemon(&shelf).await;
    let address = format!("http://{}", daemon.address);
    let url = shelf.url();
    for (place, args) in [("--daemon", &address), ("--store", &url)] {
        let told = run(&["top", place, args]).await;
        assert_eq!((told.status, told.stderr.as_str()), (Some(0), ""), "{told:?}");
        let text = told.stdout;
        assert!(!text.contains('\u{1b}'), "{text}");
        for part in [
            args.as_str(),
            "2 running, 0 done, 1 failed",
            "1 hold one, 1 wait for one",
            "\"door\"",
            "shop.closed: come back tomorrow",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert_eq!(text.contains("up "), place == "--daemon", "{text}");
    }
    let none = run(&["top", "--daemon", "http://127.0.0.1:1"]).await;
    assert_eq!((none.status, none.stdout.as_str()), (Some(3), ""), "{none:?}");
    let none = run(&["top", "--interval", "1ms", "--store", &url]).await;
    assert_eq!(none.status, Some(2), "{none:?}");
}

/// A terminal in which `lockstep top` runs, and behind it `stty`, which tells how the terminal is.
struct Screen {
    process: tokio::process::Child,
    output: ChildStdout,
    shown: String,
}

impl Screen {
    fn new(address: &str) -> Self {
        let top = format!("{} top --interval 100ms --daemon {address}", binary::path().display());
        let line = format!("stty rows 24 cols 80; {top}; echo \"status $?\"; stty -a");
        let mut command = Command::new("script");
        command.args(["-qec", &line, "/dev/null"]).env("TERM", "xterm").kill_on_drop(true);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().expect("util-linux is there");
        let output = process.stdout.take().expect("it is piped");
        Self { process, output, shown: String::new() }
    }

    /// Waits until a word has been shown; between words the cursor only moves.
    async fn shows(&mut self, text: &str) {
        let read = async {
            let mut bytes = [0; 4096];
            while !self.shown.contains(text) {
                let count = self.output.read(&mut bytes).await.expect("it can be read");
                assert_ne!(count, 0, "{text:?} is not shown: {:?}", self.shown);
                self.shown.push_str(&String::from_utf8_lossy(&bytes[..count]));
            }
        };
        soon(&format!("{text:?} is shown"), read).await;
    }

    async fn types(&mut self, keys: &[u8]) {
        let input = self.process.stdin.as_mut().expect("it is piped");
        input.write_all(keys).await.expect("it can be written");
        input.flush().await.expect("it can be written");
    }
}

#[tokio::test]
async fn terminal_is_as_it_was_when_the_view_is_left() {
    let shelf = Shelf::new();
    let daemon = daemon(&shelf).await;
    for keys in [b"q".as_slice(), b"\x03", b"\x1b"] {
        let mut screen = Screen::new(&format!("http://{}", daemon.address));
        screen.shows("leaves;").await;
        screen.types(keys).await;
        screen.shows("status 0").await;
        screen.shows("speed").await;
        screen.shows("echoke").await;
        let (before, behind) = screen.shown.split_once(OWN_SCREEN).expect("its own screen");
        assert!(before.contains(OTHER_SCREEN), "{before:?}");
        assert!(behind.contains(" icanon") && !behind.contains("-icanon"), "{behind:?}");
    }
}

#[tokio::test]
async fn daemon_that_goes_away_is_told_and_asked_again() {
    let shelf = Shelf::new();
    let mut daemon = daemon(&shelf).await;
    let mut screen = Screen::new(&format!("http://{}", daemon.address));
    screen.shows("leaves;").await;
    let address = daemon.address.to_string();
    daemon.process.kill().await.expect("it is killed");
    screen.shows("tried").await;
    screen.shown.clear();
    let definitions = shelf.path("top.yaml").display().to_string();
    let mut again = binary::lockstep(&["serve", "--listen", &address, "--store", &shelf.url()]);
    again.args(["--workflows", &definitions]);
    let _again = Daemon::of(again).await;
    screen.shows("leaves;").await;
    screen.types(b"q").await;
    screen.shows("status 0").await;
}
