//! What `docs/deploy` has for service managers fits the binary.

use std::path::Path;
use std::process::Command as Blocking;

use crate::binary;

const UNIT: &str = include_str!("../../docs/deploy/lockstep.service");
const IMAGE: &str = include_str!("../../docs/deploy/Dockerfile");

/// Lets the binary read a command line without doing what it says; returns the settings.
async fn understood(args: &[&str]) -> String {
    let told = binary::run(&[args, &["--print-settings"]].concat()).await;
    assert_eq!(told.status, Some(0), "{args:?}: {told:?}");
    told.stdout
}

#[tokio::test]
async fn binary_understands_the_unit_of_systemd() {
    let mut lines = UNIT.lines();
    let line = lines.find_map(|line| line.strip_prefix("ExecStart=")).expect("it starts something");
    let args: Vec<&str> = line.split_ascii_whitespace().collect();
    let [program, args @ ..] = args.as_slice() else { panic!("{line}") };
    assert_eq!(Path::new(program).file_name(), binary::path().file_name());
    let settings = understood(args).await;
    assert!(settings.contains("lockstep.db\" # flag"), "{settings}");
    // The folder that systemd makes is the one in which the store is.
    assert!(UNIT.contains("\nStateDirectory=lockstep\n") && line.contains("/var/lib/lockstep/"));
}

#[tokio::test]
async fn binary_understands_the_image() {
    let words = |name: &str| -> Vec<String> {
        let text = IMAGE.lines().find_map(|line| line.strip_prefix(name)).expect("it is there");
        serde_json::from_str(text).expect("a list of texts")
    };
    assert_eq!(words("ENTRYPOINT "), ["lockstep"]);
    let args = words("CMD ");
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    understood(&args).await;
    // What is built is what is copied, and both packages are there.
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    assert!(IMAGE.contains("--package lockstep-cli") && root.join("crates/lockstep-cli").is_dir());
    let copied = "COPY --from=build /src/target/release/lockstep /usr/local/bin/lockstep";
    assert!(IMAGE.contains(copied) && IMAGE.contains("WORKDIR /src\n"), "{IMAGE}");
    let version = env!("CARGO_PKG_RUST_VERSION");
    let built =
        IMAGE.lines().find_map(|line| line.strip_prefix("FROM rust:")).expect("a toolchain");
    let number = |text: &str| -> Vec<u32> {
        let digits = text.split('-').next().unwrap_or_default().split('.');
        digits.map(|part| part.parse().expect("a number")).collect()
    };
    assert!(number(built) >= number(version), "{built} is older than {version}");
}

/// Where there is systemd, it finds nothing wrong with the unit.
#[test]
fn systemd_finds_nothing_wrong_with_the_unit() {
    let folder = tempfile::tempdir().expect("a folder");
    let unit = folder.path().join("lockstep.service");
    let program = binary::path().display().to_string();
    let text = UNIT.replace("/usr/local/bin/lockstep", &program);
    // No manual is installed here.
    let text: String = text
        .lines()
        .filter(|line| !line.starts_with("Documentation="))
        .fold(String::new(), |text, line| text + line + "\n");
    std::fs::write(&unit, text).expect("it can be written");
    let verify = Blocking::new("systemd-analyze").args(["verify", "--man=no"]).arg(&unit).output();
    let Ok(told) = verify else {
        assert!(std::env::var_os("CI").is_none(), "systemd-analyze is to be there");
        return;
    };
    let about = String::from_utf8_lossy(&told.stderr).into_owned();
    let about: Vec<&str> = about.lines().filter(|line| line.contains("lockstep")).collect();
    assert!(told.status.success() && about.is_empty(), "{about:?}");
}
