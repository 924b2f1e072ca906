//! The expression language: parse and evaluate, pure and total.
