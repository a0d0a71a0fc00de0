//! The app that clients are tried on, its tenants, and the ways to them.

use std::fs;
use std::path::{Path, PathBuf};

use tenantry_testkit::postgres::server::Server;

use crate::support::{App, Up};

/// Tenants by isolation. (`shared` is a reserved slug.)
const TENANTS: [(&str, &str); 3] =
    [("shared", "row-co"), ("schema", "schema-co"), ("database", "database-co")];

/// One tenant, through one of the doors.
#[derive(Clone)]
pub struct Way {
    pub isolation: &'static str,
    /// `tenant` or `app`.
    pub door: &'static str,
    pub tenant: &'static str,
    pub url: Server,
    pub database: String,
}

impl Way {
    /// What `libpq` and the scripts take it from.
    pub fn environment(&self, run: &str) -> Vec<(&'static str, String)> {
        let options = match self.door {
            "app" => format!("-c app.current_tenant={}", self.tenant),
            _ => String::new(),
        };
        vec![
            ("PGHOST", self.url.host.clone()),
            ("PGPORT", self.url.port.to_string()),
            ("PGUSER", self.url.user.clone()),
            ("PGPASSWORD", self.url.password.reveal().to_owned()),
            ("PGDATABASE", self.database.clone()),
            ("PGOPTIONS", options),
            ("TENANT", self.tenant.to_owned()),
            ("DOOR", self.door.to_owned()),
            ("ISOLATION", self.isolation.to_owned()),
            ("RUN", format!("{run} {}", self.door)),
        ]
    }

    /// As it stands in what a test prints.
    pub fn name(&self) -> String {
        format!("{} door, {} isolation", self.door, self.isolation)
    }
}

/// An app that is up, with a tenant of each isolation.
pub struct World {
    pub up: Up,
    pub ways: Vec<Way>,
    /// Its server ends with it.
    _app: App,
}

impl World {
    /// With `TENANTRY_CLIENTS_DIRECT` set the way goes past the gateway: to see whether a failure is its fault.
    pub async fn start() -> Self {
        let app = App::empty();
        copy(Path::new(&source("app")), &app.path());
        let up = app.up(&[]).await;
        let backend = app.on(&["url", "app"]).await.ok().out.trim().to_owned();
        let mut ways = Vec::new();
        for (isolation, tenant) in TENANTS {
            app.on(&["tenant", "create", tenant, "--isolation", isolation]).await.ok();
            let own = app.on(&["url", tenant]).await.ok().out.trim().to_owned();
            let mut doors = vec![("tenant", own), ("app", backend.clone())];
            if std::env::var_os("TENANTRY_CLIENTS_DIRECT").is_some() {
                let direct = app.on(&["url", tenant, "--direct"]).await.ok().out.trim().to_owned();
                doors = vec![("tenant", direct)];
            }
            for (door, url) in doors {
                let database = url.rsplit_once('/').unwrap().1.split('?').next().unwrap().to_owned();
                ways.push(Way { isolation, door, tenant, url: url.parse().unwrap(), database });
            }
        }
        Self { up, ways, _app: app }
    }
}

/// A file of `tests/clients`.
pub fn source(file: &str) -> String {
    format!("{}/tests/clients/{file}", env!("CARGO_MANIFEST_DIR"))
}

/// A file that `scripts/clients.sh` has made.
pub fn installed(file: &str) -> String {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    target.join("clients").join(file).to_str().unwrap().to_owned()
}

/// Whether whoever runs the tests wants this client left out; says so.
pub fn is_left_out(name: &str) -> bool {
    let without = std::env::var("TENANTRY_CLIENTS_WITHOUT").unwrap_or_default();
    let is_left_out = without.split([' ', ',']).any(|left_out| left_out == name);
    if is_left_out {
        println!("{name} is left out, as TENANTRY_CLIENTS_WITHOUT says");
    }
    is_left_out
}

fn copy(from: &Path, to: &PathBuf) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (path, target) = {
            let entry = entry.unwrap();
            (entry.path(), to.join(entry.file_name()))
        };
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}
