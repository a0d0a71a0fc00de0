//! pgbench by each side in turn.

use std::process::Command;

use tenantry_testkit::postgres::server::Server;

use crate::arguments::{Arguments, Cell};
use crate::process::processor_time;
use crate::world::{World, environment, run};

/// pgbench's threads at most.
const THREADS_MAX: usize = 2;

/// A way to the server.
struct Side {
    name: &'static str,
    server: Server,
    /// The process in between.
    proxy: Option<u32>,
    knows_tls: bool,
    knows_prepared: bool,
}

/// What one run of pgbench has measured.
#[derive(Clone, Copy, Default)]
struct Figures {
    /// Transactions a second.
    tps: f64,
    latency_ms: f64,
    /// Processor seconds of the proxy for 100,000 transactions.
    processor: f64,
}

/// Prints a line for each cell and side.
pub fn compare(world: &World, asked: &Arguments) {
    let mut sides = vec![Side {
        name: "direct",
        server: world.direct.clone(),
        proxy: None,
        knows_tls: false,
        knows_prepared: true,
    }];
    match &world.pgbouncer {
        Some(bouncer) => {
            println!("{}, {} server connections each", bouncer.version, asked.servers);
            sides.push(Side {
                name: "PgBouncer",
                server: Server { port: bouncer.port, host: "127.0.0.1".to_owned(), ..world.direct.clone() },
                proxy: Some(bouncer.pid()),
                knows_tls: true,
                knows_prepared: bouncer.knows_prepared,
            });
        }
        None => println!("PgBouncer is left out: it is not installed (scripts/deps.sh pgbouncer)"),
    }
    sides.push(Side {
        name: "gateway",
        server: world.gateway.clone(),
        proxy: Some(world.pid()),
        knows_tls: true,
        knows_prepared: true,
    });
    println!(
        "medians of {} rounds of {} s; ratios of the same round, median (least-most)",
        asked.rounds, asked.seconds
    );
    println!(
        "{:22} {:10} {:>9} {:>9} {:>10}  {:>18} {:>18} {:>18}",
        "cell", "side", "tps", "ms", "CPU s/100k", "tps to direct", "tps to PgBouncer", "CPU to PgBouncer"
    );
    for cell in &asked.cells {
        compare_cell(&sides, cell, asked);
    }
}

fn compare_cell(sides: &[Side], cell: &Cell, asked: &Arguments) {
    let takes_part = |side: &Side| side.knows_prepared || cell.protocol != "prepared";
    let sides: Vec<&Side> = sides.iter().filter(|side| takes_part(side)).collect();
    let mut rounds: Vec<Vec<Figures>> = Vec::new();
    for round in 0..asked.rounds {
        let mut figures = vec![Figures::default(); sides.len()];
        // There and back again: what changes with time shall not always hit the same side.
        let order: Vec<usize> =
            if round % 2 == 0 { (0..sides.len()).collect() } else { (0..sides.len()).rev().collect() };
        for at in order {
            figures[at] = bench(sides[at], cell, asked.seconds);
        }
        rounds.push(figures);
    }
    let bouncer = sides.iter().position(|side| side.name == "PgBouncer");
    for (at, side) in sides.iter().enumerate() {
        let of =
            |get: &dyn Fn(&Figures) -> f64| spread(rounds.iter().map(|round| get(&round[at])).collect()).0;
        let to = |other: Option<usize>, get: &dyn Fn(&Figures) -> f64| match other {
            Some(other) if other != at => {
                let ratios = rounds.iter().map(|round| get(&round[at]) / get(&round[other]));
                let (median, least, most) = spread(ratios.collect());
                format!("{median:.2} ({least:.2}-{most:.2})")
            }
            _ => String::new(),
        };
        let (tps, processor) = (|figures: &Figures| figures.tps, |figures: &Figures| figures.processor);
        let processor_of = side.proxy.map_or(String::new(), |_| format!("{:.2}", of(&processor)));
        println!(
            "{cell:22} {:10} {:9.0} {:9.3} {processor_of:>10}  {:>18} {:>18} {:>18}",
            side.name,
            of(&tps),
            of(&|figures| figures.latency_ms),
            to(Some(0), &tps),
            to(bouncer.filter(|_| at > 0), &tps),
            to(bouncer.filter(|_| at > 0), &processor),
        );
    }
}

fn bench(side: &Side, cell: &Cell, seconds: usize) -> Figures {
    let script = if cell.is_tpcb { "tpcb-like" } else { "select-only" };
    let (clients, threads) = (cell.clients.to_string(), cell.clients.min(THREADS_MAX).to_string());
    let seconds = seconds.to_string();
    let before = side.proxy.map(processor_time);
    let mut command = Command::new("pgbench");
    let said = run(environment(&mut command, &side.server)
        .env("PGSSLMODE", if cell.is_tls && side.knows_tls { "require" } else { "disable" })
        .args(["-n", "-b", script, "-M", cell.protocol, "-c", &clients, "-j", &threads, "-T", &seconds]));
    let used = side.proxy.zip(before).map(|(pid, before)| processor_time(pid).saturating_sub(before));
    let transactions = number(&said, "number of transactions actually processed: ");
    assert!(transactions > 0.0, "{} did nothing in {seconds} s: ask for more --seconds", side.name);
    Figures {
        tps: number(&said, "tps = "),
        latency_ms: number(&said, "latency average = "),
        processor: used.map_or(0.0, |used| used.as_secs_f64() * 100_000.0 / transactions),
    }
}

fn number(said: &str, before: &str) -> f64 {
    let (_, rest) = said.split_once(before).unwrap_or_else(|| panic!("no {before:?} in {said}"));
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
    rest[..end].parse().unwrap()
}

/// Median, least and most.
pub fn spread(mut values: Vec<f64>) -> (f64, f64, f64) {
    values.sort_by(f64::total_cmp);
    (values[values.len() / 2], values[0], values[values.len() - 1])
}
