//! The catalogue of attacks, tried through the gateway's doors: whatever the gateway lets through or refuses, nothing of the
//! victim's arrives, and what the servers refuse is refused here as well.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use tenantry_domain::Isolation;
use tenantry_testkit::attack::session::{Outcome, Session};
use tenantry_testkit::attack::{Attack, Expect, Step, Who};
use tenantry_testkit::postgres::ident::quote_ident;
use tenantry_testkit::postgres::server::Server;
use tenantry_testkit::postgres::tenant::home;
use tenantry_testkit::{AppOptions, TestApp};

use super::doors::{DOORS, Door, Doors, rows};

#[path = "../../../lifecycle/tests/it/attacks/catalogs.rs"]
mod catalogs;
#[path = "../../../lifecycle/tests/it/attacks/context.rs"]
mod context;
#[path = "../../../lifecycle/tests/it/attacks/locks.rs"]
mod locks;
#[path = "../../../lifecycle/tests/it/attacks/oracles.rs"]
mod oracles;
#[path = "../../../lifecycle/tests/it/support/server.rs"]
#[allow(dead_code)]
mod own_server;
#[path = "../../../lifecycle/tests/it/attacks/rls.rs"]
mod rls;
#[path = "../../../lifecycle/tests/it/attacks/roles.rs"]
mod roles;
#[path = "../../../lifecycle/tests/it/attacks/server.rs"]
mod servers;
#[path = "../../../lifecycle/tests/it/attacks/sessions.rs"]
mod sessions;

/// What servers refuse because it is common to all, and the gateway turns into the tenant's own: channels, advisory locks,
/// keys, counters, TRUNCATE.
const OWN: [&str; 7] = ["S31", "S38", "S49", "S50", "S65", "S66", "S67"];

/// Seconds that one statement of an attack may take: some wait for ever.
const SECONDS_MAX: u64 = 20;

fn catalogue() -> Vec<Attack> {
    [
        catalogs::cases(),
        context::cases(),
        locks::cases(),
        oracles::cases(),
        rls::cases(),
        roles::cases(),
        servers::cases(),
        sessions::cases(),
    ]
    .concat()
}

/// Attacker and victim behind a gateway, on a server of their own, since some attacks hurt a whole server.
struct Lab {
    app: TestApp,
    isolation: Isolation,
    urls: HashMap<Who, String>,
    values: Vec<(&'static str, String)>,
    doors: Doors,
}

impl Lab {
    async fn new(isolation: Isolation, door: Door) -> Self {
        let shop = include_str!("../../../lifecycle/tests/it/support/shop.sql");
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("0001_shop.up.sql"), shop).unwrap();
        let options = AppOptions { global: vec!["countries".to_owned()], ..AppOptions::default() };
        let server: Server = own_server::superuser("postgres").await.parse().unwrap();
        let app = TestApp::on(&server, folder.path(), options).await;
        app.migrator.up(&|_| {}).await.unwrap();
        for slug in ["attacker", "victim"] {
            app.tenant(slug, isolation).await;
        }
        let doors = Doors::open_on(&app, &server).await;
        for (slug, mark, letter, category, count) in
            [("attacker", "OWN_A", "A", "common", 10), ("victim", "SECRET_B", "B", "rare_b", 300)]
        {
            let client = doors.client(&app, Door::Tenant, slug).await;
            let script = format!(
                "INSERT INTO products (barcode, category, name, price)
                   SELECT 'BAR_{letter}_' || g, '{category}', '{mark}_' || g, g FROM generate_series(1, {count}) g;
                 INSERT INTO orders (product_id, qty) SELECT id, 1 FROM products ORDER BY id LIMIT 5"
            );
            rows(&client, &script).await.unwrap();
        }
        let mut lab = Self { app, isolation, urls: HashMap::new(), values: Vec::new(), doors };
        lab.place(door).await;
        lab
    }

    /// Where everybody is, and what stands for the placeholders.
    async fn place(&mut self, door: Door) {
        let Self { app, isolation, urls, values, doors } = self;
        let layout = app.platform.app.layout();
        let data = layout.data_database(&app.main());
        values.extend([
            ("group", quote_ident(&layout.group_role(*isolation))),
            ("group_name", layout.group_role(*isolation)),
            ("app_role", quote_ident(&layout.app_role())),
            ("platform", quote_ident(&layout.platform_role())),
            ("app_owner", quote_ident(&layout.owner_role())),
            ("data_database", quote_ident(&data)),
        ]);
        for (slug, prefix) in [("attacker", "own"), ("victim", "victim")] {
            let tenant = app.platform.registry.find_tenant(slug).await.unwrap().tenant;
            let role = layout.tenant_role(&tenant, app.platform.app.isolation.tenant_key);
            let (database, schema) = home(&layout, &app.main(), tenant.id, *isolation);
            let owner = match isolation {
                Isolation::Shared => layout.owner_role(),
                _ => layout.tenant_owner_role(tenant.id),
            };
            let quoted = quote_ident(&schema);
            let own = [
                ("schema", quoted.clone()),
                ("products", format!("{quoted}.products")),
                ("orders", format!("{quoted}.orders")),
                ("role", quote_ident(&role)),
                ("role_name", role.clone()),
                ("owner", quote_ident(&owner)),
                ("owner_name", owner.clone()),
                ("schema_name", schema.clone()),
                ("database", quote_ident(&database)),
                ("database_name", database.clone()),
                ("id", tenant.id.to_string()),
            ];
            values.extend(own.map(|(name, value)| (&*format!("{prefix}_{name}").leak(), value)));
            let superuser = own_server::superuser(&database).await;
            if prefix == "own" {
                let own = doors.url(app, door, slug).await;
                let at = |database: &str| own.replace("/main?", &format!("/{database}?"));
                urls.extend([
                    (Who::AAtPostgres, at("postgres")),
                    (Who::AAtTemplate, at(&layout.template_database(&app.main()))),
                    (Who::AAtVictim, at("victim")),
                    (Who::App, doors.url(app, Door::App, slug).await),
                    (Who::A, own),
                    (Who::Super, superuser),
                ]);
            } else {
                urls.extend([(Who::B, doors.url(app, Door::Tenant, slug).await), (Who::SuperAtB, superuser)]);
            }
        }
    }

    /// What went wrong with a case; none: nothing.
    async fn play(&self, case: &Attack) -> Option<String> {
        let mut open: HashMap<Who, Session> = HashMap::new();
        let mut is_stopped = false;
        for step in &case.steps {
            let outcome = self.step(&mut open, step).await;
            let is_attacker =
                matches!(step.who, Who::A | Who::AAtVictim | Who::AAtPostgres | Who::AAtTemplate);
            let is_own = OWN.contains(&case.id);
            // Steps of the app door are about sessions without a tenant, which there are none of behind the gateway.
            if (is_attacker || step.who == Who::App) && !case.known_open && outcome.leaks() {
                return Some(format!("{}: {}: the victim's data arrived: {outcome:?}", case.id, step.sql));
            }
            let is_refused = matches!(step.expect, Expect::Refused(_));
            if is_attacker && is_refused && !is_own && !is_stopped && outcome.error.is_none() {
                return Some(format!("{}: {}: nobody refused it: {outcome:?}", case.id, step.sql));
            }
            // What was to come after a step that the gateway has refused says nothing any more, but for what it shows.
            is_stopped |= is_attacker && !is_refused && outcome.error.is_some();
            // Whoever is not the attacker has to get on.
            if step.who == Who::B && step.expect == Expect::Done && !is_own && outcome.error.is_some() {
                return Some(format!("{}: {}: the victim is disturbed: {outcome:?}", case.id, step.sql));
            }
        }
        None
    }

    async fn step(&self, open: &mut HashMap<Who, Session>, step: &Step) -> Outcome {
        let mut sql = step.sql.to_owned();
        for (name, value) in &self.values {
            sql = sql.replace(&format!("{{{name}}}"), value);
        }
        let failed = |error: String| Outcome { error: Some(error), ..Outcome::default() };
        if let Entry::Vacant(place) = open.entry(step.who) {
            match Session::connect(&self.urls[&step.who]).await {
                Ok(session) => drop(place.insert(session)),
                Err(error) => return failed(format!("login: {error:?}")),
            }
        }
        let limit = std::time::Duration::from_secs(SECONDS_MAX);
        match tokio::time::timeout(limit, open[&step.who].run(&sql)).await {
            Ok(outcome) => outcome,
            Err(_) => {
                open.remove(&step.who);
                failed("it took too long".to_owned())
            }
        }
    }
}

async fn check(isolation: Isolation) {
    for door in DOORS {
        let lab = Lab::new(isolation, door).await;
        let cases = catalogue();
        let here = cases.iter().filter(|case| {
            case.isolations.contains(&lab.isolation) && case.tenant_ddl != Some(true) && case.id != "S59"
        });
        let (mut tried, mut wrong) = (0, Vec::new());
        for case in here {
            tried += 1;
            wrong.extend(lab.play(case).await);
        }
        println!("{isolation} by {door:?}: {tried} cases");
        let victim = lab.doors.client(&lab.app, Door::Tenant, "victim").await;
        let intact = "SELECT count(*) FILTER (WHERE name LIKE '%EVIL%'), count(*) >= 300, (SELECT count(*) >= 5 FROM orders)
             FROM products";
        assert_eq!(rows(&victim, intact).await.as_deref(), Ok("0,t,t"), "{isolation} by {door:?}");
        assert!(tried > 40 && wrong.is_empty(), "{isolation} by {door:?}: {}", wrong.join("\n\n"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shared_tables_hold_behind_the_gateway() {
    check(Isolation::Shared).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn own_schemas_hold_behind_the_gateway() {
    check(Isolation::Schema).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn own_databases_hold_behind_the_gateway() {
    check(Isolation::Database).await;
}
