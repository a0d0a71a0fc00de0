//! Errors as problems (RFC 9457), with the stable code beside the members that the RFC names.

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tenantry_domain::Error;

/// A problem, as a client may read it: without the error's cause.
#[derive(Debug, Serialize)]
pub struct Problem {
    r#type: &'static str,
    title: String,
    status: u16,
    code: &'static str,
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<String>,
}

impl Problem {
    /// Of this error.
    pub fn new(e: Error) -> Self {
        let status = e.code().http_status();
        let known = StatusCode::from_u16(status).ok().and_then(|s| s.canonical_reason());
        Self {
            r#type: "about:blank",
            title: known.unwrap_or("Error").to_owned(),
            status,
            code: e.code().as_str(),
            detail: format!("{}: {}", e.message(), e.next_step()),
            instance: None,
        }
    }

    /// Met at this path.
    pub fn at(mut self, path: &str) -> Self {
        self.instance = Some(path.to_owned());
        self
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, [(header::CONTENT_TYPE, "application/problem+json")], Json(self)).into_response()
    }
}
