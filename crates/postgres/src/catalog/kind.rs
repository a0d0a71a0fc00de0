//! The kinds of objects that a catalog knows.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $words:literal;)*) => {
        /// What an object is. The order is the order of a script wherever dependencies leave a choice.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum ObjectKind { $($(#[$doc])* $name,)* }

        impl ObjectKind {
            /// The kind that the catalog's queries call by this word.
            pub(crate) fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$name),)* _ => None }
            }

            /// The kind in words, as messages name it.
            pub const fn words(self) -> &'static str { match self { $(Self::$name => $words,)* } }
        }
    };
}

kinds! {
    /// A collation.
    Collation = "collation", "collation";
    /// A text search dictionary.
    TextSearchDictionary = "text_search_dictionary", "text search dictionary";
    /// A text search configuration with its mappings.
    TextSearchConfiguration = "text_search_configuration", "text search configuration";
    /// An enumerated type.
    Enum = "enum", "enum";
    /// A composite type.
    Composite = "composite", "composite type";
    /// A range type.
    Range = "range", "range type";
    /// A domain.
    Domain = "domain", "domain";
    /// A check constraint of a domain.
    DomainCheck = "domain_check", "check constraint of a domain";
    /// A sequence of its own or of a serial column.
    Sequence = "sequence", "sequence";
    /// A function or window function.
    Function = "function", "function";
    /// A procedure.
    Procedure = "procedure", "procedure";
    /// An aggregate.
    Aggregate = "aggregate", "aggregate";
    /// A table, partitioned or not.
    Table = "table", "table";
    /// A column of a table, or of a view where something is set for it.
    Column = "column", "column";
    /// A check constraint of a table.
    Check = "check", "check constraint";
    /// A view.
    View = "view", "view";
    /// A materialized view.
    MaterializedView = "materialized_view", "materialized view";
    /// A primary key.
    PrimaryKey = "primary_key", "primary key";
    /// A unique constraint.
    Unique = "unique", "unique constraint";
    /// An exclusion constraint.
    Exclusion = "exclusion", "exclusion constraint";
    /// An index that no constraint stands for.
    Index = "index", "index";
    /// A foreign key.
    ForeignKey = "foreign_key", "foreign key";
    /// Extended statistics.
    Statistics = "statistics", "extended statistics";
    /// A rewrite rule.
    Rule = "rule", "rule";
    /// A trigger.
    Trigger = "trigger", "trigger";
    /// A row security policy.
    Policy = "policy", "row security policy";
    /// A comment on any of these; its name is the commented object, as `COMMENT ON` writes it.
    Comment = "comment", "comment";
    /// The owner and the privileges of an object, which its name tells.
    Rights = "rights", "owner and privileges of";
    /// An extension of a database.
    Extension = "extension", "extension";
    /// What objects made later by a role are granted by themselves; its name tells the role, the schema and their kind.
    DefaultPrivileges = "default_privileges", "default privileges";
    /// Anything that a script can't make again.
    Other = "other", "object";
}

impl ObjectKind {
    /// The kind of this word: `table`, `materialized_view`, as JSON has it.
    pub fn named(word: &str) -> Option<Self> {
        Self::parse(word)
    }
}

impl fmt::Display for ObjectKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}

/// What an object is and how it is called: no other of its schema has both.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Key {
    /// What it is.
    pub kind: ObjectKind,
    /// Its name as SQL writes it.
    pub name: String,
}

impl Key {
    /// Of this kind and name.
    pub fn new(kind: ObjectKind, name: impl Into<String>) -> Self {
        Self { kind, name: name.into() }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.name)
    }
}
