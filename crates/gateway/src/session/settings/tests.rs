use super::*;

const OWN: Own<'static> = Own::Only(&["tenant_1"]);

fn settings(pairs: &[(&str, &str)]) -> Settings {
    started(pairs).unwrap()
}

fn started(pairs: &[(&str, &str)]) -> Result<Settings> {
    let pairs: Vec<_> = pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    Settings::from_startup(&pairs, OWN, &OwnSettings::parse(&["shop.*".to_owned()]).unwrap())
}

#[test]
fn what_drivers_send_is_taken() {
    let psql = settings(&[("client_encoding", "utf-8"), ("application_name", "psql")]);
    assert_eq!(psql.get(Setting::CLIENT_ENCODING), Some("UTF8"));
    let jdbc = [("DateStyle", "ISO"), ("TimeZone", "Europe/Berlin"), ("extra_float_digits", "3")];
    assert_eq!(settings(&jdbc).iter().count(), 3);
    let path = settings(&[("search_path", "public,pg_catalog")]);
    assert_eq!(path.get(Setting::SEARCH_PATH), Some("tenant_1\0pg_catalog\0"));
    let twice = settings(&[("TimeZone", "UTC"), ("jit", "off"), ("timezone", "CET")]);
    let values: Vec<_> = twice.iter().map(|(setting, value)| (setting.name(), value)).collect();
    assert_eq!(values, [("jit", "off"), ("timezone", "CET")], "the last one counts");
    let tricky = settings(&[("application_name", "ü\n'; drop")]);
    assert_eq!(tricky.get(Setting::APPLICATION_NAME), Some("??'; drop"));
}

#[test]
fn what_is_refused() {
    for (name, value, state) in [
        ("role", "pg_read_all_data", "42501"),
        ("session_authorization", "postgres", "42501"),
        ("row_security", "off", "42501"),
        ("no_such_setting", "1", "42501"),
        ("search_path", "tenant_2", "42501"),
        ("search_path", "a,,b", "22023"),
        ("client_encoding", "SJIS", "0A000"),
        ("client_encoding", "nope", "22023"),
        ("timezone", "UTC\0", "22023"),
        ("timezone", &"x".repeat(9_000), "22023"),
    ] {
        let error = started(&[("work_mem", "4MB"), (name, value)]).unwrap_err();
        assert_eq!(error.code().sqlstate(), state, "{name}={value}");
    }
}

#[test]
fn the_applications_own_are_taken() {
    let taken = settings(&[("Shop.user_id", "7"), ("work_mem", "4MB")]);
    assert_eq!(taken.own(), [("shop.user_id".into(), "7".into())]);
    assert_eq!(taken.iter().count(), 1);
    for name in ["other.user_id", "tenantry.x", "shop", "shop.a b", "role"] {
        assert_eq!(started(&[(name, "x")]).unwrap_err().code().sqlstate(), "42501", "{name}");
    }
    let long = "x".repeat(VALUE_BYTES_MAX);
    assert_eq!(started(&[("shop.a", &long)]).unwrap_err().code().sqlstate(), "22023");
}
