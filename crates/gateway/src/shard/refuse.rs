//! Answers for a client that gets no server: an error for whatever it asks, in the protocol's order.

use super::frame::{self, Violation};
use super::out::Out;
use super::talk::{ClientTalk, IDLE};
use super::up::Walked;

/// Why a client gets no server, and how far it was told.
pub(super) struct Refusal {
    error: Box<[u8]>,
    /// It knows, and what follows up to Sync is skipped.
    is_told: bool,
    /// What it asked was answered to the end.
    pub is_done: bool,
}

impl Refusal {
    /// With this ErrorResponse.
    pub(super) fn new(error: Box<[u8]>) -> Self {
        Self { error, is_told: false, is_done: false }
    }

    /// Answers what stands in the input; nothing of it goes further.
    pub(super) fn walk(
        &mut self,
        talk: &mut ClientTalk,
        input: &[u8],
        answers: &mut Vec<u8>,
    ) -> Result<Walked, Violation> {
        let mut at = talk.rest.take(&mut Out::new(input, &mut Vec::new()));
        while let Some(head) = frame::client_head(&input[at..])? {
            match head.tag {
                b'Q' | b'F' => {
                    self.tell(answers);
                    self.end(answers);
                }
                b'P' | b'B' | b'D' | b'C' | b'E' => self.tell(answers),
                b'S' => self.end(answers),
                b'X' => return Ok(Walked { used: at, leaves: true }),
                _ => {}
            }
            let end = input.len().min(at + head.bytes);
            talk.rest.bytes = head.bytes - (end - at);
            talk.rest.is_dropped = talk.rest.bytes > 0;
            at = end;
        }
        Ok(Walked { used: at, leaves: false })
    }

    fn tell(&mut self, answers: &mut Vec<u8>) {
        if !self.is_told {
            answers.extend_from_slice(&self.error);
        }
        self.is_told = true;
        self.is_done = false;
    }

    fn end(&mut self, answers: &mut Vec<u8>) {
        frame::write_ready(answers, IDLE);
        self.is_told = false;
        self.is_done = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shard::settings::SettingsTable;

    fn check(input: &[u8], expect: &[u8], is_done: bool) {
        for cut in 0..=input.len() {
            let mut talk = ClientTalk::new(SettingsTable::BASE);
            let mut refusal = Refusal::new(b"!".as_slice().into());
            let mut answers = Vec::new();
            let first = refusal.walk(&mut talk, &input[..cut], &mut answers).unwrap();
            refusal.walk(&mut talk, &input[first.used..], &mut answers).unwrap();
            assert_eq!(answers.escape_ascii().to_string(), expect.escape_ascii().to_string(), "cut at {cut}");
            assert_eq!(refusal.is_done, is_done);
        }
    }

    #[test]
    fn every_question_has_its_answer() {
        const READY: &[u8] = b"Z\0\0\0\x05I";
        check(b"Q\0\0\0\x06x\0", &[b"!", READY].concat(), true);
        check(b"P\0\0\0\x08\0\0\0\0B\0\0\0\x04", b"!", false);
        check(b"P\0\0\0\x08\0\0\0\0S\0\0\0\x04Q\0\0\0\x05\0", &[b"!", READY, b"!", READY].concat(), true);
        check(b"S\0\0\0\x04", READY, true);
    }
}
