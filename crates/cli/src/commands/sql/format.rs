//! Rows of many tenants as a table, as CSV (RFC 4180) or as JSON, the tenant in the first column.

use serde_json::{Map, Number, Value};
use tenantry_domain::{Error, ErrorCode, Result};
use tenantry_lifecycle::fanout::{Answer, Column};

use crate::output::{Table, print};

/// The name of the first column.
const TENANT: &str = "tenant";

/// The form of the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Table,
    /// For spreadsheets.
    Csv,
    /// For programs: an array of objects.
    Json,
}

impl Format {
    /// What was typed; without anything the text form, or JSON under `--json`.
    ///
    /// # Errors
    /// `usage`.
    pub fn parse(typed: Option<&str>, json: bool) -> Result<Self> {
        let refused = |what: String| {
            Err(Error::new(ErrorCode::Usage, what).help("use --format table, --format csv or --format json"))
        };
        match typed {
            None if json => Ok(Format::Json),
            None | Some("table") => Ok(Format::Table),
            Some("csv") => Ok(Format::Csv),
            Some("json") => Ok(Format::Json),
            Some("parquet") => refused("this version of Tenantry does not write parquet yet".to_owned()),
            Some(other) => refused(format!("there is no format {other:?}")),
        }
    }
}

/// Writes the parts of the answer as they come; a table waits for the last, since it is aligned.
pub struct Writer {
    format: Format,
    table: Option<Table>,
    rows: usize,
    begun: bool,
    /// The last object of JSON: whether a comma follows shows later.
    held: Option<String>,
}

impl Writer {
    /// In this form.
    pub fn new(format: Format) -> Self {
        Self { format, table: None, rows: 0, begun: false, held: None }
    }

    /// One tenant's rows.
    ///
    /// # Errors
    /// `io`; `usage` for JSON with two columns of one name.
    pub fn part(&mut self, tenant: &str, answer: Answer) -> Result<()> {
        let first = !std::mem::replace(&mut self.begun, true);
        let rows = answer.rows.len();
        match self.format {
            Format::Table => {
                let names: Vec<&str> =
                    [TENANT].into_iter().chain(answer.columns.iter().map(|c| c.name.as_str())).collect();
                let table = self.table.get_or_insert_with(|| Table::new(&names));
                for row in answer.rows {
                    let cells = row.into_iter().map(Option::unwrap_or_default);
                    table.push([tenant.to_owned()].into_iter().chain(cells).collect());
                }
            }
            Format::Csv => {
                let mut text = String::new();
                if first {
                    let names = answer.columns.iter().map(|c| Some(c.name.as_str()));
                    csv_line(&mut text, [Some(TENANT)].into_iter().chain(names));
                }
                for row in &answer.rows {
                    csv_line(&mut text, [Some(tenant)].into_iter().chain(row.iter().map(Option::as_deref)));
                }
                print(&text)?;
            }
            Format::Json => {
                if first {
                    distinct(&answer.columns)?;
                    print("[")?;
                }
                let mut text = String::new();
                for row in answer.rows {
                    if let Some(before) = self.held.replace(object(tenant, &answer.columns, row).to_string())
                    {
                        text.push_str(&before);
                        text.push_str(",\n");
                    }
                }
                print(&text)?;
            }
        }
        self.rows += rows;
        Ok(())
    }

    /// Ends the output.
    ///
    /// # Errors
    /// `io`.
    pub fn finish(self) -> Result<()> {
        match self.format {
            Format::Table => {
                let Some(table) = self.table else { return Ok(()) };
                let rows = self.rows;
                let count = if rows == 1 { "(1 row)".to_owned() } else { format!("({rows} rows)") };
                print(&format!("{}\n{count}", table.render()))
            }
            Format::Csv => Ok(()),
            Format::Json if self.begun => {
                print(&self.held.unwrap_or_default())?;
                print("]")
            }
            Format::Json => print("[]"),
        }
    }
}

/// A null is an empty field, an empty text a quoted one.
fn csv_line<'a>(text: &mut String, fields: impl Iterator<Item = Option<&'a str>>) {
    for (i, field) in fields.enumerate() {
        if i > 0 {
            text.push(',');
        }
        match field {
            None => {}
            Some(field) if field.is_empty() || field.contains(['"', ',', '\n', '\r']) => {
                text.push('"');
                for c in field.chars() {
                    // A quote within quotes is written twice.
                    text.extend(std::iter::repeat_n(c, if c == '"' { 2 } else { 1 }));
                }
                text.push('"');
            }
            Some(field) => text.push_str(field),
        }
    }
    text.push_str("\r\n");
}

/// Objects can't hold two values of one name.
fn distinct(columns: &[Column]) -> Result<()> {
    let mut names = vec![TENANT];
    for column in columns {
        if names.contains(&column.name.as_str()) {
            return Err(Error::new(ErrorCode::Usage, format!("two columns have the name {:?}", column.name))
                .help("give one of them another name with AS; the first column is always named tenant"));
        }
        names.push(&column.name);
    }
    Ok(())
}

fn object(tenant: &str, columns: &[Column], row: Vec<Option<String>>) -> Value {
    let mut object = Map::new();
    object.insert(TENANT.to_owned(), Value::from(tenant));
    for (column, value) in columns.iter().zip(row) {
        object.insert(column.name.clone(), value.map_or(Value::Null, |text| typed(&column.type_name, text)));
    }
    Value::Object(object)
}

/// Booleans, numbers that JSON holds exactly, and JSON itself as such; everything else as the server's text.
fn typed(type_name: &str, text: String) -> Value {
    match type_name {
        "bool" => Value::Bool(text == "t"),
        "int2" | "int4" | "int8" => text.parse::<i64>().map_or(Value::String(text), Value::from),
        "float4" | "float8" => {
            text.parse().ok().and_then(Number::from_f64).map_or(Value::String(text), Value::Number)
        }
        "json" | "jsonb" => serde_json::from_str(&text).unwrap_or(Value::String(text)),
        _ => Value::String(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv_quotes_what_needs_it_and_tells_null_from_empty() {
        let mut text = String::new();
        csv_line(&mut text, [Some("a"), None, Some(""), Some("x,\"y\""), Some("two\nlines")].into_iter());
        assert_eq!(text, "a,,\"\",\"x,\"\"y\"\"\",\"two\nlines\"\r\n");
    }

    #[test]
    fn json_has_types() {
        for (type_name, text, json) in [
            ("int8", "9007199254740993", "9007199254740993"),
            ("numeric", "12.50", "\"12.50\""),
            ("float8", "NaN", "\"NaN\""),
            ("float8", "0.5", "0.5"),
            ("bool", "t", "true"),
            ("jsonb", "{\"a\": [1]}", "{\"a\":[1]}"),
            ("text", "t", "\"t\""),
        ] {
            assert_eq!(typed(type_name, text.to_owned()).to_string(), json, "{type_name}");
        }
    }
}
