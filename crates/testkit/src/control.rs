//! A control database of a test's own.

use tenantry_postgres::pool::Pool;
use tenantry_registry::{Registry, migrations};

use crate::database::TestDatabase;

/// Connections to a test's control database at most.
const CONNECTIONS_MAX: usize = 16;

/// An empty control database, its migrations applied; `name_suffix` tells a person whose it is.
pub async fn control_database(name_suffix: &str) -> (TestDatabase, Registry) {
    let database = TestDatabase::new(name_suffix).await;
    migrations::up(&mut database.connect().await).await.expect("prepare the control database");
    let registry = registry_of(&database);
    (database, registry)
}

/// A registry over a database, with connections of its own, as another process would have them.
pub fn registry_of(database: &TestDatabase) -> Registry {
    let pool = Pool::new(database.server(), database.name(), "test", CONNECTIONS_MAX).expect("a pool");
    Registry::new(pool.driver())
}
