//! The contract of a store as a test suite: one function per clause.
//!
//! Every clause begins with an empty store of its own and panics where it is broken. Each store of
//! this crate passes them all; a store elsewhere, or a wrapper around one, calls [`run_all`].
//!
//! Absent by design: speed, and what happens on a disk that fails.

use std::sync::Arc;

use crate::store::{Store, StoreFuture};

pub(crate) mod draft;
pub mod histories;
pub mod lifetime;
pub mod locks;
pub mod objects;
pub mod transitions;
pub mod unique;
pub mod values;

/// Where a store lives.
pub trait Home: Send + Sync {
    /// Opens the store that lives here: an empty one at first, later what the last one, which was
    /// closed, has left.
    fn open(&self) -> StoreFuture<'_, Arc<dyn Store>>;
}

async fn open(home: &dyn Home) -> Arc<dyn Store> {
    home.open().await.expect("the store opens")
}

/// Names all clauses once: for [`run_all`], and for the tests of this crate, one test per clause.
macro_rules! clauses {
    (($d:tt) $($module:ident: $($clause:ident)*;)*) => {
        /// Goes through all clauses, each with a new home.
        ///
        /// # Panics
        ///
        /// If the store breaks one of them.
        pub async fn run_all(fresh: impl Fn() -> Box<dyn Home>) {
            $($(Box::pin($module::$clause(&*fresh())).await;)*)*
        }

        #[cfg(test)]
        macro_rules! contract_tests {
            ($d fresh:expr) => {
                $(mod $module {
                    $(#[tokio::test]
                    async fn $clause() {
                        let fresh = $d fresh;
                        $crate::contract::$module::$clause(&fresh()).await;
                    })*
                })*
            };
        }
        #[cfg(test)]
        pub(crate) use contract_tests;
    };
}

clauses! {
    ($)
    transitions:
        empty_batch_changes_nothing
        refused_transition_leaves_nothing_while_its_neighbours_are_committed
        transition_that_presumes_a_refused_one_is_refused
        import_needs_no_instance
        large_batch_is_committed_as_one;
    objects:
        created_object_is_read_back
        update_needs_the_stamp_of_the_last_write
        creation_needs_absence
        update_needs_presence
        deleted_object_is_absent_and_its_stamp_is_void
        check_compares_and_changes_nothing
        writes_of_one_object_are_applied_in_order
        chain_of_writes_fits_into_one_batch
        load_answers_in_the_order_of_the_keys
        query_pages_by_id_within_the_entity;
    unique:
        stored_value_cannot_be_taken
        value_taken_in_the_same_batch_cannot_be_taken
        values_are_taken_per_entity_and_constraint
        deletion_frees_a_value_within_the_batch
        update_frees_the_former_value_within_the_batch
        write_without_keys_leaves_them
        object_may_keep_its_value
        values_can_be_swapped_in_one_transition
        refused_transition_frees_and_takes_nothing;
    locks:
        fence_needs_the_row_under_its_token
        fence_sees_earlier_transitions_of_the_batch
        fence_is_compared_before_the_changes_of_its_own_transition
        fence_of_a_lost_lock_is_refused_beside_other_holders
        greatest_token_is_told_among_many_holders
        release_with_a_stale_token_does_nothing
        holders_of_a_key_have_a_row_each
        last_change_of_a_lock_row_is_its_state
        refused_transition_grants_and_releases_nothing
        lock_rows_are_read_by_growing_key
        mode_and_origin_of_a_lock_survive;
    histories:
        last_row_of_a_batch_is_the_instance
        later_batch_replaces_the_row
        unfinished_instances_are_paged_by_id
        instance_is_found_by_the_key_of_its_start
        instances_are_listed_youngest_first_and_filtered
        beginnings_share_the_fate_of_their_transition
        parts_are_kept_until_they_are_deleted
        parts_of_a_refused_transition_are_not_kept
        journal_is_appended_in_order
        journal_is_read_in_pages
        definitions_are_kept_as_they_were_first
        last_publication_is_known
        marks_only_grow;
    values:
        values_of_all_kinds_survive
        whole_numbers_are_exact
        floating_point_numbers_are_exact
        texts_survive_whatever_is_in_them
        large_values_survive
        instance_survives_with_all_its_fields
        journal_survives_with_all_its_events;
    lifetime:
        everything_is_there_after_reopening
        epochs_grow_over_reopening
        closed_store_has_stopped;
}

#[cfg(test)]
mod tests;
