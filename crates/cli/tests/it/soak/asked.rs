//! What a run is asked for: `TENANTRY_TEST_SOAK="--seconds 600 --seed 7 --clients 64 --tenants 32"`.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const VARIABLE: &str = "TENANTRY_TEST_SOAK";
const SECONDS: u64 = 20;

/// The arguments of a run.
pub struct Asked {
    pub time: Duration,
    pub seed: u64,
    pub clients: usize,
    pub tenants: usize,
}

impl Asked {
    pub fn read() -> Self {
        let clock = SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |now| now.as_secs() % 1_000_000);
        let mut asked =
            Self { time: Duration::from_secs(SECONDS), seed: clock + 1, clients: 64, tenants: 32 };
        let text = std::env::var(VARIABLE).unwrap_or_default();
        let mut words = text.split_whitespace();
        while let Some(word) = words.next() {
            let value = words.next().and_then(|value| value.parse::<u64>().ok()).filter(|value| *value > 0);
            let value = value.unwrap_or_else(|| panic!("{VARIABLE}: {word} wants a number"));
            match word {
                "--seconds" => asked.time = Duration::from_secs(value),
                "--seed" => asked.seed = value,
                "--clients" => asked.clients = value as usize,
                "--tenants" => asked.tenants = value as usize,
                _ => panic!("{VARIABLE}: {word} is none of --seconds, --seed, --clients, --tenants"),
            }
        }
        asked
    }
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { time, seed, clients, tenants } = self;
        let seconds = time.as_secs();
        write!(f, "--seconds {seconds} --seed {seed} --clients {clients} --tenants {tenants}")
    }
}
