//! Crates depend only downwards.
//!
//! A new word in the table is an architecture decision: explain it in the commit that adds it.

use std::collections::BTreeSet;
use std::path::Path;

/// For each crate, the crates of ours that it may depend on, and what of others must stay in it
/// (in each of them, if several keep it).
const LAYERS: &[(&str, &[&str], &[&str])] = &[
    ("lockstep-expr", &[], &["pest", "pest_derive", "jiff", "regex", "strsim"]),
    ("lockstep-definition", &["lockstep-expr"], &["serde_yaml", "granit-parser", "croner", "jiff"]),
    ("lockstep-core", &["lockstep-expr", "lockstep-definition"], &[]),
    ("lockstep-api", &["lockstep-expr", "lockstep-definition", "lockstep-core"], &["utoipa"]),
    ("lockstep-graph", &["lockstep-expr", "lockstep-definition"], &[]),
    ("lockstep-store", &["lockstep-expr", "lockstep-definition", "lockstep-core"], &["sqlx"]),
    (
        "lockstep-simulator",
        &["lockstep-expr", "lockstep-definition", "lockstep-core", "lockstep-store"],
        &[],
    ),
    (
        "lockstep-runner",
        &["lockstep-expr", "lockstep-definition", "lockstep-core", "lockstep-store"],
        &["reqwest", "ring", "rustls", "rustix"],
    ),
    (
        "lockstep-server",
        &[
            "lockstep-expr",
            "lockstep-definition",
            "lockstep-core",
            "lockstep-store",
            "lockstep-runner",
            "lockstep-graph",
            "lockstep-api",
        ],
        &["axum", "hyper", "hyper-util", "utoipa", "utoipa-axum"],
    ),
    (
        "lockstep",
        &[
            "lockstep-expr",
            "lockstep-definition",
            "lockstep-core",
            "lockstep-store",
            "lockstep-runner",
        ],
        &[],
    ),
    (
        "lockstep-cli",
        &[
            "lockstep-expr",
            "lockstep-definition",
            "lockstep-core",
            "lockstep-store",
            "lockstep-simulator",
            "lockstep-runner",
            "lockstep-graph",
            "lockstep-api",
            "lockstep-server",
        ],
        &[
            "clap",
            "clap_complete",
            "annotate-snippets",
            "anstream",
            "indicatif",
            "lsp-server",
            "lsp-types",
            "toml",
            "ratatui",
            "reqwest",
            "rustls",
        ],
    ),
];

/// What the pure crates must not depend on: clocks, files, sockets, threads, random numbers.
const IMPURE: &[&str] = &["tokio", "sqlx", "reqwest", "rustix", "rand", "getrandom", "tempfile"];

/// Crates whose code must be pure.
const PURE: &[&str] = &["lockstep-expr", "lockstep-definition", "lockstep-core", "lockstep-graph"];

/// Returns the manifest of a crate.
fn manifest(name: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let path = root.join("crates").join(name).join("Cargo.toml");
    std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{} cannot be read: {error}", path.display()))
}

/// Returns the names under `[dependencies]` in the manifest of a crate.
fn dependencies(name: &str) -> BTreeSet<String> {
    manifest(name)
        .lines()
        .skip_while(|line| *line != "[dependencies]")
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.split(['.', ' ', '=']).next())
        .filter(|word| !word.is_empty() && !word.starts_with('#'))
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_crate_stands_in_the_table() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates");
    let found: BTreeSet<String> = std::fs::read_dir(root)
        .expect("the folder of crates is there")
        .map(|entry| entry.expect("it can be read").file_name().into_string().expect("text"))
        .collect();
    let listed: BTreeSet<String> = LAYERS.iter().map(|(name, ..)| (*name).to_owned()).collect();
    assert_eq!(found, listed, "each crate has its row in the table of layers");
}

#[test]
fn crates_depend_only_downwards() {
    let mut violations = Vec::new();
    for (name, ours, own) in LAYERS {
        let dependencies = dependencies(name);
        assert!(!dependencies.is_empty(), "{name}: its dependencies were not found");
        for dependency in dependencies.iter().filter(|name| name.starts_with("lockstep-")) {
            if !ours.contains(&dependency.as_str()) {
                violations.push(format!("{name} must not depend on {dependency}"));
            }
        }
        for (owner, _, kept) in LAYERS.iter().filter(|(owner, ..)| owner != name) {
            let theirs = kept.iter().filter(|foreign| !own.contains(foreign));
            for foreign in theirs.filter(|foreign| dependencies.contains(**foreign)) {
                violations.push(format!("{name} must not depend on {foreign}, {owner} keeps it"));
            }
        }
        for impure in IMPURE.iter().filter(|impure| dependencies.contains(**impure)) {
            if PURE.contains(name) {
                violations.push(format!("{name} is pure and must not depend on {impure}"));
            }
        }
    }
    assert!(violations.is_empty(), "{}", violations.join("\n"));
}

#[test]
fn the_simulator_needs_no_database() {
    let manifest = manifest("lockstep-simulator");
    assert!(
        manifest
            .lines()
            .all(|line| !(line.starts_with("lockstep-store") && line.contains("sqlite"))),
        "lockstep-simulator takes lockstep-store without its feature `sqlite`"
    );
}
