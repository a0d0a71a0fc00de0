//! Notifications for clients whose servers serve others too: what they listen on is heard by a listener of the gateway's own,
//! and told to them between two messages.

use std::sync::Arc;

use tenantry_domain::{Error, ErrorCode};

use super::{Relay, Todo};
use crate::shard::client::ClientId;
use crate::shard::command::Outside;
use crate::shard::ears::{Channel, Hears, Notice, Place};
use crate::shard::frame;
use crate::shard::link::Link;
use crate::shard::tenant::Counts;

impl<L: Link, O: Outside> Relay<L, O> {
    /// These channels, by the server's names, have to be heard before the client is read on.
    pub(super) fn want_channels(&mut self, id: ClientId, wants: Vec<Box<str>>) {
        let Some(client) = self.clients.get_mut(id.slot as usize).filter(|client| client.id == id) else {
            return;
        };
        let spec = self.pools.get(client.pool).spec.clone();
        let place = Place::of(&spec.key);
        let channels = client.talk.channels.get_or_insert_default();
        for name in wants {
            let channel = Channel { place: place.clone(), name: (&*name).into() };
            let (is_new, must_wait) = self.ears.join(&channel, id);
            channels.waits += usize::from(must_wait);
            if !channels.has(&name) {
                channels.asked.push(name);
            }
            if is_new {
                self.outside.listen(&spec, &channel, self.tenants.id(client.tenant));
            }
        }
        client.is_readable = true;
        if channels.waits == 0 {
            self.todo.push_back(Todo::Client(id));
        }
    }

    /// A channel that was asked for is heard now, or can't be.
    pub(super) fn channel_answered(&mut self, channel: &Channel, error: Option<&Error>) {
        for id in self.ears.answered(channel, error.is_none()) {
            let Some(client) = self.client_mut(id) else { continue };
            let Some(channels) = &mut client.talk.channels else { continue };
            channels.waits = channels.waits.saturating_sub(1);
            if let Some(error) = error {
                channels.asked.retain(|asked| **asked != *channel.name);
                channels.failed = Some(
                    Error::new(error.code(), error.message().to_owned()).help(error.next_step().to_owned()),
                );
            }
            if channels.waits == 0 {
                self.todo.push_back(Todo::Client(id));
            }
        }
    }

    /// Something was sent to a channel.
    pub(super) fn notified(&mut self, notice: &Notice) {
        for id in self.ears.listeners(&notice.channel) {
            let Some(client) = self.client(id) else { continue };
            let Some(channels) = &client.talk.channels else { continue };
            // Until its transaction is committed it listens on nothing.
            let Some(own) = channels.names.get(&*notice.channel.name) else { continue };
            let mut message = Vec::new();
            // In another encoding its bytes would be other characters.
            let is_told = notice.payload.is_ascii() || self.settings.is_utf8(client.talk.settings);
            let shown: String =
                notice.payload.chars().map(|c| if c.is_ascii() || is_told { c } else { '?' }).collect();
            let parts: [&[u8]; 5] =
                [&notice.process.to_be_bytes(), own.as_bytes(), b"\0", shown.as_bytes(), b"\0"];
            frame::write(&mut message, b'A', &parts);
            self.tell(id, &message);
        }
    }

    /// What was sent to a database's channels for a while nobody has heard.
    pub(super) fn missed(&mut self, place: &Place) {
        let warning = frame::warning(&missed());
        for id in self.ears.everybody(place) {
            let listens = self.client(id).and_then(|client| client.talk.channels.as_ref());
            if listens.is_some_and(|channels| !channels.names.is_empty()) {
                self.tell(id, &warning);
            }
        }
    }

    /// Sends a message between two others. Who does not take what it has listened for is sent away: nothing else would bound
    /// what is kept for it, and it could not know what is missing.
    fn tell(&mut self, id: ClientId, message: &[u8]) {
        let max = self.limits.gateway_notifications_kib_per_client_max * 1024;
        let Self { clients, servers, tenants, .. } = self;
        let Some(client) = clients.get_mut(id.slot as usize).filter(|client| client.id == id) else { return };
        if client.parting.is_some() || client.is_leaving {
            return;
        }
        let server = client.server.and_then(|server| servers.get(server.slot as usize));
        let is_between = server.is_none_or(|server| server.talk.rest.bytes == 0);
        let Some(channels) = &mut client.talk.channels else { return };
        let kept = client.unsent.len() + channels.held_back.len();
        if kept + message.len() > max && kept > 0 {
            self.count_refusal(ErrorCode::LimitExceeded);
            return self.end_client(id, Some(&frame::farewell(&too_slow(max))));
        }
        channels.held_back.extend_from_slice(message);
        if !is_between {
            return;
        }
        let bytes = std::mem::take(&mut channels.held_back);
        Counts::add(&tenants.get(client.tenant).counts.bytes_out, bytes.len() as u64);
        if client.unsent.send(&mut client.link, &bytes).is_err() {
            self.end_client(id, None);
        }
    }

    /// What its server has said may have changed what a client listens on, or ended a message that was in the way.
    pub(super) fn tidy_channels(&mut self, id: ClientId) {
        let Self { clients, servers, pools, .. } = self;
        let Some(client) = clients.get_mut(id.slot as usize).filter(|client| client.id == id) else { return };
        let Some(channels) = client.talk.channels.as_mut().filter(|_| client.talk.hears == Hears::Listener)
        else {
            return;
        };
        let server = client.server.and_then(|server| servers.get(server.slot as usize));
        let is_between = server.is_none_or(|server| server.talk.rest.bytes == 0);
        let is_idle = server.is_none_or(|server| server.talk.is_idle());
        let gone = channels.gone(is_idle);
        let bytes = if is_between { std::mem::take(&mut channels.held_back) } else { Vec::new() };
        if is_between
            && is_idle
            && channels.names.is_empty()
            && channels.asked.is_empty()
            && channels.failed.is_none()
        {
            client.talk.channels = None;
        }
        let is_sent = bytes.is_empty() || client.unsent.send(&mut client.link, &bytes).is_ok();
        if !gone.is_empty() {
            let place = Place::of(&pools.get(client.pool).spec.key);
            self.leave_channels(id, &place, gone);
        }
        if !is_sent {
            self.end_client(id, None);
        }
    }

    /// A client listens on these no more.
    pub(super) fn leave_channels(
        &mut self,
        id: ClientId,
        place: &Place,
        names: impl IntoIterator<Item = Box<str>>,
    ) {
        for name in names {
            let channel = Channel { place: place.clone(), name: Arc::from(name) };
            if self.ears.leave(&channel, id) {
                self.outside.unlisten(&channel);
            }
        }
    }
}

fn too_slow(max: usize) -> Error {
    let what = format!(
        "more than {} KiB of notifications wait for this client (gateway_notifications_kib_per_client_max)",
        max / 1024
    );
    Error::new(ErrorCode::LimitExceeded, what)
        .help("read them as they come, then look at the tables and listen again")
}

fn missed() -> Error {
    let what = "notifications may have been lost: the gateway's connection that listens was";
    Error::new(ErrorCode::ConnectionLost, what).help("look at the tables once")
}
