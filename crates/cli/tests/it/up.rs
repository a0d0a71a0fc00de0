//! `up` and `serve`: what they tell, and what the listener answers.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use crate::support::App;

#[tokio::test]
async fn an_example_comes_up_with_a_tenant_in_each_isolation_once() {
    let app = App::empty();
    let up = app.up(&["--example", "digital-erp"]).await;
    let printed = up.printed();
    for part in
        ["digital-erp is up\n", "acme     shared", "globex   schema", "initech  database", "Ctrl-C stops"]
    {
        assert!(printed.contains(part), "{printed}");
    }
    // The commands printed work as they stand, from where they were printed.
    let line = printed.lines().find(|l| l.contains(" psql acme ")).unwrap();
    let command = line.split_once("shared").unwrap().1.trim().trim_start_matches("try").trim();
    let shell = tokio::process::Command::new("sh")
        .args(["-c", command])
        .current_dir(app.file(""))
        .output()
        .await
        .unwrap();
    assert!(String::from_utf8_lossy(&shell.stdout).contains("1200"), "{command}: {shell:?}");
    let count = ["sql", "--all-tenants", "--json", "select count(*) from hr_attendance"];
    let counts = app.on(&count).await.ok().json();
    let counts: Vec<(&str, i64)> = counts
        .as_array()
        .unwrap()
        .iter()
        .map(|r| (r["tenant"].as_str().unwrap(), r["count"].as_i64().unwrap()))
        .collect();
    let slugs: Vec<&str> = counts.iter().map(|(slug, _)| *slug).collect();
    assert_eq!(slugs, ["acme", "globex", "initech"]);
    assert!(counts.iter().all(|(_, count)| *count > 1000 && *count == counts[0].1), "{counts:?}");

    // What the user does to them stays at the next start.
    app.on(&["psql", "globex", "--", "-qc", "delete from hr_attendance"]).await.ok();
    app.on(&["tenant", "delete", "initech"]).await.ok();
    assert_eq!(up.end("-INT").await, Some(0));
    let up = app.up(&["--example", "digital-erp"]).await;
    assert!(!up.log().contains("load sample data"), "{}", up.log());
    let counts = app.on(&count).await.ok().json();
    assert_eq!(counts[1]["count"], 0, "{counts}");
    assert_eq!(counts.as_array().unwrap().len(), 2, "{counts}");
    assert_eq!(up.end("-TERM").await, Some(0));
}

#[tokio::test]
async fn the_listener_tells_health_readiness_and_metrics() {
    let app = App::new().await;
    let up = app.up(&[]).await;
    app.on(&["tenant", "create", "acme", "--isolation", "schema"]).await.ok();

    let (head, body) = up.get("GET /health").await;
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    assert_eq!(body, r#"{"status":"ok"}"#);
    let (head, body) = up.get("GET /ready").await;
    assert!(head.starts_with("HTTP/1.1 200 "), "{head} {body}");
    let ready: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(ready["ready"], true);
    assert_eq!(ready["checks"].as_array().unwrap().len(), 3);

    let (head, body) = up.get("GET /metrics").await;
    assert!(head.contains("content-type: text/plain; version=0.0.4"), "{head}");
    for line in [
        "# TYPE tenantry_tenants gauge",
        "tenantry_tenants{status=\"active\",isolation=\"schema\"} 1",
        "tenantry_tenants{status=\"active\",isolation=\"shared\"} 0",
        "tenantry_jobs{status=\"failed\"} 0",
        "tenantry_http_requests_total{route=\"/health\",method=\"GET\",status=\"200\"} 1",
        concat!("tenantry_build_info{version=\"", env!("CARGO_PKG_VERSION"), "\"} 1"),
    ] {
        assert!(body.lines().any(|l| l == line), "{line} is missing in:\n{body}");
    }

    for (request, status, code) in
        [("GET /nowhere", 404, "route_unknown"), ("POST /health", 405, "method_unknown")]
    {
        let (head, body) = up.get(request).await;
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{head}");
        assert!(head.contains("content-type: application/problem+json"), "{head}");
        let problem: Value = serde_json::from_str(&body).unwrap();
        assert_eq!((problem["status"].as_i64(), problem["code"].as_str()), (Some(status), Some(code)));
    }
    assert_eq!(up.end("-TERM").await, Some(0));
}

#[tokio::test]
async fn the_ready_file_is_for_its_owner_and_goes_with_the_server() {
    let app = App::new().await;
    let up = app.up(&["--json"]).await;
    let ready = up.ready.clone();
    let keys: Vec<&str> = ready.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["admin_token", "console", "gateway", "http", "pid", "postgres"]);
    assert_eq!(ready["pid"], up.pid());
    assert!(ready["postgres"].as_str().unwrap().starts_with("postgres://tenantry:"));
    assert!(
        ready["gateway"].as_str().is_some_and(|url| url.starts_with("postgres://127.0.0.1:"))
            && ready["console"].is_null()
            && ready["admin_token"].is_null()
    );
    let file = up.ready_file.clone();
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(serde_json::from_str::<Value>(&up.printed()).unwrap(), ready);
    assert_eq!(up.end("-TERM").await, Some(0));
    assert!(!file.exists());
}
