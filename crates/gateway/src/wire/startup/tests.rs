use proptest::prelude::*;
use tenantry_domain::app::{Pooling, Reads};

use super::*;

const V3: u32 = 196_608;

fn packet(word: u32, body: &[u8]) -> Vec<u8> {
    let mut bytes = (body.len() as u32 + 8).to_be_bytes().to_vec();
    bytes.extend(word.to_be_bytes());
    bytes.extend(body);
    bytes
}

fn body(pairs: &[(&str, &str)]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, value) in pairs {
        body.extend(name.as_bytes());
        body.push(0);
        body.extend(value.as_bytes());
        body.push(0);
    }
    body.push(0);
    body
}

fn log_in(word: u32, pairs: &[(&str, &str)]) -> Result<Startup> {
    let bytes = packet(word, &body(pairs));
    match decode(&bytes)? {
        Decoded::Packet(Packet::Startup(startup), length) => {
            assert_eq!(length, bytes.len());
            Ok(*startup)
        }
        other => panic!("{other:?}"),
    }
}

fn refusal(word: u32, pairs: &[(&str, &str)]) -> (&'static str, String) {
    let error = log_in(word, pairs).unwrap_err();
    (error.code().sqlstate(), error.message().to_owned())
}

#[test]
fn a_plain_start_up() {
    let startup = log_in(
        V3,
        &[("user", "acme"), ("database", "main"), ("Client_Encoding", "UTF8"), ("application_name", "psql")],
    )
    .unwrap();
    assert_eq!(startup.version, Version { major: 3, minor: 0 });
    assert_eq!((startup.user.as_str(), startup.database.as_deref()), ("acme", Some("main")));
    assert_eq!(
        startup.settings,
        [("client_encoding".into(), "UTF8".into()), ("application_name".into(), "psql".into())]
    );
    assert_eq!((startup.negotiate, startup.current_tenant), (None, None));
    assert_eq!(log_in(V3, &[("user", "a")]).unwrap().database, None);
    assert_eq!(log_in(V3, &[("user", "a"), ("database", "")]).unwrap().database, None);
}

#[test]
fn options_come_before_parameters_and_the_tenant_is_taken_out() {
    let options = "-c app.current_tenant=acme -c timezone=UTC -c lock_timeout=1 -c lock_timeout=2";
    let startup = log_in(V3, &[("user", "app"), ("TimeZone", "Asia/Tokyo"), ("options", options)]).unwrap();
    assert_eq!(startup.current_tenant.as_deref(), Some("acme"));
    assert_eq!(
        startup.settings,
        [("lock_timeout".into(), "2".into()), ("timezone".into(), "Asia/Tokyo".into())]
    );
}

#[test]
fn a_client_says_how_it_is_pooled() {
    let asks = |name: &str, value: &str| log_in(V3, &[("user", "acme"), (name, value)]);
    let startup = asks("options", "-c tenantry.pooling=session").unwrap();
    assert_eq!((startup.pooling, startup.settings), (Some(Pooling::Session), vec![]));
    assert_eq!(asks("Tenantry.Pooling", "statement").unwrap().pooling, Some(Pooling::Statement));
    assert_eq!(asks("timezone", "UTC").unwrap().pooling, None);
    assert_eq!(asks("options", "-c tenantry.reads=auto").unwrap().reads, Some(Reads::Auto));
    assert_eq!(asks("tenantry.reads", "replica").unwrap().reads, Some(Reads::Replica));
    assert_eq!(asks("tenantry.reads", "nearest").unwrap_err().code(), ErrorCode::SettingInvalid);
    let error = asks("tenantry.pooling", "always").unwrap_err();
    assert_eq!((error.code(), error.code().sqlstate()), (ErrorCode::SettingInvalid, "22023"));
}

/// W01, W02, W12: impossible lengths are refused with four bytes, a browser with its first word.
#[test]
fn impossible_lengths_are_refused_at_once() {
    for length in [0_u32, 3, 7, 10_001, 0x7fff_ffff, 0x8000_0000, u32::MAX] {
        let error = decode(&length.to_be_bytes()).unwrap_err();
        assert_eq!(error.code().sqlstate(), "08P01", "{length:x}");
        assert_eq!(error.message(), "invalid length of startup packet");
    }
    assert!(decode(b"GET / HTTP/1.1\r\n").is_err());
    let longest = packet(V3, &body(&[("user", "a"), ("x", &"y".repeat(STARTUP_BYTES_MAX - 8 - 11))]));
    assert_eq!(longest.len(), STARTUP_BYTES_MAX);
    assert!(decode(&longest).is_ok());
}

/// W03.
#[test]
fn a_missing_terminator_is_refused() {
    let message = "invalid startup packet layout: expected terminator as last byte";
    for body in
        [&b"user\0acme"[..], b"user\0acme\0", b"", b"user", b"user\0acme\0\0x", b"\0\0", b"user\0\0\0\0"]
    {
        let bytes = packet(V3, body);
        assert_eq!(decode(&bytes).unwrap_err().message(), message, "{body:?}");
    }
}

/// W04: the last `user` wins on a server, the first in a careless proxy.
#[test]
fn keys_that_stand_twice_are_refused() {
    for (key, again) in [
        ("user", "user"),
        ("database", "database"),
        ("options", "options"),
        ("replication", "replication"),
        ("TimeZone", "timezone"),
        ("_pq_.x", "_pq_.x"),
    ] {
        let mut pairs = vec![(key, "0"), (again, "0")];
        if key != "user" {
            pairs.push(("user", "acme"));
        }
        let bytes = packet(V3, &body(&pairs));
        let error = match decode(&bytes) {
            Err(error) => error,
            Ok(decoded) => panic!("{key}: {decoded:?}"),
        };
        assert_eq!(error.code(), ErrorCode::ProtocolViolation, "{key}");
        assert!(error.message().contains("stands twice"), "{key}: {}", error.message());
    }
}

#[test]
fn a_user_has_to_be_there() {
    let expected = ("28000", "no PostgreSQL user name specified in startup packet".to_owned());
    assert_eq!(refusal(V3, &[]), expected);
    assert_eq!(refusal(V3, &[("user", "")]), expected);
    assert_eq!(refusal(V3, &[("User", "acme")]), expected);
}

#[test]
fn replication_is_refused_clearly() {
    for value in ["true", "on", "1", "database", "Yes"] {
        let (state, message) = refusal(V3, &[("user", "acme"), ("replication", value)]);
        assert_eq!(state, "0A000", "{value}");
        assert!(message.contains("replication"));
    }
    assert_eq!(refusal(V3, &[("user", "acme"), ("replication", "maybe")]).0, "22023");
    for value in ["false", "off", "0", "no"] {
        assert!(log_in(V3, &[("user", "acme"), ("replication", value)]).is_ok());
    }
}

/// W07.
#[test]
fn other_protocols_are_refused() {
    for (word, named) in [(131_072, "2.0"), (65_536, "1.0"), (4 << 16, "4.0"), (1234 << 16, "1234.0")] {
        let (state, message) = refusal(word, &[("user", "acme")]);
        assert_eq!(state, "0A000");
        assert_eq!(message, format!("unsupported frontend protocol {named}: server supports 3.0 to 3.2"));
    }
}

/// W06.
#[test]
fn unknown_minor_versions_and_options_are_negotiated() {
    let startup = log_in(V3 + 99, &[("user", "acme"), ("_pq_.x", "1"), ("_pq_.y", "")]).unwrap();
    assert_eq!(startup.version, NEWEST);
    assert_eq!(startup.negotiate, Some(vec!["_pq_.x".to_owned(), "_pq_.y".to_owned()]));
    assert_eq!(log_in(V3 + 9999, &[("user", "acme")]).unwrap().negotiate, Some(vec![]));
    let startup = log_in(V3, &[("user", "acme"), ("_pq_.x", "1")]).unwrap();
    assert_eq!((startup.version.minor, startup.negotiate), (0, Some(vec!["_pq_.x".to_owned()])));
    for minor in 0..=2 {
        let startup = log_in(V3 + minor, &[("user", "acme")]).unwrap();
        assert_eq!((u32::from(startup.version.minor), startup.negotiate), (minor, None));
        assert_eq!(startup.version.cancel_key_bytes(), if minor == 2 { 32 } else { 4 });
    }
}

/// W10, W11.
#[test]
fn cancel_requests() {
    for secret in [4, 32, 256] {
        let body = [&7_u32.to_be_bytes()[..], &vec![9; secret]].concat();
        let bytes = packet(packet::CANCEL, &body);
        let expected = Packet::Cancel(Cancel { process: 7, secret: &vec![9; secret] });
        assert_eq!(decode(&bytes).unwrap(), Decoded::Packet(expected, bytes.len()));
        let mut written = Vec::new();
        write_cancel(&mut written, 7, &vec![9; secret]);
        assert_eq!(written, bytes);
    }
    for wrong in [0, 3, 7, 4 + 257, 4 + 4096] {
        let error = decode(&packet(packet::CANCEL, &vec![1; wrong])).map(|_| ()).unwrap_err();
        assert_eq!(error.code(), ErrorCode::ProtocolViolation, "{wrong}");
    }
}

const SSL: &[u8] = &[0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];
const GSS: &[u8] = &[0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x30];

#[test]
fn one_request_of_each_kind_is_answered() {
    let mut opening = Opening::new();
    assert_eq!(opening.step(&SSL[..5]).unwrap(), Step::Read);
    assert_eq!(opening.step(GSS).unwrap(), Step::AnswerGss);
    assert_eq!(opening.step(SSL).unwrap(), Step::AnswerTls);
    opening.encrypted();
    let start = packet(V3, &body(&[("user", "acme")]));
    assert!(matches!(opening.step(&start).unwrap(), Step::LogIn(startup, 19) if startup.user == "acme"));
}

/// W09.
#[test]
fn a_second_request_is_refused() {
    for request in [SSL, GSS, b"\x16\x03\x01"] {
        let mut opening = Opening::new();
        assert!(opening.step(request).is_ok());
        assert_eq!(opening.step(request).unwrap_err().code(), ErrorCode::ProtocolViolation);
        let mut opening = Opening::new();
        opening.encrypted();
        assert_eq!(opening.step(request).unwrap_err().code(), ErrorCode::ProtocolViolation);
    }
}

/// W08: what is stuffed behind the request must not be taken for the client's once TLS runs.
#[test]
fn bytes_behind_a_request_for_encryption_are_refused() {
    let start = packet(V3, &body(&[("user", "acme")]));
    for (request, what) in [(SSL, "SSL"), (GSS, "GSSAPI encryption")] {
        for behind in [&start[..], b"\0"] {
            let error = Opening::new().step(&[request, behind].concat()).map(|_| ()).unwrap_err();
            assert_eq!(error.message(), format!("received unencrypted data after {what} request"));
            assert_eq!(error.code().sqlstate(), "08P01");
        }
    }
    assert!(decode(&[0, 0, 0, 9, 0x04, 0xd2, 0x16, 0x2f, 0]).is_err());
}

#[test]
fn direct_tls_is_told_from_a_length() {
    assert_eq!(Opening::new().step(b"\x16\x03\x01\x02").unwrap(), Step::DirectTls);
}

#[test]
fn what_is_built_for_a_server_reads_back() {
    let mut out = b"before".to_vec();
    write(&mut out, NEWEST, &[("user", "t_1"), ("database", "shop_main"), ("timezone", "UTC")]).unwrap();
    let Decoded::Packet(Packet::Startup(startup), _) = decode(&out[6..]).unwrap() else { panic!() };
    assert_eq!((startup.user.as_str(), startup.database.as_deref()), ("t_1", Some("shop_main")));
    let kept = out.clone();
    for bad in [("a\0b", "c"), ("a", "b\0user\0postgres"), ("", "x"), ("x", &"y".repeat(10_000))] {
        assert!(write(&mut out, NEWEST, &[bad]).is_err());
        assert_eq!(out, kept, "nothing half-written stays behind");
    }
}

proptest! {
    #[test]
    fn any_start_up_survives_the_way(
        user in "[^\0]{1,20}",
        settings in prop::collection::btree_map("[a-z_]{1,12}", "[^\0]{0,20}", 0..8),
    ) {
        let reserved = ["user", "database", "options", "replication"];
        let settings: Vec<_> = settings.into_iter().filter(|(n, _)| !reserved.contains(&n.as_str())).collect();
        let mut pairs = vec![("user", user.as_str())];
        pairs.extend(settings.iter().map(|(n, v)| (n.as_str(), v.as_str())));
        let startup = log_in(V3, &pairs).unwrap();
        prop_assert_eq!(&startup.user, &user);
        prop_assert_eq!(startup.settings, settings);
    }

    #[test]
    fn every_cut_is_incomplete_and_every_byte_sequence_ends_well(bytes in prop::collection::vec(any::<u8>(), 0..80), cut in 0_usize..40) {
        let whole = packet(V3, &body(&[("user", "acme"), ("database", "main")]));
        prop_assert_eq!(decode(&whole[..cut.min(whole.len() - 1)]).unwrap(), Decoded::Incomplete);
        let _ = decode(&bytes);
        let _ = decode(&packet(V3, &bytes));
        let _ = decode(&packet(packet::CANCEL, &bytes));
    }
}
