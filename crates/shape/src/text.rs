//! Rewriting at the level of tokens: what must change wherever it stands, in statements and in the bodies of
//! functions alike. The trees of the statement kinds come afterwards.

mod advisory;
mod application;
mod calls;
mod conflict;
mod insert;
mod merge;
mod notify;
mod public;
mod query;
mod refresh;
mod rows;
mod sequences;
mod strings;
mod table;

pub(crate) use advisory::{is_advisory_lock, outlasts_transactions};
pub(crate) use application::{application_edits, application_passes};
pub(crate) use insert::end_of;
pub(crate) use query::{query_columns, view_columns};

use crate::catalog::{Catalog, Table};
use crate::ident;
use crate::model::Options;
use crate::refuse::Refuse;
use crate::tokens::{self, Edits, Tokens};

/// What a pass may look at.
pub(crate) struct Scene<'a> {
    pub catalog: &'a Catalog,
    pub options: &'a Options,
    /// The text is the body of a function.
    pub in_body: bool,
    /// The function returns whole rows of a table or view, the tenant column among them.
    pub returns_rows: bool,
    /// The table of these rows, where they have a column more than in the plain shape.
    pub returned: Option<&'a Table>,
    /// An application has sent the text: its strings are values, whatever they look like.
    pub is_application: bool,
}

pub(crate) type Pass = fn(&Tokens<'_>, &Scene<'_>, &mut Edits) -> Result<(), Refuse>;

/// The text for the plain shapes: `public` becomes the schema that it runs in.
pub(crate) fn plain(text: &str, catalog: &Catalog, options: &Options) -> Result<String, Refuse> {
    run(
        text,
        &Scene {
            catalog,
            options,
            in_body: false,
            returns_rows: false,
            returned: None,
            is_application: false,
        },
        &[public::pass, notify::pass, advisory::pass],
    )
}

/// The text for the shared shape, from the one for the plain shapes.
pub(crate) fn shared(text: &str, catalog: &Catalog, options: &Options) -> Result<String, Refuse> {
    if scan(text)?.is(0, "do") {
        // Most blocks are not run in the shared shape at all.
        return Ok(text.to_owned());
    }
    shared_block(text, catalog, options)
}

/// The same for a DO block that runs as it is.
pub(crate) fn shared_block(text: &str, catalog: &Catalog, options: &Options) -> Result<String, Refuse> {
    run(
        text,
        &Scene {
            catalog,
            options,
            in_body: false,
            returns_rows: false,
            returned: None,
            is_application: false,
        },
        &[
            table::pass,
            sequences::pass,
            rows::pass,
            query::pass,
            insert::pass,
            merge::pass,
            conflict::pass,
            refresh::pass,
        ],
    )
}

fn run(text: &str, scene: &Scene<'_>, passes: &[Pass]) -> Result<String, Refuse> {
    let mut text = text.to_owned();
    let mut left = passes.iter();
    // A text is scanned again only when a pass has changed it.
    loop {
        let tokens = scan(&text)?;
        let mut changed = None;
        for pass in left.by_ref() {
            changed = once(&tokens, scene, *pass)?;
            if changed.is_some() {
                break;
            }
        }
        match changed {
            Some(new) => text = new,
            None => return Ok(text),
        }
    }
}

/// The text after a pass; none: as it was.
fn once(tokens: &Tokens<'_>, scene: &Scene<'_>, pass: Pass) -> Result<Option<String>, Refuse> {
    let mut edits = Edits::default();
    pass(tokens, scene, &mut edits)?;
    if let Some(i) = body(tokens) {
        let old = tokens.string_value(i).unwrap_or_default();
        let rows = rows_returned(tokens, scene.catalog);
        let returned = rows.as_deref().and_then(|name| rows::differs(scene, name));
        let inside = Scene { in_body: true, returns_rows: rows.is_some(), returned, ..*scene };
        let new = once_in_body(&old, &inside, pass)?;
        if new != old {
            edits.replace(tokens.list[i].range.clone(), requote(tokens.written(i), &new));
        }
    }
    Ok((!edits.is_empty()).then(|| edits.apply(tokens.text)))
}

fn once_in_body(body: &str, scene: &Scene<'_>, pass: Pass) -> Result<String, Refuse> {
    let tokens = scan(body)?;
    let mut edits = Edits::default();
    pass(&tokens, scene, &mut edits)?;
    Ok(edits.apply(body))
}

pub(crate) fn scan(text: &str) -> Result<Tokens<'_>, Refuse> {
    Tokens::scan(text).map_err(|e| Refuse::all(format!("the text can't be read: {e}"), "correct it"))
}

/// The string that is the body of a function, a procedure or a DO block.
pub(crate) fn body(tokens: &Tokens<'_>) -> Option<usize> {
    let strings = || tokens.list.iter().enumerate().filter(|(_, t)| t.is_string).map(|(i, _)| i);
    if tokens.is(0, "do") {
        return strings()
            .find(|i| tokens.string_value(*i).is_some() && !tokens.is(i.wrapping_sub(1), "language"));
    }
    let at = if tokens.are(1, &["or", "replace"]) { 3 } else { 1 };
    let routine = tokens.is(0, "create") && (tokens.is(at, "function") || tokens.is(at, "procedure"));
    if routine { strings().find(|i| *i > 0 && tokens.is(i - 1, "as")) } else { None }
}

/// Whether the body of a function or block runs SET CONSTRAINTS.
pub(crate) fn defers_in_body(text: &str) -> Result<bool, Refuse> {
    if !text.to_ascii_lowercase().contains("constraints") {
        return Ok(false);
    }
    let tokens = scan(text)?;
    let Some(body) = body(&tokens).and_then(|at| tokens.string_value(at)) else { return Ok(false) };
    let inner = scan(&body)?;
    Ok((0..inner.list.len()).any(|i| inner.are(i, &["set", "constraints"])))
}

/// A new value in the quotes of the old one, where they can hold it.
pub(crate) fn requote(written: &str, value: &str) -> String {
    match tokens::dollar_quoted(written) {
        Some((quote, _)) if !value.contains(quote) => format!("{quote}{value}{quote}"),
        _ => ident::literal(value),
    }
}

/// The table or view whose rows the function of this text returns.
fn rows_returned(tokens: &Tokens<'_>, catalog: &Catalog) -> Option<String> {
    let returns = (0..tokens.list.len()).find(|i| tokens.is(*i, "returns"))?;
    let at = if tokens.is(returns + 1, "setof") { returns + 2 } else { returns + 1 };
    let name = tokens.qualified(at)?.0.pop()?;
    (catalog.tables.contains_key(&name) || catalog.views.contains_key(&name)).then_some(name)
}
