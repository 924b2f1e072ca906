use std::sync::Arc;

use lockstep_core::transition::{InstanceRow, Transition};
use sqlx::AssertSqlSafe;
use sqlx::Row as _;

use super::{ALL, FAILED, InstanceFilter, MAX_LOOKED_AT, RUNNING, STARTED_BY, State, WORKFLOW};
use crate::contract::draft::{Draft, done, failed, instance, row};
use crate::sqlite::Sqlite;
use crate::store::Store;

#[tokio::test]
async fn every_page_is_read_along_its_index() {
    let home = tempfile::tempdir().expect("a folder");
    let store = Sqlite::open(&home.path().join("a.db")).await.expect("it opens");
    for (way, index) in [
        (ALL, "USING PRIMARY KEY (id>? AND id<?)"),
        (RUNNING, "INDEX instance_running (id>? AND id<?)"),
        (FAILED, "INDEX instance_failed (id>? AND id<?)"),
        (WORKFLOW, "INDEX instance_of_workflow (workflow=? AND id>? AND id<?)"),
        (STARTED_BY, "INDEX instance_started_by (started_by=? AND id>? AND id<?)"),
    ] {
        for statement in [way.alone, way.with_others] {
            let explain = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}"));
            let plan = sqlx::query(explain).fetch_all(&store.readers).await.expect("a plan");
            let plan: Vec<String> = plan.iter().map(|row| row.get::<String, _>("detail")).collect();
            assert!(plan.iter().any(|step| step.contains(index)), "{statement}: {plan:?}");
            assert!(!plan.iter().any(|step| step.contains("SCAN instance")), "{plan:?}");
        }
        let sorts = way.alone;
        let explain = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sorts}"));
        let plan = sqlx::query(explain).fetch_all(&store.readers).await.expect("a plan");
        let is_sorted =
            |row: &sqlx::sqlite::SqliteRow| row.get::<String, _>("detail").contains("TEMP");
        assert!(!plan.iter().any(is_sorted), "{sorts} reads in order");
    }
}

#[tokio::test]
async fn a_page_that_looked_at_enough_names_where_the_next_one_begins() {
    let home = tempfile::tempdir().expect("a folder");
    let store = Sqlite::open(&home.path().join("a.db")).await.expect("it opens");
    let count = i64::from(MAX_LOOKED_AT) * 2 + 10;
    let wanted = [3, i64::from(MAX_LOOKED_AT), count];
    let batch: Vec<Transition> = (1..=count)
        .map(|number| {
            let by: Arc<str> = if wanted.contains(&number) { "ann" } else { "bob" }.into();
            let status = if number % 2 == 0 { failed("a.b") } else { done(1_i64) };
            let id = instance(u128::from(number.unsigned_abs()));
            let row = InstanceRow { started_by: by, ..row(id, status) };
            Draft::new(number).row(row).into_transition()
        })
        .collect();
    store.commit(batch).await.expect("they are committed");
    let workflow = Some(row(instance(1), done(1_i64)).workflow);
    for filter in [
        InstanceFilter { workflow, started_by: Some("ann".into()), ..InstanceFilter::default() },
        InstanceFilter { started_by: Some("ann".into()), ..InstanceFilter::default() },
    ] {
        let (mut found, mut pages, mut filter) = (Vec::new(), 0, filter);
        loop {
            let page = store.instances(filter.clone(), 2).await.expect("a page");
            found.extend(page.instances.iter().map(|stored| stored.id));
            pages += 1;
            let Some(next) = page.next else { break };
            filter.before = Some(next);
        }
        let expected = wanted.iter().rev().map(|n| instance(u128::from(n.unsigned_abs())));
        assert_eq!(found, expected.collect::<Vec<_>>());
        let is_mixed = filter.workflow.is_some();
        assert_eq!(pages, if is_mixed { 3 } else { 2 }, "the bound was met");
    }
    let failed = InstanceFilter { state: Some(State::Done), ..InstanceFilter::default() };
    let page = store.instances(failed, 3).await.expect("a page");
    assert_eq!(page.instances.len(), 3);
}
