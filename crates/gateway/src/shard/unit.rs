//! The first things that a client asks at once, looked at before it gets a server: may a replica do them?

use tenantry_domain::app::Reads;

use super::decide::{Decide, Statement};
use super::frame::{self, HEADER_BYTES};
use super::settings::SettingsTable;
use super::statements::Statements;
use super::talk::ClientTalk;
use crate::profile::Profile;
use crate::reads::{Class, Unit, Verdict};

/// What stands in the way of looking.
struct Cut;

/// What is needed to look.
pub(super) struct Look<'a> {
    pub profile: &'a Profile,
    pub mode: Reads,
    pub client: &'a ClientTalk,
    pub statements: &'a Statements,
    pub settings: &'a SettingsTable,
    pub decide: &'a mut dyn Decide,
    pub statement_bytes_max: usize,
}

impl Look<'_> {
    /// Who may do what stands in the input, from a client without a server.
    pub(super) fn verdict(mut self, input: &[u8]) -> Verdict {
        let session = self.settings.transactions(self.client.settings);
        if self.client.rest.bytes > 0 || session.is_serializable {
            return Verdict::Primary;
        }
        let mut unit = Unit::new(self.mode, session.is_read_only);
        let is_whole = self.messages(input, &mut unit);
        unit.verdict(is_whole.unwrap_or(false))
    }

    /// Goes over what is asked at once; true: all of it is there.
    fn messages(&mut self, input: &[u8], unit: &mut Unit) -> Result<bool, Cut> {
        // The statements that were prepared just now, which the client's names don't stand for yet.
        let (mut unnamed, mut named) = (None, None);
        let mut at = 0;
        while let Ok(Some(head)) = frame::client_head(&input[at..]) {
            let message = input.get(at..at + head.bytes).ok_or(Cut)?;
            let body = message.get(HEADER_BYTES..).ok_or(Cut)?;
            match head.tag {
                b'Q' => {
                    let text = body.strip_suffix(b"\0").ok_or(Cut)?;
                    unit.add(self.class(text));
                    return Ok(true);
                }
                b'P' => {
                    let (name, rest) = frame::text(body).ok_or(Cut)?;
                    let class = self.class(frame::text(rest).ok_or(Cut)?.0);
                    // Nothing runs yet; but what is prepared is wanted.
                    unit.add(class);
                    *(if name.is_empty() { &mut unnamed } else { &mut named }) = Some((name, class));
                }
                b'B' => {
                    let (_, rest) = frame::text(body).ok_or(Cut)?;
                    let (name, _) = frame::text(rest).ok_or(Cut)?;
                    let new = [unnamed, named].into_iter().flatten().any(|(known, _)| known == name);
                    if !new {
                        unit.add(self.known(name));
                    }
                }
                b'D' | b'C' | b'E' | b'H' => {}
                b'S' => return Ok(true),
                _ => unit.add(Class::Unknown),
            }
            if unit.is_decided() {
                return Ok(false);
            }
            at += head.bytes;
        }
        Ok(false)
    }

    fn class(&mut self, text: &[u8]) -> Class {
        if text.len() + HEADER_BYTES + 1 > self.statement_bytes_max {
            return Class::Unknown;
        }
        self.decide.reading(Statement { profile: self.profile, text, is_whole: true }).class
    }

    /// What a statement is that was prepared earlier.
    fn known(&self, name: &[u8]) -> Class {
        let id = self.client.names.get(self.statements.key(name));
        let effects = id.and_then(|id| self.statements.effects(id));
        effects.map_or(Class::Unknown, |effects| effects.reading.class)
    }
}
