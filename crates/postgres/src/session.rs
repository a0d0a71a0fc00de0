//! Settings of a session, changed in one message: what the gateway puts in front of a client's statements when it hands
//! that client a server connection that has other settings.

use crate::ident::{quote_ident, quote_literal};

/// Puts a session back to how it was after its log-in: settings, prepared statements, temporary tables, cursors,
/// advisory locks, listening, the role.
pub const RESET: &str = "DISCARD ALL";

/// What the server answers to statements that forget prepared statements: their command tags.
pub const FORGETTING_TAGS: [&str; 2] = ["DISCARD ALL", "DEALLOCATE ALL"];

/// A statement that no server takes, whatever its settings: sent in place of one that is refused, so that the server
/// answers with an error in the right place of a pipeline, and takes the transaction back as for any other error.
pub const REFUSED: &str = "refused by the gateway";

/// A statement that does nothing, and answers with its command tag: in place of one that the gateway does by itself, so that
/// the answer has its place in a pipeline and a transaction that has failed refuses it.
pub const NOTHING: &str = "UNLISTEN tn_none";

/// A type of the server's own as PREPARE names it; none for one that was made later, whose number says nothing. 0 stands for a
/// type that is left to the server.
pub fn type_name(number: u32) -> Option<String> {
    if number == 0 {
        return Some("unknown".to_owned());
    }
    let known = tokio_postgres::types::Type::from_oid(number)?;
    Some(format!("{}.{}", quote_ident(known.schema()), quote_ident(known.name())))
}

/// Between these two and behind them stand the name and the text of a statement that is prepared.
pub const PREPARE: &[u8] = b"PREPARE ";
/// See [`PREPARE`].
pub const PREPARE_AS: &[u8] = b" AS ";

/// What happens to one setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change<'a> {
    /// Back to the session's default: what the role and the start-up packet say.
    Reset(&'a str),
    /// A value.
    Set(&'a str, &'a str),
    /// A list of names, such as `search_path`; none at all is an empty list.
    SetList(&'a str, Vec<&'a str>),
}

/// The statements for these changes, for one Query message; empty where there is nothing to change.
pub fn change_settings(changes: &[Change<'_>]) -> String {
    changes.iter().map(statement).collect()
}

fn statement(change: &Change<'_>) -> String {
    match change {
        Change::Reset(name) => format!("RESET {};", quote_ident(name)),
        Change::Set(name, value) => format!("SET {} TO {};", quote_ident(name), quote_literal(value)),
        Change::SetList(name, values) if values.is_empty() => format!("SET {} TO '';", quote_ident(name)),
        Change::SetList(name, values) => {
            let values: Vec<String> = values.iter().map(|value| quote_literal(value)).collect();
            format!("SET {} TO {};", quote_ident(name), values.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_have_names() {
        assert_eq!(type_name(0).unwrap(), "unknown");
        assert_eq!(type_name(23).unwrap(), "\"pg_catalog\".\"int4\"");
        assert_eq!(type_name(1009).unwrap(), "\"pg_catalog\".\"_text\"");
        assert_eq!(type_name(100_000), None);
    }

    #[test]
    fn one_message_for_all() {
        let changes = [
            Change::Reset("work_mem"),
            Change::Set("timezone", "Europe/Berlin"),
            Change::Set("application_name", "it's \\ me'; drop table a; --"),
            Change::SetList("search_path", vec!["tenant_1", "$user", "A, b"]),
            Change::SetList("search_path", vec![]),
        ];
        assert_eq!(
            change_settings(&changes),
            "RESET \"work_mem\";SET \"timezone\" TO 'Europe/Berlin';\
             SET \"application_name\" TO E'it''s \\\\ me''; drop table a; --';\
             SET \"search_path\" TO 'tenant_1', '$user', 'A, b';SET \"search_path\" TO '';"
        );
        assert_eq!(change_settings(&[]), "");
    }
}
