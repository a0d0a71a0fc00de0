//! The gateway's own listeners: one connection for each database that clients of transaction pooling listen in, however many
//! of them there are.
//!
//! A channel is heard from before the client's LISTEN runs until nobody wants it any more, so nothing that is sent after a
//! client was told that it listens is lost while the connection lives. What is sent while it is being made anew nobody hears,
//! and nobody can tell what it was: the clients are warned, and look for themselves.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use tenantry_domain::{Error, ErrorCode, Result, TenantId};
use tenantry_postgres::hearing::{Heard, Hearing};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::connector::logins;
use crate::hub::Hub;
use crate::shard::{Channel, Command, Notice, Place, PoolKey};

/// What these connections call themselves.
const APPLICATION_NAME: &str = "tenantry gateway listener";
/// Pause before a server is tried again, which grows up to the second one.
const AGAIN: Duration = Duration::from_millis(250);
const AGAIN_MAX: Duration = Duration::from_secs(5);

/// What a shard wants.
pub enum Wish {
    /// That a channel is heard for a tenant's clients, who use servers of this login.
    Listen(Channel, TenantId, PoolKey),
    /// That it need not be heard any more.
    Unlisten(Channel),
}

impl Wish {
    fn place(&self) -> &Place {
        match self {
            Wish::Listen(channel, ..) | Wish::Unlisten(channel) => &channel.place,
        }
    }
}

/// Serves the shards' wishes until they have all ended.
pub async fn serve(hub: Arc<Hub>, mut wishes: UnboundedReceiver<(usize, Wish)>) {
    let mut places: HashMap<Place, UnboundedSender<(usize, Wish)>> = HashMap::new();
    let mut tasks = JoinSet::new();
    while let Some((shard, wish)) = wishes.recv().await {
        let place = wish.place().clone();
        let listener = places.entry(place).or_insert_with_key(|place| {
            let (sender, wishes) = unbounded_channel();
            tasks.spawn(Listener::new(hub.clone(), place.clone()).keep(wishes));
            sender
        });
        // It ends with this task.
        let _ = listener.send((shard, wish));
    }
}

/// Who wants a channel.
struct Wanted {
    tenant: TenantId,
    shards: BTreeSet<usize>,
    /// Those that were not told yet that it is heard.
    pending: Vec<usize>,
}

/// The listener of one database.
struct Listener {
    hub: Arc<Hub>,
    place: Place,
    /// The login that was wanted last: where tenants share a database the app door's serves all.
    login: Option<PoolKey>,
    wanted: HashMap<Arc<str>, Wanted>,
    of_tenant: HashMap<TenantId, usize>,
}

impl Listener {
    fn new(hub: Arc<Hub>, place: Place) -> Self {
        Self { hub, place, login: None, wanted: HashMap::new(), of_tenant: HashMap::new() }
    }

    async fn keep(mut self, mut wishes: UnboundedReceiver<(usize, Wish)>) {
        let mut again = AGAIN;
        let mut has_heard = false;
        loop {
            while self.wanted.is_empty() {
                has_heard = false;
                let Some((shard, wish)) = wishes.recv().await else { return };
                self.take(shard, wish);
            }
            let error = match self.connect().await {
                Ok(hearing) => {
                    again = AGAIN;
                    if std::mem::replace(&mut has_heard, true) {
                        self.tell_all_that_some_is_missed();
                    }
                    match self.hear(hearing, &mut wishes).await {
                        Some(error) => error,
                        None => continue,
                    }
                }
                Err(error) => error,
            };
            tracing::warn!(error = ?error, database = %self.place.database, "channels can't be listened on");
            self.fail_pending();
            sleep(again).await;
            again = (again * 2).min(AGAIN_MAX);
            while let Ok((shard, wish)) = wishes.try_recv() {
                self.take(shard, wish);
            }
        }
    }

    /// Hears, until nobody wants anything any more (none) or the connection is lost.
    async fn hear(
        &mut self,
        mut hearing: Hearing,
        wishes: &mut UnboundedReceiver<(usize, Wish)>,
    ) -> Option<Error> {
        if let Err(error) = hearing.listen(self.wanted.keys().map(|name| &**name)).await {
            return Some(error);
        }
        self.answer_pending();
        while !self.wanted.is_empty() {
            tokio::select! {
                heard = hearing.next() => match heard {
                    Ok(heard) => self.pass_on(heard),
                    Err(error) => return Some(error),
                },
                wish = wishes.recv() => {
                    let mut next = wish;
                    let (mut new, mut gone) = (Vec::new(), Vec::new());
                    while let Some((shard, wish)) = next {
                        match self.take(shard, wish) {
                            Change::New(name) => new.push(name),
                            Change::Gone(name) => gone.push(name),
                            Change::None => {}
                        }
                        next = wishes.try_recv().ok();
                    }
                    gone.retain(|name| !self.wanted.contains_key(name));
                    let changed = async {
                        hearing.unlisten(gone.iter().map(|name| &**name)).await?;
                        hearing.listen(new.iter().map(|name| &**name)).await
                    };
                    if let Err(error) = changed.await {
                        return Some(error);
                    }
                    self.answer_pending();
                }
            }
        }
        None
    }

    fn take(&mut self, shard: usize, wish: Wish) -> Change {
        match wish {
            Wish::Listen(channel, tenant, login) => self.add(shard, channel, (tenant, login)),
            Wish::Unlisten(channel) => self.remove(shard, &channel.name),
        }
    }

    fn add(&mut self, shard: usize, channel: Channel, (tenant, login): (TenantId, PoolKey)) -> Change {
        self.login = Some(login);
        if let Some(wanted) = self.wanted.get_mut(&channel.name) {
            wanted.shards.insert(shard);
            wanted.pending.push(shard);
            return Change::None;
        }
        let max = self.hub.setup.app.limits.gateway_channels_per_tenant_max;
        let count = self.of_tenant.entry(tenant).or_default();
        if *count >= max {
            let _ = self.hub.order(shard, Command::Listening(channel, Some(too_many(max))));
            return Change::None;
        }
        *count += 1;
        let wanted = Wanted { tenant, shards: BTreeSet::from([shard]), pending: vec![shard] };
        self.wanted.insert(channel.name.clone(), wanted);
        Change::New(channel.name)
    }

    fn remove(&mut self, shard: usize, name: &Arc<str>) -> Change {
        let Some(wanted) = self.wanted.get_mut(name) else { return Change::None };
        wanted.shards.remove(&shard);
        wanted.pending.retain(|pending| *pending != shard);
        if !wanted.shards.is_empty() {
            return Change::None;
        }
        self.forget(name);
        Change::Gone(name.clone())
    }

    fn forget(&mut self, name: &Arc<str>) {
        let Some(wanted) = self.wanted.remove(name) else { return };
        if let Some(count) = self.of_tenant.get_mut(&wanted.tenant) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.of_tenant.remove(&wanted.tenant);
            }
        }
    }

    async fn connect(&self) -> Result<Hearing> {
        let nobody = || Error::new(ErrorCode::Internal, "nobody listens");
        let login = self.login.as_ref().ok_or_else(nobody)?;
        let mut refused = nobody();
        for server in logins(&self.hub, &self.place, login)? {
            match Hearing::connect(&server, &self.place.database, APPLICATION_NAME).await {
                Ok(hearing) => return Ok(hearing),
                Err(error) => refused = error,
            }
        }
        Err(refused)
    }

    fn channel(&self, name: &Arc<str>) -> Channel {
        Channel { place: self.place.clone(), name: name.clone() }
    }

    fn answer_pending(&mut self) {
        for (name, wanted) in &mut self.wanted {
            for shard in wanted.pending.drain(..) {
                let channel = Channel { place: self.place.clone(), name: name.clone() };
                let _ = self.hub.order(shard, Command::Listening(channel, None));
            }
        }
    }

    /// Those who wait for a channel are told that it can't be heard; those who were told that it is go on wanting it.
    fn fail_pending(&mut self) {
        let mut failed = Vec::new();
        for (name, wanted) in &mut self.wanted {
            for shard in std::mem::take(&mut wanted.pending) {
                wanted.shards.remove(&shard);
                failed.push((name.clone(), shard));
            }
        }
        for (name, shard) in failed {
            let error = Error::new(
                ErrorCode::ServerUnreachable,
                "the gateway can't listen on channels at the moment",
            )
            .help("try again");
            let _ = self.hub.order(shard, Command::Listening(self.channel(&name), Some(error)));
            if self.wanted.get(&name).is_some_and(|wanted| wanted.shards.is_empty()) {
                self.forget(&name);
            }
        }
    }

    fn tell_all_that_some_is_missed(&self) {
        let shards: BTreeSet<usize> =
            self.wanted.values().flat_map(|wanted| wanted.shards.iter().copied()).collect();
        for shard in shards {
            let _ = self.hub.order(shard, Command::Missed(self.place.clone()));
        }
    }

    fn pass_on(&self, heard: Heard) {
        let Some((name, wanted)) = self.wanted.get_key_value(&*heard.channel) else { return };
        let payload = heard.payload.into_boxed_str();
        let notice = Arc::new(Notice { channel: self.channel(name), process: heard.process, payload });
        for shard in &wanted.shards {
            let _ = self.hub.order(*shard, Command::Notified(notice.clone()));
        }
    }
}

enum Change {
    None,
    New(Arc<str>),
    Gone(Arc<str>),
}

fn too_many(max: usize) -> Error {
    let what =
        format!("this tenant's clients listen on {max} channels already (gateway_channels_per_tenant_max)");
    Error::new(ErrorCode::LimitExceeded, what)
        .help("send to fewer channels, and tell in the payload what is meant")
}
