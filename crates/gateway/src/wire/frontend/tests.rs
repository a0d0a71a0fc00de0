use proptest::prelude::*;

use super::*;

fn body(written: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::new();
    written(&mut out);
    let length = u32::from_be_bytes(out[1..5].try_into().unwrap());
    assert_eq!(length as usize + 1, out.len());
    out.split_off(5)
}

#[test]
fn what_is_written_reads_back() {
    assert_eq!(parse_query(&body(|out| query(out, "select 1"))).unwrap(), b"select 1");
    let parts = Parse { name: b"s1", sql: b"select $1", types: &[0, 0, 0, 23] };
    assert_eq!(parse_parse(&body(|out| parse(out, parts))).unwrap(), parts);
    assert_eq!(parse_target(b"Ss1\0").unwrap(), Target::Statement(b"s1"));
    assert_eq!(parse_target(b"P\0").unwrap(), Target::Portal(b""));
    assert_eq!(parse_target(b"X\0"), Err(Violation::Format));
    let written = body(|out| sasl_initial(out, "SCRAM-SHA-256", b"n,,n=,r=x"));
    let initial = SaslInitial { mechanism: b"SCRAM-SHA-256", data: Some(b"n,,n=,r=x") };
    assert_eq!(parse_sasl_initial(&written).unwrap(), initial);
    assert!(body(sync).is_empty());
}

/// W18: what stands behind an inner NUL never runs.
#[test]
fn a_query_ends_with_its_message() {
    assert_eq!(parse_query(b"select 1\0; select 666\0"), Err(Violation::Format));
    assert_eq!(parse_query(b"select 1"), Err(Violation::Text));
    assert_eq!(parse_query(b""), Err(Violation::Text));
}

/// W19.
#[test]
fn a_parse_that_lies_about_its_types() {
    assert_eq!(parse_parse(b"\0select $1::int\0\0\x05\0\0\0\x17"), Err(Violation::Short));
    assert_eq!(parse_parse(b"\0select $1::int\0\xff\xff"), Err(Violation::Short));
    assert_eq!(parse_parse(b"\0select 1\0\0\0x"), Err(Violation::Format));
}

#[test]
fn lengths_of_sasl_data_that_lie() {
    for (length, expected) in
        [(5_i32, Violation::Short), (-2, Violation::Format), (i32::MAX, Violation::Short)]
    {
        let body = [&b"SCRAM-SHA-256\0"[..], &length.to_be_bytes(), b"abc"].concat();
        assert_eq!(parse_sasl_initial(&body), Err(expected), "{length}");
    }
    let absent = [&b"SCRAM-SHA-256\0"[..], &(-1_i32).to_be_bytes()].concat();
    assert_eq!(parse_sasl_initial(&absent).unwrap().data, None);
}

proptest! {
    #[test]
    fn parsers_take_anything(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        let _ = (parse_query(&bytes), parse_parse(&bytes), parse_target(&bytes));
        let _ = parse_sasl_initial(&bytes);
    }
}
