//! Where a text names its own schema, a mark takes the name's place, so that the text can be compared with
//! that of another schema and rendered for a new one.
//!
//! PostgreSQL prints names without the schema where the search path finds them; a schema in front is left in
//! the bodies of functions, which are text, in their `SET search_path`, and before a function that is hidden
//! by one of `pg_catalog`. An alias that happens to be called like the schema is no schema: what follows
//! the dot decides.

use std::collections::HashSet;

use crate::ident::inside_literal;

use tenantry_domain::{Error, ErrorCode, Result};

use super::kind::ObjectKind;
use super::part::{Column, Part};
use super::tokens::{Token, tokens};

/// Stands for the schema as an identifier.
const IDENTIFIER: char = '\u{1a}';
/// Stands for the schema as an identifier inside a string.
const IN_STRING: char = '\u{1b}';

/// Which of the names before a dot are the schema.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rule {
    /// Printed by the server: it names the schema only where it must.
    Printed,
    /// A list of names alone, printed by the server.
    Names,
    /// Written by people.
    Body,
}

/// Puts marks into the texts of one schema.
pub(super) struct Marker<'a> {
    schema: &'a str,
    names: HashSet<String>,
    hidden: HashSet<String>,
}

/// The text as people read it in a catalog.
pub(super) fn shown(text: &str) -> String {
    text.replace([IDENTIFIER, IN_STRING], "<schema>")
}

/// The text for this schema, given in double quotes.
pub(crate) fn rendered(text: &str, quoted_schema: &str) -> String {
    text.replace(IDENTIFIER, quoted_schema).replace(IN_STRING, &inside_literal(quoted_schema))
}

/// Whether the text names the schema anywhere.
pub(crate) fn is_marked(text: &str) -> bool {
    text.contains([IDENTIFIER, IN_STRING])
}

impl<'a> Marker<'a> {
    /// `names`: all objects of the schema; `hidden`: those that the server prints with the schema.
    pub(super) fn new(schema: &'a str, names: HashSet<String>, hidden: HashSet<String>) -> Self {
        Self { schema, names, hidden }
    }

    pub(super) fn part(&self, part: &mut Part) -> Result<()> {
        let rule = match part.kind {
            ObjectKind::Aggregate | ObjectKind::Range | ObjectKind::TextSearchConfiguration => Rule::Names,
            _ => Rule::Printed,
        };
        let what = format!("{} {}", part.kind, part.name);
        for text in part.texts() {
            *text = self.marked(text, rule, &what)?;
        }
        Ok(())
    }

    pub(super) fn column(&self, column: &mut Column) -> Result<()> {
        let what = format!("column {}.{}", column.table, column.name);
        if let Some(text) = &mut column.expression {
            *text = self.marked(text, Rule::Printed, &what)?;
        }
        Ok(())
    }

    fn marked(&self, text: &str, rule: Rule, what: &str) -> Result<String> {
        if is_marked(text) {
            let message = format!("{what} holds the control character SUB or ESC");
            return Err(
                Error::new(ErrorCode::ShapeRefused, message).help("write it as an escape in a string")
            );
        }
        // Most texts do not hold the name at all; quotes within it may be doubled.
        let stem = self.schema.split(['"', '\'']).next().unwrap_or_default();
        if !text.to_lowercase().contains(&stem.to_lowercase()) {
            return Ok(text.to_owned());
        }
        let all = tokens(text);
        let text = Text { all: &all, lists: search_path_items(&all) };
        let alias = rule == Rule::Body && (0..all.len()).any(|i| text.is_bare(i, self.schema));
        let mut out = String::new();
        for (i, token) in all.iter().enumerate() {
            if text.lists.contains(&i) && self.is_schema(*token) {
                out.push(IDENTIFIER);
                continue;
            }
            match *token {
                Token::Word(_) | Token::Quoted(_) if self.names_schema(&text, i, rule, alias) => {
                    out.push(IDENTIFIER);
                }
                Token::Literal(raw) => match self.name_in_string(*token) {
                    Some(name) if rule == Rule::Body || text.cast_to_reference(i) == Some(Cast::Bound) => {
                        out.push('\'');
                        out.push(IN_STRING);
                        out.push_str(&name);
                        out.push('\'');
                    }
                    Some(_) if text.cast_to_reference(i) == Some(Cast::Late) => {
                        let message = format!("{what} names its schema in a string: {raw}");
                        return Err(Error::new(ErrorCode::ShapeRefused, message)
                            .help("leave the schema away, as in nextval('numbers')"));
                    }
                    _ => out.push_str(raw),
                },
                Token::Dollar(quote, body) if rule == Rule::Printed => {
                    out.push_str(quote);
                    out.push_str(&self.marked(body, Rule::Body, what)?);
                    out.push_str(quote);
                }
                Token::Dollar(quote, body) => out.extend([quote, body, quote]),
                Token::Word(raw) | Token::Quoted(raw) | Token::Space(raw) | Token::Symbol(raw) => {
                    out.push_str(raw)
                }
            }
        }
        Ok(out)
    }

    fn is_schema(&self, token: Token<'_>) -> bool {
        token.identifier().or_else(|| token.literal()).is_some_and(|name| name == self.schema)
    }

    /// Whether token `i` is the schema before a dot.
    fn names_schema(&self, text: &Text<'_>, i: usize, rule: Rule, alias: bool) -> bool {
        if text.all[i].identifier().is_none_or(|name| name != self.schema) || text.after_dot(i) {
            return false;
        }
        let Some(dot) = text.following(i).filter(|d| text.all[*d] == Token::Symbol(".")) else {
            return false;
        };
        let Some(name) = text.following(dot).and_then(|n| text.all[n].identifier()) else { return false };
        match rule {
            Rule::Printed => self.hidden.contains(&name),
            Rule::Names => true,
            Rule::Body => !alias || self.names.contains(&name),
        }
    }

    /// Of a string that is nothing but the schema, a dot and an object of it: the dot and the rest.
    fn name_in_string(&self, token: Token<'_>) -> Option<String> {
        let content = token.literal()?;
        let inner = tokens(&content);
        match inner.as_slice() {
            [schema, Token::Symbol("."), name @ (Token::Word(raw) | Token::Quoted(raw))] => {
                let known = name.identifier().is_some_and(|n| self.names.contains(&n));
                let own = schema.identifier().is_some_and(|s| s == self.schema);
                (known && own).then(|| format!(".{}", inside_literal(raw)))
            }
            _ => None,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Cast {
    /// `'...'::regclass`: the server holds an oid and prints its name.
    Bound,
    /// `('...'::text)::regclass`: the server holds text.
    Late,
}

struct Text<'t> {
    all: &'t [Token<'t>],
    /// Positions of the items of `search_path` lists.
    lists: HashSet<usize>,
}

impl Text<'_> {
    fn following(&self, i: usize) -> Option<usize> {
        (i + 1..self.all.len()).find(|j| !matches!(self.all[*j], Token::Space(_)))
    }

    fn after_dot(&self, i: usize) -> bool {
        let before = self.all[..i].iter().rev().find(|t| !matches!(t, Token::Space(_)));
        before == Some(&Token::Symbol("."))
    }

    /// Whether token `i` is this name without a dot on either side: an alias, a variable, a table.
    fn is_bare(&self, i: usize, name: &str) -> bool {
        self.all[i].identifier().is_some_and(|n| n == name)
            && !self.lists.contains(&i)
            && !self.after_dot(i)
            && self.following(i).is_none_or(|next| self.all[next] != Token::Symbol("."))
    }

    /// What kind of catalog reference the string at `i` is cast to, if to any.
    fn cast_to_reference(&self, i: usize) -> Option<Cast> {
        let mut rest = self.all[i + 1..].iter().filter(|t| !matches!(t, Token::Space(_)));
        let colon = Some(&Token::Symbol(":"));
        let is_reference = |t: Option<&Token<'_>>| matches!(t, Some(Token::Word(w)) if w.starts_with("reg"));
        if rest.next() != colon || rest.next() != colon {
            return None;
        }
        let first = rest.next();
        if is_reference(first) {
            return Some(Cast::Bound);
        }
        if !first.is_some_and(|t| t.is_word("text")) || rest.next() != Some(&Token::Symbol(")")) {
            return None;
        }
        (rest.next() == colon && rest.next() == colon && is_reference(rest.next())).then_some(Cast::Late)
    }
}

/// The positions of the items in every `search_path = a, 'b'` and `search_path TO a, 'b'`.
fn search_path_items(all: &[Token<'_>]) -> HashSet<usize> {
    let solid: Vec<usize> = (0..all.len()).filter(|i| !matches!(all[*i], Token::Space(_))).collect();
    let mut items = HashSet::new();
    for start in 0..solid.len() {
        let Some(&[word, sign, ..]) = solid.get(start..) else { break };
        let assigns = all[sign].is_word("to") || all[sign] == Token::Symbol("=");
        if !all[word].is_word("search_path") || !assigns {
            continue;
        }
        for pair in solid[start + 2..].chunks(2) {
            if !matches!(all[pair[0]], Token::Word(_) | Token::Quoted(_) | Token::Literal(_)) {
                break;
            }
            items.insert(pair[0]);
            if pair.get(1).is_none_or(|comma| all[*comma] != Token::Symbol(",")) {
                break;
            }
        }
    }
    items
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn marked(text: &str) -> Result<String> {
        let names = ["orders", "numbers", "lower"].map(String::from).into();
        let hidden = ["lower"].map(String::from).into();
        let text = Marker::new("template", names, hidden).marked(text, Rule::Printed, "function f()")?;
        Ok(shown(&text))
    }

    fn body(text: &str, expect: &str) {
        let quote = |t: &str| format!("AS $function${t}$function$");
        assert_eq!(marked(&quote(text)).unwrap(), quote(expect));
    }

    #[test]
    fn bodies_name_the_schema_before_a_dot() {
        body("SELECT * FROM template.orders", "SELECT * FROM <schema>.orders");
        body("SELECT \"template\" . later", "SELECT <schema> . later");
        body(
            "SELECT 'template', 'template.', 'a template.orders'",
            "SELECT 'template', 'template.', 'a template.orders'",
        );
        body("-- template.orders\n", "-- template.orders\n");
        body("SELECT nextval('template.numbers')", "SELECT nextval('<schema>.numbers')");
        body("x.template.orders", "x.template.orders");
        body("Template.orders, \"Template\".orders", "<schema>.orders, \"Template\".orders");
    }

    #[test]
    fn an_alias_is_no_schema() {
        body(
            "SELECT template.subject, template.orders FROM mails template",
            "SELECT template.subject, <schema>.orders FROM mails template",
        );
    }

    #[test]
    fn search_paths_name_the_schema() {
        let header =
            " SET search_path TO 'template', 'global'\nAS $f$ SET LOCAL search_path = a, template, b; $f$";
        let expect =
            " SET search_path TO <schema>, 'global'\nAS $f$ SET LOCAL search_path = a, <schema>, b; $f$";
        assert_eq!(marked(header).unwrap(), expect);
    }

    #[test]
    fn printed_texts_name_it_only_before_hidden_names() {
        assert_eq!(marked("template.lower(template.orders)").unwrap(), "<schema>.lower(template.orders)");
        assert_eq!(marked("'template.lower'::regproc").unwrap(), "'<schema>.lower'::regproc");
        assert_eq!(marked("'template.orders'::text").unwrap(), "'template.orders'::text");
        let late = marked("nextval(('template.numbers'::text)::regclass)").unwrap_err();
        assert_eq!(late.code(), ErrorCode::ShapeRefused);
        assert_eq!(marked("'\u{1a}'").unwrap_err().code(), ErrorCode::ShapeRefused);
    }
}
