use tenantry_testkit::{TestDatabase, server};

#[tokio::test]
async fn a_database_comes_and_goes() {
    let database = TestDatabase::new("comes_and_goes").await;
    let client = database.connect().await;
    client.batch_execute("CREATE TABLE t (a int); INSERT INTO t VALUES (1)").await.unwrap();
    let name = database.name().to_owned();
    drop(database);
    let admin = server().await.connect("postgres").await;
    let left = admin.query("SELECT FROM pg_database WHERE datname = $1", &[&name]).await.unwrap();
    assert!(left.is_empty(), "{name} was dropped, the open connection notwithstanding");
}

#[tokio::test]
async fn a_prepared_template_is_made_once() {
    let sql = "CREATE TABLE made AS SELECT gen_random_uuid() AS id";
    let id = |database: TestDatabase| async move {
        let row = database.connect().await.query_one("SELECT id::text FROM made", &[]).await.unwrap();
        row.get::<_, String>(0)
    };
    let (one, two) = tokio::join!(
        TestDatabase::clone_of_prepared("once_v1", sql, "one"),
        TestDatabase::clone_of_prepared("once_v1", sql, "two"),
    );
    assert_eq!(id(one).await, id(two).await);
}

#[tokio::test]
async fn the_server_is_one_for_all() {
    let (a, b) = (server().await, server().await);
    assert_eq!(a.server().port, b.server().port);
}
