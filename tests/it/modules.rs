//! Every file of this folder is a module of the test binary: none is left out in silence.

use std::fs;
use std::path::Path;

#[test]
fn every_file_of_the_folder_is_a_module() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("it");
    let main = fs::read_to_string(folder.join("main.rs")).expect("it can be read");
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("it can be read").path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let is_module = main.lines().any(|line| line == format!("mod {name};"));
        assert!(name == "main" || is_module, "{name} is not in main.rs");
    }
}
