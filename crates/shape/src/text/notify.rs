//! `pg_notify` and NOTIFY in the bodies of functions: channels are common to the sessions of a database, so a tenant's
//! become its own. The same in every shape, since tenants' roles may not call the server's function.

use super::{Scene, calls, end_of, strings};
use crate::ident;
use crate::plpgsql;
use crate::refuse::Refuse;
use crate::tokens::{Edits, Tokens};

/// Replaces calls of the function, and the command by a call.
pub(super) fn pass(tokens: &Tokens<'_>, scene: &Scene<'_>, edits: &mut Edits) -> Result<(), Refuse> {
    if !scene.in_body {
        return Ok(());
    }
    strings::executed(tokens, scene, "notify", in_string, edits)?;
    let is_plpgsql = tokens.list.iter().any(|t| t.name == "begin" && !t.is_quoted);
    for i in 0..tokens.list.len() {
        if tokens.list[i].name == "pg_notify" {
            calls::rename(tokens, i, "notify", edits);
        }
        if !commands(tokens, i) {
            continue;
        }
        if tokens.is(i, "listen") {
            return Err(Refuse::all(
                "the body runs LISTEN, and a tenant's channels have names of their own",
                "listen in the application, through the gateway",
            ));
        }
        if tokens.is(i, "notify") {
            command(tokens, i, if is_plpgsql { "PERFORM" } else { "SELECT" }, edits)?;
        }
    }
    Ok(())
}

/// Replaces calls of the function alone: in the text of an application, where the command is the gateway's.
pub(super) fn calls_pass(tokens: &Tokens<'_>, _: &Scene<'_>, edits: &mut Edits) -> Result<(), Refuse> {
    for i in (0..tokens.list.len()).filter(|i| tokens.list[*i].name == "pg_notify") {
        calls::rename(tokens, i, "notify", edits);
    }
    Ok(())
}

/// The text that EXECUTE runs: calls of the function, and a command that is there as a whole.
fn in_string(tokens: &Tokens<'_>, _: &Scene<'_>, edits: &mut Edits) -> Result<(), Refuse> {
    for i in (0..tokens.list.len()).filter(|i| tokens.list[*i].name == "pg_notify") {
        calls::rename(tokens, i, "notify", edits);
    }
    if tokens.is(0, "notify") { command(tokens, 0, "SELECT", edits) } else { Ok(()) }
}

/// `NOTIFY channel, 'payload'` as a call.
fn command(tokens: &Tokens<'_>, i: usize, word: &str, edits: &mut Edits) -> Result<(), Refuse> {
    let end = end_of(tokens, i);
    let channel = tokens.list.get(i + 1).map(|t| t.name.as_str()).filter(|name| !name.is_empty());
    let payload = match end - i {
        2 => Some(String::new()),
        4 if tokens.symbol(i + 2, ',') => tokens.string_value(i + 3),
        _ => None,
    };
    let (Some(channel), Some(payload)) = (channel, payload) else {
        return Err(Refuse::all(
            "the body puts a NOTIFY together, which reaches every tenant's sessions",
            "call pg_notify(channel, payload)",
        ));
    };
    let call = format!("{word} tenantry.notify({}, {})", ident::literal(channel), ident::literal(&payload));
    edits.replace(tokens.list[i].range.start..tokens.list[end - 1].range.end, call);
    Ok(())
}

/// Whether token `i` begins a command, and not a declaration or an assignment of a variable of that name.
fn commands(tokens: &Tokens<'_>, i: usize) -> bool {
    let outer = (0..i).rev().find(|at| tokens.is(*at, "declare") || tokens.is(*at, "begin"));
    let declared = outer.is_some_and(|at| tokens.is(at, "declare"));
    let assigned = tokens.written(i + 1) == ":=" || tokens.symbol(i + 1, '=');
    plpgsql::begins(tokens, i) && !declared && !assigned
}
