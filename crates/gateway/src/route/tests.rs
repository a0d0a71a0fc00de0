use proptest::prelude::*;

use super::*;

fn served() -> Served {
    Served {
        services: ["main", "crm", "acme"].iter().map(|s| s.parse().unwrap()).collect(),
        usual: "main".parse().unwrap(),
        domain: Some("example.com".to_owned()),
        hosts: BTreeSet::from(["db.example.com".to_owned()]),
    }
}

fn to(user: &str, database: &str) -> Result<Door> {
    route(&served(), Request { user, database: Some(database), ..Request::default() })
}

fn tenant(slug: &str, role: Option<&str>, service: &str) -> Door {
    let (slug, service) = (slug.parse().unwrap(), service.parse().unwrap());
    Door::Tenant { slug, role: role.map(|r| r.parse().unwrap()), service }
}

fn app(tenant: Option<&str>, service: &str) -> Door {
    Door::App { tenant: tenant.map(|t| t.parse().unwrap()), service: service.parse().unwrap() }
}

fn state(result: Result<Door>) -> &'static str {
    result.unwrap_err().code().sqlstate()
}

#[test]
fn users_and_databases() {
    assert_eq!(to("globex", "crm").unwrap(), tenant("globex", None, "crm"));
    assert_eq!(to("readonly.globex", "crm").unwrap(), tenant("globex", Some("readonly"), "crm"));
    assert_eq!(to("app", "crm").unwrap(), app(None, "crm"));
    assert_eq!(to("anybody", "tenantry").unwrap(), Door::Admin { user: "anybody".to_owned() });
    assert_eq!(to("app.globex", "main").unwrap(), tenant("globex", Some("app"), "main"));
}

#[test]
fn no_database_is_the_usual_service() {
    for user in ["globex", "readonly.globex"] {
        let absent = route(&served(), Request { user, ..Request::default() }).unwrap();
        assert!(matches!(&absent, Door::Tenant { service, .. } if service.as_str() == "main"));
        assert_eq!(to(user, user).unwrap(), absent, "libpq repeats the user");
    }
    assert_eq!(to("app", "app").unwrap(), app(None, "main"));
    assert_eq!(
        to("acme", "acme").unwrap(),
        tenant("acme", None, "acme"),
        "a service of that name goes first"
    );
}

#[test]
fn databases_that_are_no_services() {
    for database in ["globex", "postgres", "template1", "shop_main", "Main", "main ", "control", ""] {
        assert_eq!(state(to("acme", database)), "3D000", "{database}");
        assert_eq!(state(to("app", database)), "3D000", "{database}");
    }
    let error = to("acme", "nope").unwrap_err();
    assert_eq!(error.message(), "database \"nope\" does not exist");
}

#[test]
fn users_that_are_no_logins() {
    for user in [
        "",
        ".",
        "Acme",
        "acme ",
        "a_b",
        "postgres",
        "tenantry",
        "readonly.",
        ".acme",
        "readonly.acme.x",
        "r o.acme",
        "READONLY.acme",
        "readonly.postgres",
        "t_0123",
        "äcme",
        "acme\n",
        "readonly..acme",
        "app.",
        "acme@main",
    ] {
        let error = to(user, "main").unwrap_err();
        assert_eq!(error.code().sqlstate(), "28000", "{user:?}");
        assert_eq!(error.message(), format!("role {user:?} does not exist"));
    }
}

#[test]
fn the_app_door_takes_the_tenant_from_options_or_the_server_name() {
    let to = |current_tenant, server_name| {
        let request = Request { user: "app", database: Some("main"), current_tenant, server_name };
        route(&served(), request)
    };
    assert_eq!(to(Some("acme"), None).unwrap(), app(Some("acme"), "main"));
    assert_eq!(to(None, Some("acme.example.com")).unwrap(), app(Some("acme"), "main"));
    assert_eq!(to(Some("acme"), Some("acme.example.com")).unwrap(), app(Some("acme"), "main"));
    assert_eq!(to(Some(""), None).unwrap(), app(None, "main"));
    assert_eq!(to(Some(""), Some("acme.example.com")).unwrap(), app(Some("acme"), "main"));
    assert_eq!(state(to(Some("globex"), Some("acme.example.com"))), "28000");
    for text in ["Acme", "acme; drop", "postgres", "0", "*", "acme,globex"] {
        assert_eq!(state(to(Some(text), None)), "22023", "{text}");
    }
}

#[test]
fn server_names() {
    let to = |name: &str| {
        let request = Request { user: "app", server_name: Some(name), ..Request::default() };
        route(&served(), request)
    };
    for name in ["acme.example.com", "ACME.Example.COM", "acme.example.com."] {
        assert_eq!(to(name).unwrap(), app(Some("acme"), "main"), "{name}");
    }
    for name in [
        "example.com",
        "db.example.com",
        "DB.example.com",
        "acme.example.org",
        "acmeexample.com",
        "localhost",
        "127.0.0.1",
        "",
    ] {
        assert_eq!(to(name).unwrap(), app(None, "main"), "{name}");
    }
    for name in
        ["readonly.acme.example.com", "www.example.com", "-.example.com", ".example.com", "a_b.example.com"]
    {
        assert_eq!(state(to(name)), "28000", "{name}");
    }
    let mut elsewhere = served();
    elsewhere.domain = None;
    let request = Request { user: "app", server_name: Some("acme.example.com"), ..Request::default() };
    assert_eq!(route(&elsewhere, request).unwrap(), app(None, "main"));
}

/// At the tenant door nothing but the login says whose it is.
#[test]
fn a_tenant_cannot_name_another() {
    let to = |current_tenant, server_name| {
        route(&served(), Request { user: "acme", database: None, current_tenant, server_name })
    };
    assert_eq!(to(None, None).unwrap(), tenant("acme", None, "main"));
    assert_eq!(to(Some("acme"), Some("acme.example.com")).unwrap(), tenant("acme", None, "main"));
    assert_eq!(to(None, Some("db.example.com")).unwrap(), tenant("acme", None, "main"));
    for other in ["globex", "", "Acme", "00000000-0000-0000-0000-00000000000b"] {
        assert_eq!(state(to(Some(other), None)), "42501", "{other}");
    }
    assert_eq!(state(to(None, Some("globex.example.com"))), "28000");
}

proptest! {
    #[test]
    fn whoever_gets_to_a_tenant_has_named_it(
        user in "[a-z.]{0,8}|app|acme|readonly\\.acme|\\PC{0,8}",
        database in prop::option::of("main|crm|tenantry|\\PC{0,6}"),
        current_tenant in prop::option::of("acme|globex|\\PC{0,6}"),
        server_name in prop::option::of("(acme|globex|db|\\PC{0,4})\\.example\\.com"),
    ) {
        let request = Request {
            user: &user,
            database: database.as_deref(),
            current_tenant: current_tenant.as_deref(),
            server_name: server_name.as_deref(),
        };
        match route(&served(), request) {
            Ok(Door::Tenant { slug, role, .. }) => {
                let login = role.map_or(slug.to_string(), |role| format!("{role}.{slug}"));
                prop_assert_eq!(login, user);
            }
            Ok(Door::App { tenant: Some(slug), .. }) => {
                prop_assert_eq!(&user, "app");
                let host = format!("{slug}.example.com");
                prop_assert!(current_tenant.as_deref() == Some(slug.as_str()) || server_name.map(|name| name.to_lowercase()) == Some(host));
            }
            Ok(Door::App { tenant: None, .. }) => prop_assert_eq!(&user, "app"),
            Ok(Door::Admin { .. }) => prop_assert_eq!(database.as_deref(), Some("tenantry")),
            Err(error) => {
                let known = ["28000", "3D000", "22023", "42501"];
                prop_assert!(known.contains(&error.code().sqlstate()));
            }
        }
    }
}
