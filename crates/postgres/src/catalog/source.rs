//! Reading one schema: the static queries, run in one pipeline, and the settings they need.

use std::collections::{HashMap, HashSet};

use futures_util::future::{try_join, try_join_all, try_join3};
use tenantry_domain::layout::{EXTENSIONS_SCHEMA, GLOBAL_SCHEMA};
use tenantry_domain::{Error, ErrorCode, Result, ResultExt};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{GenericClient, Row};

use super::inspect::RIGHTS;
use super::mark::Marker;
use super::part::{Address, Column, Part, get};

const ENTER: &str = include_str!("enter.sql");
const LEAVE: &str = include_str!("leave.sql");
const MEMBERS: &str = include_str!("members.sql");
const COLUMNS: &str = include_str!("columns.sql");
const DEPENDENCIES: &str = include_str!("dependencies.sql");
const NAMES: &str = include_str!("names.sql");
const PROBES: &str = include_str!("probes.sql");
const REFUSALS: &str = include_str!("refusals.sql");

// The oids of the system catalogs are fixed.
pub(crate) const PG_TYPE: u32 = 1247;
const PG_PROC: u32 = 1255;
pub(crate) const PG_CLASS: u32 = 1259;
const PG_STATISTIC_EXT: u32 = 3381;
const PG_COLLATION: u32 = 3456;
const PG_TS_DICT: u32 = 3600;
const PG_TS_CONFIG: u32 = 3602;

/// The queries that answer with parts: one for each kind, with the catalog whose members it is asked for.
const PARTS: [(u32, &str); 16] = [
    (PG_PROC, include_str!("aggregates.sql")),
    (PG_COLLATION, include_str!("collations.sql")),
    (PG_CLASS, include_str!("constraints.sql")),
    (PG_TYPE, include_str!("domain_constraints.sql")),
    (PG_PROC, include_str!("functions.sql")),
    (PG_CLASS, include_str!("indexes.sql")),
    (PG_CLASS, include_str!("policies.sql")),
    (PG_CLASS, include_str!("rules.sql")),
    (PG_CLASS, include_str!("sequences.sql")),
    (PG_STATISTIC_EXT, include_str!("statistics.sql")),
    (PG_CLASS, include_str!("tables.sql")),
    (PG_TS_CONFIG, include_str!("text_search_configurations.sql")),
    (PG_TS_DICT, include_str!("text_search_dictionaries.sql")),
    (PG_CLASS, include_str!("triggers.sql")),
    (PG_TYPE, include_str!("types.sql")),
    (PG_CLASS, include_str!("views.sql")),
];

/// Every static query of the module, for the test that prepares them.
#[doc(hidden)]
pub fn static_sql() -> impl Iterator<Item = &'static str> {
    let others = [
        RIGHTS,
        super::fingerprints::FINGERPRINTS,
        super::beside::EXTENSIONS,
        super::beside::DEFAULT_PRIVILEGES,
        super::beside::BUILT_IN_PRIVILEGES,
        ENTER,
        LEAVE,
        MEMBERS,
        COLUMNS,
        DEPENDENCIES,
        NAMES,
        PROBES,
        REFUSALS,
    ];
    PARTS.into_iter().map(|(_, sql)| sql).chain(others)
}

/// One schema, as far as a script needs it. Texts that name the schema carry the mark of [`super::mark`].
pub(crate) struct Source {
    pub parts: Vec<Part>,
    pub columns: Vec<Column>,
    pub edges: Vec<Edge>,
    /// Texts of the queries for rows and sequences; none where there are no such objects.
    pub probes: (Option<String>, Option<String>),
}

/// An object that no script can make again.
pub(crate) struct Refused {
    pub kind: String,
    pub name: String,
}

/// `from` depends on `to`; internal: it is a part of it.
pub(crate) struct Edge {
    pub from: Address,
    /// Number of the column that depends; 0: the whole object.
    pub from_column: i32,
    pub to: Address,
    /// Number of the column that is needed; 0: the whole object.
    pub to_column: i32,
    pub internal: bool,
}

/// The settings of the caller, while ours are in force.
struct Settings {
    schema: u32,
    name: String,
    saved: [String; 6],
    /// The schema's objects by catalog.
    members: HashMap<u32, Vec<u32>>,
}

/// Reads the schema. The client must be in a transaction, whose settings are as before afterwards.
pub(crate) async fn read(client: &impl GenericClient, schema: &str) -> Result<Source> {
    let settings = enter(client, schema).await?;
    let answer = query_all(client, &settings).await?;
    leave(client, &settings).await?;
    let (source, refused) = decoded(&settings, &answer)?;
    if let Some(Refused { kind, name }) = refused.first() {
        return Err(Error::new(
            ErrorCode::ShapeRefused,
            format!("schema {schema} holds what can't be made again elsewhere: {kind} {name}"),
        )
        .help(format!("drop or replace the {kind} {name} in a migration")));
    }
    Ok(source)
}

/// Reads the schema with whatever it holds: what no script can make again is told apart.
pub(crate) async fn read_anything(
    client: &impl GenericClient,
    schema: &str,
) -> Result<(Source, Vec<Refused>, Vec<Row>)> {
    let settings = enter(client, schema).await?;
    let answer = query_all(client, &settings).await?;
    // On the same path as the rest: the types of a function's arguments are part of its name.
    let parameter = [(&schema as &(dyn ToSql + Sync), Type::TEXT)];
    let rights = client
        .query_typed(RIGHTS, &parameter)
        .await
        .code(ErrorCode::Database, "read owners and privileges")?;
    leave(client, &settings).await?;
    let (source, refused) = decoded(&settings, &answer)?;
    Ok((source, refused, rights))
}

fn decoded(settings: &Settings, answer: &Answer) -> Result<(Source, Vec<Refused>)> {
    let refused = answer.refusals.iter();
    let refused = refused
        .map(|row| Ok(Refused { kind: get(row, "kind")?, name: get(row, "name")? }))
        .collect::<Result<_>>()?;
    Ok((decode(settings, answer)?, refused))
}

async fn enter(client: &impl GenericClient, schema: &str) -> Result<Settings> {
    let params = [(&schema, Type::TEXT), (&GLOBAL_SCHEMA, Type::TEXT), (&EXTENSIONS_SCHEMA, Type::TEXT)];
    let params = params.map(|(value, typ)| (value as &(dyn ToSql + Sync), typ));
    let (row, members) =
        try_join(client.query_typed_opt(ENTER, &params), client.query_typed(MEMBERS, &params[..1]))
            .await
            .code(ErrorCode::Database, format!("look up schema {schema}"))?;
    let row =
        row.ok_or_else(|| Error::new(ErrorCode::Database, format!("schema {schema} does not exist")))?;
    let members =
        members.iter().map(|row| Ok((get(row, "classid")?, get(row, "objects")?))).collect::<Result<_>>()?;
    let saved = [
        get(&row, "search_path")?,
        get(&row, "enable_seqscan")?,
        get(&row, "enable_hashjoin")?,
        get(&row, "enable_mergejoin")?,
        get(&row, "jit")?,
        get(&row, "row_security")?,
    ];
    Ok(Settings { schema: get(&row, "oid")?, name: get(&row, "schema")?, saved, members })
}

async fn leave(client: &impl GenericClient, settings: &Settings) -> Result<()> {
    let params: Vec<(&(dyn ToSql + Sync), Type)> =
        settings.saved.iter().map(|s| (s as &(dyn ToSql + Sync), Type::TEXT)).collect();
    client.query_typed(LEAVE, &params).await.code(ErrorCode::Database, "restore the settings")?;
    Ok(())
}

struct Answer {
    parts: Vec<Row>,
    columns: Vec<Row>,
    edges: Vec<Row>,
    names: Vec<Row>,
    probes: Vec<Row>,
    refusals: Vec<Row>,
}

async fn query_all(client: &impl GenericClient, settings: &Settings) -> Result<Answer> {
    let ask = async |sql: &'static str| client.query_typed(sql, &[(&settings.schema, Type::OID)]).await;
    let ask_for = async |(class, sql): (u32, &'static str)| match settings.members.get(&class) {
        Some(members) => client.query_typed(sql, &[(members, Type::OID_ARRAY)]).await,
        None => Ok(Vec::new()),
    };
    let path = client.query_typed_one("SELECT current_setting('enable_seqscan') AS scans", &[]);
    let (parts, (columns, edges, names), (probes, refusals, path)) = try_join3(
        try_join_all(PARTS.map(ask_for)),
        try_join3(ask_for((PG_CLASS, COLUMNS)), ask(DEPENDENCIES), ask(NAMES)),
        try_join3(ask_for((PG_CLASS, PROBES)), ask(REFUSALS), path),
    )
    .await
    .code(ErrorCode::Database, "read the catalog")?;
    // Outside a transaction the settings of enter.sql are gone already and names are printed wrongly.
    if get::<&str>(&path, "scans")? != "off" {
        return Err(Error::new(ErrorCode::Internal, "a catalog must be read within a transaction"));
    }
    Ok(Answer { parts: parts.into_iter().flatten().collect(), columns, edges, names, probes, refusals })
}

fn decode(settings: &Settings, answer: &Answer) -> Result<Source> {
    let mut names = HashSet::new();
    let mut hidden = HashSet::new();
    for row in &answer.names {
        let name: String = get(row, "name")?;
        if get(row, "hidden")? {
            hidden.insert(name.clone());
        }
        names.insert(name);
    }
    let marker = Marker::new(&settings.name, names, hidden);

    let mut parts = answer.parts.iter().map(Part::decode).collect::<Result<Vec<_>>>()?;
    for part in &mut parts {
        marker.part(part)?;
    }
    let mut columns = answer.columns.iter().map(Column::decode).collect::<Result<Vec<_>>>()?;
    for column in &mut columns {
        marker.column(column)?;
    }
    let edges = answer.edges.iter().map(Edge::decode).collect::<Result<Vec<_>>>()?;
    let probes = match answer.probes.first() {
        Some(row) => (get(row, "rows")?, get(row, "sequences")?),
        None => (None, None),
    };
    Ok(Source { parts, columns, edges, probes })
}

impl Edge {
    fn decode(row: &Row) -> Result<Self> {
        Ok(Self {
            from: (get(row, "classid")?, get(row, "objid")?),
            from_column: get(row, "objsubid")?,
            to: (get(row, "refclassid")?, get(row, "refobjid")?),
            to_column: get(row, "refobjsubid")?,
            internal: get(row, "internal")?,
        })
    }
}
