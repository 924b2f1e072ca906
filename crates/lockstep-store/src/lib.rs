//! Durable stores behind one trait, whose contract is a test suite.
