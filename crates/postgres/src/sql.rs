//! The one place where dynamic SQL is put together.
//!
//! Texts stand in `.sql` files with psql's variables: `:"name"` becomes a quoted identifier, `:'name'` a quoted
//! literal, `:name` the raw text of a [`Value::Raw`]. Everything else passes untouched; a variable without a value
//! is a defect of Tenantry and fails loudly.

use std::collections::HashMap;

use tenantry_domain::{Error, ErrorCode, Result};

use crate::ident::{quote_ident, quote_literal};

/// What a variable stands for.
#[derive(Clone, Debug)]
pub enum Value {
    /// Text: quoted as the template asks.
    Text(String),
    /// SQL that this crate wrote itself, put in as it is.
    Raw(String),
}

/// The values of a template's variables.
#[derive(Clone, Debug, Default)]
pub struct Values(HashMap<&'static str, Value>);

impl Values {
    /// Adds a text.
    #[must_use]
    pub fn text(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.0.insert(name, Value::Text(value.into()));
        self
    }

    /// The text of this name.
    pub fn get(&self, name: &str) -> Option<&str> {
        match self.0.get(name)? {
            Value::Text(text) => Some(text),
            Value::Raw(_) => None,
        }
    }

    /// Adds SQL that this crate wrote itself.
    #[must_use]
    pub fn raw(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.0.insert(name, Value::Raw(value.into()));
        self
    }
}

/// Puts the values into a template.
///
/// # Errors
/// `internal` when the template names a variable that has no value, or quotes raw SQL.
pub fn render(template: &str, values: &Values) -> Result<String> {
    let mut out = String::with_capacity(template.len() + 256);
    let mut rest = template;
    while let Some(at) = rest.find(':') {
        let (before, from_colon) = rest.split_at(at);
        out.push_str(before);
        let (consumed, text) = variable(from_colon, values)?;
        out.push_str(&text);
        rest = &from_colon[consumed..];
    }
    out.push_str(rest);
    Ok(out)
}

/// Reads what starts with a colon: how many bytes, and what to write for them.
fn variable(text: &str, values: &Values) -> Result<(usize, String)> {
    let after = &text[1..];
    if after.starts_with(':') {
        return Ok((2, "::".to_owned()));
    }
    let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''));
    let name_from = quote.map_or(0, |_| 1);
    let name: &str = {
        let tail = &after[name_from..];
        let end = tail.find(|c: char| !c.is_ascii_lowercase() && c != '_').unwrap_or(tail.len());
        &tail[..end]
    };
    let closed = quote.is_none_or(|q| after[name_from + name.len()..].starts_with(q));
    if name.is_empty() || !closed {
        return Ok((1, ":".to_owned()));
    }
    let value = values.0.get(name);
    let text = match (quote, value) {
        (Some('"'), Some(Value::Text(v))) => quote_ident(v),
        (Some('\''), Some(Value::Text(v))) => quote_literal(v),
        (None, Some(Value::Raw(v))) => v.clone(),
        // `a[1:n]` and the like: a bare word that is nobody's variable stays.
        (None, None) => format!(":{name}"),
        _ => {
            return Err(Error::new(
                ErrorCode::Internal,
                format!("SQL template: no value fits variable {name}"),
            ));
        }
    };
    let consumed = 1 + name.len() + if quote.is_some() { 2 } else { 0 };
    Ok((consumed, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(template: &str, expect: &str) {
        let values = Values::default().text("name", "o'Hara \"x\"").raw("kind", "uuid");
        assert_eq!(render(template, &values).unwrap(), expect);
    }

    #[test]
    fn variables_are_quoted_as_the_template_asks() {
        check(r#"GRANT :"name" = :'name' :kind"#, r#"GRANT "o'Hara ""x""" = 'o''Hara "x"' uuid"#);
        check("'a'::text || x[1:n] :=", "'a'::text || x[1:n] :=");
    }

    #[test]
    fn a_missing_value_is_loud() {
        assert!(render(r#":"nobody""#, &Values::default()).is_err());
        assert!(render(":'kind'", &Values::default().raw("kind", "x")).is_err());
    }
}
