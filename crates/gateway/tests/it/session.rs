//! What a client does to its session, in transaction pooling: it follows the client, and nobody else meets it.

use tenantry_gateway::shard::Pooling;
use tokio_postgres::{Client, SimpleQueryMessage};

use super::front::Front;
use super::raw::{Raw, message};

async fn value(client: &Client, sql: &str) -> String {
    let answer = client.simple_query(sql).await.unwrap_or_else(|e| panic!("{sql}: {e:?}"));
    let row = answer.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row.get(0).unwrap_or("null").to_owned()),
        _ => None,
    });
    row.unwrap_or_default()
}

async fn sqlstate(client: &Client, sql: &str) -> String {
    let error = client.simple_query(sql).await.expect_err(sql);
    error.code().map_or_else(|| format!("{error:?}"), |code| code.code().to_owned())
}

/// Whoever holds the server that a client has just had makes it use another one.
async fn elsewhere(front: &Front) -> Client {
    let holder = front.connect().await;
    holder.simple_query("BEGIN; SELECT 1").await.unwrap();
    holder
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_follow_their_client_and_nobody_else() {
    let front = Front::judging(2, Pooling::Transaction).await;
    let (mine, other) = (front.connect().await, front.connect().await);
    let show = "SHOW work_mem";
    let default = value(&mine, show).await;
    mine.simple_query("SET work_mem = '1111kB'").await.unwrap();
    // By the extended protocol too, run but once.
    mine.execute("SET lock_timeout TO '7s'", &[]).await.unwrap();
    let prepared = mine.prepare("SET statement_timeout = '3min'").await.unwrap();
    assert_eq!(value(&mine, "SHOW statement_timeout").await, "0", "prepared is not run");
    mine.execute(&prepared, &[]).await.unwrap();
    for _ in 0..3 {
        assert_eq!(value(&other, show).await, default);
        assert_eq!(value(&mine, show).await, "1111kB");
        let holder = elsewhere(&front).await;
        assert_eq!(value(&mine, show).await, "1111kB", "on another server");
        assert_eq!(value(&mine, "SHOW lock_timeout").await, "7s");
        assert_eq!(value(&mine, "SHOW statement_timeout").await, "3min");
        holder.simple_query("ROLLBACK").await.unwrap();
    }
    for (sql, expect) in [
        ("BEGIN; SET work_mem = '2222kB'; ROLLBACK", "1111kB"),
        ("BEGIN; SET work_mem = '2222kB'; COMMIT", "2222kB"),
        ("SET work_mem = '3333kB'; SELECT 1", "3333kB"),
        ("BEGIN; SAVEPOINT a; SET work_mem = '4MB'; ROLLBACK TO a; COMMIT", "3333kB"),
        ("BEGIN; SAVEPOINT a; SET work_mem = '4MB'; RELEASE a; SET LOCAL work_mem = '5MB'; COMMIT", "4MB"),
        ("SELECT set_config('work_mem', '6MB', false)", "6MB"),
        ("SELECT set_config('work_mem', '7MB', true)", "6MB"),
    ] {
        mine.simple_query(sql).await.unwrap();
        assert_eq!(value(&mine, show).await, expect, "{sql}");
        assert_eq!(value(&other, show).await, default, "{sql}");
    }
    for (sql, expect) in [
        ("SET work_mem = '8MB'; SELECT 1/0", "6MB"),
        ("BEGIN; SET work_mem = '8MB'; COMMIT; SELECT 1/0", "8MB"),
        ("BEGIN; SAVEPOINT a; SET work_mem = '9MB'; SELECT 1/0", "8MB"),
    ] {
        assert_eq!(sqlstate(&mine, sql).await, "22012");
        mine.simple_query("ROLLBACK").await.unwrap();
        assert_eq!(value(&mine, show).await, expect, "{sql}");
    }
    for sql in ["RESET work_mem", "SET work_mem = '8MB'; RESET ALL", "SET work_mem TO DEFAULT"] {
        mine.simple_query("SET work_mem = '9MB'").await.unwrap();
        mine.simple_query(sql).await.unwrap();
        assert_eq!(value(&mine, show).await, default, "{sql}");
    }
    mine.simple_query("SET work_mem = '9MB'").await.unwrap();
    mine.simple_query("DISCARD ALL").await.unwrap();
    assert_eq!(value(&mine, show).await, default);
    assert_eq!(value(&mine, "SHOW lock_timeout").await, "0");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reset_goes_back_to_the_start_up_packet() {
    let front = Front::judging(1, Pooling::Transaction).await;
    let mut config: tokio_postgres::Config = front.url().parse().unwrap();
    config.application_name("mine");
    let (mine, connection) = config.connect(tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    mine.simple_query("SET application_name = 'x'; SET search_path = pg_catalog, \"A b\"").await.unwrap();
    assert_eq!(value(&mine, "SHOW application_name").await, "x");
    let other = front.connect().await;
    assert_eq!(value(&other, "SHOW application_name").await, "");
    assert_eq!(value(&mine, "SHOW search_path").await, "pg_catalog, \"A b\"");
    mine.simple_query("RESET application_name").await.unwrap();
    assert_eq!(value(&mine, "SHOW application_name").await, "mine");
    mine.simple_query("SET application_name = 'x'; SET search_path = ''").await.unwrap();
    assert_eq!(value(&other, "SHOW application_name").await, "");
    assert_eq!(value(&mine, "SHOW search_path").await, "\"\"");
    mine.simple_query("RESET ALL").await.unwrap();
    assert_eq!(value(&mine, "SHOW application_name").await, "mine");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_of_its_own_goes_back_there_too() {
    let front = Front::judging(1, Pooling::Session).await;
    let mut config: tokio_postgres::Config = front.url().parse().unwrap();
    config.application_name("mine");
    let (mine, connection) = config.connect(tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    for sql in ["DISCARD ALL", "RESET application_name", "RESET ALL"] {
        mine.simple_query("SET application_name = 'x'").await.unwrap();
        mine.simple_query("CREATE TEMP TABLE IF NOT EXISTS kept (a int)").await.unwrap();
        assert_eq!(value(&mine, "SHOW application_name").await, "x");
        mine.simple_query(sql).await.unwrap();
        assert_eq!(value(&mine, "SHOW application_name").await, "mine", "{sql}");
    }
    assert_eq!(value(&mine, "SELECT count(*) FROM kept").await, "0", "it is the same session");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_reset_where_nothing_stays() {
    let front = Front::judging(1, Pooling::Transaction).await;
    let (mine, other) = (front.connect().await, front.connect().await);
    // Asked of a bystander, who counts the resets of the one server.
    let watcher = front.database.connect().await;
    let resets = async || {
        let sql = "SELECT count(*) FROM pg_stat_activity WHERE query = 'DISCARD ALL' AND datname = current_database()";
        watcher.query_one(sql, &[]).await.unwrap().get::<_, i64>(0)
    };
    mine.batch_execute("CREATE TABLE t (a serial, b int)").await.unwrap();
    for sql in [
        "INSERT INTO t (b) VALUES (1)",
        "SELECT count(*) FROM t",
        "SET work_mem = '9MB'",
        "PREPARE p AS SELECT 1",
        "EXECUTE p",
        "DEALLOCATE p",
        "BEGIN; SET LOCAL work_mem = '5MB'; COMMIT",
    ] {
        mine.simple_query(sql).await.unwrap();
        assert_eq!(resets().await, 0, "{sql}");
    }
    for (sql, look, expect) in [
        ("CREATE TEMP TABLE own (a int)", "SELECT to_regclass('own')", "null"),
        ("BEGIN; DECLARE c CURSOR WITH HOLD FOR SELECT 1; COMMIT", "SELECT count(*) FROM pg_cursors", "0"),
        (
            "DO $$ BEGIN PERFORM set_config('a.b', 'c', false); END $$",
            "SELECT current_setting('a.b', true)",
            "",
        ),
        ("PREPARE p AS SELECT 1", "SELECT count(*) FROM pg_prepared_statements WHERE name = 'p'", "0"),
    ] {
        mine.simple_query(sql).await.unwrap();
        let seen = value(&other, look).await;
        assert!(seen == expect || expect.is_empty() && seen == "null", "{sql}: {seen}");
    }
    mine.simple_query("SELECT nextval('t_a_seq')").await.unwrap();
    assert_eq!(sqlstate(&other, "SELECT currval('t_a_seq')").await, "55000");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sql_prepare_works_on_every_server() {
    let front = Front::judging(2, Pooling::Transaction).await;
    let (mine, other) = (front.connect().await, front.connect().await);
    mine.simple_query("PREPARE \"My p\" (int) AS SELECT $1 + 1 -- one").await.unwrap();
    mine.simple_query("PREPARE q AS SELECT 'q;'").await.unwrap();
    other.simple_query("PREPARE q AS SELECT 'other'").await.unwrap();
    assert_eq!(sqlstate(&mine, "PREPARE q AS SELECT 2").await, "42P05");
    assert_eq!(sqlstate(&other, "EXECUTE \"My p\" (1)").await, "26000");
    for _ in 0..2 {
        let holder = elsewhere(&front).await;
        assert_eq!(value(&mine, "EXECUTE \"My p\" (41)").await, "42");
        assert_eq!(value(&mine, "BEGIN; EXECUTE q; COMMIT").await, "q;");
        assert_eq!(value(&other, "EXECUTE q").await, "other");
        // By the extended protocol.
        assert_eq!(mine.query_one("EXECUTE q", &[]).await.unwrap().get::<_, &str>(0), "q;");
        holder.simple_query("ROLLBACK").await.unwrap();
        assert_eq!(value(&mine, "EXECUTE \"My p\" (41)").await, "42");
    }
    let kept = mine.prepare("EXECUTE q").await.unwrap();
    let holder = elsewhere(&front).await;
    assert_eq!(mine.query_one(&kept, &[]).await.unwrap().get::<_, &str>(0), "q;");
    holder.simple_query("ROLLBACK").await.unwrap();
    // Prepared by the protocol, run by SQL; and let go of by SQL.
    for (sql, tag) in [("DEALLOCATE q", "26000"), ("DEALLOCATE ALL", "26000")] {
        mine.simple_query(sql).await.unwrap();
        let gone = if tag == "26000" && sql.ends_with("ALL") { "EXECUTE \"My p\" (1)" } else { "EXECUTE q" };
        assert_eq!(sqlstate(&mine, gone).await, tag, "{sql}");
    }
    assert_eq!(value(&other, "EXECUTE q").await, "other", "another's stays");
    mine.execute("PREPARE r AS SELECT 7", &[]).await.unwrap();
    assert_eq!(value(&mine, "EXECUTE r").await, "7");
    let holder = elsewhere(&front).await;
    assert_eq!(value(&mine, "EXECUTE r").await, "7");
    drop(holder);
    mine.execute("DEALLOCATE r", &[]).await.unwrap();
    assert_eq!(sqlstate(&mine, "EXECUTE r").await, "26000");
    assert_eq!(mine.execute("DEALLOCATE r", &[]).await.unwrap_err().code().unwrap().code(), "26000");
}

/// What the protocol has prepared under a name of the client's, SQL can run and forget.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_protocol_has_prepared_is_run_by_sql() {
    let front = Front::judging(2, Pooling::Transaction).await;
    let mut mine = Raw::log_in_at_once(front.address).await;
    let parse = |name: &str, text: &str, types: &[u32]| {
        let mut body = [name.as_bytes(), b"\0", text.as_bytes(), b"\0"].concat();
        body.extend_from_slice(&(types.len() as u16).to_be_bytes());
        types.iter().for_each(|number| body.extend_from_slice(&number.to_be_bytes()));
        [message(b'P', &body), message(b'S', b"")].concat()
    };
    let query = |text: &str| message(b'Q', &[text.as_bytes(), b"\0"].concat());
    for (name, text, types) in [
        ("bare", "SELECT 7", &[][..]),
        ("typed", "SELECT $1 + 1, $2 || 'x'; -- that is it", &[23, 25]),
        ("half", "SELECT $1, length($2) -- that is it", &[1009, 0]),
        ("quoted", "SELECT ';', $1::text", &[]),
        ("two", "SELECT $a$;$a$", &[]),
    ] {
        mine.send(&parse(name, text, types)).await;
        assert_eq!(mine.answers().await, "1Z", "{name}");
    }
    for _ in 0..2 {
        // Whichever server it has: the statement is brought there.
        let holder = elsewhere(&front).await;
        for (text, answers) in [
            ("EXECUTE bare", "TDCZ"),
            ("EXECUTE typed (41, 'a')", "TDCZ"),
            ("EXECUTE half ('{a}', 'abc')", "TDCZ"),
            ("EXECUTE quoted (1)", "TDCZ"),
            ("EXECUTE typed ('no', 'a')", "E[22P02]Z"),
            ("EXECUTE nobody", "E[26000]Z"),
        ] {
            mine.send(&query(text)).await;
            assert_eq!(mine.answers().await, answers, "{text}");
        }
        holder.simple_query("ROLLBACK").await.unwrap();
    }
    mine.send(&query("EXECUTE two")).await;
    assert_eq!(mine.answers().await, "E[0A000]Z", "where it ends is not certain");
    // PREPARE sent by the extended protocol, and what it made run by both.
    let prepare = [parse("", "PREPARE made (int) AS SELECT $1", &[]), Vec::new()].concat();
    let bind = message(b'B', b"\0\0\0\0\0\0\0\0");
    let run =
        [&prepare[..prepare.len() - 5], &bind, &message(b'E', b"\0\0\0\0\0"), &message(b'S', b"")].concat();
    mine.send(&run).await;
    assert_eq!(mine.answers().await, "12CZ");
    let holder = elsewhere(&front).await;
    mine.send(&query("EXECUTE made (3)")).await;
    assert_eq!(mine.answers().await, "TDCZ");
    let bind = [&b"\0made\0\0\0\0\x01\0\0\0\x013\0\0"[..]].concat();
    mine.send(&[message(b'B', &bind), message(b'E', b"\0\0\0\0\0"), message(b'S', b"")].concat()).await;
    assert_eq!(mine.answers().await, "2DCZ");
    mine.send(&query("DEALLOCATE typed; DEALLOCATE made")).await;
    assert_eq!(mine.answers().await, "CCZ");
    for text in ["EXECUTE typed (1, 'a')", "EXECUTE made (1)"] {
        mine.send(&query(text)).await;
        assert_eq!(mine.answers().await, "E[26000]Z", "{text}");
    }
    drop(holder);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sql_prepare_when_things_go_wrong() {
    let front = Front::judging(2, Pooling::Transaction).await;
    let mine = front.connect().await;
    assert_eq!(sqlstate(&mine, "PREPARE p AS SELECT * FROM nowhere").await, "42P01");
    mine.simple_query("PREPARE p AS SELECT 1").await.unwrap();
    assert_eq!(sqlstate(&mine, "BEGIN; SELECT 1/0").await, "22012");
    assert_eq!(sqlstate(&mine, "EXECUTE p").await, "25P02");
    assert_eq!(sqlstate(&mine, "PREPARE r AS SELECT 1").await, "25P02");
    mine.simple_query("ROLLBACK").await.unwrap();
    assert_eq!(value(&mine, "EXECUTE p").await, "1");
    assert_eq!(sqlstate(&mine, "EXECUTE r").await, "26000", "it was never made");
    mine.simple_query("PREPARE r AS SELECT 2").await.unwrap();
    assert_eq!(value(&mine, "EXECUTE r").await, "2");
    // Several in one text, and what fails in its midst.
    assert_eq!(value(&mine, "PREPARE a AS SELECT 3; DEALLOCATE r; EXECUTE a").await, "3");
    assert_eq!(sqlstate(&mine, "PREPARE b AS SELECT 4; SELECT 1/0; PREPARE c AS SELECT 5").await, "22012");
    assert_eq!(value(&mine, "EXECUTE b").await, "4");
    assert_eq!(sqlstate(&mine, "EXECUTE c").await, "26000");
    mine.simple_query("PREPARE c AS SELECT 6").await.unwrap();
    let holder = elsewhere(&front).await;
    assert_eq!(value(&mine, "EXECUTE c").await, "6");
    let answers = mine.simple_query("SELECT 1; EXECUTE a; SELECT 2").await.unwrap();
    let done = answers.iter().filter(|m| matches!(m, SimpleQueryMessage::CommandComplete(_))).count();
    assert_eq!(done, 3, "what the gateway puts in is not seen");
    holder.simple_query("ROLLBACK").await.unwrap();
    for n in 0..1_000 {
        mine.simple_query(&format!("PREPARE many_{n} AS SELECT {n}")).await.ok();
    }
    assert_eq!(sqlstate(&mine, "PREPARE one_more AS SELECT 1").await, "53400");
    assert_eq!(value(&mine, "EXECUTE many_7").await, "7");
    assert_eq!(value(&mine, "EXECUTE many_990").await, "990");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_of_its_own_is_left_clean() {
    let front = Front::judging(1, Pooling::Session).await;
    let mine = front.connect().await;
    mine.batch_execute("PREPARE p AS SELECT 1; SET work_mem = '9MB'").await.unwrap();
    assert_eq!(value(&mine, "EXECUTE p").await, "1");
    let kept = mine.prepare("SELECT 1 AS one").await.unwrap();
    mine.query(&kept, &[]).await.unwrap();
    assert_eq!(value(&mine, "SHOW work_mem").await, "9MB");
    drop((kept, mine));
    let other = front.connect().await;
    assert_eq!(value(&other, "SELECT count(*) FROM pg_prepared_statements").await, "0");
    assert_ne!(value(&other, "SHOW work_mem").await, "9MB");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_of_its_own_hears_its_own_channels() {
    let front = Front::judging_schema(1, Pooling::Session).await;
    let (mine, mut connection) = tokio_postgres::connect(&front.url(), tokio_postgres::NoTls).await.unwrap();
    let (heard, mut hears) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Some(Ok(message)) = std::future::poll_fn(|cx| connection.poll_message(cx)).await {
            if let tokio_postgres::AsyncMessage::Notification(notification) = message {
                heard.send(format!("{} {}", notification.channel(), notification.payload())).unwrap();
            }
        }
    });
    mine.batch_execute("LISTEN news; LISTEN \"A longer name than fits into the server's\"").await.unwrap();
    let others = front.database.connect().await;
    for channel in ["news", "\"A longer name than fits into the server's\""] {
        others.batch_execute(&format!("NOTIFY {channel}, 'another tenant''s'")).await.unwrap();
        mine.batch_execute(&format!("NOTIFY {channel}, 'own'")).await.unwrap();
        let expect = format!("{} own", channel.replace('"', ""));
        assert_eq!(hears.recv().await.unwrap(), expect);
    }
    assert!(hears.try_recv().is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_reads_strings_otherwise_is_left() {
    let front = Front::judging(1, Pooling::Transaction).await;
    let mine = front.connect().await;
    assert_eq!(sqlstate(&mine, "UPDATE pg_settings SET setting = 'off' WHERE name = 'x'").await, "42501");
    let unseen = "DO $$ BEGIN PERFORM set_config('standard_conforming_strings', 'off', false); END $$";
    assert_eq!(sqlstate(&mine, unseen).await, "08006");
    let other = front.connect().await;
    assert_eq!(value(&other, "SHOW standard_conforming_strings").await, "on");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_channel_that_nobody_can_hear_is_refused() {
    let front = Front::judging(1, Pooling::Transaction).await;
    let mine = front.connect().await;
    for _ in 0..2 {
        assert_eq!(sqlstate(&mine, "LISTEN x").await, "08001");
        assert_eq!(mine.execute("LISTEN x", &[]).await.unwrap_err().code().unwrap().code(), "08001");
        assert_eq!(sqlstate(&mine, "BEGIN; LISTEN x").await, "08001");
        assert_eq!(value(&mine, "SELECT 1").await, "1", "it is refused as a whole, and begins nothing");
    }
    mine.batch_execute("NOTIFY x; UNLISTEN x; UNLISTEN *").await.unwrap();
}
