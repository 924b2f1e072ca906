//! What a table takes up after a restart.

use super::super::{Answer, Hold, LockTable, Wish};
use super::{NOW, grants, owner};
use lockstep_definition::LockMode;

fn wish(who: &str) -> Wish {
    let (mode, lineage) = (LockMode::Exclusive, [].into());
    Wish { owner: owner(who), keys: ["x".into()].into(), mode, priority: 0, lineage }
}

fn restored(who: &str) -> LockTable {
    let mut table = LockTable::new(2);
    let hold = Hold { owner: owner(who), token: 1 << 40, mode: LockMode::Exclusive, since: NOW };
    table.restore("x".into(), hold);
    table
}

#[test]
fn of_two_that_are_restored_to_one_place_the_second_comes_behind() {
    let mut table = restored("a");
    assert_eq!(table.restore_waiter(wish("c"), 7), 7);
    assert_eq!(table.restore_waiter(wish("b"), 7), 8);
    assert_eq!(table.restore_waiter(wish("d"), 5), 5);
    assert!(table.settle(NOW).is_empty(), "the lock is held");
    assert_eq!(table.wait(wish("e"), NOW).0, 9);
    let waiters: Vec<_> = table.waiters_after("x", None).map(|(ticket, _)| ticket).collect();
    assert_eq!(waiters, [5, 7, 8, 9]);
    let (was_held, granted) = table.release(&["x".into()], 1 << 40, NOW);
    assert!(was_held);
    assert_eq!(grants(&granted), " d has x as 1");
}

#[test]
fn one_that_is_restored_twice_waits_once() {
    let mut table = restored("a");
    table.restore_waiter(wish("b"), 7);
    table.restore_waiter(wish("b"), 9);
    assert_eq!(table.waiters_after("x", None).collect::<Vec<_>>(), [(9, owner("b"))]);
    assert!(table.settle(NOW).is_empty(), "the lock is held");
}

#[test]
fn who_is_restored_to_a_free_lock_has_it_when_the_table_is_settled() {
    let mut table = LockTable::new(2);
    table.restore_waiter(wish("b"), 7);
    table.restore_waiter(wish("c"), 6);
    assert_eq!(grants(&table.settle(NOW)), " c has x as 1");
    assert_eq!(table.request(&wish("d"), NOW), Answer::Busy);
    assert!(table.settle(NOW).is_empty(), "b waits behind c");
}
