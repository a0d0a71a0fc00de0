//! Between the shaping of a history, which is synchronous, and the shadow, which is not: a channel, and the checksum of
//! what stands before a block.

use sha2::{Digest, Sha256};
use tenantry_domain::{Error, ErrorCode, Result};
use tenantry_registry::shadows::KeptAnswer;
use tenantry_shape::{ShadowAnswer, ShadowQuestion, Statement};
use tokio::sync::{mpsc, oneshot};

/// What is asked of the shadow.
pub(crate) enum Question {
    /// Is the answer known?
    Known { checksum: String, reply: oneshot::Sender<Result<Option<KeptAnswer>>> },
    /// Run these statements, then try the block.
    Try {
        checksum: String,
        statements: Vec<Statement>,
        probe: String,
        reply: oneshot::Sender<Result<KeptAnswer>>,
    },
}

/// Where questions arrive.
pub(crate) struct Questions(mpsc::Receiver<Question>);

impl Questions {
    /// The next one; none: nobody asks any more.
    pub async fn next(&mut self) -> Option<Question> {
        self.0.recv().await
    }
}

/// Asks, from a thread that may wait.
pub(crate) struct Asker {
    sender: mpsc::Sender<Question>,
    /// Of the statements up to `summed`.
    sum: Sha256,
    summed: usize,
    /// How many statements the shadow has run.
    replayed: usize,
}

/// A channel for questions.
pub(crate) fn channel(version: &str) -> (Asker, Questions) {
    let (sender, receiver) = mpsc::channel(1);
    let sum = Sha256::new_with_prefix(version.as_bytes());
    (Asker { sender, sum, summed: 0, replayed: 0 }, Questions(receiver))
}

impl Asker {
    /// Asks what a block does behind these statements, those of earlier files among them.
    pub fn ask(&mut self, earlier: &[&Statement], question: ShadowQuestion<'_>) -> Result<ShadowAnswer> {
        let all: Vec<&Statement> = earlier.iter().copied().chain(question.before).collect();
        for statement in all.get(self.summed..).unwrap_or_default() {
            for emitted in statement.plain.iter().chain(&statement.shadow) {
                self.sum.update(emitted.sql.len().to_le_bytes());
                self.sum.update(emitted.sql.as_bytes());
            }
        }
        self.summed = all.len();
        let mut sum = self.sum.clone();
        sum.update(question.probe.as_bytes());
        let checksum: String = sum.finalize().iter().map(|b| format!("{b:02x}")).collect();
        let known = self.send(|reply| Question::Known { checksum: checksum.clone(), reply })?;
        let kept = match known {
            Some(kept) => kept,
            None => {
                let new = all.get(self.replayed..).unwrap_or_default();
                let statements = new.iter().map(|s| (*s).clone()).collect();
                self.replayed = all.len();
                let probe = question.probe.to_owned();
                self.send(|reply| Question::Try { checksum, statements, probe, reply })?
            }
        };
        Ok(ShadowAnswer { texts: kept.texts, definitions: kept.definitions })
    }

    fn send<T>(&self, question: impl FnOnce(oneshot::Sender<Result<T>>) -> Question) -> Result<T> {
        let gone = || Error::new(ErrorCode::Internal, "the shadow does not answer");
        let (reply, answer) = oneshot::channel();
        self.sender.blocking_send(question(reply)).map_err(|_| gone())?;
        answer.blocking_recv().map_err(|_| gone())?
    }
}
