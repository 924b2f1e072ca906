//! Drives the core on a virtual clock.
