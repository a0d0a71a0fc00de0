//! What a session holds, compared with what its client has left in it.

use std::time::Duration;

use tenantry_domain::Isolation;
use tokio::time::sleep;

use super::client::{Client, Failure, Outcome};
use super::session::Session;

/// Settings, and values as PostgreSQL shows them. Those with a dot are the client's own, which shared tables don't allow.
pub const SETTINGS: [(&str, [&str; 2]); 6] = [
    ("work_mem", ["1111kB", "2222kB"]),
    ("TimeZone", ["Asia/Tokyo", "America/Lima"]),
    ("lock_timeout", ["7s", "9s"]),
    ("extra_float_digits", ["0", "2"]),
    ("DateStyle", ["SQL, DMY", "German, DMY"]),
    ("soak.mark", ["mine", "own"]),
];
/// A lock is free at the latest when the server has noticed that its holder is gone.
const LOCK_AGAIN: Duration = Duration::from_millis(100);

/// The settings that this client may set.
pub fn settings(client: &Client) -> &'static [(&'static str, [&'static str; 2])] {
    if client.tenant.isolation == Isolation::Shared { &SETTINGS[..5] } else { &SETTINGS }
}

/// A session that begins has nothing of any other.
pub async fn look_afresh(client: &mut Client, session: &mut Session) -> Outcome {
    // It must not be in anybody's transaction either.
    if client.random.below(2) == 0 {
        session.expect("SELECT pg_current_xact_id_if_assigned() IS NULL", "t").await?;
    }
    session.expect("SELECT current_user = session_user", "t").await?;
    if session.keeps {
        session.expect("SELECT count(*) FROM pg_listening_channels()", "0").await?;
    }
    look(client, session).await?;
    // What a session before has locked is free, sooner or later.
    lock(client, session, "xact_").await
}

/// All that the session has is its own, and it has all of that.
pub async fn look(client: &mut Client, session: &mut Session) -> Outcome {
    look_at_settings(client, session).await?;
    let prepared = "SELECT statement FROM pg_prepared_statements";
    if client.tenant.isolation == Isolation::Shared {
        // Behind the app door others' statements are on the same connections.
        session.refused(prepared, "42501").await?;
        return look_at_the_rest(client, session).await;
    }
    for row in session.ask(prepared).await? {
        let text = row[0].as_deref().unwrap_or_default();
        if text.contains("'soak-") && !text.contains(&format!("'{}'", client.tenant.slug)) {
            return Err(Failure::Violation(format!("another tenant's statement: {text}")));
        }
    }
    look_at_the_rest(client, session).await
}

async fn look_at_the_rest(client: &mut Client, session: &mut Session) -> Outcome {
    let cursors = if session.mind.has_cursor { "1" } else { "0" };
    session.expect("SELECT count(*) FROM pg_cursors", cursors).await?;
    if client.tenant.isolation == Isolation::Database {
        if session.mind.has_temporary {
            let rows = session.ask("SELECT owner FROM keep").await?;
            client.see(rows.iter().filter_map(|row| row[0].as_deref()))?;
        } else {
            session.refused("SELECT owner FROM keep", "42P01").await?;
        }
    }
    while let Ok(notification) = session.heard.try_recv() {
        if !session.has_listened || notification.payload() != client.tenant.slug {
            return Err(Failure::Violation(format!("heard {notification:?}")));
        }
    }
    Ok(())
}

async fn look_at_settings(client: &Client, session: &Session) -> Outcome {
    let names = settings(client).iter().map(|(name, _)| *name).chain(["application_name"]);
    let names: Vec<&str> = names.collect();
    let asked: Vec<String> = names.iter().map(|name| format!("current_setting('{name}', true)")).collect();
    let rows = session.ask(&format!("SELECT {}", asked.join(", "))).await?;
    for (name, value) in names.iter().zip(&rows[0]) {
        let value = value.as_deref().unwrap_or_default();
        let default = match *name {
            "application_name" => &client.tenant.slug,
            name => client.world.defaults.get(name).map_or("", |value| value),
        };
        let expected = session.mind.settings.get(name).map_or(default, |value| value);
        if value != expected {
            return Err(Failure::Violation(format!("{name} is {value:?} and not {expected:?}")));
        }
    }
    Ok(())
}

/// Takes this client's lock; `kind` is `xact_` or empty. Every tenant uses the same numbers.
pub async fn lock(client: &Client, session: &Session, kind: &str) -> Outcome {
    let key = client.number / client.world.tenants.len();
    while session.value(&format!("SELECT pg_try_advisory_{kind}lock({key})")).await? != "t" {
        sleep(LOCK_AGAIN).await;
    }
    Ok(())
}

/// Lets go of it.
pub async fn unlock(client: &Client, session: &Session) -> Outcome {
    let key = client.number / client.world.tenants.len();
    session.expect(&format!("SELECT pg_advisory_unlock({key})"), "t").await
}
