//! One file: its statements one after the other, and what is refused of them.

mod carried;

use std::collections::BTreeMap;

use crate::catalog::Catalog;
use crate::model::{Options, Scope, Statement};
use crate::refuse::{Refusal, Refuse, ShapeError};
use crate::script;
use crate::source::{self, Data, Piece, Remark};
use crate::statement::{self, FileState, Resolve, Waiting, Work};
use crate::text;

use super::blame::named_in;
use super::{AskShadow, ShadowAnswer, ShadowQuestion};
use carried::Carried;

/// Carries a file.
pub(super) struct Carrier<'a, 'f> {
    options: &'a Options,
    /// What there was before the file.
    before: &'a Catalog,
    ask: Option<&'a mut AskShadow<'f>>,
    /// What the shadow has said, by line and question.
    answers: BTreeMap<(usize, String), ShadowAnswer>,
    /// Why the shadow could not be asked.
    failed: Option<ShapeError>,
}

/// How far a file has come.
#[derive(Clone, Debug)]
struct Progress {
    catalog: Catalog,
    state: FileState,
    statements: Vec<Statement>,
    /// Behind each of them.
    waiting: Vec<Waiting>,
}

impl<'a, 'f> Carrier<'a, 'f> {
    pub fn new(options: &'a Options, before: &'a Catalog, ask: Option<&'a mut AskShadow<'f>>) -> Self {
        Self { options, before, ask, answers: BTreeMap::new(), failed: None }
    }

    /// The statements of a file with what there is after them.
    pub fn file(mut self, file: &str, text: &str) -> Result<(Catalog, Vec<Statement>), ShapeError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let script = script::read(text);
        let pieces = source::split(file, text, &script)?;
        let start = Progress {
            catalog: self.before.clone(),
            state: FileState { connects: script.connects.clone(), ..FileState::default() },
            statements: Vec::with_capacity(pieces.len()),
            waiting: Vec::new(),
        };
        let mut now = start.clone();
        for i in 0..pieces.len() {
            match self.piece(file, &pieces, i, &mut now)? {
                Ok(()) => {}
                Err(refuse) => return Err(self.refusals(file, &pieces, (start, i, refuse))),
            }
        }
        if let Some(last) = pieces.last() {
            let end = self.end(file, last, &mut now);
            now.statements.extend(end);
        }
        statement::fire_between_turns(&mut now.statements, &now.waiting);
        Ok((now.catalog, now.statements))
    }

    /// What a file leaves to be done behind its last statement.
    fn end(&self, file: &str, last: &Piece<'_>, now: &mut Progress) -> Option<Statement> {
        // What a psql of its own would have given back by ending.
        let rows = now.statements.iter().flat_map(|s| &s.shared).any(|e| e.scope == Scope::Tenant);
        let unlocks = now.catalog.session_locks && rows;
        let mut work = Work {
            options: self.options,
            catalog: &mut now.catalog,
            state: &mut now.state,
            plain: String::new(),
            shared: String::new(),
            data: None,
            later: &[],
            notes: Vec::new(),
            shadow: None,
            retired: Vec::new(),
            resolve: None,
        };
        let output = statement::end(&mut work, unlocks)?;
        Some(Statement {
            file: file.to_owned(),
            line: last.line,
            column: last.column,
            shared: output.shared,
            plain: output.plain,
            retired: work.retired,
            notes: work.notes,
            ..Statement::default()
        })
    }

    /// Every refusal of a file that has one, at statement `first`. What that one did to the catalog is undone by
    /// going through the file again; from there on each statement works on a copy.
    fn refusals(
        &mut self,
        file: &str,
        pieces: &[Piece<'_>],
        (mut now, first, refuse): (Progress, usize, Refuse),
    ) -> ShapeError {
        for i in 0..first {
            if !matches!(self.piece(file, pieces, i, &mut now), Ok(Ok(()))) {
                break;
            }
        }
        let mut refusals = vec![refusal(file, &pieces[first], refuse)];
        let mut refused: Vec<&Piece<'_>> = vec![&pieces[first]];
        for (i, piece) in pieces.iter().enumerate().skip(first + 1) {
            let mut next = now.clone();
            match self.piece(file, pieces, i, &mut next) {
                Ok(Ok(())) => now = next,
                // What a refused statement would have made is unknown through no fault of this one.
                Ok(Err(refuse)) if refuse.unknown.as_ref().is_some_and(|what| named_in(what, &refused)) => {
                    refused.push(piece);
                }
                Ok(Err(refuse)) => {
                    refusals.push(refusal(file, piece, refuse));
                    refused.push(piece);
                }
                Err(e) => return e,
            }
        }
        ShapeError::Refused(refusals)
    }

    /// One statement; the inner error refuses it, the outer one ends everything.
    fn piece(
        &mut self,
        file: &str,
        pieces: &[Piece<'_>],
        i: usize,
        now: &mut Progress,
    ) -> Result<Result<(), Refuse>, ShapeError> {
        let piece = &pieces[i];
        let mut statement = Statement {
            file: file.to_owned(),
            line: piece.line,
            column: piece.column,
            source: piece.text.to_owned(),
            ..Statement::default()
        };
        match &piece.remark {
            Some(Remark::Refused(refuse)) => return Ok(Err(refuse.clone())),
            Some(Remark::Note(note)) => {
                statement.notes.push(note.clone());
                now.statements.push(statement);
                now.waiting.push(Waiting::default());
                return Ok(Ok(()));
            }
            None => {}
        }
        let later = pieces.get(i + 1..).unwrap_or_default();
        let carried = self.carry((file, piece), later, now);
        if let Some(failed) = self.failed.take() {
            return Err(failed);
        }
        Ok(carried.map(|carried| {
            statement.shared = carried.output.shared;
            statement.plain = carried.output.plain;
            statement.retired = carried.retired;
            statement.notes = carried.notes;
            statement.shadow = carried.shadow;
            now.statements.push(statement);
            now.waiting.push(statement::waiting(&now.catalog, &now.state));
        }))
    }

    fn carry(
        &mut self,
        (file, piece): (&str, &Piece<'_>),
        later: &[Piece<'_>],
        now: &mut Progress,
    ) -> Result<Carried, Refuse> {
        let mut all = Carried::default();
        for table in statement::missing_bookkeeping(piece.text, &now.catalog) {
            let (made, _) = self.text(&table, (None, &[]), now)?;
            all.output.add(made.output);
            all.notes.push("it names the table of a migration tool, which is made here, empty".to_owned());
        }
        let (carried, resolve) = self.text(piece.text, (piece.data, later), now)?;
        all.add(carried);
        match resolve {
            Some(Resolve::Guarded(sql)) => {
                let before = (now.catalog.clone(), now.state.clone());
                match self.text(&sql, (None, later), now) {
                    Ok((carried, _)) => all.add(carried),
                    Err(refuse) if refuse.duplicate => {
                        (now.catalog, now.state) = before;
                        all.notes.push(format!("the block has nothing to do: {}", refuse.reason));
                    }
                    Err(refuse) => return Err(refuse),
                }
            }
            Some(Resolve::Instead(sql)) => {
                let (carried, resolve) = self.text(&sql, (None, later), now)?;
                if resolve.is_some() {
                    return Err(Refuse::all(
                        "a prepared statement that makes definitions is not carried",
                        "write the statement out",
                    ));
                }
                all.add(carried);
            }
            Some(Resolve::Shadow(probe)) => {
                let answer = self.ask((file, piece.line), &probe, &now.statements)?;
                let mut noted = 0;
                for text in &answer.texts {
                    let (carried, definitions) = self.noted(text, later, now)?;
                    all.add(carried);
                    noted += definitions;
                }
                if answer.definitions > noted {
                    return Err(Refuse::all(
                        "it makes definitions by way of a function that does not tell them",
                        "write them as statements of the migration",
                    ));
                }
                if answer.unknown {
                    let open =
                        "what the block defines shows when it is tried on a server, and is not told here";
                    all.notes.push(open.to_owned());
                } else if all.output.shared.is_empty() && all.retired.is_empty() {
                    all.notes.push("the block has nothing to do".to_owned());
                }
            }
            None => {}
        }
        all.finish(&now.state)?;
        Ok(all)
    }

    /// One statement by its text.
    fn text(
        &mut self,
        text: &str,
        (data, later): (Option<Data<'_>>, &[Piece<'_>]),
        now: &mut Progress,
    ) -> Result<(Carried, Option<Resolve>), Refuse> {
        statement::check_function(&mut now.catalog, text)?;
        let plain = text::plain(text, &now.catalog, self.options)?;
        let shared = text::shared(&plain, &now.catalog, self.options)?;
        now.catalog.session_locks |= text::outlasts_transactions(&plain);
        now.catalog.bodies_defer |= text::defers_in_body(&plain)?;
        let mut work = Work {
            options: self.options,
            catalog: &mut now.catalog,
            state: &mut now.state,
            plain,
            shared,
            data,
            later,
            notes: Vec::new(),
            shadow: None,
            retired: Vec::new(),
            resolve: None,
        };
        let mut output =
            statement::carry(&mut work).map_err(|refuse| statement::explain(work.catalog, refuse))?;
        output.shared.extend(statement::functions_again(&mut work));
        let (notes, shadow, retired, resolve) = (work.notes, work.shadow, work.retired, work.resolve);
        now.state.runs |= output.shared.iter().chain(&output.plain).any(|e| e.transactional);
        Ok((Carried { output, notes, shadow, retired }, resolve))
    }

    /// Statements that a block ran on the shadow, carried as if they stood in the file; how many define something.
    fn noted(
        &mut self,
        text: &str,
        later: &[Piece<'_>],
        now: &mut Progress,
    ) -> Result<(Carried, usize), Refuse> {
        let head: String = text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(120).collect();
        let within =
            |refuse: Refuse| Refuse { reason: format!("the block runs {head}: {}", refuse.reason), ..refuse };
        let parsed = pg_query::parse(text, 0).map_err(|e| {
            within(Refuse::all(crate::tokens::message(&e), "correct the text that it puts together"))
        })?;
        let (mut all, mut definitions) = (Carried::default(), 0);
        for raw in &parsed.protobuf.stmts {
            let from = usize::try_from(raw.stmt_location).unwrap_or_default();
            let length = usize::try_from(raw.stmt_len).unwrap_or_default();
            let to = if length == 0 { text.len() } else { from + length };
            let one = text.get(from..to).unwrap_or_default().trim();
            let (carried, resolve) = self.text(one, (None, later), now).map_err(within)?;
            if resolve.is_some() {
                return Err(within(Refuse::all(
                    "a block inside of a block is not carried",
                    "write the inner one as a statement of the migration",
                )));
            }
            all.add(carried);
            definitions += usize::from(raw.stmt.as_ref().is_some_and(|s| !is_data(s)));
        }
        Ok((all, definitions))
    }

    /// The definitions that a block makes, told by a shadow.
    fn ask(
        &mut self,
        (file, line): (&str, usize),
        probe: &str,
        before: &[Statement],
    ) -> Result<ShadowAnswer, Refuse> {
        let key = (line, probe.to_owned());
        if let Some(known) = self.answers.get(&key) {
            return Ok(known.clone());
        }
        let Some(ask) = self.ask.as_deref_mut() else {
            return Err(Refuse::all(
                "which definitions the block makes shows only when it runs, and there is no server to run it on",
                "write its statements out; CREATE ... IF NOT EXISTS and ALTER ... IF EXISTS need no block",
            ));
        };
        match ask(ShadowQuestion { file, line, before, probe }) {
            Ok(answer) => {
                self.answers.insert(key, answer.clone());
                Ok(answer)
            }
            Err(e) => {
                let message = e.sentence();
                self.failed =
                    Some(ShapeError::Shadow { file: file.to_owned(), line, code: e.code(), message });
                Err(Refuse::all("the shadow could not be asked", "try again"))
            }
        }
    }
}

/// Whether a statement defines nothing: those that the server reports to event triggers are all others.
fn is_data(stmt: &pg_query::protobuf::Node) -> bool {
    use pg_query::NodeEnum as N;
    match &stmt.node {
        Some(N::SelectStmt(s)) => s.into_clause.is_none(),
        Some(
            N::InsertStmt(_) | N::UpdateStmt(_) | N::DeleteStmt(_) | N::MergeStmt(_) | N::TruncateStmt(_),
        ) => true,
        _ => false,
    }
}

fn refusal(file: &str, piece: &Piece<'_>, refuse: Refuse) -> Refusal {
    let (line, column) = refuse.place.unwrap_or((piece.line, piece.column));
    Refusal {
        file: file.to_owned(),
        line,
        column,
        shape: refuse.shape,
        reason: refuse.reason,
        remedy: refuse.remedy,
    }
}
