//! SQL in, SQL out: one module for each kind of statement.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "shape/support.rs"]
mod support;

#[path = "shape/alter_table.rs"]
mod alter_table;
#[path = "shape/cascade.rs"]
mod cascade;
#[path = "shape/copy.rs"]
mod copy;
#[path = "shape/create_table.rs"]
mod create_table;
#[path = "shape/create_table_as.rs"]
mod create_table_as;
#[path = "shape/data.rs"]
mod data;
#[path = "shape/do_block.rs"]
mod do_block;
#[path = "shape/foreign_key.rs"]
mod foreign_key;
#[path = "shape/function.rs"]
mod function;
#[path = "shape/habits.rs"]
mod habits;
#[path = "shape/index.rs"]
mod index;
#[path = "shape/inherit.rs"]
mod inherit;
#[path = "shape/like.rs"]
mod like;
#[path = "shape/maintenance.rs"]
mod maintenance;
#[path = "shape/materialized_view.rs"]
mod materialized_view;
#[path = "shape/partition.rs"]
mod partition;
#[path = "shape/policy.rs"]
mod policy;
#[path = "shape/privilege.rs"]
mod privilege;
#[path = "shape/properties.rs"]
mod properties;
#[path = "shape/retire.rs"]
mod retire;
#[path = "shape/row.rs"]
mod row;
#[path = "shape/rule.rs"]
mod rule;
#[path = "shape/schema.rs"]
mod schema;
#[path = "shape/script.rs"]
mod script;
#[path = "shape/sessions.rs"]
mod sessions;
#[path = "shape/setting.rs"]
mod setting;
#[path = "shape/syntax.rs"]
mod syntax;
#[path = "shape/types.rs"]
mod types;
#[path = "shape/view.rs"]
mod view;

/// What `sql` becomes after `setup`, line by line.
#[track_caller]
fn check(setup: &str, sql: &str, expect: &str) {
    let found = support::after(setup, sql);
    assert_eq!(found, expect.trim_matches('\n'), "\n--- found ---\n{found}\n");
}
