use proptest::prelude::*;

use super::*;

const OWN: Own<'static> = Own::Only(&["tenant_1"]);

fn settings(pairs: &[(&str, &str)]) -> Settings {
    started(pairs).unwrap()
}

fn started(pairs: &[(&str, &str)]) -> Result<Settings> {
    let pairs: Vec<_> = pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    Settings::from_startup(&pairs, OWN)
}

fn changes(want: &Settings, there: &Settings) -> Vec<String> {
    let shown = |change: &Change<'_>| match &change.value {
        None => format!("reset {:?}", change.setting),
        Some(Value::Text(text)) => format!("{:?}={text}", change.setting),
        Some(Value::List(names)) => format!("{:?}={names:?}", change.setting),
    };
    want.difference(there).iter().map(shown).collect()
}

#[test]
fn what_drivers_send_is_taken() {
    let psql = settings(&[("client_encoding", "utf-8"), ("application_name", "psql")]);
    assert_eq!(psql.get(Setting::CLIENT_ENCODING), Some("UTF8"));
    let jdbc = [("DateStyle", "ISO"), ("TimeZone", "Europe/Berlin"), ("extra_float_digits", "3")];
    assert_eq!(settings(&jdbc).iter().count(), 3);
    let path = settings(&[("search_path", "public,pg_catalog")]);
    assert_eq!(changes(&path, &Settings::default()), [r#"search_path=["tenant_1", "pg_catalog"]"#]);
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
fn only_what_differs_is_changed() {
    let a = settings(&[("timezone", "UTC"), ("datestyle", "ISO"), ("work_mem", "4MB")]);
    let b = settings(&[("timezone", "UTC"), ("datestyle", "German"), ("jit", "off")]);
    assert_eq!(changes(&b, &a), ["reset work_mem", "reset datestyle", "datestyle=German", "jit=off"]);
    assert!(changes(&a, &a).is_empty());
    assert_eq!(changes(&Settings::default(), &b).len(), 3);
    assert_eq!(
        a.without(Setting::find("work_mem").unwrap()),
        settings(&[("datestyle", "ISO"), ("TimeZone", "UTC")])
    );
}

/// `SET datestyle TO ISO` behind `SET datestyle TO German` leaves days in front of months: the order is the other client's.
#[test]
fn half_a_date_style_does_not_inherit_the_other_half() {
    let (german, iso) = (settings(&[("datestyle", "German")]), settings(&[("datestyle", "ISO")]));
    assert_eq!(changes(&iso, &german), ["reset datestyle", "datestyle=ISO"]);
    assert_eq!(changes(&iso, &Settings::default()), ["datestyle=ISO"]);
    assert_eq!(changes(&Settings::default(), &german), ["reset datestyle"]);
}

#[test]
fn equal_sets_are_one() {
    let mut interner = Interner::default();
    let a = interner.intern(settings(&[("timezone", "UTC"), ("jit", "off")]));
    let b = interner.intern(settings(&[("jit", "off"), ("TimeZone", "UTC")]));
    let c = interner.intern(settings(&[("jit", "on")]));
    assert!(Arc::ptr_eq(&a, &b) && same(&a, &b) && !same(&a, &c));
    assert!(same(&a, &Arc::new((*a).clone())));
}

#[test]
fn sets_that_nobody_uses_are_forgotten() {
    let mut interner = Interner::default();
    let kept = interner.intern(settings(&[("timezone", "UTC")]));
    for n in 0..10_000 {
        interner.intern(settings(&[("statement_timeout", &n.to_string())]));
    }
    assert!(interner.len() <= 65, "{}", interner.len());
    assert!(Arc::ptr_eq(&kept, &interner.intern(settings(&[("timezone", "UTC")]))));
}

proptest! {
    /// A model of the server: the changes, applied, make it what the client wants, whoever had it before.
    #[test]
    fn changes_lead_there(
        steps in prop::collection::vec((0_usize..8, prop::option::of("[a-z0-9]{1,4}")), 1..20),
    ) {
        let all: Vec<Setting> = Setting::all().filter(|s| *s != Setting::CLIENT_ENCODING && *s != Setting::SEARCH_PATH).collect();
        let mut want = Settings::default();
        let mut had = Settings::default();
        let mut server = std::collections::BTreeMap::new();
        for (which, value) in steps {
            let setting = all[which * 7];
            want = match value {
                Some(value) => want.with(setting, &value, OWN).unwrap(),
                None => want.without(setting),
            };
            for change in want.difference(&had) {
                match change.value {
                    Some(Value::Text(text)) => server.insert(change.setting, text.to_owned()),
                    Some(Value::List(_)) => unreachable!(),
                    None => server.remove(&change.setting),
                };
            }
            let there: Vec<_> = server.iter().map(|(s, v)| (*s, v.as_str())).collect();
            prop_assert_eq!(there, want.iter().collect::<Vec<_>>());
            had = want.clone();
        }
    }
}
