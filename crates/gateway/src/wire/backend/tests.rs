use proptest::prelude::*;
use tenantry_domain::{Error, ErrorCode};

use super::*;

fn built(written: impl FnOnce(&mut Vec<u8>)) -> (u8, Vec<u8>) {
    let mut out = b"before".to_vec();
    written(&mut out);
    let mut message = out.split_off(6);
    assert_eq!(out, b"before");
    let length = u32::from_be_bytes(message[1..5].try_into().unwrap());
    assert_eq!(length as usize + 1, message.len());
    let body = message.split_off(5);
    (message[0], body)
}

#[test]
fn an_error_carries_what_drivers_read() {
    let error = Error::new(ErrorCode::TenantSuspended, "tenant acme is suspended").because("a secret cause");
    let (tag, body) = built(|out| error_response(out, &Report::of(&error, Severity::Fatal)));
    assert_eq!(tag, b'E');
    let report = parse_report(&body).unwrap();
    let text = |kind| report.get(kind).map(|v| std::str::from_utf8(v).unwrap());
    assert_eq!((text(b'S'), text(b'V'), text(b'C')), (Some("FATAL"), Some("FATAL"), Some("57P01")));
    assert_eq!(text(b'M'), Some("tenant acme is suspended"));
    assert_eq!(text(b'H'), Some(error.next_step()));
    assert_eq!(text(b'D'), None);
    assert!(!String::from_utf8_lossy(&body).contains("secret"));
}

#[test]
fn a_nul_in_a_text_shifts_nothing() {
    let report = Report { severity: Severity::Error, sqlstate: "42501", message: "a\0Mforged", hint: "hint" };
    let (_, body) = built(|out| error_response(out, &report));
    let fields = parse_report(&body).unwrap();
    assert_eq!((fields.get(b'M'), fields.get(b'H')), (Some(&b"a"[..]), Some(&b"hint"[..])));
}

/// W35: an error without a SQLSTATE brought another pooler down (CVE-2026-6666).
#[test]
fn a_report_without_the_usual_fields_is_read() {
    let report = parse_report(b"SFATAL\0Mboo\0\0").unwrap();
    assert_eq!((report.sqlstate(), report.get(b'M')), (None, Some(&b"boo"[..])));
    assert_eq!(parse_report(b"\0").unwrap().get(b'M'), None);
    assert_eq!(parse_report(b"C1234\0\0").unwrap().sqlstate(), None);
    assert_eq!(parse_report(b"C42501\0\0").unwrap().sqlstate(), Some("42501"));
    for wrong in [&b""[..], b"Mboo", b"Mboo\0", b"\0x"] {
        assert!(parse_report(wrong).is_err(), "{wrong:?}");
    }
}

#[test]
fn authentication_requests() {
    let cases: [(Vec<u8>, Authentication<'_>); 6] = [
        (built(authentication_ok).1, Authentication::Ok),
        (built(authentication_cleartext).1, Authentication::Cleartext),
        (
            built(|out| authentication_sasl(out, &["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"])).1,
            Authentication::Sasl(vec![b"SCRAM-SHA-256-PLUS", b"SCRAM-SHA-256"]),
        ),
        (built(|out| authentication_sasl_continue(out, b"r=x")).1, Authentication::SaslContinue(b"r=x")),
        (built(|out| authentication_sasl_final(out, b"v=y")).1, Authentication::SaslFinal(b"v=y")),
        (vec![0, 0, 0, 7], Authentication::Other(7)),
    ];
    for (body, expected) in &cases {
        assert_eq!(parse_authentication(body).unwrap(), *expected);
    }
    assert_eq!(parse_authentication(&[0, 0, 0, 5, 1, 2, 3, 4]).unwrap(), Authentication::Md5);
    assert!(parse_authentication(&[0, 0, 0, 10, b'x', 0]).is_err());
    assert!(parse_authentication(&[0, 0, 0]).is_err());
}

#[test]
fn keys_of_four_to_256_bytes() {
    for bytes in [4, 32, 256] {
        let secret = vec![3; bytes];
        let (tag, body) = built(|out| backend_key_data(out, 77, &secret));
        assert_eq!((tag, parse_backend_key_data(&body).unwrap()), (b'K', (77, &secret[..])));
    }
    for bytes in [0, 3, 257] {
        let body = [&77_u32.to_be_bytes()[..], &vec![3; bytes]].concat();
        assert_eq!(parse_backend_key_data(&body), Err(Violation::Format), "{bytes}");
    }
}

#[test]
fn negotiation_tells_the_version_and_what_is_unknown() {
    let version = Version { major: 3, minor: 2 };
    let (tag, body) = built(|out| negotiate_protocol_version(out, version, &["_pq_.x".to_owned()]));
    assert_eq!((tag, &body[..]), (b'v', &b"\0\x03\0\x02\0\0\0\x01_pq_.x\0"[..]));
}

#[test]
fn small_answers() {
    let answers = [
        (Plain::ParseComplete, b'1'),
        (Plain::BindComplete, b'2'),
        (Plain::CloseComplete, b'3'),
        (Plain::NoData, b'n'),
    ];
    for (answer, tag) in answers {
        assert_eq!(built(|out| plain(out, answer)), (tag, vec![]));
    }
    for status in [Status::Idle, Status::Transaction, Status::Failed] {
        assert_eq!(built(|out| ready_for_query(out, status)), (b'Z', vec![status.byte()]));
    }
    let (_, body) = built(|out| parameter_status(out, "TimeZone", "UTC"));
    assert_eq!(parse_parameter_status(&body).unwrap(), (&b"TimeZone"[..], &b"UTC"[..]));
}

#[test]
fn a_result_of_ours() {
    let columns =
        [Column { name: "tenant", kind: Kind::Text }, Column { name: "clients", kind: Kind::Integer }];
    let (tag, body) = built(|out| row_description(out, &columns));
    let first = b"tenant\0\0\0\0\0\0\0\0\0\0\x19\xff\xff\xff\xff\xff\xff\0\0";
    let second = b"clients\0\0\0\0\0\0\0\0\0\0\x14\0\x08\xff\xff\xff\xff\0\0";
    assert_eq!((tag, body), (b'T', [&b"\0\x02"[..], first, second].concat()));
    let (tag, body) = built(|out| data_row(out, &[Some("acme"), None, Some("")]));
    assert_eq!((tag, &body[..]), (b'D', &b"\0\x03\0\0\0\x04acme\xff\xff\xff\xff\0\0\0\0"[..]));
}

proptest! {
    #[test]
    fn parsers_take_anything(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        let _ = (parse_report(&bytes).map(|r| r.sqlstate().is_some()), parse_authentication(&bytes));
        let _ = (parse_parameter_status(&bytes), parse_backend_key_data(&bytes));
    }
}
