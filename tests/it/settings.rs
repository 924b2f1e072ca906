//! Settings of the daemon: the flag, the environment, the file, the default, in this order.

use crate::binary;
use crate::shelf::Shelf;

#[tokio::test]
async fn settings_are_shown_with_where_they_come_from() {
    let shelf = Shelf::new();
    let file = shelf.path("settings.toml").display().to_string();
    let text = "rate = 5\nconnections = 50\nhost = [\"a.example\"]\nworkflows = \"w\"\n\
                store = \"postgres://me:hidden@db/shop\"\n";
    std::fs::write(&file, text).expect("written");
    let mut command =
        binary::lockstep(&["serve", "--settings", &file, "--rate", "7", "--print-settings"]);
    command.env("LOCKSTEP_CONNECTIONS", "60").env("LOCKSTEP_ALLOW_HOST", "a, b");
    let told = binary::finish(command).await;
    assert_eq!(told.status, Some(0), "{told:?}");
    for line in [
        "rate = 7 # flag",
        "connections = 60 # environment",
        "allow_host = [\"a\", \"b\"] # environment",
        "host = [\"a.example\"] # file",
        "connections_per_address = 1024 # default",
        "failures_per_address = 10 # default",
        "# tokens is not set",
        "store = \"postgres://me:***@db/shop\" # file",
    ] {
        assert!(told.stdout.lines().any(|known| known == line), "{line}: {}", told.stdout);
    }
    assert!(!told.stdout.contains("hidden"), "{}", told.stdout);
}

#[tokio::test]
async fn a_key_that_is_no_setting_is_an_error_that_tells_which_was_meant() {
    let shelf = Shelf::new();
    let file = shelf.path("settings.toml").display().to_string();
    std::fs::write(&file, "lisen = \"127.0.0.1:0\"\n").expect("written");
    let told = binary::run(&["serve", "--settings", &file]).await;
    assert_eq!(told.status, Some(2), "{told:?}");
    assert!(told.stderr.contains("`lisen`") && told.stderr.contains("write `listen`"), "{told:?}");
}
