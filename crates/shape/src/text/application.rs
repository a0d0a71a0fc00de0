//! The passes for the SQL that applications send: those for migrations, without the bodies of functions and without strings
//! that may be text to run, which here are values.

use tenantry_domain::Isolation;

use super::{
    Pass, Scene, advisory, calls, conflict, insert, merge, notify, public, query, rows, scan, sequences,
    table,
};
use crate::application::Tables;
use crate::refuse::Refuse;
use crate::tokens::{Edits, Tokens};

const PLAIN: &[Pass] = &[public::pass, advisory::pass, notify::calls_pass];
const SHARED: &[Pass] = &[
    public::pass,
    advisory::pass,
    notify::calls_pass,
    config,
    sequences::pass,
    rows::pass,
    query::pass,
    insert::pass,
    merge::pass,
    conflict::pass,
];
/// With `TABLE t` written out, whose star counts where it is inserted.
const INSERTING: &[Pass] = &[
    public::pass,
    advisory::pass,
    notify::calls_pass,
    config,
    table::pass,
    sequences::pass,
    rows::pass,
    query::pass,
    insert::pass,
    merge::pass,
    conflict::pass,
];

/// The passes over a text of this isolation, one after the other.
pub(crate) fn application_passes(isolation: Isolation, inserts: bool) -> &'static [Pass] {
    match isolation {
        Isolation::Shared if inserts => INSERTING,
        Isolation::Shared => SHARED,
        Isolation::Schema | Isolation::Database => PLAIN,
    }
}

/// Calls of `set_config()`, which is closed in shared isolation, become calls of what stands for it.
fn config(tokens: &Tokens<'_>, _: &Scene<'_>, edits: &mut Edits) -> Result<(), Refuse> {
    for i in (0..tokens.list.len()).filter(|i| tokens.list[*i].name == "set_config") {
        calls::rename(tokens, i, "set_config", edits);
    }
    Ok(())
}

/// What a pass changes in a text.
pub(crate) fn application_edits(text: &str, tables: &Tables, pass: Pass) -> Result<Edits, Refuse> {
    let scene = Scene {
        catalog: &tables.catalog,
        options: &tables.options,
        in_body: false,
        returns_rows: false,
        returned: None,
        is_application: true,
    };
    let mut edits = Edits::default();
    pass(&scan(text)?, &scene, &mut edits)?;
    Ok(edits)
}
