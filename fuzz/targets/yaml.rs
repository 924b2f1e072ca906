//! Any bytes as a definition file: checking ends, without a panic, and what it says is about the
//! file.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lockstep_definition::{Source, check};

fuzz_target!(|data: &[u8]| {
    let source = Source::from_bytes("fuzz.yaml", data);
    let text = std::sync::Arc::clone(&source.text);
    let checked = check(&[source]);
    for diagnostic in &checked.diagnostics {
        assert!(!diagnostic.message.is_empty(), "a finding says what is wrong");
        let span = diagnostic.span;
        assert!(text.get(span.start..span.end).is_some(), "{span:?} is no part of the file");
        for label in &diagnostic.labels {
            let span = label.span;
            assert!(text.get(span.start..span.end).is_some(), "{span:?} is no part of the file");
        }
    }
});
