//! Channels that clients without a server connection of their own listen on: which of them the gateway's listener hears for
//! this shard, and who is to be told. Pure.

use std::collections::HashMap;
use std::sync::Arc;

use tenantry_domain::Error;

use super::client::ClientId;
use super::pool::PoolKey;

/// A database, in which channels have their names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// Name of the cluster.
    pub cluster: Arc<str>,
    /// Name of the database.
    pub database: Arc<str>,
}

impl Place {
    /// Where the servers of a pool are.
    pub fn of(key: &PoolKey) -> Self {
        Self { cluster: key.cluster.clone(), database: key.database.clone() }
    }
}

/// A channel, by the server's name for it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Channel {
    /// Where it is.
    pub place: Place,
    /// What the server calls it.
    pub name: Arc<str>,
}

/// What was sent to a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// To which.
    pub channel: Channel,
    /// The server process that has sent it.
    pub process: i32,
    /// What was sent.
    pub payload: Box<str>,
}

/// Whose notifications reach a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hears {
    /// Those that the gateway's listener hears for it: its servers serve others too.
    Listener,
    /// Those of its own server, on channels that are the tenant's.
    Own,
    /// Whatever its own server sends: the database is the tenant's.
    All,
}

/// A client's channels. Boxed where it stands: a client that listens on nothing takes a pointer's room.
#[derive(Default)]
pub(super) struct Channels {
    /// Its own names by the server's, of those that it listens on.
    pub names: HashMap<Box<str>, Box<str>>,
    /// Those by the server's name that the listener hears for it, because it is about to listen on them.
    pub asked: Vec<Box<str>>,
    /// Those that it has stopped listening on.
    pub left: Vec<Box<str>>,
    /// How many of those asked for are not heard yet. It is not read as long as there are any.
    pub waits: usize,
    /// Why one can't be heard, for the statement that wants it.
    pub failed: Option<Error>,
    /// Notifications that came while a message was on its way to the client.
    pub held_back: Vec<u8>,
}

impl Channels {
    /// It listens on this one.
    pub(super) fn listen(&mut self, server: &str, own: &str) {
        self.names.insert(server.into(), own.into());
    }

    /// It does not any more; none: on none.
    pub(super) fn unlisten(&mut self, server: Option<&str>) {
        match server {
            Some(server) => self.left.extend(self.names.remove_entry(server).map(|(server, _)| server)),
            None => self.left.extend(self.names.drain().map(|(server, _)| server)),
        }
    }

    /// Whether the listener was asked for this one.
    pub(super) fn has(&self, server: &str) -> bool {
        self.names.contains_key(server) || self.asked.iter().any(|asked| **asked == *server)
    }

    /// What the listener need not hear for it any more. `is_idle`: its transaction has ended.
    pub(super) fn gone(&mut self, is_idle: bool) -> Vec<Box<str>> {
        let mut gone = std::mem::take(&mut self.left);
        if is_idle && self.waits == 0 {
            gone.append(&mut self.asked);
        }
        gone.retain(|server| !self.has(server));
        gone
    }
}

#[derive(Default)]
struct Ear {
    is_live: bool,
    listeners: Vec<ClientId>,
    waiting: Vec<ClientId>,
}

/// What a shard's clients listen on.
#[derive(Default)]
pub(super) struct Ears {
    ears: HashMap<Channel, Ear>,
}

impl Ears {
    /// Whether the listener hears it.
    pub(super) fn is_live(&self, channel: &Channel) -> bool {
        self.ears.get(channel).is_some_and(|ear| ear.is_live)
    }

    /// A client wants it heard. Whether the listener has to be told, and whether the client has to wait.
    pub(super) fn join(&mut self, channel: &Channel, client: ClientId) -> (bool, bool) {
        let is_new = !self.ears.contains_key(channel);
        let ear = self.ears.entry(channel.clone()).or_default();
        if !ear.listeners.contains(&client) {
            ear.listeners.push(client);
        }
        if !ear.is_live {
            ear.waiting.push(client);
        }
        (is_new, !ear.is_live)
    }

    /// A client wants it no more; true: nobody does.
    pub(super) fn leave(&mut self, channel: &Channel, client: ClientId) -> bool {
        let Some(ear) = self.ears.get_mut(channel) else { return false };
        ear.listeners.retain(|listener| *listener != client);
        ear.waiting.retain(|waiting| *waiting != client);
        let is_last = ear.listeners.is_empty();
        if is_last {
            self.ears.remove(channel);
        }
        is_last
    }

    /// The listener hears it, or can't. Returns who has waited for that.
    pub(super) fn answered(&mut self, channel: &Channel, is_live: bool) -> Vec<ClientId> {
        let Some(ear) = self.ears.get_mut(channel) else { return Vec::new() };
        ear.is_live |= is_live;
        let waiting = std::mem::take(&mut ear.waiting);
        if !is_live && !ear.is_live {
            self.ears.remove(channel);
        }
        waiting
    }

    /// Who wants it.
    pub(super) fn listeners(&self, channel: &Channel) -> Vec<ClientId> {
        self.ears.get(channel).map(|ear| ear.listeners.clone()).unwrap_or_default()
    }

    /// Everybody who wants anything of a database.
    pub(super) fn everybody(&self, place: &Place) -> Vec<ClientId> {
        let ears = self.ears.iter().filter(|(channel, _)| channel.place == *place);
        let mut all: Vec<ClientId> = ears.flat_map(|(_, ear)| ear.listeners.iter().copied()).collect();
        all.sort_by_key(|id| (id.slot, id.generation));
        all.dedup();
        all
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.ears.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn channel(name: &str) -> Channel {
        let place = Place { cluster: "c".into(), database: "d".into() };
        Channel { place, name: name.into() }
    }

    fn client(slot: u32) -> ClientId {
        ClientId { slot, generation: 0 }
    }

    #[test]
    fn the_listener_is_told_of_the_first_and_the_last() {
        let (mut ears, news) = (Ears::default(), channel("news"));
        assert_eq!(ears.join(&news, client(1)), (true, true));
        assert_eq!(ears.join(&news, client(2)), (false, true));
        assert!(!ears.is_live(&news));
        assert_eq!(ears.answered(&news, true), [client(1), client(2)]);
        assert!(ears.is_live(&news));
        assert_eq!(ears.join(&news, client(3)), (false, false));
        assert_eq!(ears.listeners(&news).len(), 3);
        assert_eq!(ears.everybody(&news.place), [client(1), client(2), client(3)]);
        assert!(!ears.leave(&news, client(1)) && !ears.leave(&news, client(2)));
        assert!(ears.leave(&news, client(3)) && !ears.leave(&news, client(3)));
        assert_eq!(ears.len(), 0);
    }

    #[test]
    fn what_cant_be_heard_is_forgotten() {
        let (mut ears, news) = (Ears::default(), channel("news"));
        ears.join(&news, client(1));
        assert_eq!(ears.answered(&news, false), [client(1)]);
        assert_eq!((ears.len(), ears.answered(&news, true).len()), (0, 0));
        assert_eq!(ears.join(&news, client(1)), (true, true), "it may be asked for again");
    }

    #[test]
    fn a_client_keeps_what_it_listens_on() {
        let asked = ["a", "b"].map(Into::into).into();
        let mut channels = Channels { asked, ..Channels::default() };
        channels.listen("a", "A");
        assert!(channels.gone(false).is_empty());
        assert_eq!(channels.gone(true), ["b".into()], "its transaction was rolled back");
        channels.unlisten(Some("x"));
        channels.unlisten(Some("a"));
        channels.listen("a", "A");
        assert!(channels.gone(true).is_empty());
        channels.unlisten(None);
        assert_eq!(channels.gone(false), ["a".into()]);
        assert!(!channels.has("a"));
    }
}
