//! A hard-coded `public` becomes the schema that the statement runs in, and so does a schema of the app's own; what an
//! extension brings is found in the schema `extensions`, global tables in `global`.

use super::Scene;
use crate::model::{SCHEMA_PLACEHOLDER, SCHEMA_TEXT_PLACEHOLDER};
use crate::refuse::Refuse;
use crate::tokens::{Edits, Tokens};

/// Columns of the catalogs that hold the name of a schema.
const SCHEMA_COLUMNS: [&str; 7] = [
    "schemaname",
    "table_schema",
    "nspname",
    "schema_name",
    "constraint_schema",
    "sequence_schema",
    "routine_schema",
];

/// Functions whose first argument names a relation.
const TAKES_RELATION: [&str; 7] = [
    "nextval",
    "currval",
    "setval",
    "pg_get_serial_sequence",
    "to_regclass",
    "pg_relation_size",
    "pg_total_relation_size",
];

/// Replaces `public` wherever it means the schema.
pub(super) fn pass(tokens: &Tokens<'_>, scene: &Scene<'_>, edits: &mut Edits) -> Result<(), Refuse> {
    let dynamic = !scene.is_application && tokens.list.iter().any(|t| t.name == "execute" && !t.is_quoted);
    for i in 0..tokens.list.len() {
        if is_schema(scene, &tokens.list[i].name) && tokens.symbol(i + 1, '.') && !before(tokens, i, '.') {
            if !qualifies(tokens, i, scene)? {
                continue;
            }
            let schema = schema_of(scene, tokens.list.get(i + 2).map_or("", |t| t.name.as_str()));
            edits.replace(tokens.list[i].range.clone(), schema);
        } else if tokens.is(i, "search_path") {
            search_path(tokens, i, scene, edits);
        } else if tokens.list[i].is_string {
            string(tokens, i, scene, dynamic, edits)?;
        }
    }
    Ok(())
}

/// Whether the name is that of a schema which stands for the tenant's.
fn is_schema(scene: &Scene<'_>, name: &str) -> bool {
    name == "public" || scene.catalog.schemas.contains(name)
}

fn before(tokens: &Tokens<'_>, i: usize, symbol: char) -> bool {
    i > 0 && tokens.symbol(i - 1, symbol)
}

/// Where a name that the text qualifies with `public` lives.
fn schema_of<'s>(scene: &Scene<'_>, name: &str) -> &'s str {
    if scene.options.global_tables.contains(name)
        || scene.catalog.sequences.get(name).is_some_and(|s| s.global)
    {
        return "global";
    }
    let made_here = scene.catalog.tables.contains_key(name)
        || scene.catalog.functions.contains_key(name)
        || scene.catalog.types.contains_key(name);
    if !made_here && scene.catalog.extensions.iter().any(|e| brings(e, name)) {
        "extensions"
    } else {
        SCHEMA_PLACEHOLDER
    }
}

/// Whether a well-known extension brings a function, type or operator class of this name.
fn brings(extension: &str, name: &str) -> bool {
    let starts = |prefixes: &[&str]| prefixes.iter().any(|p| name.starts_with(p));
    match extension {
        "uuid-ossp" => starts(&["uuid_"]),
        "pgcrypto" => {
            starts(&["pgp_", "gen_random_", "digest", "hmac", "encrypt", "decrypt"])
                || matches!(name, "crypt" | "gen_salt" | "armor" | "dearmor")
        }
        "citext" => starts(&["citext"]),
        "hstore" => starts(&["hstore", "gin_hstore", "gist_hstore", "akeys", "avals", "skeys", "svals"]),
        "ltree" => starts(&["ltree", "lquery", "ltxtquery", "subpath", "nlevel", "subltree", "gist_ltree"]),
        "pg_trgm" => starts(&[
            "gin_trgm",
            "gist_trgm",
            "similarity",
            "word_similarity",
            "strict_word_",
            "show_trgm",
            "show_limit",
            "set_limit",
            "gtrgm",
        ]),
        "unaccent" => starts(&["unaccent"]),
        "vector" => starts(&["vector", "halfvec", "sparsevec", "l2_", "cosine_distance", "inner_product"]),
        "postgis" => starts(&["st_", "geometry", "geography", "box2d", "box3d", "postgis_", "gist_geometry"]),
        "btree_gin" | "btree_gist" => starts(&["gin_", "gist_"]),
        "tablefunc" => starts(&["crosstab", "connectby", "normal_rand"]),
        "fuzzystrmatch" => starts(&["levenshtein", "soundex", "metaphone", "dmetaphone", "difference"]),
        "intarray" => starts(&["gin__int", "gist__int", "intset", "idx", "sort"]),
        _ => false,
    }
}

/// Words that stand before the name of an object.
const BEFORE_OBJECT: [&str; 20] = [
    "from",
    "join",
    "table",
    "into",
    "update",
    "references",
    "view",
    "sequence",
    "index",
    "function",
    "procedure",
    "type",
    "only",
    "exists",
    "domain",
    "using",
    "on",
    "of",
    "execute",
    "to",
];

/// Whether the name at `i`, with a dot behind it, is the schema's and not a table's or an alias of the same name.
fn qualifies(tokens: &Tokens<'_>, i: usize, scene: &Scene<'_>) -> Result<bool, Refuse> {
    let name = tokens.list[i].name.as_str();
    let alias = (1..tokens.list.len())
        .any(|at| tokens.list[at].name == name && tokens.is(at - 1, "as") && !tokens.symbol(at + 1, '.'));
    if !alias && !scene.catalog.tables.contains_key(name) {
        return Ok(true);
    }
    if name == "public" {
        return Err(Refuse::all(
            "public stands for a schema and for a table or an alias in one statement",
            "give the table or the alias another name",
        ));
    }
    let object = tokens.list.get(i + 2).map_or("", |t| t.name.as_str());
    let known = scene.catalog.relation_taken(object, false) || scene.catalog.functions.contains_key(object);
    let placed = i > 0 && BEFORE_OBJECT.iter().any(|word| tokens.is(i - 1, word));
    Ok(known || placed || tokens.symbol(i + 3, '.') || tokens.symbol(i + 3, '('))
}

/// `SET search_path = a, public`: the schema, and what stands behind it on everybody's path. In a function the caller's
/// temporary tables come last, so that they stand in for nothing.
fn search_path(tokens: &Tokens<'_>, i: usize, scene: &Scene<'_>, edits: &mut Edits) {
    let set = i > 0 && (tokens.is(i - 1, "set") || tokens.is(i - 1, "local") || tokens.is(i - 1, "session"));
    if !set || !(tokens.is(i + 1, "to") || tokens.symbol(i + 1, '=')) {
        return;
    }
    let mut at = i + 2;
    let mut temporary = false;
    loop {
        temporary |= tokens.is(at, "pg_temp") || tokens.string_value(at).is_some_and(|v| v == "pg_temp");
        let ours = tokens.list.get(at).is_some_and(|t| is_schema(scene, &t.name))
            || tokens.string_value(at).is_some_and(|v| is_schema(scene, &v));
        if ours {
            edits.replace(tokens.list[at].range.clone(), format!("{SCHEMA_PLACEHOLDER}, global, extensions"));
        }
        if !tokens.symbol(at + 1, ',') {
            break;
        }
        at += 2;
    }
    let defines = tokens.is(0, "create") || tokens.is(0, "alter");
    if !defines || temporary || tokens.is(at, "default") {
        return;
    }
    if let Some(last) = tokens.list.get(at) {
        edits.insert(last.range.end, ", pg_temp");
    }
}

/// Whether the first argument of a function names an object: `unaccent('public.unaccent', ...)` a dictionary.
fn takes_name(scene: &Scene<'_>, function: &str) -> bool {
    TAKES_RELATION.contains(&function)
        || function == "unaccent" && scene.catalog.extensions.contains("unaccent")
}

fn string(
    tokens: &Tokens<'_>,
    i: usize,
    scene: &Scene<'_>,
    dynamic: bool,
    edits: &mut Edits,
) -> Result<(), Refuse> {
    let Some(value) = tokens.string_value(i) else { return Ok(()) };
    if !value.contains("public") && !scene.catalog.schemas.iter().any(|s| value.contains(s.as_str())) {
        return Ok(());
    }
    if is_schema(scene, &value) {
        return schema_name(tokens, i, &value, edits);
    }
    let cast_to_name = tokens.written(i + 1) == "::"
        && tokens.list.get(i + 2).is_some_and(|t| t.name.starts_with("reg") || t.name == "pg_catalog");
    let argument = i > 1 && before(tokens, i, '(') && takes_name(scene, &tokens.list[i - 2].name);
    if super::body(tokens) == Some(i) || !(cast_to_name || argument || dynamic) {
        return Ok(());
    }
    let Ok(inner) = Tokens::scan(&value) else { return Ok(()) };
    let mut inner_edits = Edits::default();
    pass(&inner, scene, &mut inner_edits)?;
    let changed = inner_edits.apply(&value);
    if changed != value {
        edits.replace(tokens.list[i].range.clone(), super::requote(tokens.written(i), &changed));
    }
    Ok(())
}

/// `table_schema = 'public'` asks for the schema by name; elsewhere it is the app's own word.
fn schema_name(tokens: &Tokens<'_>, i: usize, name: &str, edits: &mut Edits) -> Result<(), Refuse> {
    let is_column = |at: Option<usize>| {
        at.and_then(|at| tokens.list.get(at)).is_some_and(|t| SCHEMA_COLUMNS.contains(&t.name.as_str()))
    };
    if before(tokens, i, '=') && is_column(i.checked_sub(2))
        || tokens.symbol(i + 1, '=') && is_column(Some(i + 2))
    {
        edits.replace(tokens.list[i].range.clone(), format!("'{SCHEMA_TEXT_PLACEHOLDER}'"));
        return Ok(());
    }
    if tokens.list.iter().any(|t| SCHEMA_COLUMNS.contains(&t.name.as_str())) {
        return Err(Refuse::all(
            format!("the catalog is asked for the schema {name} in a way that is not understood"),
            format!("compare with = '{name}', or with current_schema()"),
        ));
    }
    Ok(())
}
