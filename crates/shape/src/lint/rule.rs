//! The rules by name. A name never changes: files silence rules by it.

use std::fmt;

macro_rules! rules {
    ($($(#[$doc:meta])* $rule:ident = $name:literal, $title:literal;)*) => {
        /// A rule of the linter.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Rule { $($(#[$doc])* $rule,)* }

        impl Rule {
            /// Every rule, in the order of the table.
            pub const ALL: &'static [Rule] = &[$(Rule::$rule,)*];

            /// Its name in comments and reports.
            pub const fn as_str(self) -> &'static str { match self { $(Rule::$rule => $name,)* } }

            /// What it finds, in a few words.
            pub const fn title(self) -> &'static str { match self { $(Rule::$rule => $title,)* } }
        }
    };
}

rules! {
    // Long locks
    /// Every row is written anew under a lock that stops reads.
    RewritesTable = "rewrites-table", "writes a whole table anew";
    /// A type change that writes every row anew, and that the previous version of the app may not expect.
    ChangesType = "changes-type", "changes a column's type";
    /// SET NOT NULL reads the whole table.
    NotNullScan = "not-null-scan", "reads a whole table to prove NOT NULL";
    /// A check is proved under a lock that stops reads.
    CheckScan = "check-scan", "reads a whole table to prove a check";
    /// A foreign key is proved under a lock that stops writes to both tables.
    ForeignKeyScan = "foreign-key-scan", "reads a whole table to prove a foreign key";
    /// A check of a domain is proved in every table that has it.
    DomainScan = "domain-scan", "reads every table with a domain";
    /// An attached partition is read as a whole.
    AttachScan = "attach-scan", "reads a whole table to attach it";
    /// An index is built under a lock that stops writes.
    IndexNotConcurrent = "index-not-concurrent", "builds an index while writes wait";
    /// An index is dropped under a lock that stops reads.
    DropIndexNotConcurrent = "drop-index-not-concurrent", "drops an index while reads and writes wait";
    /// A key's index is built under a lock that stops reads.
    KeyInPlace = "key-in-place", "builds a key's index while reads and writes wait";
    /// An exclusion constraint, which has no other way.
    ExclusionInPlace = "exclusion-in-place", "builds an exclusion constraint while reads and writes wait";
    /// A partition is detached under a lock that stops reads.
    DetachNotConcurrent = "detach-not-concurrent", "detaches a partition while reads and writes wait";
    /// VACUUM FULL, CLUSTER, REINDEX, REFRESH without CONCURRENTLY.
    BlockingMaintenance = "blocking-maintenance", "maintenance that stops the table";
    /// LOCK TABLE.
    LocksTable = "locks-table", "locks a table by hand";
    /// A lock that stops reads is kept through something long.
    LockHeld = "lock-held", "keeps a lock while something long runs";
    /// A constraint is made NOT VALID and validated in one transaction.
    ValidatesAtOnce = "validates-at-once", "validates a constraint in the transaction that made it";

    // The previous version of the app
    /// A column is dropped.
    DropsColumn = "drops-column", "drops a column";
    /// A table is dropped.
    DropsTable = "drops-table", "drops a table";
    /// A view, function, type or sequence is dropped.
    DropsObject = "drops-object", "drops a view, function, type or sequence";
    /// A key is dropped that ON CONFLICT may name.
    DropsKey = "drops-key", "drops a key";
    /// NULL becomes possible.
    DropsNotNull = "drops-not-null", "lets NULL into a column";
    /// INSERT without the column stops working.
    DropsDefault = "drops-default", "drops the default of a NOT NULL column";
    /// A column gets another name.
    RenamesColumn = "renames-column", "renames a column";
    /// A table or view gets another name.
    RenamesTable = "renames-table", "renames a table";
    /// A function, type, value or sequence gets another name.
    RenamesObject = "renames-object", "renames a function, type, value or sequence";
    /// INSERT without the new column fails.
    RequiredColumn = "required-column", "adds a NOT NULL column without a default";
    /// `json` has no equality.
    JsonColumn = "json-column", "adds a column of type json";
    /// ON CONFLICT can't use a deferrable key.
    DeferrableKey = "deferrable-key", "makes a key deferrable";
    /// Rows are read and written only where a policy lets them through.
    HidesRows = "hides-rows", "puts a table under row-level security or a policy more";
    /// More goes than what is named.
    DropCascade = "drop-cascade", "drops whatever depends on it";
    /// All rows go.
    Truncates = "truncates", "empties a table";

    // Data
    /// Every row is changed in one statement.
    ChangesAllRows = "changes-all-rows", "changes every row of a table";
    /// Rows are changed in the transaction that changes tables.
    BackfillWithDdl = "backfill-with-ddl", "changes many rows and a table's definition in one file";

    // The file
    /// A new enum value is used in the transaction that adds it.
    EnumValueUsed = "enum-value-used", "uses a new enum value in the file that adds it";
    /// CONCURRENTLY beside other statements.
    ConcurrentlyMixed = "concurrently-mixed", "mixes CONCURRENTLY with other statements";
    /// Nothing takes the migration back.
    MissingDown = "missing-down", "has nothing that takes it back";
    /// No statement.
    EmptyFile = "empty-file", "has no statement";
    /// A silencer that is wrong or idle.
    Allow = "allow", "a comment that silences a rule is wrong, or silences nothing";
}

impl Rule {
    /// The rule of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|r| r.as_str() == name).copied()
    }

    /// Whether a rule speaks of a file as a whole.
    pub const fn is_of_file(self) -> bool {
        matches!(self, Rule::MissingDown | Rule::EmptyFile)
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
