use pg_query::protobuf::Token as Kind;
use proptest::prelude::*;

use super::*;

const KEY: OutlineKey = OutlineKey::new(1, 2);

fn same(a: &str, b: &str) -> bool {
    KEY.outline(a.as_bytes()) == KEY.outline(b.as_bytes())
}

fn values_of(text: &str) -> Vec<&str> {
    value_ranges(text.as_bytes()).into_iter().map(|r| &text[r]).collect()
}

#[test]
fn statements_that_differ_in_values_have_one_outline() {
    for (a, b) in [
        ("SELECT * FROM t WHERE id = 1", "SELECT * FROM t WHERE id = 20384"),
        ("SELECT 'a'", "SELECT 'it''s another'"),
        ("SELECT e'\\'', 2", "SELECT e'x', 3"),
        ("SELECT 1.5, -7", "SELECT 2.25, -9"),
        ("SELECT 1 /* trace a */", "SELECT 2 /* trace /* b */ ' */"),
        ("SELECT 1 -- it's", "SELECT 1 -- or not"),
        ("SELECT N'a'", "SELECT N'b'"),
    ] {
        assert!(same(a, b), "{a} / {b}");
    }
}

#[test]
fn whatever_else_differs_makes_another_outline() {
    for (a, b) in [
        ("SELECT a", "SELECT b"),
        ("SELECT t1.a", "SELECT t2.a"),
        ("SELECT $1", "SELECT $2"),
        ("SELECT \"a'b\"", "SELECT \"a'c\""),
        ("SELECT $$a$$", "SELECT $$b$$"),
        ("SELECT $x$ 'a' $x$", "SELECT $x$ 'b' $x$"),
        ("SELECT B'0'", "SELECT B'1'"),
        ("SELECT U&'a'", "SELECT U&'b'"),
        ("SELECT 1", "SELECT '1'"),
        ("SELECT 'a' 'b'", "SELECT 'a'"),
        ("SELECT 0x1F", "SELECT 0x2F"),
        ("SELECT 1 /* a */", "SELECT 1"),
    ] {
        assert!(!same(a, b), "{a} / {b}");
    }
}

#[test]
fn values_end_where_the_server_ends_them() {
    assert_eq!(values_of("SELECT 'a\\', 'b'"), ["'a\\'", "'b'"], "a backslash is itself");
    assert_eq!(values_of("SELECT E'a\\', ''b' , 3"), ["'a\\', ''b'", "3"]);
    assert_eq!(values_of("SELECT E'a'\n 'b\\'c' , 1"), ["'a'\n 'b\\'c'", "1"], "it goes on as it began");
    assert_eq!(values_of("SELECT E'a' 'b\\', 1"), ["'a'", "'b\\'", "1"], "without a line break it does not");
    assert_eq!(values_of("SELECT a$1, b2, $3, $x$ 4 $x$, _5"), Vec::<&str>::new());
    assert_eq!(values_of("/* /* */ 1 */ 2"), ["/* /* */ 1 */", "2"]);
    assert_eq!(values_of("1e5 -- x\n-2"), ["-- x", "2"]);
}

/// Pieces that scanners trip over, with whatever lies between.
fn sql() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("'".to_owned()),
        Just("''".to_owned()),
        Just("\\".to_owned()),
        Just("E'".to_owned()),
        Just("e".to_owned()),
        Just("U&'".to_owned()),
        Just("U&\"".to_owned()),
        Just("N'".to_owned()),
        Just("B'".to_owned()),
        Just("x'".to_owned()),
        Just("\"".to_owned()),
        Just("$$".to_owned()),
        Just("$a$".to_owned()),
        Just("$1".to_owned()),
        Just("$".to_owned()),
        Just("--".to_owned()),
        Just("/*".to_owned()),
        Just("*/".to_owned()),
        Just("\n".to_owned()),
        Just(" ".to_owned()),
        Just(";".to_owned()),
        Just("+".to_owned()),
        Just("-".to_owned()),
        Just("/".to_owned()),
        Just("é".to_owned()),
        "[a-z]{1,3}",
        "[0-9]{1,3}",
        "[ab01.,()=<>_]{1,3}",
    ];
    prop::collection::vec(piece, 0..16).prop_map(|v| v.concat())
}

/// The tokens of a text without values and comments; none where PostgreSQL's scanner refuses it.
fn code(text: &str) -> Option<Vec<(i32, String)>> {
    let scanned = pg_query::scan(text).ok()?;
    let mut out = Vec::new();
    for t in scanned.tokens {
        let written = text.get(usize::try_from(t.start).ok()?..usize::try_from(t.end).ok()?)?;
        let kind = t.token();
        let is_value = matches!(kind, Kind::SqlComment | Kind::CComment)
            || (kind == Kind::Sconst && !written.starts_with('$'));
        let is_number = matches!(kind, Kind::Iconst | Kind::Fconst);
        let kept = |c: &char| !(is_value || is_number && c.is_ascii_digit());
        out.push((t.token, written.chars().filter(kept).collect()));
    }
    Some(out)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    /// The property that decisions rest on: with other values in their places, the server reads the same code.
    #[test]
    fn other_values_leave_the_code_as_it_is(text in sql()) {
        let Some(before) = code(&text) else { return Ok(()) };
        let mut other = String::new();
        let mut kept = 0;
        for range in value_ranges(text.as_bytes()) {
            other.push_str(&text[kept..range.start]);
            let old = &text[range.clone()];
            let new = match old.as_bytes() {
                [b'-', ..] => "-- y; '",
                [b'/', ..] => "/* ' */",
                [b'0'..=b'9', ..] => "42",
                _ => "'z;'''",
            };
            other.push_str(new);
            kept = range.end;
        }
        other.push_str(&text[kept..]);
        prop_assert!(same(&text, &other), "{text:?} / {other:?}");
        let after = code(&other);
        prop_assert_eq!(Some(before), after, "{:?} / {:?}", text, other);
    }

    /// Whatever is decided of a text without its long values holds for the text.
    #[test]
    fn without_long_values_the_outline_is_the_same(text in sql(), long in "[a-z ']{0,3}", times in 1_usize..60) {
        // Some of the values become long ones.
        let long = long.replace('\'', "''").repeat(times);
        let text = text.replace('a', &format!("'{long}'")).replace("b ", &format!("e'{long}\\''"));
        if let Some(short) = condensed(text.as_bytes(), usize::MAX) {
            prop_assert!(KEY.outline(text.as_bytes()) == KEY.outline(&short), "{:?}", text);
            prop_assert_eq!(value_ranges(text.as_bytes()).len(), value_ranges(&short).len());
            prop_assert!(value_ranges(&short).iter().all(|r| r.len() <= LONG_VALUE_BYTES || short[r.start].is_ascii_digit()));
        }
    }

    #[test]
    fn any_bytes_can_be_shortened(text in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Some(short) = condensed(&text, 200) {
            prop_assert!(short.len() <= 200 && KEY.outline(&text) == KEY.outline(&short));
        }
    }

    #[test]
    fn any_bytes_can_be_read(text in prop::collection::vec(any::<u8>(), 0..200)) {
        let ranges = value_ranges(&text);
        let mut last = 0;
        for r in ranges {
            prop_assert!(last <= r.start && r.start < r.end && r.end <= text.len());
            last = r.end;
        }
    }
}
