//! What configurations mean, and what is refused.

use std::path::Path;

use tenantry_domain::app::{Pooling, Reads};
use tenantry_domain::{ErrorCode, Isolation, MigrationLayout, TenantKeyType};

use super::parse;

fn refusal(text: &str) -> (ErrorCode, String) {
    let e = parse(text, Path::new("/app"), &[]).unwrap_err();
    (e.code(), format!("{}; {}", e.message(), e.next_step()))
}

#[test]
fn a_single_line_is_enough() {
    let app = parse("app = 'crm'", Path::new("/app"), &[]).unwrap();
    assert_eq!(app.services.keys().map(|s| s.as_str()).collect::<Vec<_>>(), ["main"]);
    assert_eq!(app.clusters.keys().map(|c| c.as_str()).collect::<Vec<_>>(), ["local"]);
    assert_eq!(app.isolation.default, Isolation::Shared);
    assert_eq!(app.services.values().next().unwrap().migrations, Path::new("/app/migrations/main"));
}

#[test]
fn every_section_is_read() {
    let app = parse(
        "app = 'crm'\n[isolation]\ndefault = 'schema'\ntenant_column = 'shop_id'\ntenant_key = 'integer'\n\
         tenant_ddl = true\n[tables]\nglobal = ['countries']\n[services.crm]\nmigrations = 'db/crm'\n\
         [plans.basic]\nisolation = 'shared'\nconnections_max = 5\nprice_monthly = 4900\ncurrency = 'EUR'\n\
         queries_per_second_max = 50\nrows_max = 1000\n\
         [gateway]\npooling = 'session'\nreads = 'auto'\nsettings = ['myapp.*', 'shop.user_id']\ncontrol_url = 'postgres://u:p@h/d'\n\
         [clusters.eu]\nurl = 'postgres://u:p@h/d'\nregion = 'eu-west'\n[limits]\ndeleted_days_kept = 7\n",
        Path::new("/app"),
        &[],
    )
    .unwrap();
    assert_eq!(app.isolation.tenant_key, TenantKeyType::Integer);
    assert!(app.isolation.tenant_ddl && app.tables.global.contains("countries"));
    assert_eq!(app.limits.deleted_days_kept, 7);
    assert_eq!((app.gateway.pooling, app.gateway.reads), (Pooling::Session, Reads::Auto));
    assert!(app.gateway.settings.has("myapp.x") && !app.gateway.settings.has("shop.x"));
    let basic = app.plans.values().next().unwrap();
    assert_eq!(
        (basic.limits.queries_per_second_max, basic.limits.rows_max, basic.limits.bytes_max),
        (Some(50), Some(1_000), None)
    );
    assert!(!format!("{app:?}").contains("u:p@h"), "secrets are not printed");
}

#[test]
fn unknown_keys_are_refused_with_the_nearest_known_one() {
    let (code, text) = refusal("app = 'crm'\n[isolation]\ndefualt = 'shared'");
    assert_eq!(code, ErrorCode::ConfigInvalid);
    assert_eq!(text, "unknown key isolation.defualt; did you mean isolation.default?");
    let (_, text) = refusal("app = 'crm'\n[services.main]\nmigration = 'x'");
    assert_eq!(text, "unknown key services.main.migration; did you mean services.NAME.migrations?");
}

#[test]
fn bad_values_are_refused() {
    for text in [
        "app = 'CRM'",
        "app = 'crm'\n[isolation]\ntenant_column = 'Tenant Id'",
        "app = 'crm'\n[isolation]\ntenant_key = 'text'",
        "app = 'crm'\n[services.control]",
        "app = 'crm'\n[services.main]\ncluster = 'eu'",
        "app = 'crm'\n[services.main]\nlayout = 'rails'",
        "app = 'crm'\n[gateway]\npooling = 'always'",
        "app = 'crm'\n[gateway]\nreads = 'nearest'",
        "app = 'crm'\n[clusters.eu]\nreplicas = ['eu.example']",
        "app = 'crm'\n[limits]\ngateway_replica_ms_between = 0",
        "app = 'crm'\n[gateway]\nsettings = ['tenantry.*']",
        "app = 'crm'\n[gateway]\nsettings = ['work_mem']",
        "app = 'crm'\n[clusters.eu]\nengine = 'oracle'",
        "app = 'crm'\n[limits]\njob_heartbeat_seconds = 0",
        "app = 'crm'\n[limits]\ngateway_certificate_seconds_between = 0",
        "app = 'crm'\n[plans.free]\nrows_max = 0",
        "app = 'a-very-long-app-name'\n[services.a_long_service_name]",
        "app = 'crm'\n[limits]\ndeleted_days_kept = -1",
        "app = ",
        "",
    ] {
        assert_eq!(refusal(text).0, ErrorCode::ConfigInvalid, "{text}");
    }
    assert_eq!(refusal("app = 'crm'\n[isolation]\ndefault = 'row'").0, ErrorCode::IsolationUnknown);
    assert!(refusal("app = 'crm'\n\nx = = 1").1.starts_with("line 3:"));
}

#[test]
fn the_layout_of_migrations_is_named() {
    let text = "app = 'crm'\n[services.main]\nlayout = 'flyway'\nignore = ['R__*.sql']";
    let app = parse(text, Path::new("/app"), &[]).unwrap();
    let service = app.services.values().next().unwrap();
    assert_eq!((service.layout, service.ignore.len()), (Some(MigrationLayout::Flyway), 1));
    let variables =
        [("TENANTRY_SERVICES_MAIN_LAYOUT", "sqlx"), ("TENANTRY_SERVICES_MAIN_IGNORE", "a.sql, b.sql")]
            .map(|(k, v)| (k.to_owned(), v.to_owned()));
    let app = parse(text, Path::new("/app"), &variables).unwrap();
    let service = app.services.values().next().unwrap();
    assert_eq!((service.layout, service.ignore.len()), (Some(MigrationLayout::Numbered), 2));
    let (code, text) = refusal("app = 'crm'\n[services.main]\nlayout = 'rails'");
    assert_eq!(code, ErrorCode::ConfigInvalid);
    assert_eq!(
        text,
        "services.main.layout: \"rails\" is not a layout of migrations; use one of numbered, names, diesel, prisma, \
         flyway, goose, sql-migrate, dbmate, dump"
    );
}

#[test]
fn variables_win_over_the_file() {
    let variables = [
        ("TENANTRY_ISOLATION_DEFAULT", "database"),
        ("TENANTRY_TABLES_GLOBAL", "countries, currencies"),
        ("TENANTRY_CLUSTERS_EU_URL", "postgres://h/d"),
        ("TENANTRY_LIMITS_DELETED_DAYS_KEPT", "3"),
        ("TENANTRY_PG_BIN", "/usr/bin"),
        ("HOME", "/root"),
    ]
    .map(|(k, v)| (k.to_owned(), v.to_owned()));
    let app = parse("app = 'crm'\n[isolation]\ndefault = 'schema'", Path::new("/app"), &variables).unwrap();
    assert_eq!(app.isolation.default, Isolation::Database);
    assert_eq!(app.tables.global.len(), 2);
    assert_eq!(app.clusters.keys().next().unwrap().as_str(), "eu");
    assert_eq!(app.limits.deleted_days_kept, 3);

    let wrong = [("TENANTRY_ISOLATION_DEFUALT".to_owned(), "x".to_owned())];
    assert_eq!(parse("app = 'crm'", Path::new("/app"), &wrong).unwrap_err().code(), ErrorCode::ConfigInvalid);
}
