//! A value of any type, as text between quotes: pure and the same in every run.

/// What has to be known of a type to make a value of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Type {
    /// The base type's name in the catalog (`int4`, `varchar`); of a domain, the type below it.
    pub name: String,
    /// What kind of type: `b` base, `e` enum, `c` composite, `r` range, `m` multirange, `p` pseudo.
    pub kind: char,
    /// Elements of an array, subtype of a range.
    pub element: Option<Box<Type>>,
    /// Labels of an enum.
    pub labels: Vec<String>,
    /// Fields of a composite.
    pub fields: Vec<Type>,
    /// Longest text, number of bits, number of dimensions; whatever the modifier says.
    pub length: Option<usize>,
}

/// Families of texts: which one a check accepts is found by trial.
const FAMILIES: usize = 8;

/// How many values there are to try before they only differ by number.
pub const TRIALS: usize = FAMILIES;

/// The `number`th value; `family` changes its form where there are several.
pub fn value(of: &Type, number: usize, family: usize) -> String {
    if of.name.starts_with('_')
        && let Some(element) = &of.element
    {
        return format!("{{{}}}", quoted_element(&value(element, number, family)));
    }
    match of.kind {
        'e' => of.labels.get((number + family) % of.labels.len().max(1)).cloned().unwrap_or_default(),
        'c' => {
            let fields: Vec<String> =
                of.fields.iter().map(|f| quoted_element(&value(f, number, family))).collect();
            format!("({})", fields.join(","))
        }
        'r' => range(of, number),
        'm' => format!("{{{}}}", range(of, number)),
        _ => base(of, number, family),
    }
}

fn quoted_element(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Ranges of different numbers don't overlap.
fn range(of: &Type, number: usize) -> String {
    let Some(element) = &of.element else { return "empty".to_owned() };
    let low = value(element, number * 10 + 1, 0);
    let high = value(element, number * 10 + 5, 0);
    format!("[\"{low}\",\"{high}\")")
}

fn base(of: &Type, number: usize, family: usize) -> String {
    let n = number;
    match of.name.as_str() {
        "int2" | "int4" | "int8" | "oid" | "xid" | "xid8" => (n + 1).to_string(),
        "numeric" | "money" => match family % 3 {
            0 => (n + 1).to_string(),
            1 => format!("{}.5", n % 9),
            _ => "0.1".to_owned(),
        },
        "float4" | "float8" => format!("{}.5", n % 9),
        "bool" => n.is_multiple_of(2).to_string(),
        "date" => date(n),
        "timestamp" | "timestamptz" => format!("{} 03:04:{:02}+00", date(n), n % 60),
        "time" | "timetz" => format!("03:{:02}:05+00", n % 60),
        "interval" => format!("{} hours", n + 1),
        "uuid" => format!("00000000-0000-4000-8000-{:012x}", n + 1),
        "json" | "jsonb" => match family % 3 {
            0 => format!("{{\"n\": {n}, \"a\": [\"x\"]}}"),
            1 => format!("[{n}]"),
            _ => format!("\"{n}\""),
        },
        "jsonpath" => format!("$.a[{n}]"),
        "bytea" => format!("\\x00ff{:04x}", n % 0xffff),
        "inet" => format!("10.0.{}.{}", n / 200, n % 200 + 1),
        "cidr" => format!("10.{}.{}.0/24", n / 200, n % 200),
        "macaddr" => format!("08:00:2b:01:{:02x}:{:02x}", n / 256 % 256, n % 256),
        "macaddr8" => format!("08:00:2b:01:02:03:{:02x}:{:02x}", n / 256 % 256, n % 256),
        "bit" | "varbit" => {
            let length = of.length.unwrap_or(1);
            let digits = format!("{n:b}");
            let tail = &digits[digits.len().saturating_sub(length)..];
            format!("{tail:0>length$}")
        }
        "tsvector" => format!("'word{n}':1A"),
        "tsquery" => format!("'word{n}' & !'other'"),
        "xml" => format!("<a n=\"{n}\"/>"),
        "point" => format!("({n},1)"),
        "line" => format!("{{1,{n},1}}"),
        "lseg" | "box" => format!("(({n},2),(1,0))"),
        "path" => format!("[({n},1),(2,2)]"),
        "polygon" => format!("(({n},1),(2,2),(3,0))"),
        "circle" => format!("<({n},1),2>"),
        "hstore" => format!("\"n\"=>\"{n}\""),
        "ltree" => format!("top.n{n}"),
        "lquery" => "top.*".to_owned(),
        "cube" => format!("({n},1)"),
        "pg_lsn" => format!("0/{n:X}"),
        "regclass" => "pg_class".to_owned(),
        "regtype" => "text".to_owned(),
        "char" => "x".to_owned(),
        "vector" | "halfvec" => {
            let numbers = vec![(n % 9 + 1).to_string(); of.length.unwrap_or(3)];
            format!("[{}]", numbers.join(","))
        }
        _ => cut(&text(n, family), of.length),
    }
}

fn date(n: usize) -> String {
    format!("20{:02}-{:02}-{:02}", 20 + n / 336 % 70, n / 28 % 12 + 1, n % 28 + 1)
}

fn text(n: usize, family: usize) -> String {
    let letters: String = n.to_string().bytes().map(|b| char::from(b'a' + (b - b'0'))).collect();
    match family % FAMILIES {
        0 => format!("text {n}"),
        1 => format!("w{letters}"),
        2 => format!("https://example.com/{n}"),
        3 => format!("mail{n}@example.com"),
        4 => format!("00000000-0000-4000-8000-{:012x}", n + 1),
        5 => (n + 1).to_string(),
        6 => format!("{n:064x}"),
        _ => format!("W{}", letters.to_ascii_uppercase()),
    }
}

/// The end of the text, where it differs.
fn cut(text: &str, length: Option<usize>) -> String {
    let skip = length.map_or(0, |length| text.chars().count().saturating_sub(length));
    text.chars().skip(skip).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str) -> Type {
        Type { name: name.to_owned(), kind: 'b', ..Type::default() }
    }

    #[test]
    fn values_differ_by_number_and_fit() {
        for name in ["int4", "text", "uuid", "timestamptz", "inet", "jsonb", "bytea", "macaddr"] {
            assert_ne!(value(&of(name), 1, 0), value(&of(name), 2, 0), "{name}");
        }
        let short = Type { length: Some(2), ..of("varchar") };
        assert_eq!(value(&short, 12, 0), "12");
        let bits = Type { length: Some(4), ..of("bit") };
        assert_eq!(value(&bits, 5, 0), "0101");
    }

    #[test]
    fn values_of_values() {
        let array = Type { element: Some(Box::new(of("text"))), ..of("_text") };
        assert_eq!(value(&array, 1, 0), "{\"text 1\"}");
        let range = Type { kind: 'r', element: Some(Box::new(of("int4"))), ..of("int4range") };
        assert_eq!(value(&range, 1, 0), "[\"12\",\"16\")");
        let composite = Type { kind: 'c', fields: vec![of("int4"), array], ..of("pair") };
        assert_eq!(value(&composite, 1, 0), "(\"2\",\"{\\\"text 1\\\"}\")");
        let colour = Type { kind: 'e', labels: vec!["red".to_owned(), "blue".to_owned()], ..of("colour") };
        assert_eq!((value(&colour, 0, 0), value(&colour, 3, 0)), ("red".to_owned(), "blue".to_owned()));
    }
}
