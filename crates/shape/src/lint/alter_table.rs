//! ALTER TABLE, command by command.

use pg_query::NodeEnum;
use pg_query::protobuf::{AlterTableCmd, AlterTableStmt, AlterTableType, DropBehavior, ObjectType};

use super::lock::{Hold, LockMode};
use super::rule::Rule;
use super::site::Site;
use super::world::{Kind, name_of};
use super::{add_column, column_type, constraint, policy};

/// Looks at each command.
pub(super) fn examine(site: &mut Site<'_>, stmt: &AlterTableStmt) {
    let name = name_of(stmt.relation.as_ref());
    let absent = stmt.missing_ok && !site.world.knows(&name);
    if absent || matches!(stmt.objtype(), ObjectType::ObjectIndex | ObjectType::ObjectSequence) {
        return;
    }
    for cmd in &stmt.cmds {
        if let Some(NodeEnum::AlterTableCmd(cmd)) = cmd.node.as_ref() {
            command(site, &name, cmd);
        }
    }
}

fn command(site: &mut Site<'_>, table: &str, cmd: &AlterTableCmd) {
    use AlterTableType as T;
    let is_live = site.is_live(table);
    let mode = mode(cmd);
    let mut hold = Hold::Moment;
    match cmd.subtype() {
        // Objects belong to Tenantry's owner role: it is left out.
        T::AtChangeOwner => return,
        T::AtAddColumn => hold = add_column::examine(site, table, cmd),
        T::AtAlterColumnType => hold = column_type::examine(site, table, cmd),
        T::AtAddConstraint => return constraint::add(site, table, cmd),
        T::AtSetNotNull => hold = constraint::set_not_null(site, table, &cmd.name),
        T::AtValidateConstraint => hold = Hold::Scan,
        T::AtDropConstraint => constraint::drop(site, table, cmd),
        T::AtAttachPartition => attach(site, cmd),
        T::AtDetachPartition => detach(site, table, cmd),
        T::AtDropColumn if is_live => drop_column(site, table, cmd),
        T::AtDropNotNull if is_live => site.find(
            Rule::DropsNotNull,
            format!("the previous version of the app may read a NULL from {table}.{}", cmd.name),
            "drop it once no previous version runs",
        ),
        T::AtColumnDefault if cmd.def.is_none() && is_live => drop_default(site, table, cmd),
        T::AtEnableRowSecurity => policy::enable(site, table),
        T::AtSetLogged
        | T::AtSetUnLogged
        | T::AtSetAccessMethod
        | T::AtSetTableSpace
        | T::AtSetExpression
            if is_live =>
        {
            hold = Hold::Rewrite;
            site.find(
                Rule::RewritesTable,
                format!("{table} is written anew as a whole while reads and writes wait"),
                "make a new table, copy rows in steps, and switch",
            );
        }
        _ => {}
    }
    site.lock(table, mode, hold);
}

fn mode(cmd: &AlterTableCmd) -> LockMode {
    use AlterTableType as T;
    match cmd.subtype() {
        T::AtSetStatistics
        | T::AtClusterOn
        | T::AtDropCluster
        | T::AtSetRelOptions
        | T::AtResetRelOptions
        | T::AtSetOptions
        | T::AtResetOptions
        | T::AtValidateConstraint
        | T::AtAttachPartition => LockMode::ShareUpdateExclusive,
        T::AtDetachPartition if is_concurrent(cmd) => LockMode::ShareUpdateExclusive,
        T::AtDetachPartitionFinalize => LockMode::ShareUpdateExclusive,
        T::AtEnableTrig
        | T::AtEnableAlwaysTrig
        | T::AtEnableReplicaTrig
        | T::AtDisableTrig
        | T::AtEnableTrigAll
        | T::AtDisableTrigAll
        | T::AtEnableTrigUser
        | T::AtDisableTrigUser => LockMode::ShareRowExclusive,
        _ => LockMode::AccessExclusive,
    }
}

fn drop_column(site: &mut Site<'_>, table: &str, cmd: &AlterTableCmd) {
    if cmd.missing_ok
        && site.world.tables.contains_key(table)
        && site.world.column(table, &cmd.name).is_none()
    {
        return;
    }
    site.find(
        Rule::DropsColumn,
        format!("the previous version of the app still reads and writes {table}.{}", cmd.name),
        "first deploy a version that no longer names the column, then drop it",
    );
    if cmd.behavior() == DropBehavior::DropCascade {
        cascade(site);
    }
}

/// CASCADE takes more than is named.
pub(super) fn cascade(site: &mut Site<'_>) {
    site.find(
        Rule::DropCascade,
        "CASCADE also drops what this file doesn't name: views, foreign keys, functions",
        "name each object to drop, and leave out CASCADE",
    );
}

fn drop_default(site: &mut Site<'_>, table: &str, cmd: &AlterTableCmd) {
    if site.world.column(table, &cmd.name).is_none_or(|c| c.not_null) {
        site.find(
            Rule::DropsDefault,
            format!("INSERT without {table}.{}, as the previous version may write it, fails", cmd.name),
            "drop the default once every version writes the column",
        );
    }
}

fn partition(cmd: &AlterTableCmd) -> Option<&pg_query::protobuf::PartitionCmd> {
    match cmd.def.as_ref().and_then(|d| d.node.as_ref()) {
        Some(NodeEnum::PartitionCmd(p)) => Some(p),
        _ => None,
    }
}

fn is_concurrent(cmd: &AlterTableCmd) -> bool {
    partition(cmd).is_some_and(|p| p.concurrent)
}

fn attach(site: &mut Site<'_>, cmd: &AlterTableCmd) {
    let part = partition(cmd).map(|p| name_of(p.name.as_ref())).unwrap_or_default();
    if !site.is_live(&part) {
        return;
    }
    let checked = site
        .world
        .tables
        .get(&part)
        .is_some_and(|t| t.constraints.values().any(|k| matches!(k, Kind::Check { is_valid: true, .. })));
    site.lock(&part, LockMode::AccessExclusive, if checked { Hold::Moment } else { Hold::Scan });
    if !checked {
        site.find(
            Rule::AttachScan,
            format!("{part} is read as a whole while reads and writes of it wait"),
            "in an earlier file, add a CHECK with the partition's bounds NOT VALID and validate it: then nothing is read",
        );
    }
}

fn detach(site: &mut Site<'_>, table: &str, cmd: &AlterTableCmd) {
    let part = partition(cmd).map(|p| name_of(p.name.as_ref())).unwrap_or_default();
    let concurrent = is_concurrent(cmd);
    let mode = if concurrent { LockMode::ShareUpdateExclusive } else { LockMode::AccessExclusive };
    site.lock(&part, mode, Hold::Moment);
    if !concurrent && site.is_live(table) {
        site.find(
            Rule::DetachNotConcurrent,
            format!("reads and writes of {table} wait"),
            "DETACH PARTITION ... CONCURRENTLY, in a file of its own",
        );
    }
}
