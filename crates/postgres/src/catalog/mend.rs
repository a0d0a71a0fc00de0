//! From the difference of two catalogs to the statements that make the one found like the one expected: pure.
//!
//! What stands in the way of a change (a view over a column whose type changes) is dropped and made again. A statement
//! that loses rows or values says so; the caller decides what becomes of it.

mod change;
mod column;
mod plan;
mod privilege;
mod script;
mod types;

use super::Catalog;
pub use script::Place;

/// One statement.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Step {
    /// SQL, without a semicolon at its end.
    pub sql: String,
    /// What is lost when it runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loses: Option<String>,
}

/// The statements that mend a schema, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Mending {
    /// With a superuser's rights: owners and privileges.
    pub as_platform: Vec<Step>,
    /// As the owner of the schema's objects, with the schema first on the search path.
    pub as_owner: Vec<Step>,
}

impl Step {
    pub(crate) fn new(sql: impl Into<String>) -> Self {
        Self { sql: sql.into(), loses: None }
    }

    pub(crate) fn losing(sql: impl Into<String>, loses: impl Into<String>) -> Self {
        Self { sql: sql.into(), loses: Some(loses.into()) }
    }
}

impl Catalog {
    /// What makes a schema that holds `found` like this catalog. Both have to come from
    /// [`inspect`](super::inspect::inspect); `schema` is the schema's name, `owner` and `reader` its roles.
    pub fn mending(&self, found: &Catalog, schema: &str, (owner, reader): (&str, &str)) -> Mending {
        let schema = crate::ident::quote_ident(schema);
        let render = |steps: Vec<Step>| {
            let render = |s: Step| Step { sql: super::mark::rendered(&s.sql, &schema), ..s };
            steps.into_iter().map(render).collect()
        };
        let plan = plan::Plan::new(self, found);
        let names = privilege::Names { schema: &schema, owner, reader };
        Mending {
            as_platform: render(privilege::steps(self, found, &plan, &names)),
            as_owner: render(plan.steps()),
        }
    }
}
