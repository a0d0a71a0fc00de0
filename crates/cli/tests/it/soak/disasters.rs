//! What happens to the server and to the gateways while clients work.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tenantry_gateway::fuzzing::random::Random;
use tokio::time::sleep;

use super::world::{GatewayProcess, World};

/// The kinds, each as often as it stands here; all of them once before any comes again.
const KINDS: [Kind; 10] = [
    Kind::Cut,
    Kind::Restart,
    Kind::CutSome,
    Kind::Kill,
    Kind::CutSome,
    Kind::Truncate,
    Kind::Stall,
    Kind::CutSome,
    Kind::Refuse,
    Kind::Truncate,
];

/// Operations that are done before the next disaster, if they can be done in that time: a slow machine does some work too.
const WORK: u64 = 200;
const CALM_MAX: Duration = Duration::from_secs(10);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// All connections of a gateway to the server.
    Cut,
    /// Every second or third of them.
    CutSome,
    /// In the middle of a message, most likely.
    Truncate,
    /// New ones find nobody.
    Refuse,
    /// Nothing moves.
    Stall,
    /// PostgreSQL.
    Restart,
    /// A gateway.
    Kill,
}

/// See the module.
pub struct Disasters {
    world: Arc<World>,
    random: Random,
    left: Vec<Kind>,
    count: BTreeMap<Kind, usize>,
}

impl Disasters {
    pub fn new(world: Arc<World>, seed: u64) -> Self {
        let mut random = Random::new(seed);
        for _ in 0..10 {
            let _ = random.below(2);
        }
        Self { world, random, left: Vec::new(), count: BTreeMap::new() }
    }

    /// Some time in which all is well, and then something happens, and passes.
    pub async fn next(&mut self) {
        self.pause(200, 1_200).await;
        let (done, begun) = (self.world.tally.done(), Instant::now());
        while self.world.tally.done() < done + WORK && begun.elapsed() < CALM_MAX {
            self.pause(20, 1).await;
        }
        if self.left.is_empty() {
            self.left = KINDS.to_vec();
        }
        let kind = self.left.swap_remove(self.random.below(self.left.len()));
        *self.count.entry(kind).or_default() += 1;
        let world = self.world.clone();
        let gateway = &world.gateways[self.random.below(2)];
        match kind {
            Kind::Cut => gateway.proxy.cut(),
            Kind::CutSome => {
                let every = 2 + self.random.below(2) as u64;
                gateway.proxy.cut_some(every, self.random.below(3) as u64);
            }
            Kind::Truncate => {
                gateway.proxy.truncate_after(self.random.below(50_000) as u64);
                self.pause(100, 600).await;
                gateway.proxy.heal();
            }
            Kind::Refuse => {
                gateway.proxy.refuse();
                gateway.proxy.cut_some(2, 0);
                self.pause(100, 900).await;
                gateway.proxy.heal();
            }
            Kind::Stall => {
                gateway.proxy.stall();
                self.pause(100, 900).await;
                gateway.proxy.heal();
            }
            Kind::Restart => world.restart_postgres().await,
            Kind::Kill => self.kill(gateway).await,
        }
    }

    async fn kill(&mut self, gateway: &GatewayProcess) {
        gateway.kill();
        self.pause(0, 1_500).await;
        gateway.begin().await;
    }

    async fn pause(&mut self, least: usize, more: usize) {
        sleep(Duration::from_millis((least + self.random.below(more)) as u64)).await;
    }

    /// Everything works again.
    pub async fn heal(&mut self) {
        for gateway in &self.world.gateways {
            gateway.proxy.heal();
            gateway.begin().await;
        }
    }

    /// What has happened how often, and what the gateways weigh.
    pub fn report(&self) -> String {
        let count: Vec<String> = self.count.iter().map(|(kind, count)| format!("{kind:?} {count}")).collect();
        let weigh = |gateway: &GatewayProcess| gateway.pid().map(crate::support::resident_kib);
        let weights: Vec<u64> = self.world.gateways.iter().filter_map(weigh).collect();
        format!("disasters: {}; the gateways have {weights:?} KiB in memory", count.join(", "))
    }
}
