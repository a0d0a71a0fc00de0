//! A database per test, cloned from a template in milliseconds.

use tenantry_postgres::connect::connect;
use tenantry_postgres::ident::{quote_ident, quote_literal};
use tenantry_postgres::server::Server;
use tokio_postgres::Client;

use crate::names::unique_app_name;
use crate::server::server;
use crate::sweep::drop_database;

/// A database that goes with its value; if the test is killed, a later run sweeps it.
pub struct TestDatabase {
    name: String,
    server: Server,
}

impl TestDatabase {
    /// An empty database; its name ends with `name_suffix`, so that a person sees whose it is.
    pub async fn new(name_suffix: &str) -> Self {
        // Nobody can be connected to this one.
        Self::clone_of("template0", name_suffix).await
    }

    /// A clone of a template that must exist on the test server and have no connections.
    pub async fn clone_of(template: &str, name_suffix: &str) -> Self {
        let name = format!("{}_{name_suffix}", unique_app_name());
        let server = server().await.server().clone();
        let client = connect(&server, "postgres", "test").await.expect("connect to the test server");
        let sql = format!("CREATE DATABASE {} TEMPLATE {}", quote_ident(&name), quote_ident(template));
        client.batch_execute(&sql).await.expect("create the test's database");
        Self { name, server }
    }

    /// A template made once by running `sql`, and then cloned by every test that names it. `key` must change
    /// when `sql` does; the template stays on the server.
    pub async fn clone_of_prepared(key: &str, sql: &str, name_suffix: &str) -> Self {
        let server = server().await.server().clone();
        let template = format!("prepared_{key}");
        let client = connect(&server, "postgres", "test").await.expect("connect to the test server");
        let lock = quote_literal(&template);
        client
            .batch_execute(&format!("SELECT pg_advisory_lock(hashtext({lock}))"))
            .await
            .expect("wait for another test that makes the template");
        let exists = client
            .query_opt("SELECT FROM pg_database WHERE datname = $1 AND datistemplate", &[&template])
            .await
            .expect("look for the template");
        if exists.is_none() {
            drop_database(&client, &template).await;
            let name = quote_ident(&template);
            client.batch_execute(&format!("CREATE DATABASE {name}")).await.expect("create the template");
            let inside = connect(&server, &template, "test").await.expect("connect to the template");
            inside.batch_execute(sql).await.expect("fill the template");
            drop(inside);
            // What marks it as whole.
            client
                .batch_execute(&format!("ALTER DATABASE {name} IS_TEMPLATE true"))
                .await
                .expect("finish the template");
        }
        drop(client);
        Self::clone_of(&template, name_suffix).await
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The server with its superuser's login.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// A superuser's connection to it.
    pub async fn connect(&self) -> Client {
        connect(&self.server, &self.name, "test").await.expect("connect to the test's database")
    }
}

impl Drop for TestDatabase {
    /// On a thread of its own: the test's runtime may be gone or single-threaded.
    fn drop(&mut self) {
        let (server, name) = (self.server.clone(), self.name.clone());
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
            runtime.block_on(async {
                let client = connect(&server, "postgres", "test").await.ok()?;
                drop_database(&client, &name).await;
                Some(())
            })
        });
        // What fails here is swept later; a panic in a drop would hide the test's own.
        let _ = dropped.join();
    }
}
