//! The tests of the whole: real workflows on real stores, a real server, the real binary.
//!
//! Invariants:
//!
//! * No test sleeps to let something happen: it waits for it, and fails when it does not come.
//! * Every file of this folder is a module here.

#[cfg(test)]
mod access;
#[cfg(test)]
mod accounts;
#[cfg(test)]
mod asked_order;
#[cfg(test)]
mod audited_store;
#[cfg(test)]
mod batch;
#[cfg(test)]
mod binary;
#[cfg(test)]
mod booking;
#[cfg(test)]
mod chance;
#[cfg(test)]
mod cli_client;
#[cfg(test)]
mod cli_slips;
#[cfg(test)]
mod client_lock;
#[cfg(test)]
mod commit;
#[cfg(test)]
mod conflict;
#[cfg(test)]
mod counter;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod daemon;
#[cfg(test)]
mod daemon_locks;
mod daemon_process;
#[cfg(test)]
mod definitions;
#[cfg(test)]
mod deploy;
#[cfg(test)]
mod durability;
#[cfg(test)]
mod editing;
#[cfg(test)]
mod embed;
#[cfg(test)]
mod engine;
#[cfg(test)]
mod exclusive_lock;
#[cfg(test)]
mod explain;
#[cfg(test)]
mod fairness;
#[cfg(test)]
mod family;
#[cfg(test)]
mod faulty_store;
#[cfg(test)]
mod gone_clients;
#[cfg(test)]
mod guarantees;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod instance_list;
#[cfg(test)]
mod layers;
#[cfg(test)]
mod ledger;
#[cfg(test)]
mod lock_key;
#[cfg(test)]
mod lock_limits;
#[cfg(test)]
mod lock_takers;
#[cfg(test)]
mod locks_page;
#[cfg(test)]
mod log;
#[cfg(test)]
mod mixed;
#[cfg(test)]
mod modules;
#[cfg(test)]
mod navigation;
#[cfg(test)]
mod nested;
#[cfg(test)]
mod numbering;
#[cfg(test)]
mod objects_over_http;
#[cfg(test)]
mod observe;
#[cfg(test)]
mod one_process;
#[cfg(test)]
mod order;
#[cfg(test)]
mod outside_call;
#[cfg(test)]
mod patience;
#[cfg(test)]
mod plain_data;
#[cfg(test)]
mod planted_secret;
#[cfg(test)]
mod power_cut;
#[cfg(test)]
mod program;
#[cfg(test)]
mod punctual;
#[cfg(test)]
mod read_for_update;
#[cfg(test)]
mod reader;
#[cfg(test)]
mod restart;
#[cfg(test)]
mod retry;
#[cfg(test)]
mod revoked;
#[cfg(test)]
mod schedule_marks;
#[cfg(test)]
mod seat;
#[cfg(test)]
mod server;
#[cfg(test)]
mod settings;
#[cfg(test)]
mod shares;
#[cfg(test)]
mod shelf;
#[cfg(test)]
mod slow_clients;
#[cfg(test)]
mod start_once;
#[cfg(test)]
mod stock_taking;
#[cfg(test)]
mod store_around;
#[cfg(test)]
mod system_calls;
#[cfg(test)]
mod tasks;
#[cfg(test)]
mod top;
#[cfg(test)]
mod triggers;
#[cfg(test)]
mod waiting;
#[cfg(test)]
mod web_page;
#[cfg(test)]
mod while_waiting;
#[cfg(test)]
mod workers;
#[cfg(test)]
mod workflow_lock;
#[cfg(test)]
mod workflows;
