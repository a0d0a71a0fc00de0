//! The server's settings: what Tenantry needs, sized for the machine.
//!
//! They stand in a file of our own, which `postgresql.conf` includes and every start writes anew; what the
//! operator puts into `DIR/.tenantry/postgres.conf` comes after them and wins.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::ident::quote_setting;
use tenantry_domain::Result;

use super::find::Installation;
use super::log::LOG_FOLDER;
use super::place::Place;
use crate::error::io_error;

/// Our settings in the data directory.
const OURS: &str = "tenantry.conf";
/// Sessions at one time; each tenant's connection counts.
const CONNECTIONS_MAX: u64 = 200;
/// Objects that one transaction may lock, times the connections: a fleet's migration touches many tables.
const LOCKS_PER_TRANSACTION: u64 = 256;
const MIB: u64 = 1024 * 1024;

/// Who may connect: passwords over the loopback address, and nothing else.
const HBA: &str = "\
# Written by Tenantry at every start.
# TYPE  DATABASE     USER  ADDRESS       METHOD
host    all          all   127.0.0.1/32  scram-sha-256
host    all          all   ::1/128       scram-sha-256
host    replication  all   127.0.0.1/32  scram-sha-256
host    replication  all   ::1/128       scram-sha-256
";

/// What of the machine decides the settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Machine {
    memory_bytes: u64,
    cores: u64,
}

impl Machine {
    /// This machine, or what of it the container may use.
    pub(crate) fn this() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, |n| n.get() as u64);
        Self { memory_bytes: memory_bytes().unwrap_or(1024 * MIB), cores }
    }
}

/// Writes settings and `pg_hba.conf` for a start on this port.
pub(crate) fn write(place: &Place, installation: &Installation, port: u16) -> Result<()> {
    let preload = installation.has_library("pg_stat_statements");
    if !preload {
        tracing::warn!(
            "the PostgreSQL in {} lacks pg_stat_statements: statistics of statements are not kept",
            installation.bin.display()
        );
    }
    let own = place.file("postgres.conf");
    let operator = match fs::read_to_string(&own) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(e) => return Err(io_error(e, "read", &own)),
    };
    let text = render(&settings(Machine::this(), preload, port), &operator);
    place.write(&place.data.join(OURS), &text, place.user)?;
    place.write(&place.data.join("pg_hba.conf"), HBA, place.user)?;
    include(place)
}

/// The port of the last start.
pub(crate) fn last_port(place: &Place) -> Option<u16> {
    let text = fs::read_to_string(place.data.join(OURS)).ok()?;
    text.lines().find_map(|line| line.strip_prefix("port = '")?.strip_suffix('\'')?.parse().ok())
}

fn include(place: &Place) -> Result<()> {
    let file = place.data.join("postgresql.conf");
    let line = format!("include '{OURS}'");
    let text = fs::read_to_string(&file).map_err(|e| io_error(e, "read", &file))?;
    if text.lines().any(|l| l == line) {
        return Ok(());
    }
    place.write(&file, &format!("{text}\n{line}\n"), place.user)
}

type Setting = (&'static str, String);

fn settings(machine: Machine, preload: bool, port: u16) -> Vec<Setting> {
    let mut all = network(port);
    all.extend(sizes(machine));
    all.extend(behaviour(preload));
    all.extend(logging());
    all
}

fn network(port: u16) -> Vec<Setting> {
    vec![
        ("listen_addresses", "127.0.0.1".into()),
        ("port", port.to_string()),
        ("unix_socket_directories", String::new()),
        ("password_encryption", "scram-sha-256".into()),
    ]
}

fn sizes(machine: Machine) -> Vec<Setting> {
    let mib = |bytes: u64| format!("{}MB", bytes / MIB);
    // A quarter of the memory for the server's own cache is the manual's advice; a developer's machine does
    // other work too, hence the bound.
    let buffers = (machine.memory_bytes / 4).clamp(32 * MIB, 4096 * MIB);
    let workers = machine.cores.max(2);
    vec![
        ("shared_buffers", mib(buffers)),
        ("effective_cache_size", mib((machine.memory_bytes / 2).max(buffers))),
        ("maintenance_work_mem", mib((machine.memory_bytes / 32).clamp(32 * MIB, 512 * MIB))),
        ("work_mem", mib((machine.memory_bytes / 1024).clamp(4 * MIB, 32 * MIB))),
        ("max_connections", CONNECTIONS_MAX.to_string()),
        ("max_worker_processes", (8 + 2 * workers).to_string()),
        ("max_parallel_workers", workers.to_string()),
        ("max_parallel_workers_per_gather", (workers / 2).clamp(1, 4).to_string()),
        ("max_locks_per_transaction", LOCKS_PER_TRANSACTION.to_string()),
    ]
}

fn behaviour(preload: bool) -> Vec<Setting> {
    let mut all: Vec<Setting> = vec![
        // Tenants are moved and followed by logical decoding.
        ("wal_level", "logical".into()),
        ("max_wal_senders", "20".into()),
        ("max_replication_slots", "20".into()),
        // A prepared transaction would hold locks and outlive its session.
        ("max_prepared_transactions", "0".into()),
        ("random_page_cost", "1.1".into()),
        // Compiling pays for long reports only, and delays the many short statements.
        ("jit", "off".into()),
        ("lc_messages", "C".into()),
        ("timezone", "UTC".into()),
        ("log_timezone", "UTC".into()),
    ];
    let libraries = if preload { "pg_stat_statements" } else { "" };
    all.push(("shared_preload_libraries", libraries.into()));
    all
}

/// To files, one per day of the week, each begun anew after a week; without tenants' data: neither
/// statements nor their parameters, nor the details of errors, which quote rows.
fn logging() -> Vec<Setting> {
    vec![
        ("logging_collector", "on".into()),
        ("log_destination", "stderr".into()),
        ("log_directory", LOG_FOLDER.into()),
        ("log_filename", "postgresql-%a.log".into()),
        ("log_file_mode", "0600".into()),
        ("log_rotation_age", "1d".into()),
        ("log_rotation_size", "0".into()),
        ("log_truncate_on_rotation", "on".into()),
        ("log_line_prefix", "%m [%p] %q%u@%d ".into()),
        ("log_statement", "none".into()),
        ("log_min_duration_statement", "-1".into()),
        ("log_min_error_statement", "panic".into()),
        ("log_error_verbosity", "terse".into()),
        ("log_parameter_max_length", "0".into()),
        ("log_parameter_max_length_on_error", "0".into()),
    ]
}

fn render(settings: &[Setting], operator: &str) -> String {
    let mut text =
        "# Written by Tenantry at every start; your own settings belong into .tenantry/postgres.conf.\n"
            .to_owned();
    for (name, value) in settings {
        let _ = writeln!(text, "{name} = {}", quote_setting(value));
    }
    if !operator.is_empty() {
        let _ = write!(text, "\n# From .tenantry/postgres.conf:\n{operator}\n");
    }
    text
}

fn memory_bytes() -> Option<u64> {
    let limits = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];
    let limit = limits.iter().find_map(|f| fs::read_to_string(f).ok()?.trim().parse::<u64>().ok());
    let physical = if Path::new("/proc/meminfo").exists() {
        let text = fs::read_to_string("/proc/meminfo").ok()?;
        let line = text.lines().find(|l| l.starts_with("MemTotal:"))?;
        line.split_whitespace().nth(1)?.parse::<u64>().ok()?.checked_mul(1024)?
    } else {
        let output = Command::new("sysctl").args(["-n", "hw.memsize"]).output().ok()?;
        String::from_utf8_lossy(&output.stdout).trim().parse().ok()?
    };
    Some(limit.map_or(physical, |limit| limit.min(physical)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(settings: &[Setting], name: &str) -> String {
        let found: Vec<_> = settings.iter().filter(|(n, _)| *n == name).collect();
        assert_eq!(found.len(), 1, "{name} stands once");
        found[0].1.clone()
    }

    #[test]
    fn sizes_follow_the_machine_within_bounds() {
        let at = |gib: u64, cores| settings(Machine { memory_bytes: gib * 1024 * MIB, cores }, true, 1);
        assert_eq!(value(&at(4, 2), "shared_buffers"), "1024MB");
        assert_eq!(value(&at(512, 64), "shared_buffers"), "4096MB");
        assert_eq!(value(&at(0, 1), "shared_buffers"), "32MB");
        assert_eq!(value(&at(8, 16), "max_worker_processes"), "40");
        assert_eq!(value(&at(8, 16), "wal_level"), "logical");
    }

    #[test]
    fn the_operators_settings_come_last() {
        let text = render(&settings(Machine { memory_bytes: MIB, cores: 1 }, false, 7), "work_mem = '1MB'");
        assert!(text.contains("port = '7'\n"), "{text}");
        assert!(text.contains("shared_preload_libraries = ''\n"), "{text}");
        assert!(text.ends_with("work_mem = '1MB'\n"), "{text}");
    }
}
