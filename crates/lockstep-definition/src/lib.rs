//! YAML text to checked workflow definitions, with diagnostics.
