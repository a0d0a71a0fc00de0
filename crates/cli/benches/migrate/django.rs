//! django-tenants with as many tenants and the same tables, on the same server.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::fleet::psql;

const DATABASE: &str = "django_tenants_bench";

/// A copy of the project in `benches/django_tenants`, its tenants made.
pub struct Django {
    folder: tempfile::TempDir,
    python: PathBuf,
    postgres: String,
    jobs: usize,
}

impl Django {
    /// None where no Python is named.
    pub fn prepare(postgres: &str, tenants: usize, jobs: usize) -> Option<Self> {
        let python = PathBuf::from(std::env::var_os("BENCH_PYTHON").filter(|p| !p.is_empty())?);
        let folder = tempfile::tempdir().unwrap();
        copy(&source(), folder.path());
        let django = Self { folder, python, postgres: postgres.to_owned(), jobs };
        run(psql(postgres, "postgres").args(["-c", &format!("CREATE DATABASE {DATABASE}")]));
        django.manage(&["migrate_schemas", "--shared"]);
        run(psql(postgres, DATABASE).args([
            "-c",
            "CREATE SCHEMA base; INSERT INTO public.customers_client (schema_name, name) VALUES ('base', 'base')",
        ]));
        django.manage(&["migrate_schemas", "--tenant", "--schema=base"]);
        let fill = source().join("fill.sql");
        run(psql(postgres, DATABASE).args(["-v", &format!("tenants={}", tenants - 1), "-f"]).arg(fill));
        Some(django)
    }

    /// Adds a migration and applies it to every tenant.
    pub fn migrate(&self, round: usize) {
        let template = fs::read_to_string(source().join("shop_migration.py.in")).unwrap();
        let before = if round == 1 { "0001_initial".to_owned() } else { format!("{round:04}_round") };
        let text = template.replace("@BEFORE@", &before).replace("@ROUND@", &round.to_string());
        let file = self.folder.path().join(format!("shop/migrations/{:04}_round.py", round + 1));
        fs::write(file, text).unwrap();
        self.manage(&["migrate_schemas", "--tenant", "--executor=multiprocessing"]);
    }

    fn manage(&self, arguments: &[&str]) {
        let rest = self.postgres.split_once("://").unwrap().1;
        let (login, place) = rest.split_once('@').unwrap();
        let (user, password) = login.split_once(':').unwrap();
        let (host, port) = place.split_once('/').unwrap().0.split_once(':').unwrap();
        run(Command::new(&self.python)
            .arg("manage.py")
            .args(arguments)
            .args(["--verbosity", "0"])
            .current_dir(self.folder.path())
            .env("PGDATABASE", DATABASE)
            .env("PGUSER", user)
            .env("PGPASSWORD", password)
            .env("PGHOST", host)
            .env("PGPORT", port)
            .env("BENCH_JOBS", self.jobs.to_string()));
    }
}

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/django_tenants")
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{command:?}\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}
