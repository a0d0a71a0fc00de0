//! Commands of ALTER TABLE that are not carried, each with its reason and remedy.

use pg_query::protobuf::AlterTableType;

use crate::refuse::Refuse;

/// Why a command is not carried.
pub(super) fn refusal(command: AlterTableType) -> Refuse {
    use AlterTableType as T;
    match command {
        T::AtChangeOwner => Refuse::all(
            "OWNER TO stands among other commands",
            "leave it out: objects belong to Tenantry's owner role",
        ),
        other => Refuse::all(
            format!("the ALTER TABLE command {} is not carried", other.as_str_name()),
            "write it in another way",
        ),
    }
}
