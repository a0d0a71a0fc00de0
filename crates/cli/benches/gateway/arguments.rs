//! The command line.

use std::fmt;
use std::str::FromStr;

const PROTOCOLS: [&str; 3] = ["simple", "extended", "prepared"];
const CLIENTS: [usize; 3] = [1, 16, 64];

/// One way of running pgbench.
#[derive(Clone, PartialEq, Eq)]
pub struct Cell {
    pub is_tls: bool,
    pub is_tpcb: bool,
    pub protocol: &'static str,
    pub clients: usize,
}

impl FromStr for Cell {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (is_tls, text) = text.strip_prefix("tls:").map_or((false, text), |rest| (true, rest));
        let (is_tpcb, text) = text.strip_prefix("tpcb-").map_or((false, text), |rest| (true, rest));
        let (protocol, clients) = text.split_once('-').ok_or(())?;
        let protocol = PROTOCOLS.into_iter().find(|known| *known == protocol).ok_or(())?;
        let clients = clients.parse().ok().filter(|clients| *clients > 0).ok_or(())?;
        Ok(Self { is_tls, is_tpcb, protocol, clients })
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tls = if self.is_tls { "tls:" } else { "" };
        let script = if self.is_tpcb { "tpcb-" } else { "" };
        f.pad(&format!("{tls}{script}{}-{}", self.protocol, self.clients))
    }
}

/// What was asked for.
pub struct Arguments {
    pub cells: Vec<Cell>,
    pub is_idle: bool,
    pub rounds: usize,
    pub seconds: usize,
    pub servers: usize,
    pub clients: usize,
    pub tenants: usize,
    pub isolation: String,
    pub is_tls: bool,
}

impl Arguments {
    pub fn read() -> Self {
        let mut asked = Self {
            cells: Vec::new(),
            is_idle: false,
            rounds: 5,
            seconds: 2,
            servers: 20,
            clients: 10_000,
            tenants: 1_000,
            isolation: "shared".to_owned(),
            is_tls: false,
        };
        let mut wants_cells = false;
        // Cargo itself adds `--bench`.
        let mut words = std::env::args().skip(1).filter(|word| word != "--bench");
        while let Some(word) = words.next() {
            let mut value = || words.next().unwrap_or_else(|| panic!("{word} wants a value"));
            let number = |text: String| text.parse().unwrap_or_else(|_| panic!("{text:?} is no number"));
            match word.as_str() {
                "cells" => wants_cells = true,
                "idle" => asked.is_idle = true,
                "--rounds" => asked.rounds = number(value()),
                "--seconds" => asked.seconds = number(value()),
                "--servers" => asked.servers = number(value()),
                "--clients" => asked.clients = number(value()),
                "--tenants" => asked.tenants = number(value()),
                "--isolation" => asked.isolation = value(),
                "--tls" => asked.is_tls = true,
                cell => asked.cells.push(cell.parse().unwrap_or_else(|()| panic!("{cell:?} is no cell"))),
            }
        }
        let wants_nothing = !asked.is_idle && asked.cells.is_empty();
        asked.is_idle |= wants_nothing && !wants_cells;
        if asked.cells.is_empty() && (wants_cells || wants_nothing) {
            asked.cells = all();
        }
        asked
    }
}

fn all() -> Vec<Cell> {
    let mut cells = Vec::new();
    for (is_tls, is_tpcb) in [(false, false), (false, true), (true, false)] {
        for protocol in PROTOCOLS {
            let clients = if is_tls { &CLIENTS[1..2] } else { &CLIENTS[..] };
            cells.extend(clients.iter().map(|&clients| Cell { is_tls, is_tpcb, protocol, clients }));
        }
    }
    cells
}
