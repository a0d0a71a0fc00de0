//! A wave: tenants migrated side by side, so many at a time on each cluster.

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use tenantry_domain::{Error, ErrorCode, Result, TenantId};
use tenantry_jobs::line::halted;
use tenantry_jobs::{Run, failpoint};
use tenantry_postgres::error::db_error;
use tenantry_registry::{NewFailure, Registry};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::board::{Board, Turn};
use super::operation::KIND;
use super::order::Order;
use super::pace::Pace;
use super::safety::Safety;
use crate::apply::local::{Local, local_tenant, local_tenants};
use crate::apply::site::{Site, backoff, is_contention};
use crate::apply::tenant::{Desk, Stuck};
use crate::error::place;

const CHECK_FENCE: &str = include_str!("check_fence.sql");
/// Between two reports of how far a wave is.
const REPORT_PAUSE: Duration = Duration::from_millis(100);

/// A tenant of one site whose turn has come.
#[derive(Clone, Debug)]
pub(crate) struct Unit {
    /// The site's place among all.
    pub site: usize,
    pub tenant: Local,
}

/// How far the rollout is, as its workers count.
#[derive(Debug, Default)]
pub(crate) struct Count {
    pub done: AtomicU64,
    pub failed: AtomicU64,
}

/// What a wave works with.
pub(crate) struct Wave<'a> {
    pub registry: &'a Registry,
    pub run: &'a Run,
    pub order: &'a Order,
    pub sites: &'a [Site],
    /// Tenants of the whole rollout, and those of them that were done before this wave.
    pub tenants: u64,
    pub before: u64,
    /// Failures before this wave, in this rollout.
    pub failed_before: u64,
    /// The step of the job.
    pub step: &'a str,
    /// Whether one failure is enough to stop.
    pub is_canary: bool,
}

impl Wave<'_> {
    /// Migrates these tenants.
    ///
    /// # Errors
    /// `rollout_failed` when too many failed, `job_halted` when it was told to stop; what the servers say.
    pub async fn migrate(&self, units: Vec<Unit>) -> Result<()> {
        let count = Count::default();
        let mut by_cluster: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (number, unit) in units.iter().enumerate() {
            by_cluster.entry(self.sites[unit.site].cluster.as_str()).or_default().push(number);
        }
        let boards: Vec<Board> =
            by_cluster.values().map(|numbers| Board::new(numbers.iter().copied())).collect();
        let safeties = self.safeties(&units).await?;
        let doors = Mutex::new(());
        let crews = join_all(boards.iter().map(|board| {
            let workers = (0..self.order.parallel.max(1))
                .map(|_| self.worker(board, &boards, &units, (&safeties, &doors, &count)));
            join_all(workers)
        }));
        tokio::select! {
            _ = crews => {}
            () = self.watch(&boards, &count) => {}
        }
        let mut complete = true;
        for board in boards {
            complete &= board.end()?;
        }
        self.settle(&units).await?;
        let failures = self.failed_before + count.failed.load(Ordering::Relaxed);
        if self.is_too_many(failures, count.failed.load(Ordering::Relaxed)) {
            return Err(Error::new(
                ErrorCode::RolloutFailed,
                format!("{failures} tenants could not be brought along"),
            ));
        }
        if complete { Ok(()) } else { Err(halted(self.run.job)) }
    }

    fn is_too_many(&self, failures: u64, in_wave: u64) -> bool {
        (self.is_canary && in_wave > 0) || self.order.threshold.is_exceeded(failures, self.tenants)
    }

    /// Stops the boards when the job is told to stop, and tells how far they are; ends only with the wave.
    async fn watch(&self, boards: &[Board], count: &Count) {
        let report = async {
            loop {
                let again: usize = boards.iter().map(Board::waiting_again).sum();
                let failed = count.failed.load(Ordering::Relaxed);
                self.run.line.tell(json!({
                    "tenants": self.tenants,
                    "done": self.before + count.done.load(Ordering::Relaxed),
                    "failed": self.failed_before + failed,
                    "waiting": again,
                }));
                tokio::time::sleep(REPORT_PAUSE).await;
            }
        };
        let stop = async {
            self.run.line.halted().await;
            boards.iter().for_each(Board::stop);
            std::future::pending::<()>().await;
        };
        tokio::join!(report, stop);
    }

    /// Whose code may run in each data database: one query for each.
    async fn safeties(&self, units: &[Unit]) -> Result<Vec<Safety>> {
        let mut safeties = Vec::new();
        for (number, site) in self.sites.iter().enumerate() {
            safeties.push(if units.iter().any(|u| u.site == number) {
                let data = site.borrow_data().await?;
                Safety::read(&data, &site.layout, site.app.isolation.tenant_ddl).await?
            } else {
                Safety::default()
            });
        }
        Ok(safeties)
    }

    async fn worker(
        &self,
        board: &Board,
        boards: &[Board],
        units: &[Unit],
        (safeties, doors, count): (&[Safety], &Mutex<()>, &Count),
    ) {
        let mut desks: Vec<Desk<'_>> =
            self.sites.iter().zip(safeties).map(|(site, safety)| Desk::new(site, safety, doors)).collect();
        let message = self.sites.first().map_or(0, |site| site.app.limits.rollout_message_ms_max);
        let mut pace = Pace::new(Duration::from_millis(message));
        while let Some(turn) = board.next().await {
            let unit = &units[turn.unit];
            let (site, desk) = (&self.sites[unit.site], &mut desks[unit.site]);
            let mut turns = vec![turn];
            if turns[0].tries == 0 {
                let most = pace.next(board.waiting(), self.order.parallel);
                turns.extend(board.more(most - 1, |other| units[other].site == unit.site));
            }
            let tenants: Vec<&Local> = turns.iter().map(|t| &units[t.unit].tenant).collect();
            let begun = Instant::now();
            let together = if tenants.len() > 1 { desk.migrate_together(&tenants).await } else { Ok(false) };
            let done = matches!(together, Ok(true));
            for turn in &turns {
                let tenant = &units[turn.unit].tenant;
                let result = if done {
                    Ok(None)
                } else if together.is_ok() || board.may_begin(turn) {
                    // After an error of several nobody knows yet whose it was.
                    self.turn(site, desk, tenant, (turn, together.is_err())).await
                } else {
                    continue;
                };
                self.over((board, boards), (turn, units), result, count).await;
            }
            match together {
                Err(_) => pace.slow_down(),
                Ok(_) => pace.took(turns.len(), begun.elapsed()),
            }
        }
        desks.into_iter().for_each(Desk::leave);
    }

    /// What came of a turn.
    async fn over(
        &self,
        (board, boards): (&Board, &[Board]),
        (turn, units): (&Turn, &[Unit]),
        result: Result<Option<Duration>, Stuck>,
        count: &Count,
    ) {
        let unit = &units[turn.unit];
        match result {
            Ok(None) => {
                let done = count.done.fetch_add(1, Ordering::Relaxed) + 1;
                if usize::try_from(done).is_ok_and(|done| done * 2 == units.len()) {
                    failpoint::hit(KIND, self.step, "half").await;
                }
                board.done();
            }
            Ok(Some(pause)) => board.again(turn, pause),
            Err(stuck) if concerns_one_tenant(stuck.error.code()) => {
                let in_wave = count.failed.fetch_add(1, Ordering::Relaxed) + 1;
                if let Err(e) = self.note(&self.sites[unit.site], unit.tenant.id, &stuck).await {
                    board.break_off(e);
                }
                if self.is_too_many(self.failed_before + in_wave, in_wave) {
                    boards.iter().for_each(Board::stop);
                }
                board.done();
            }
            Err(stuck) => {
                board.break_off(stuck.error);
                boards.iter().for_each(Board::stop);
                board.done();
            }
        }
    }

    /// One try of one tenant, which may have had one before: done, to be tried again after a pause, or failed.
    async fn turn(
        &self,
        site: &Site,
        desk: &mut Desk<'_>,
        tenant: &Local,
        (turn, again): (&Turn, bool),
    ) -> Result<Option<Duration>, Stuck> {
        let stuck = |error| Stuck { version: tenant.version, at: None, error };
        let last = turn.tries + 1 >= site.app.limits.rollout_tries_max;
        let mut now = tenant.clone();
        if again || turn.tries > 0 {
            // Some of its files may have been run, or it may be gone.
            let there = local_tenant(desk.data().await.map_err(stuck)?, tenant.id).await.map_err(stuck)?;
            let Some(there) = there.filter(|t| site.history.lags(t.version)) else { return Ok(None) };
            now = there;
        }
        match desk.migrate(&now, last).await {
            Ok(_) => Ok(None),
            Err(stuck) if !last && is_contention(&stuck.error) => {
                Ok(Some(backoff(&site.app, turn.tries + 1)))
            }
            Err(stuck) => {
                let gone = match desk.data().await {
                    Ok(data) => matches!(local_tenant(data, now.id).await, Ok(None)),
                    Err(_) => false,
                };
                if gone { Ok(None) } else { Err(stuck) }
            }
        }
    }

    async fn note(&self, site: &Site, tenant: TenantId, stuck: &Stuck) -> Result<()> {
        let failure = NewFailure {
            job: self.run.job,
            tenant,
            service: &site.service.name,
            version: stuck.at.unwrap_or_else(|| site.history.to()),
            code: stuck.error.code(),
            message: &stuck.error.sentence(),
            place: place(&stuck.error),
        };
        self.registry.note_failure(&failure).await
    }

    /// Makes durable what the wave has done, and tells the registry: what is in the data databases counts.
    async fn settle(&self, units: &[Unit]) -> Result<()> {
        for (number, site) in self.sites.iter().enumerate() {
            let of_site: Vec<TenantId> =
                units.iter().filter(|u| u.site == number).map(|u| u.tenant.id).collect();
            if of_site.is_empty() {
                continue;
            }
            let data = site.borrow_data().await?;
            // The one commit that waits for the disk makes all those before it durable, since the log is one. A worker
            // that was taken over is told here.
            data.execute(CHECK_FENCE, &[&self.run.job.0, &self.run.fence])
                .await
                .map_err(|e| fenced(e, self.run))?;
            let concerned: HashSet<TenantId> = of_site.into_iter().collect();
            let mut versions = Vec::new();
            let mut arrived = Vec::new();
            for local in local_tenants(&data).await?.into_iter().filter(|t| concerned.contains(&t.id)) {
                versions.push((local.id, local.version));
                if !site.history.lags(local.version) {
                    arrived.push(local.id);
                }
            }
            self.registry.set_versions(&site.service.name, &versions).await?;
            self.registry.mend_failures(&site.service.name, &arrived).await?;
        }
        Ok(())
    }
}

/// What the check of the claim says.
fn fenced(e: tokio_postgres::Error, run: &Run) -> Error {
    let e = db_error(e, "check the claim");
    if tenantry_postgres::error::sqlstate(&e) == Some("40001") {
        return Error::new(ErrorCode::JobFenced, format!("job {} was taken over by another worker", run.job));
    }
    e
}

/// Whether an error says something of one tenant's data alone, rather than of the server.
const fn concerns_one_tenant(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::MigrationFailed | ErrorCode::NameCollision | ErrorCode::Database | ErrorCode::Busy
    )
}
