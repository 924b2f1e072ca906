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

#[tokio::test]
async fn a_wrong_value_is_told_with_the_place_where_it_stands() {
    let shelf = Shelf::new();
    let file = shelf.path("settings.toml").display().to_string();
    std::fs::write(&file, "log = \"warn\"\n\nrate = \"fast\"\n").expect("written");
    let of_file = binary::run(&["serve", "--settings", &file]).await;
    assert_eq!(of_file.status, Some(2), "{of_file:?}");
    let place = format!("error: {file}:3: invalid value 'fast' for '--rate <N>'");
    assert!(of_file.stderr.starts_with(&place), "{of_file:?}");
    let mut command = binary::lockstep(&["serve", "--settings", &file]);
    command.env("LOCKSTEP_RATE", "0");
    let of_variable = binary::end(command).await;
    let place = "error: LOCKSTEP_RATE: invalid value '0'";
    assert!(of_variable.stderr.starts_with(place), "{of_variable:?}");
    let of_flag = binary::run(&["serve", "--settings", &file, "--rate", "1x"]).await;
    assert!(of_flag.stderr.starts_with("error: invalid value '1x' for '--rate"), "{of_flag:?}");
}

#[tokio::test]
async fn a_variable_that_is_probably_a_slip_is_told() {
    let mut command = binary::lockstep(&["serve", "--print-settings"]);
    command.env("LOCKSTEP_WORKFLOW", "w").env("LOCKSTEP_SECRET_TOKEN", "s");
    let told = binary::end(command).await;
    assert_eq!(told.status, Some(0), "{told:?}");
    let warning =
        "warning: LOCKSTEP_WORKFLOW is no variable of lockstep; is LOCKSTEP_WORKFLOWS meant?";
    assert_eq!(told.stderr.trim_end(), warning);
}
