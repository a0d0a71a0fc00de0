//! Query and FunctionCall.

use tenantry_domain::{Error, ErrorCode};
use tenantry_postgres::session::REFUSED;

use super::{Message, Up};
use crate::shard::fate::{Asked, Fate, To};
use crate::shard::frame::{self, Violation};
use crate::shard::out::Step;
use crate::shard::tenant::Counts;

/// Why statement pooling refuses BEGIN.
pub(super) fn no_transactions() -> Error {
    Error::new(ErrorCode::StatementRefused, "this login pools by statement and has no transactions")
        .help("connect to a service or with a role that pools by transaction")
}

impl Up<'_, '_> {
    pub(super) fn query(&mut self, message: Message<'_>) -> Result<Step, Violation> {
        if !self.is_enough(&message) {
            return Ok(Step::More);
        }
        let body = message.body();
        let text = match body.strip_suffix(b"\0") {
            Some(text) if message.is_whole() => text,
            None if message.is_whole() => return Err(message.violation()),
            _ => body,
        };
        let decided = self
            .decide(text, message.is_whole())
            .and_then(|decision| Ok((self.must_hear(decision.effects.course.as_deref())?, decision)));
        if let Ok((true, _)) = decided {
            return Ok(Step::More);
        }
        Counts::add(&self.counts.queries, 1);
        // In the simple protocol PostgreSQL drops the unnamed statement.
        self.client.has_unnamed = false;
        let decision = match decided {
            Ok((_, decision)) => decision,
            Err(error) => return Ok(self.refuse_query(message, &error)),
        };
        self.touch(&decision.effects);
        if !decision.names.is_empty() && !self.rules.keeps_server {
            return Ok(self.query_naming(message, text, decision));
        }
        let course = decision.effects.course;
        let moves = decision.moves.into_iter().collect();
        self.server.fates.push(Fate { course, moves, ..Fate::new(Asked::Query, To::Client) });
        match decision.text {
            Some(text) if message.is_whole() => {
                frame::write_query(self.out.before(message.at), &text);
                Ok(Step::Drop)
            }
            _ => Ok(Step::Pass),
        }
    }

    pub(super) fn function_call(&mut self, message: Message<'_>) -> Step {
        Counts::add(&self.counts.queries, 1);
        let decision = self.decide.function_call(self.rules.profile);
        if let Some(error) = &decision.refused {
            return self.refuse_query(message, error);
        }
        self.touch(&decision.effects);
        self.expect(Asked::Query)
    }

    /// The server gets what it can only refuse, and the client our reason for it: so the answer has its place in the
    /// pipeline, and an open transaction fails as it would for any other error.
    pub(super) fn refuse_query(&mut self, message: Message<'_>, error: &Error) -> Step {
        let instead = Some(frame::error_response(error));
        self.server.fates.push(Fate { instead, ..Fate::new(Asked::Query, To::Client) });
        frame::write_query(self.out.before(message.at), REFUSED.as_bytes());
        Step::Drop
    }
}
