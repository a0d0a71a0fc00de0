//! A simulated server: the protocol's rules about order, errors and COPY, with a toy language in place of SQL.
//!
//! `echo X` returns a row with X, `rows N` so many rows, `fail` fails, `set N V` sets, `show N` returns what is set,
//! `copy in` and `copy out` copy, `begin`, `commit` and `rollback` do what they say. Anything else succeeds.

use std::collections::HashMap;

use super::world::message;
use crate::shard::frame;

#[derive(Default)]
pub struct Backend {
    held: Vec<u8>,
    statements: HashMap<String, String>,
    portal: Option<String>,
    pub settings: HashMap<String, String>,
    /// What ran, in order.
    pub ran: Vec<String>,
    in_transaction: bool,
    /// Settings when the transaction began.
    before: HashMap<String, String>,
    has_failed: bool,
    is_skipping: bool,
    /// Reading the data of a COPY that was begun by Query (true) or Execute.
    copying: Option<bool>,
    copied: Vec<u8>,
    out: Vec<u8>,
}

impl Backend {
    pub fn hear(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.held.extend_from_slice(bytes);
        let held = std::mem::take(&mut self.held);
        let mut rest = held.as_slice();
        while let Some(head) = frame::client_head(rest).expect("the relay sends well-formed messages") {
            if rest.len() < head.bytes {
                break;
            }
            self.message(head.tag, &rest[5..head.bytes]);
            rest = &rest[head.bytes..];
        }
        self.held = rest.to_vec();
        std::mem::take(&mut self.out)
    }

    /// Statements that it holds.
    pub fn held_statements(&self) -> usize {
        self.statements.keys().filter(|name| !name.is_empty()).count()
    }

    fn say(&mut self, tag: u8, body: &[u8]) {
        frame::write(&mut self.out, tag, &[body]);
    }

    fn fail(&mut self, code: &str, what: &str) {
        self.out.extend(message(
            b'E',
            &[b"SERROR\0VERROR\0C", code.as_bytes(), b"\0M", what.as_bytes(), b"\0\0"],
        ));
        self.has_failed |= self.in_transaction;
    }

    fn ready(&mut self) {
        let status: &[u8] = match (self.in_transaction, self.has_failed) {
            (false, _) => b"I",
            (true, false) => b"T",
            (true, true) => b"E",
        };
        self.say(b'Z', status);
    }

    fn message(&mut self, tag: u8, body: &[u8]) {
        if let Some(is_simple) = self.copying {
            return self.copy_data(tag, body, is_simple);
        }
        if self.is_skipping && tag != b'S' {
            return;
        }
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
        match tag {
            b'Q' => {
                self.statements.remove("");
                let sql = text(body.strip_suffix(b"\0").expect("a text"));
                let ran = sql
                    .split(';')
                    .filter(|part| !part.is_empty())
                    .try_for_each(|part| self.run(part.trim(), true));
                if ran == Err(Some(())) {
                    return;
                }
                self.ready();
            }
            b'S' => {
                self.is_skipping = false;
                self.portal = None;
                self.ready();
            }
            b'P' | b'B' | b'D' | b'E' | b'C' => {
                if let Err((code, what)) = self.extended(tag, body) {
                    self.fail(code, &what);
                    self.is_skipping = true;
                }
            }
            _ => {}
        }
    }

    fn extended(&mut self, tag: u8, body: &[u8]) -> Result<(), (&'static str, String)> {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
        match tag {
            b'P' => {
                let (name, rest) = frame::text(body).expect("a name");
                let (sql, _) = frame::text(rest).expect("a text");
                let (name, sql) = (text(name), text(sql));
                if sql.starts_with("bad") || sql.starts_with("refused") {
                    return Err(("42601", format!("syntax error in {sql}")));
                }
                if !name.is_empty() && self.statements.contains_key(&name) {
                    return Err(("42P05", format!("{name} exists")));
                }
                self.statements.insert(name, sql);
                self.say(b'1', b"");
            }
            b'B' => {
                let (_, rest) = frame::text(body).expect("a portal");
                let (name, _) = frame::text(rest).expect("a name");
                let name = text(name);
                let Some(sql) = self.statements.get(&name) else {
                    return Err(("26000", "no such statement".to_owned()));
                };
                self.portal = Some(sql.clone());
                self.say(b'2', b"");
            }
            b'D' => {
                if let Some(rest) = body.strip_prefix(b"S") {
                    let (name, _) = frame::text(rest).expect("a name");
                    if !self.statements.contains_key(&text(name)) {
                        return Err(("26000", "no such statement".to_owned()));
                    }
                    self.say(b't', b"\0\0");
                }
                self.say(b'n', b"");
            }
            b'E' => {
                let Some(sql) = self.portal.clone() else {
                    return Err(("34000", "no such portal".to_owned()));
                };
                if self.run(&sql, false) == Err(None) {
                    self.is_skipping = true;
                }
            }
            _ => {
                if let Some(rest) = body.strip_prefix(b"S") {
                    let (name, _) = frame::text(rest).expect("a name");
                    self.statements.remove(&text(name));
                }
                self.say(b'3', b"");
            }
        }
        Ok(())
    }

    fn row(&mut self, value: &str) {
        let length = (value.len() as u32).to_be_bytes();
        self.out.extend(message(b'D', &[&[0, 1], &length, value.as_bytes()]));
    }

    /// `Err(None)`: it failed. `Err(Some)`: it waits for data.
    fn run(&mut self, sql: &str, is_simple: bool) -> Result<(), Option<()>> {
        self.ran.push(sql.to_owned());
        let words: Vec<&str> = sql.split(' ').collect();
        if self.has_failed && !matches!(words[0], "rollback" | "commit") {
            self.fail("25P02", "current transaction is aborted");
            return Err(None);
        }
        let mut tag = words[0].to_uppercase();
        match *words {
            ["echo", what] => self.row(what),
            ["rows", count] => (0..count.parse().expect("a number")).for_each(|_| self.row("x")),
            ["fail" | "bad" | "refused", ..] => {
                self.fail("22012", sql);
                return Err(None);
            }
            ["set", name, value] => {
                self.settings.insert(name.to_owned(), value.to_owned());
                if name == "TimeZone" {
                    self.out.extend(message(b'S', &[name.as_bytes(), b"\0", value.as_bytes(), b"\0"]));
                }
            }
            ["SET", name, "TO", value] => {
                if value == "'wrong'" {
                    self.fail("22023", "invalid value");
                    return Err(None);
                }
                let value = value.trim_matches('\'').to_owned();
                self.settings.insert(name.replace('"', ""), value);
            }
            ["RESET", name] => {
                self.settings.remove(&name.replace('"', ""));
            }
            ["show", name] => {
                let value = self.settings.get(name).cloned().unwrap_or_default();
                self.row(&value);
            }
            ["DISCARD", "ALL"] => {
                self.settings.clear();
                self.statements.clear();
                tag = "DISCARD ALL".to_owned();
            }
            ["begin", ..] => {
                self.in_transaction = true;
                self.before = self.settings.clone();
            }
            ["commit" | "rollback"] => {
                if self.has_failed {
                    tag = "ROLLBACK".to_owned();
                }
                if self.in_transaction && tag == "ROLLBACK" {
                    self.settings = self.before.clone();
                }
                self.in_transaction = false;
                self.has_failed = false;
            }
            ["copy", "in"] => {
                self.say(b'G', b"\0\0\0");
                self.copying = Some(is_simple);
                return Err(Some(()));
            }
            ["copy", "out"] => {
                self.say(b'H', b"\0\0\0");
                self.say(b'd', b"one\n");
                self.say(b'c', b"");
            }
            _ => {}
        }
        self.say(b'C', format!("{tag}\0").as_bytes());
        Ok(())
    }

    fn copy_data(&mut self, tag: u8, body: &[u8], is_simple: bool) {
        match tag {
            b'd' => self.copied.extend_from_slice(body),
            b'H' | b'S' => {}
            b'c' => {
                self.copying = None;
                let copied = std::mem::take(&mut self.copied);
                self.ran.push(format!("copied {}", copied.len()));
                self.say(b'C', b"COPY\0");
                if is_simple {
                    self.ready();
                }
            }
            _ => {
                self.copying = None;
                self.copied.clear();
                self.fail("57014", "COPY failed");
                if is_simple {
                    self.ready();
                } else {
                    self.is_skipping = true;
                }
            }
        }
    }
}
