//! Whether a shape has the objects of the plain run: pure.

use std::collections::{BTreeMap, BTreeSet};

use super::snapshot::Snapshot;

/// What may differ in a shape.
#[derive(Clone, Debug)]
pub struct Shape {
    /// The schema, whose name may stand in front of names.
    pub schema: String,
    /// Schemas of the plain run, all of which the tenant's one schema stands for.
    pub plain: Vec<String>,
    /// The tenant column of shared tables.
    pub tenant_column: Option<String>,
}

/// An object that is not what it is in the plain run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Kind and name.
    pub object: String,
    /// The name alone.
    pub name: String,
    /// What the plain run has, normalised.
    pub plain: Option<String>,
    /// What the shape has, normalised.
    pub shaped: Option<String>,
}

impl Difference {
    /// One sentence.
    pub fn sentence(&self) -> String {
        match (&self.plain, &self.shaped) {
            (Some(_), None) => format!("{} is missing", self.object),
            (None, Some(shaped)) => format!("{} is too many: {shaped}", self.object),
            (plain, shaped) => format!(
                "{} differs: plain [{}], here [{}]",
                self.object,
                plain.as_deref().unwrap_or_default(),
                shaped.as_deref().unwrap_or_default()
            ),
        }
    }
}

/// What differs, by kind and name. Additions that the documentation names are left out.
pub fn compare(plain: &Snapshot, shaped: &Snapshot, shape: &Shape) -> Vec<Difference> {
    let none = Shape { tenant_column: None, ..shape.clone() };
    let filled: BTreeSet<&str> =
        plain.keys().filter(|(kind, _)| kind == "matview").map(|(_, name)| name.as_str()).collect();
    let filled = shape.tenant_column.as_ref().map(|_| &filled);
    let refreshing: BTreeSet<String> = plain
        .iter()
        .filter(|((kind, _), text)| kind == "body of function" && refreshes(text))
        .map(|((_, name), _)| normalise(name, &none))
        .collect();
    let plain = keyed(plain, &none, filled);
    let ours = keyed(shaped, shape, filled);
    let mut differences = Vec::new();
    for (key, expected) in &plain {
        let got = ours.get(key);
        let by_the_owner = || got.is_some_and(|got| is_by_the_owner(&key.0, expected, got));
        if got != Some(expected) && !(refreshing.contains(&key.1) && by_the_owner()) {
            differences.push(difference(key, Some(expected), got));
        }
    }
    for (key, got) in &ours {
        if !plain.contains_key(key) && !is_addition(&key.0, &key.1) {
            differences.push(difference(key, None, Some(got)));
        }
    }
    differences
}

fn refreshes(body: &str) -> bool {
    body.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ").contains("refresh materialized view")
}

/// Whether a function that refreshes a materialized view differs only in who refreshes it.
fn is_by_the_owner(kind: &str, plain: &str, ours: &str) -> bool {
    match kind {
        "function" => plain == ours.replacen(" definer", "", 1),
        "body of function" => ["tenantry_refresh_", "tenantry_empty_"].iter().any(|name| ours.contains(name)),
        _ => false,
    }
}

fn difference(key: &(String, String), plain: Option<&String>, shaped: Option<&String>) -> Difference {
    let name = key.1.replace(" . ", ".");
    Difference { object: format!("{} {name}", key.0), name, plain: plain.cloned(), shaped: shaped.cloned() }
}

type Keyed = BTreeMap<(String, String), String>;

/// `filled`: in the shared shape, the materialized views.
fn keyed(snapshot: &Snapshot, shape: &Shape, filled: Option<&BTreeSet<&str>>) -> Keyed {
    let mut keyed = Keyed::new();
    let is_shared = filled.is_some();
    let is_filled = |name: &str| filled.is_some_and(|f| f.contains(name.split('.').next().unwrap_or(name)));
    for ((kind, name), definition) in snapshot {
        let (kind, definition) = match kind.as_str() {
            "body of function" | "query of matview" if is_shared => continue,
            // A materialized view is a table there.
            "matview" | "table" if is_filled(name) => ("matview", String::new()),
            "column" if is_filled(name) => {
                let numbered = definition.strip_prefix("number ").and_then(|d| d.split_once(' '));
                ("column", normalise(numbered.map_or(definition.as_str(), |(_, rest)| rest), shape))
            }
            // The sequence behind an identity column only yields a sentinel there.
            "sequence" if is_shared && definition.starts_with("identity") => {
                let owner = definition.split_once("owned by").map_or("", |(_, owner)| owner);
                ("sequence", normalise(owner, shape))
            }
            // What a foreign key sets ON UPDATE a trigger sets there.
            "constraint" if is_shared && definition.starts_with("foreign key") => {
                let rests = [" on update n ", " on update d "]
                    .iter()
                    .fold(definition.clone(), |text, sets| text.replace(sets, " on update a "));
                ("constraint", normalise(&rests, shape))
            }
            "body of function" => ("body of function", notifies(&normalise(definition, shape))),
            kind => (kind, normalise(definition, shape)),
        };
        keyed.insert((kind.to_owned(), normalise(name, shape)), definition);
    }
    keyed
}

/// Names and definitions without the schema and without the tenant column; counters and channels under the server's names.
fn normalise(text: &str, shape: &Shape) -> String {
    let mut words = words(text);
    let fixed = [shape.schema.as_str(), "public", "extensions", "global"];
    for schema in fixed.into_iter().chain(shape.plain.iter().map(String::as_str)) {
        words = without_schema(words, schema);
    }
    let mut words = servers_names(words);
    if let Some(column) = &shape.tenant_column {
        words = without_column(words, column);
    }
    words.join(" ")
}

/// Names, numbers, strings and signs.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c.is_whitespace() {
            continue;
        }
        let mut word = String::from(c);
        if c == '"' || c == '\'' {
            for next in chars.by_ref() {
                word.push(next);
                if next == c {
                    break;
                }
            }
            // A name needs its quotes only to be read.
            if c == '"' {
                word = word.trim_matches('"').to_owned();
            } else if word.len() > 2 && word.contains('.') {
                word = word.replace("public.", "");
            }
        } else if is_part(c) {
            while let Some(next) = chars.next_if(|n| is_part(*n)) {
                word.push(next);
            }
        }
        words.push(word);
    }
    words
}

fn is_part(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

fn without_schema(words: Vec<String>, schema: &str) -> Vec<String> {
    let mut left: Vec<String> = Vec::with_capacity(words.len());
    let mut words = words.into_iter().peekable();
    while let Some(word) = words.next() {
        if word == schema && words.peek().is_some_and(|next| next == ".") {
            words.next();
        } else if word.starts_with('\'') {
            left.push(word.replace(&format!("{schema}."), "").replace(&format!("\"{schema}\"."), ""));
        } else {
            left.push(word);
        }
    }
    left
}

/// `tenantry.next_value` is `nextval` with a counter for each tenant, `tenantry.notify` is `pg_notify` with channels for each.
fn servers_names(words: Vec<String>) -> Vec<String> {
    let words = without_schema(words, "tenantry");
    let names = [
        ("next_value", "nextval"),
        ("current_value", "currval"),
        ("set_value", "setval"),
        ("notify", "pg_notify"),
    ];
    let server = |word: String| match names.iter().find(|(ours, _)| *ours == word) {
        Some((_, theirs)) => (*theirs).to_owned(),
        None if word.starts_with("advisory_") || word.starts_with("try_advisory_") => format!("pg_{word}"),
        None => word,
    };
    words.into_iter().map(server).collect()
}

/// NOTIFY in a body as the call that stands for it.
fn notifies(body: &str) -> String {
    let call = if body.to_lowercase().split(' ').any(|w| w == "begin") { "PERFORM" } else { "SELECT" };
    let mut left: Vec<String> = Vec::new();
    let mut words = body.split(' ').peekable();
    while let Some(word) = words.next() {
        let begins = left
            .last()
            .is_none_or(|w| [";", "begin", "then", "else", "loop"].contains(&w.to_lowercase().as_str()));
        let Some(channel) = words.next_if(|_| begins && word.eq_ignore_ascii_case("notify")) else {
            left.push(word.to_owned());
            continue;
        };
        let payload = words.next_if_eq(&",").and_then(|_| words.next()).unwrap_or("''");
        let channel = ident(channel);
        left.push(format!("{call} pg_notify ( '{channel}' , {payload} )"));
    }
    left.join(" ")
}

/// A name as the server folds it.
fn ident(written: &str) -> String {
    written
        .strip_prefix('"')
        .and_then(|w| w.strip_suffix('"'))
        .map_or_else(|| written.to_lowercase(), str::to_owned)
}

/// Takes a column out of lists, with the comma that it needs, an alias before and `WITH =` behind it.
fn without_column(words: Vec<String>, column: &str) -> Vec<String> {
    let mut left: Vec<String> = Vec::with_capacity(words.len());
    let mut at = 0;
    while at < words.len() {
        if words[at] != column {
            left.push(words[at].clone());
            at += 1;
            continue;
        }
        at += 1;
        if left.last().is_some_and(|w| w == ".") {
            left.truncate(left.len() - 2);
        }
        if words.get(at).is_some_and(|w| w == "WITH") && words.get(at + 1).is_some_and(|w| w == "=") {
            at += 2;
        }
        if words.get(at).is_some_and(|w| w == ",") {
            at += 1;
        } else if left.last().is_some_and(|w| w == ",") {
            left.pop();
        }
    }
    left
}

/// Additions that the documentation names: what has the product's name in its own, extensions that keys need.
fn is_addition(kind: &str, name: &str) -> bool {
    name.contains("tenantry") || kind == "extension" || kind.starts_with("query of")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shared() -> Shape {
        Shape { schema: "shared".to_owned(), plain: Vec::new(), tenant_column: Some("tenant_id".to_owned()) }
    }

    fn of(objects: &[(&str, &str, &str)]) -> Snapshot {
        objects.iter().map(|(k, n, d)| (((*k).to_owned(), (*n).to_owned()), (*d).to_owned())).collect()
    }

    fn sentences(plain: &[(&str, &str, &str)], shaped: &[(&str, &str, &str)]) -> Vec<String> {
        compare(&of(plain), &of(shaped), &shared()).iter().map(Difference::sentence).collect()
    }

    #[test]
    fn a_notification_is_the_call_that_stands_for_it() {
        let of = |body| of(&[("body of function", "f()", body)]);
        let schema = Shape { tenant_column: None, ..shared() };
        let plain = of("BEGIN NOTIFY Jobs; NOTIFY jobs, 'one'; RETURN NULL; END");
        let ours = of(
            "BEGIN PERFORM tenantry.notify('jobs', ''); PERFORM tenantry.notify('jobs', 'one'); RETURN NULL; END",
        );
        assert!(compare(&plain, &ours, &schema).is_empty(), "{:?}", compare(&plain, &ours, &schema));
        assert_eq!(compare(&plain, &of("BEGIN RETURN NULL; END"), &schema).len(), 1);
    }

    #[test]
    fn who_refreshes_is_no_difference() {
        let body = ("body of function", "f()", "BEGIN REFRESH MATERIALIZED\n VIEW mv; RETURN NULL; END");
        let plain = [("function", "f()", "f plpgsql v u arguments returns trigger"), body];
        let ours = [("function", "f()", "f plpgsql v u definer arguments returns trigger"), body];
        assert_eq!(sentences(&plain, &ours), [""; 0]);
        let helped =
            [plain[0], ("body of function", "f()", "BEGIN PERFORM tenantry_refresh_mv(); RETURN NULL; END")];
        let schema = Shape { tenant_column: None, ..shared() };
        assert!(compare(&of(&plain), &of(&helped), &schema).is_empty());
        let other = [
            ("function", "f()", "f plpgsql v u definer arguments returns trigger"),
            ("body of function", "f()", "NULL"),
        ];
        assert_eq!(compare(&of(&[other[1], plain[0]]), &of(&other), &schema).len(), 1, "it does not refresh");
    }

    #[test]
    fn what_the_shared_shape_adds_is_no_difference() {
        let plain = [
            ("index", "t_key", "CREATE UNIQUE INDEX t_key ON t USING btree (a, lower(b)) WHERE a > 1"),
            ("constraint", "t.x", "EXCLUDE USING gist (during WITH &&)"),
            ("column", "t.id", "number 1 integer not null default nextval('t_id_seq'::regclass)"),
            ("query of view", "v", "SELECT a, count(*) AS count FROM t GROUP BY t.a"),
        ];
        let ours = [
            (
                "index",
                "t_key",
                "CREATE UNIQUE INDEX t_key ON shared.t USING btree (tenant_id, a, lower(b)) WHERE a > 1",
            ),
            ("index", "u_tenantry_idx", "CREATE INDEX u_tenantry_idx ON u USING btree (tenant_id)"),
            ("constraint", "t.x", "EXCLUDE USING gist (tenant_id WITH =, during WITH &&)"),
            (
                "column",
                "t.id",
                "number 1 integer not null default tenantry.next_value('shared.t_id_seq'::regclass)",
            ),
            ("query of view", "v", "SELECT a, count(*) AS count FROM t GROUP BY t.a, t.tenant_id"),
        ];
        assert_eq!(sentences(&plain, &ours), Vec::<String>::new());
    }

    #[test]
    fn differences_are_told() {
        let plain = [("table", "t", "r"), ("column", "t.a", "number 1 integer")];
        let ours = [("column", "t.a", "number 1 bigint"), ("index", "i", "CREATE INDEX i ON t (a)")];
        assert_eq!(
            sentences(&plain, &ours),
            [
                "column t.a differs: plain [number 1 integer], here [number 1 bigint]",
                "table t is missing",
                "index i is too many: CREATE INDEX i ON t ( a )",
            ]
        );
    }

    #[test]
    fn a_materialized_view_is_a_table_in_the_shared_shape() {
        let plain =
            [("matview", "m", "m p"), ("column", "m.n", "bigint"), ("query of matview", "m", "SELECT 1")];
        let ours = [
            ("table", "m", "r p"),
            ("column", "m.n", "number 1 bigint"),
            ("view", "tenantry_query_m", "v p"),
        ];
        assert_eq!(sentences(&plain, &ours), Vec::<String>::new());
        assert_eq!(sentences(&plain, &ours[1..]), ["matview m is missing"]);
    }

    #[test]
    fn notifications_go_through_the_products_function() {
        let of = |name: &str| of(&[("body of function", "f()", &format!("PERFORM {name}('jobs', '')"))]);
        let schema = Shape { schema: "tenant_1".to_owned(), plain: Vec::new(), tenant_column: None };
        assert_eq!(compare(&of("pg_notify"), &of("tenantry.notify"), &schema), []);
        assert_eq!(compare(&of("pg_notify"), &of("other"), &schema).len(), 1);
    }

    #[test]
    fn bodies_may_differ_in_the_shared_shape_alone() {
        let plain = of(&[("body of function", "f()", "SELECT 1")]);
        let ours = of(&[("body of function", "f()", "SELECT 2")]);
        assert_eq!(compare(&plain, &ours, &shared()), []);
        let schema = Shape { schema: "tenant_1".to_owned(), plain: Vec::new(), tenant_column: None };
        assert_eq!(compare(&plain, &ours, &schema).len(), 1);
    }
}
