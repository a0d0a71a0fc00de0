//! The operator's door: database `tenantry`, which answers `SHOW ...` as PgBouncer's does.

use tenantry_domain::{Error, ErrorCode, Result};
use tenantry_registry::directory::Snapshot;

use crate::hub::Hub;
use crate::login::Wire;
use crate::watch::{self, Opener};
use crate::wire::backend::{
    Report, Severity, authentication_ok, backend_key_data, command_complete, data_row, error_response,
    parameter_status, ready_for_query, row_description,
};
use crate::wire::frontend::parse_query;
use crate::wire::status::Status;

mod show;

use show::{Table, show};

/// What the operator's session tells of itself, so that psql and drivers are content.
const SETTINGS: [(&str, &str); 6] = [
    ("server_version", "15.0 (tenantry)"),
    ("server_encoding", "UTF8"),
    ("client_encoding", "UTF8"),
    ("DateStyle", "ISO, MDY"),
    ("integer_datetimes", "on"),
    ("standard_conforming_strings", "on"),
];

/// Greets the operator.
///
/// # Errors
/// `connection_lost`.
pub async fn greet(wire: &mut Wire) -> Result<()> {
    let mut out = Vec::new();
    authentication_ok(&mut out);
    for (name, value) in SETTINGS {
        parameter_status(&mut out, name, value);
    }
    // Nothing here runs long enough to be cancelled.
    backend_key_data(&mut out, 0, &[0; 4]);
    ready_for_query(&mut out, Status::Idle);
    wire.send(&out).await
}

/// Answers until the operator leaves or the gateway closes.
pub async fn serve(hub: &Hub, wire: &mut Wire, opener: Opener) {
    loop {
        let message = tokio::select! {
            message = wire.message() => message,
            () = watch::revoked(hub, opener, Snapshot::admin_secrets) => {
                return wire.farewell(&watch::revocation()).await;
            }
            () = hub.closed() => {
                let error = Error::new(ErrorCode::ShuttingDown, "the gateway is shutting down");
                return wire.farewell(&error).await;
            }
        };
        match message {
            Ok(Some((b'X', _)) | None) => return,
            Ok(Some((tag, body))) => {
                let out = answer(hub, tag, &body).await;
                if wire.send(&out).await.is_err() {
                    return;
                }
            }
            Err(error) => return wire.farewell(&error).await,
        }
    }
}

async fn answer(hub: &Hub, tag: u8, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let answered = match tag {
        b'Q' => match parse_query(body) {
            Ok(sql) => show(hub, &String::from_utf8_lossy(sql)).await,
            Err(violation) => Err(violation.error()),
        },
        // One error for a whole pipeline, told at its end.
        b'S' => Err(Error::new(ErrorCode::ProtocolUnsupported, "this database takes simple queries only")),
        _ => return out,
    };
    match answered {
        Ok(table) => write(&mut out, &table),
        Err(error) => error_response(&mut out, &Report::of(&error, Severity::Error)),
    }
    ready_for_query(&mut out, Status::Idle);
    out
}

fn write(out: &mut Vec<u8>, table: &Table) {
    row_description(out, table.columns);
    for row in &table.rows {
        let values: Vec<Option<&str>> = row.iter().map(|value| Some(value.as_str())).collect();
        data_row(out, &values);
    }
    command_complete(out, "SHOW");
}
