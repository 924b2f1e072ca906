use std::collections::BTreeSet;
use std::fs;
use std::path::Path as FilePath;

use super::*;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/web");

fn files(folder: &FilePath, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files(&path, found);
        } else {
            let name = path.strip_prefix(FOLDER).expect("it lies there");
            found.insert(name.to_str().expect("a name of ASCII").to_owned());
        }
    }
}

#[test]
fn every_file_of_the_page_is_served() {
    let mut found = BTreeSet::new();
    files(FilePath::new(FOLDER), &mut found);
    let kept_back = ["LICENSE", "VENDORED", "package.json"];
    found.retain(|name| !kept_back.iter().any(|it| name.contains(it)));
    let served: BTreeSet<String> = ASSETS.iter().map(|asset| asset.name.to_owned()).collect();
    assert_eq!(served, found);
    assert_eq!(served.len(), ASSETS.len(), "each once");
}

#[test]
fn nothing_of_the_page_comes_from_elsewhere_or_stands_within_its_text() {
    for asset in &ASSETS {
        let text = std::str::from_utf8(asset.text).expect("text");
        let is_own = !asset.name.starts_with("vendor/") && kind(asset.name) != "image/svg+xml";
        if is_own {
            for sign in ["http://", "https://", "<style>", " style=\"", " onclick=\"", "eval("] {
                assert!(!text.contains(sign), "{} has {sign}", asset.name);
            }
        }
    }
}

#[tokio::test]
async fn a_copy_that_is_still_right_is_not_sent_again() {
    let first = answer("main.js", &HeaderMap::new()).expect("it is there");
    assert_eq!(first.status(), StatusCode::OK);
    let mut headers = HeaderMap::new();
    headers.insert(header::IF_NONE_MATCH, first.headers()[header::ETAG].clone());
    let again = answer("main.js", &headers).expect("it is there");
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    headers.insert(header::IF_NONE_MATCH, HeaderValue::from_static("\"another\""));
    let changed = answer("main.js", &headers).expect("it is there");
    assert_eq!(changed.status(), StatusCode::OK);
}

#[tokio::test]
async fn what_is_no_file_of_the_page_is_not_there() {
    for name in ["../Cargo.toml", "nothing.js", "", "vendor", "vendor/LICENSE-htm"] {
        assert!(answer(name, &HeaderMap::new()).is_err(), "{name}");
    }
}
