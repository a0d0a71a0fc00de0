//! What a client hears once it is in: settings, the key for cancel requests, that it may begin.

use tenantry_domain::Result;

use crate::connector::defaults;
use crate::hub::Hub;
use crate::shard::{PoolKey, Setting};
use crate::wire::backend::{authentication_ok, backend_key_data, parameter_status, ready_for_query};
use crate::wire::startup::Startup;
use crate::wire::status::Status;

/// Ready to be sent.
pub(super) struct Greeting {
    pub bytes: Vec<u8>,
    /// The client's number for cancel requests.
    pub process: u32,
}

/// Writes it. The values are those of a server's sessions as they begin, with what the client has chosen in their place;
/// the first connection to a cluster asks for them.
///
/// # Errors
/// Those of the server.
pub(super) async fn prepare(
    hub: &Hub,
    startup: &Startup,
    key: &PoolKey,
    settings: &[Setting],
) -> Result<Greeting> {
    let defaults = defaults(hub, &key.cluster, &key.database).await?;
    let mut bytes = Vec::new();
    authentication_ok(&mut bytes);
    for (name, value) in defaults.iter() {
        let chosen = settings.iter().find(|(chosen, _)| chosen.eq_ignore_ascii_case(name));
        let value = match (name, chosen) {
            ("session_authorization", _) => &startup.user,
            ("application_name", None) => "",
            ("DateStyle", Some((_, style))) => &date_style(style, value),
            (_, Some((_, value))) => value,
            (_, None) => value,
        };
        parameter_status(&mut bytes, name, value);
    }
    let process = hub.next_process();
    backend_key_data(&mut bytes, process, &hub.keys.secret(process)[..startup.version.cancel_key_bytes()]);
    ready_for_query(&mut bytes, Status::Idle);
    Ok(Greeting { bytes, process })
}

/// As the server writes it: style and order, of which the client may have named one.
fn date_style(chosen: &str, default: &str) -> String {
    let words = |text: &str| {
        text.split([',', ' ']).map(str::trim).filter(|w| !w.is_empty()).map(str::to_owned).collect()
    };
    let (chosen, default): (Vec<String>, Vec<String>) = (words(chosen), words(default));
    let is_order = |word: &&String| {
        let word = word.to_ascii_lowercase();
        word.starts_with("mdy")
            || word.starts_with("dmy")
            || word.starts_with("ymd")
            || word.contains("euro")
            || word == "us"
    };
    let order = |words: &[String]| words.iter().find(is_order).map(|word| word.to_ascii_uppercase());
    let style = |words: &[String]| words.iter().find(|word| !is_order(word)).cloned();
    let style = style(&chosen).or_else(|| style(&default)).unwrap_or_default();
    let style = match style.to_ascii_lowercase().as_str() {
        "iso" => "ISO".to_owned(),
        "sql" => "SQL".to_owned(),
        "german" => "German".to_owned(),
        "postgres" => "Postgres".to_owned(),
        _ => style,
    };
    let order = match order(&chosen).or_else(|| order(&default)).unwrap_or_default().as_str() {
        "US" => "MDY".to_owned(),
        other if other.contains("EURO") => "DMY".to_owned(),
        other => other.to_owned(),
    };
    format!("{style}, {order}")
}

#[cfg(test)]
mod tests {
    use super::date_style;

    #[test]
    fn styles_are_written_as_the_server_does() {
        for (chosen, expect) in [
            ("ISO", "ISO, MDY"),
            ("iso, dmy", "ISO, DMY"),
            ("German", "German, MDY"),
            ("DMY", "ISO, DMY"),
            ("sql,european", "SQL, DMY"),
            ("us", "ISO, MDY"),
        ] {
            assert_eq!(date_style(chosen, "ISO, MDY"), expect, "{chosen}");
        }
    }
}
