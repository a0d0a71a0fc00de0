//! Asking one tenant.

use std::pin::pin;

use futures_util::StreamExt as _;
use tenantry_domain::{Error, ErrorCode, Isolation, Result};
use tenantry_postgres::error::db_error;
use tenantry_postgres::sql::{Values, render};
use tenantry_registry::TenantRow;
use tokio_postgres::{Client, SimpleQueryMessage};

use super::connections::Connections;
use super::{Answer, Column, Query};
use crate::platform::Platform;

const BEGIN: &str = include_str!("begin.sql");
const BEGIN_SHARED: &str = include_str!("begin_shared.sql");
const END: &str = include_str!("end.sql");
const DOING: &str = "run the query";

/// One tenant's answer.
pub async fn tenant(
    platform: &Platform,
    connections: &Connections,
    row: &TenantRow,
    query: &Query,
) -> Result<Answer> {
    let limits = &platform.app.limits;
    let milliseconds =
        i64::try_from(limits.sql_statement_seconds_max.saturating_mul(1000)).unwrap_or(i64::MAX);
    let milliseconds = milliseconds.min(i64::from(i32::MAX)).to_string();
    let values = Values::default().raw("milliseconds", milliseconds);
    let rows_max = usize::try_from(limits.sql_rows_per_tenant_max).unwrap_or(usize::MAX);
    if row.tenant.isolation != Isolation::Shared {
        let (server, database) = platform.own_credential(row, &query.service).await?;
        let connection = connections.open(&server, &database).await?;
        return answer(&connection.client, &render(BEGIN, &values)?, &query.sql, rows_max).await;
    }
    let placements = platform.registry.placements(row.tenant.id).await?;
    let place = placements.iter().find(|p| p.service == query.service).ok_or_else(|| {
        Error::new(ErrorCode::ServiceUnknown, format!("the tenant has no service {}", query.service))
    })?;
    let target = (place.cluster.as_str(), place.database.as_str());
    let connection = match connections.reuse(target) {
        Some(connection) => connection,
        None => connections.open(platform.clusters.server(target.0)?, target.1).await?,
    };
    let values = values
        .text("group", platform.app.layout().group_role(Isolation::Shared))
        .text("tenant", row.tenant.id.to_string());
    let answered = answer(&connection.client, &render(BEGIN_SHARED, &values)?, &query.sql, rows_max).await;
    // Only a connection whose transaction is over and whose answer was read to its end is used again.
    if answered.as_ref().is_ok_and(|a| !a.is_cut) && connection.client.batch_execute(END).await.is_ok() {
        connections.keep(target, connection);
    }
    answered
}

async fn answer(client: &Client, begin: &str, sql: &str, rows_max: usize) -> Result<Answer> {
    client.batch_execute(begin).await.map_err(|e| db_error(e, "begin a read-only transaction"))?;
    // A prepared statement is one statement: nothing can follow that would leave the transaction.
    let statement = client.prepare(sql).await.map_err(|e| db_error(e, DOING))?;
    let columns: Vec<Column> = statement
        .columns()
        .iter()
        .map(|c| Column { name: c.name().to_owned(), type_name: c.type_().name().to_owned() })
        .collect();
    let mut answer = Answer { columns, rows: Vec::new(), is_cut: false };
    let messages = client.simple_query_raw(sql).await.map_err(|e| db_error(e, DOING))?;
    let mut messages = pin!(messages);
    while let Some(message) = messages.next().await {
        let SimpleQueryMessage::Row(row) = message.map_err(|e| db_error(e, DOING))? else { continue };
        if answer.rows.len() == rows_max {
            answer.is_cut = true;
            break;
        }
        answer.rows.push((0..row.len()).map(|i| row.get(i).map(str::to_owned)).collect());
    }
    Ok(answer)
}
