//! How the lines of a COPY are written.

use pg_query::NodeEnum;
use pg_query::protobuf::Node;

use crate::ast;
use crate::refuse::Refuse;

/// The form of the lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Text,
    Csv,
}

/// What the lines mean.
#[derive(Clone, Debug)]
pub(super) struct Options {
    pub format: Format,
    pub delimiter: u8,
    pub null: String,
    /// The first line names the columns.
    pub header: bool,
    pub quote: u8,
    pub escape: u8,
}

impl Options {
    /// Reads the options of the statement.
    pub fn read(nodes: &[Node]) -> Result<Self, Refuse> {
        let given: Vec<(&str, String)> = nodes
            .iter()
            .filter_map(|n| match n.node.as_ref()? {
                NodeEnum::DefElem(d) => Some((
                    d.defname.as_str(),
                    ast::option_text(d.arg.as_deref()).unwrap_or_else(|| "true".to_owned()),
                )),
                _ => None,
            })
            .collect();
        let csv = given.iter().any(|(name, value)| *name == "format" && value == "csv");
        let mut found = Self {
            format: if csv { Format::Csv } else { Format::Text },
            delimiter: if csv { b',' } else { b'\t' },
            null: if csv { String::new() } else { "\\N".to_owned() },
            header: false,
            quote: b'"',
            escape: b'"',
        };
        let mut escape = None;
        for (name, value) in given {
            match name {
                "format" if matches!(value.as_str(), "csv" | "text") => {}
                "delimiter" => found.delimiter = one_byte(name, &value)?,
                "null" => found.null = value,
                "header" => found.header = !matches!(value.as_str(), "false" | "off" | "0"),
                "quote" => found.quote = one_byte(name, &value)?,
                "escape" => escape = Some(one_byte(name, &value)?),
                "freeze" => {}
                "encoding" if matches!(value.to_ascii_lowercase().as_str(), "utf8" | "utf-8") => {}
                _ => {
                    return Err(Refuse::all(
                        format!("the option {name} of COPY is not carried"),
                        "take it out and write the lines as the table is to have them",
                    ));
                }
            }
        }
        found.escape = escape.unwrap_or(found.quote);
        Ok(found)
    }
}

fn one_byte(name: &str, value: &str) -> Result<u8, Refuse> {
    match value.as_bytes() {
        [byte] => Ok(*byte),
        _ => Err(Refuse::all(
            format!("the {name} of COPY must be one character of one byte"),
            "choose another",
        )),
    }
}
