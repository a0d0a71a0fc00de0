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
    assert_eq!(parse_target(&body(|out| close_statement(out, b"s1"))).unwrap(), Target::Statement(b"s1"));
    assert_eq!(parse_password(&body(|out| password(out, "geheim"))).unwrap(), b"geheim");
    let written = body(|out| sasl_initial(out, "SCRAM-SHA-256", b"n,,n=,r=x"));
    let initial = SaslInitial { mechanism: b"SCRAM-SHA-256", data: Some(b"n,,n=,r=x") };
    assert_eq!(parse_sasl_initial(&written).unwrap(), initial);
    for empty in [sync, flush, terminate] {
        assert!(body(empty).is_empty());
    }
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

#[test]
fn names_change_and_the_rest_stays() {
    let check = |kind, old: &[u8], new: &[u8]| {
        let mut out = b"before".to_vec();
        assert_eq!(rename(&mut out, kind, (old, old.len() as u32), b"t_42").unwrap(), 0);
        assert_eq!(&out[..6], b"before");
        assert_eq!(out[6], kind.tag());
        assert_eq!(u32::from_be_bytes(out[7..11].try_into().unwrap()) as usize, new.len() + 4);
        assert_eq!(&out[11..], new);
    };
    check(Named::Parse, b"s\0select 1\0\0\0", b"t_42\0select 1\0\0\0");
    check(Named::Parse, b"\0select 1\0\0\0", b"t_42\0select 1\0\0\0");
    check(Named::Bind, b"p\0s\0\0\0\0\0\0\0", b"p\0t_42\0\0\0\0\0\0\0");
    check(Named::Describe, b"Slong_name\0", b"St_42\0");
    check(Named::Close, b"S\0", b"St_42\0");
}

#[test]
fn a_long_bind_is_renamed_by_its_beginning() {
    let mut out = Vec::new();
    let left = rename(&mut out, Named::Bind, (b"\0s1\0\0\0", 1_000_000), b"x").unwrap();
    assert_eq!(left, 1_000_000 - 6);
    assert_eq!(u32::from_be_bytes(out[1..5].try_into().unwrap()), 1_000_000 - 1 + 4);
    assert_eq!(&out[5..], b"\0x\0\0\0");
}

#[test]
fn what_cannot_be_renamed_leaves_nothing_behind() {
    type Case = (Named, &'static [u8], u32, &'static [u8], Violation);
    let cases: [Case; 7] = [
        (Named::Describe, b"Pportal\0", 8, b"x", Violation::Format),
        (Named::Describe, b"", 0, b"x", Violation::Short),
        (Named::Close, b"Xs\0", 3, b"x", Violation::Format),
        (Named::Bind, b"\0no end", 7, b"x", Violation::Text),
        (Named::Parse, b"s\0x\0\0\0", 7, b"a\0b", Violation::Text),
        (Named::Parse, b"s\0x\0\0\0", 3, b"x", Violation::Length),
        (Named::Parse, b"s\0", 0x3fff_fffe, b"longer", Violation::Length),
    ];
    for (kind, body, body_bytes, name, expected) in cases {
        let mut out = Vec::new();
        assert_eq!(rename(&mut out, kind, (body, body_bytes), name), Err(expected), "{body:?}");
        assert!(out.is_empty());
    }
}

proptest! {
    #[test]
    fn renaming_there_and_back_changes_nothing(
        portal in "[a-z]{0,5}", old in "[a-z]{0,9}", new in "[a-z_0-9]{0,9}", rest in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let body = [portal.as_bytes(), b"\0", old.as_bytes(), b"\0", &rest].concat();
        let mut there = Vec::new();
        rename(&mut there, Named::Bind, (&body, body.len() as u32), new.as_bytes()).unwrap();
        prop_assert_eq!(parse_bind(&there[5..]).unwrap().statement, new.as_bytes());
        let mut back = Vec::new();
        rename(&mut back, Named::Bind, (&there[5..], there.len() as u32 - 5), old.as_bytes()).unwrap();
        prop_assert_eq!(&back[5..], &body[..]);
    }

    #[test]
    fn parsers_take_anything(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        let _ = (parse_query(&bytes), parse_parse(&bytes), parse_bind(&bytes), parse_target(&bytes));
        let _ = (parse_execute(&bytes), parse_password(&bytes), parse_sasl_initial(&bytes));
        for kind in [Named::Parse, Named::Bind, Named::Describe, Named::Close] {
            let _ = rename(&mut Vec::new(), kind, (&bytes, bytes.len() as u32), b"x");
        }
    }
}
