//! The command line and who slips, cuts short or breaks off: what is meant is told, or done.

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};

use crate::binary::{end, lockstep, run};
use crate::cli_client::Place;
use crate::patience::soon;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_id_may_be_cut_short_as_long_as_one_alone_begins_so() {
    for has_daemon in [true, false] {
        let place = Place::new(has_daemon).await;
        let first = place.with_definitions(&["start", "wait"]).await.stdout.trim().to_owned();
        let second = place.does(&["start", "wait"]).await.stdout.trim().to_owned();
        let shared = first.chars().zip(second.chars()).take_while(|(a, b)| a == b).count();
        let cut = |id: &str, digits| id.chars().take(digits).collect::<String>();
        let (short, several) = (&cut(&first, shared + 1), &cut(&first, 4));
        place.does(&["signal", short, "go", "7"]).await;
        for command in ["get", "journal", "explain"] {
            let told = place.does(&[command, short, "--format", "json"]).await.lines();
            let whole = place.does(&[command, &first, "--format", "json"]).await.lines();
            assert_eq!((told.len(), &told[0]["id"]), (whole.len(), &whole[0]["id"]), "{command}");
            let told = place.run(&[command, several]).await;
            assert_eq!(told.status, Some(1), "{command}: {told:?}");
            for known in [&first, &second] {
                assert!(told.stderr.contains(&format!("\n  {known}  workflow `wait`")), "{told:?}");
            }
        }
        for command in ["get", "journal", "explain", "cancel", "retry"] {
            let told = place.run(&[command, "00000000"]).await;
            assert_eq!(told.status, Some(1), "{command}: {told:?}");
            assert!(told.stderr.contains("`00000000`"), "{command}: {told:?}");
        }
        let short = &cut(&second, shared + 1);
        let cancelled = place.does(&["cancel", short]).await;
        assert!(cancelled.stdout.contains(&second), "{cancelled:?}");
        let again = place.does(&["retry", short]).await;
        assert_ne!(again.stdout.trim(), second);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_name_that_was_meant_is_told() {
    let object = "{\"name\": \"Dan\"}";
    for has_daemon in [true, false] {
        let place = Place::new(has_daemon).await;
        place.with_definitions(&["data", "import", "/dev/null"]).await;
        let commands: [(&[&str], &str); 10] = [
            (&["start", "cal"], "is `call` meant?"),
            (&["start", "cal", "--input", "contact=c1"], "is `call` meant?"),
            (&["start", "payment"], "there are: call, wait"),
            (&["data", "list", "Contct"], "is `Contact` meant?"),
            (&["data", "get", "contact", "c1"], "is `Contact` meant?"),
            (&["data", "patch", "Kontact", "c1", object], "is `Contact` meant?"),
            (&["data", "put", "Kontact", "c1", object, "--create"], "is `Contact` meant?"),
            (&["data", "get", "Contact", "c1"], "`lockstep data list ENTITY` tells which"),
            (&["data", "put", "Contact", "c1", object], "--create makes a new one"),
            (
                &["data", "put", "Contact", "c1", object, "--version", "3"],
                "--create makes a new one",
            ),
        ];
        for (command, help) in commands {
            let told = place.run(command).await;
            assert_eq!(told.status, Some(1), "{command:?}: {told:?}");
            let helps = told
                .stderr
                .lines()
                .any(|line| line.strip_prefix("help: ").is_some_and(|line| line.contains(help)));
            assert!(helps, "{command:?}: {told:?}");
        }
        assert_eq!(place.does(&["data", "list", "Contact"]).await.stdout, "");
        let told = place.does(&["list", "--workflow", "cal"]).await.stderr;
        assert_eq!(told, "no workflow `cal` is published; is `call` meant?\n");
        assert_eq!(place.does(&["list", "--workflow", "call"]).await.stderr, "");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_ends_a_wait_is_told_which_instance_goes_on() {
    for has_daemon in [true, false] {
        let place = Place::new(has_daemon).await;
        if !has_daemon {
            place.with_definitions(&["data", "import", "/dev/null"]).await;
        }
        let at = place.args();
        let at: Vec<&str> = at.iter().map(String::as_str).collect();
        let mut waiting = lockstep(&[&["start", "wait", "--wait", "60s"], &at[..]].concat());
        let mut waiting = waiting.spawn().expect("it starts");
        let mut told = BufReader::new(waiting.stderr.take().expect("it is piped"));
        let mut first = String::new();
        soon("it tells its id", told.read_line(&mut first)).await.expect("text");
        let id = first.split(' ').nth(1).expect("a word").to_owned();
        assert_eq!(first, format!("instance {id} is running\n"));
        let process = waiting.id().expect("it runs").to_string();
        let mut kill = tokio::process::Command::new("kill");
        assert!(kill.args(["-INT", &process]).status().await.expect("it is sent").success());
        let ended = soon("its end", waiting.wait()).await.expect("a status");
        let mut rest = String::new();
        told.read_to_string(&mut rest).await.expect("text");
        assert_eq!(ended.code(), Some(130), "{rest}");
        let how = if has_daemon {
            format!("instance {id} goes on; `lockstep get {id} --wait 60s` waits for its end\n")
        } else {
            format!("instance {id} goes on with the next engine on this store")
        };
        assert!(rest.contains(&how), "{rest}");
        let left = place.does(&["get", &id, "--format", "json"]).await.lines();
        assert_eq!(left[0]["state"], "running");
    }
}

#[tokio::test]
async fn what_counts_for_an_engine_of_ones_own_is_refused_where_a_daemon_is_asked() {
    let id = "0198c6f2-8d31-7a04-9c3e-5b7d2f1e6a90";
    let commands: [&[&str]; 5] = [
        &["start", "call", "--workflows", "a.yaml"],
        &["retry", id, "--allow-host", "localhost"],
        &["signal", id, "go", "--allow-program", "sh"],
        &["data", "put", "Contact", "c1", "{}", "--workflows", "a.yaml"],
        &["data", "import", "/dev/null", "--workflows", "a.yaml"],
    ];
    for command in commands {
        let flag = command.iter().find(|word| word.starts_with("--")).expect("a flag");
        let asked = run(&[command, &["--daemon", "http://localhost:1"]].concat()).await;
        let mut named = lockstep(command);
        named.env("LOCKSTEP_DAEMON", "http://localhost:1");
        for told in [asked, end(named).await] {
            assert_eq!(told.status, Some(2), "{command:?}: {told:?}");
            let cause =
                format!("`{flag}` is for an engine of this process, and the daemon at http");
            let remedy = format!("help: start the daemon with it: `lockstep serve {flag}`");
            assert!(told.stderr.contains(&cause) && told.stderr.contains(&remedy), "{told:?}");
        }
    }
}
