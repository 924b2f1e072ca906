//! Settings: which of two counts, and what is refused.

use super::*;

/// Reads a file and a command line; returns the settings that are shown.
fn read(file: &str, words: &[&str]) -> Result<String, String> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("settings.toml");
    std::fs::write(&path, file).expect("written");
    let path = path.to_str().expect("text");
    let words = [&["lockstep", "serve", "--settings", path], words].concat();
    match command_line(words.into_iter().map(OsString::from).collect()) {
        Ok(Cli { command: Command::Serve(args), .. }) => Ok(args.settings.shown),
        Ok(cli) => Err(format!("another command: {cli:?}")),
        Err(Unread::Arguments(error)) => Err(error.to_string()),
        Err(Unread::Settings(error)) => Err(error.report()),
    }
}

#[track_caller]
fn shows(shown: &Result<String, String>, line: &str) {
    let shown = shown.as_ref().expect("it is right");
    assert!(shown.lines().any(|known| known == line), "{line} in\n{shown}");
}

#[test]
fn a_flag_counts_more_than_the_file_and_that_more_than_the_default() {
    let file =
        "listen = \"127.0.0.1:1\"\nworkflows = \"a\"\nrate = 5\nallow_host = [\"a\", \"b\"]\n";
    let shown = read(file, &["--listen", "127.0.0.1:2", "--allow-host", "c"]);
    shows(&shown, "listen = \"127.0.0.1:2\" # flag");
    shows(&shown, "workflows = [\"a\"] # file");
    shows(&shown, "rate = 5 # file");
    shows(&shown, "allow_host = [\"c\"] # flag");
    shows(&shown, "connections = 4096 # default");
    shows(&shown, "# tokens is not set");
}

#[test]
fn what_is_shown_is_a_file_of_settings() {
    let file = "workflows = [\"a\", \"b\"]\nstore = \"x\\\"y\"\nlog = \"warn\"\n[config]\n\
                url = \"http://x\"\nlimits = { a = 1, b = [true] }\n";
    let shown = read(file, &[]).expect("it is right");
    shows(
        &Ok(shown.clone()),
        "config = [\"limits={\\\"a\\\":1,\\\"b\\\":[true]}\", \"url=http://x\"] # file",
    );
    shows(&Ok(shown.clone()), "log = \"warn\" # file");
    let again = read(&shown, &[]).expect("it is right");
    assert_eq!(again.replace("# file", "# default"), shown.replace("# file", "# default"));
}

#[test]
fn what_is_wrong_is_refused_with_a_remedy() {
    for (file, told) in [
        ("allow-host = \"a\"", "write `allow_host`"),
        ("listn = \"a\"", "write `listen`"),
        ("settings = \"a\"", "--print-settings"),
        ("workflows = [[1]]", "a text, a number"),
        ("listen = [\"127.0.0.1:1\"]", "a text, a number"),
        ("listen = \"what\"", "invalid value 'what' for '--listen"),
        ("rate = 0", "invalid value '0' for '--rate"),
        ("rate = ", "are not TOML"),
    ] {
        let error = read(file, &[]).expect_err(file);
        assert!(error.contains(told), "{file}: {error}");
    }
}

#[test]
fn every_flag_of_the_daemon_is_a_setting() {
    let serve = Cli::command();
    let serve = serve.find_subcommand(COMMAND).expect("a command");
    let longs: Vec<&str> = serve.get_arguments().filter_map(clap::Arg::get_long).collect();
    let keys: Vec<String> = flags().into_iter().map(|flag| flag.key).collect();
    for long in longs.iter().filter(|long| !NOT_SETTINGS.contains(long)) {
        assert!(keys.contains(&long.replace('-', "_")), "{long}");
    }
    assert!(keys.contains(&"log".to_owned()), "a flag of all commands");
    let page = include_str!("../../../../docs/daemon.md");
    let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| `")).collect();
    for key in keys {
        let is_told = |line: &&str| {
            line.split(" | ").next().is_some_and(|cell| cell.contains(&format!("`{key}`")))
        };
        assert!(rows.iter().any(is_told), "{key} is in the table of docs/daemon.md");
    }
}
