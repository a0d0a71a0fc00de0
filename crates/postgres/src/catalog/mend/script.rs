//! The statements that mend a schema as a script for psql.

use super::{Mending, Step};
use crate::ident::quote_ident;

/// Where a script runs.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// What is mended, as people call it.
    pub title: &'a str,
    /// The database.
    pub database: &'a str,
    /// The schema.
    pub schema: &'a str,
    /// Its objects' owner.
    pub owner: &'a str,
    /// Longest wait for a lock, in milliseconds.
    pub lock_ms_max: u64,
}

impl Mending {
    /// Whether nothing is to be done.
    pub fn is_empty(&self) -> bool {
        self.as_platform.is_empty() && self.as_owner.is_empty()
    }

    /// The script, for a superuser with psql: one transaction. Statements that lose data are commented out unless
    /// `with_losses`.
    pub fn script(&self, place: &Place<'_>, with_losses: bool) -> String {
        let mut text = format!(
            "-- {}\n\\connect {}\nBEGIN;\nSET LOCAL lock_timeout = {};\n",
            place.title.replace('\n', " "),
            quote_ident(place.database),
            place.lock_ms_max
        );
        for step in &self.as_platform {
            push(&mut text, step, with_losses);
        }
        if !self.as_owner.is_empty() {
            text.push_str(&format!(
                "SET LOCAL ROLE {};\nSET LOCAL search_path = {}, global, extensions;\n",
                quote_ident(place.owner),
                quote_ident(place.schema)
            ));
        }
        for step in &self.as_owner {
            push(&mut text, step, with_losses);
        }
        text.push_str("COMMIT;\n");
        text
    }
}

fn push(text: &mut String, step: &Step, with_losses: bool) {
    match &step.loses {
        None => text.push_str(&format!("{};\n", step.sql)),
        Some(loss) if with_losses => text.push_str(&format!("-- loses {loss}:\n{};\n", step.sql)),
        Some(loss) => {
            text.push_str(&format!("-- loses {loss}; take the dashes away to run it:\n"));
            for line in format!("{};", step.sql).lines() {
                text.push_str(&format!("-- {line}\n"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_loses_data_is_commented_out() {
        let mending = Mending {
            as_platform: Vec::new(),
            as_owner: vec![Step::new("CREATE VIEW v AS SELECT 1"), Step::losing("DROP TABLE\n  t", "rows")],
        };
        let place = Place { title: "acme", database: "d", schema: "s", owner: "o", lock_ms_max: 5 };
        let text = mending.script(&place, false);
        assert!(text.contains("CREATE VIEW v AS SELECT 1;\n"), "{text}");
        assert!(text.contains("-- DROP TABLE\n--   t;\n"), "{text}");
        assert!(mending.script(&place, true).contains("\nDROP TABLE\n  t;\n"));
    }
}
