//! Every route on one page.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use tenantry_domain::{Error, ErrorCode};

use crate::Subject;
use crate::metrics::Metrics;
use crate::problem::Problem;
use crate::ready::Checks;

/// What the handlers share.
pub struct Shared {
    pub subject: Subject,
    pub metrics: Metrics,
}

type App = State<Arc<Shared>>;

/// The routes.
pub fn router(subject: Subject) -> Router {
    let shared = Arc::new(Shared { metrics: Metrics::new(subject.version), subject });
    Router::new()
        .route("/health", get(health))
        .route("/ready", get(ready))
        .route("/metrics", get(metrics))
        .fallback(unknown_route)
        .method_not_allowed_fallback(unknown_method)
        .layer(from_fn_with_state(shared.clone(), counted))
        .with_state(shared)
}

async fn health() -> axum::Json<serde_json::Value> {
    axum::Json(serde_json::json!({ "status": "ok" }))
}

async fn ready(State(shared): App) -> Response {
    Checks::run(&shared.subject).await.into_response()
}

async fn metrics(State(shared): App) -> Response {
    match shared.metrics.render(&shared.subject).await {
        Ok(text) => ([("content-type", "text/plain; version=0.0.4; charset=utf-8")], text).into_response(),
        Err(e) => {
            tracing::warn!(error = ?e, "metrics can't be read");
            Problem::new(e).into_response()
        }
    }
}

async fn unknown_route(request: Request) -> Problem {
    let path = request.uri().path();
    Problem::new(Error::new(ErrorCode::RouteUnknown, format!("there is nothing at {path}"))).at(path)
}

async fn unknown_method(request: Request) -> Problem {
    let (method, path) = (request.method(), request.uri().path());
    Problem::new(Error::new(ErrorCode::MethodUnknown, format!("{path} does not know {method}"))).at(path)
}

/// Counts every request by route, method and status: by route, so that paths that nobody knows are one.
async fn counted(State(shared): App, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let method = match request.method().as_str() {
        known @ ("GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS") => known.to_owned(),
        _ => "other".to_owned(),
    };
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "none".to_owned(), |p| p.as_str().to_owned());
    let response = next.run(request).await;
    shared.metrics.request(&route, &method, response.status().as_u16(), began.elapsed());
    response
}
