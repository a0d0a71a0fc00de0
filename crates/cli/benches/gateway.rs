//! What the gateway costs: pgbench through it, through PgBouncer in transaction pooling and past both, alternating in one run
//! on one server with the same number of server connections; and the memory of idle clients. Prints figures and ratios;
//! nothing here is asserted.
//!
//! `make bench-gateway`, with `ARGS` for what stands behind `--`:
//!
//! ```text
//! cells [NAME...]   those named, or all: simple-1 extended-16 prepared-64 tpcb-simple-16 ...; `tls:` in front asks for TLS
//! idle              10,000 idle clients of 1,000 tenants
//! --rounds N        of each cell (5)
//! --seconds N       of each run (2)
//! --servers N       server connections (20)
//! --clients N --tenants N --isolation shared|schema    of idle
//! --tls             idle clients by TLS
//! ```
//!
//! Without arguments it does all cells, those of 16 clients by TLS, and idle. Release builds alone tell anything.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a bench stops at the first surprise")]

#[path = "gateway/arguments.rs"]
mod arguments;
#[path = "gateway/cells.rs"]
mod cells;
#[path = "gateway/idle.rs"]
mod idle;
#[path = "gateway/pgbouncer.rs"]
mod pgbouncer;
#[path = "gateway/process.rs"]
mod process;
#[path = "gateway/world.rs"]
mod world;

use arguments::Arguments;
use world::World;

fn main() {
    let arguments = Arguments::read();
    if cfg!(debug_assertions) {
        println!("a debug build: the figures tell nothing");
    }
    let world = World::start(&arguments);
    if !arguments.cells.is_empty() {
        cells::compare(&world, &arguments);
    }
    if arguments.is_idle {
        idle::measure(&world, &arguments);
    }
}
