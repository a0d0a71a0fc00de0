//! What clients were told of a server's settings (ParameterStatus).
//!
//! A client hears its values once, when it has logged in. When it gets another server later, it hears only what is
//! different there. The value that counts is the server's: it may write `ISO, DMY` for what the client called `ISO`.

use std::collections::HashMap;
use std::sync::Arc;

/// Reported settings, sorted by name. Names as the server writes them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Reported(Vec<(Box<str>, Box<str>)>);

/// Names and values of one client or server at most. PostgreSQL reports 15; a server that never stops naming new ones
/// shall not fill our memory.
const NAMES_MAX: usize = 64;

impl Reported {
    /// The value of a setting.
    pub fn get(&self, name: &str) -> Option<&str> {
        let at = self.0.binary_search_by(|(known, _)| (**known).cmp(name)).ok()?;
        Some(&self.0[at].1)
    }

    /// Notes what a server has said. Beyond 64 names further ones are passed over.
    pub fn set(&mut self, name: &str, value: &str) {
        match self.0.binary_search_by(|(known, _)| (**known).cmp(name)) {
            Ok(at) => self.0[at].1 = value.into(),
            Err(at) if self.0.len() < NAMES_MAX => self.0.insert(at, (name.into(), value.into())),
            Err(_) => {}
        }
    }

    /// Names and values, sorted.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }

    /// What a client that was told `told` has to be told now.
    pub fn news<'a>(&'a self, told: &'a Reported) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.iter().filter(|(name, value)| told.get(name) != Some(*value))
    }
}

/// What one client was told, shared with all that were told the same.
#[derive(Clone, Debug)]
pub struct Told(Arc<Reported>);

impl Told {
    /// Everything that this server reports.
    pub fn of(server: &Arc<Reported>) -> Self {
        Self(Arc::clone(server))
    }

    /// The client now has this server. Gives what to tell it; nothing, after one comparison of pointers, where it was
    /// told the same already.
    pub fn update(&mut self, server: &Arc<Reported>) -> Vec<(String, String)> {
        if Arc::ptr_eq(&self.0, server) {
            return Vec::new();
        }
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let news: Vec<_> = server.news(&self.0).map(owned).collect();
        self.0 = Arc::clone(server);
        news
    }
}

/// Shares equal sets of reported values, by their content.
#[derive(Debug, Default)]
pub struct Shared(HashMap<Reported, Arc<Reported>>);

impl Shared {
    /// The shared value equal to this one.
    pub fn share(&mut self, reported: &Reported) -> Arc<Reported> {
        if let Some(known) = self.0.get(reported) {
            return Arc::clone(known);
        }
        // Sets differ by zones, styles and names of applications only; those that nobody has go when there are many.
        if self.0.len() >= 1_024 {
            self.0.retain(|_, shared| Arc::strong_count(shared) > 1);
        }
        let shared = Arc::new(reported.clone());
        self.0.insert(reported.clone(), Arc::clone(&shared));
        shared
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reported(pairs: &[(&str, &str)]) -> Reported {
        let mut reported = Reported::default();
        pairs.iter().for_each(|(name, value)| reported.set(name, value));
        reported
    }

    #[test]
    fn only_news_are_told() {
        let mut shared = Shared::default();
        let berlin = shared.share(&reported(&[("TimeZone", "Europe/Berlin"), ("server_version", "15.20")]));
        let utc = shared.share(&reported(&[("server_version", "15.20"), ("TimeZone", "UTC")]));
        let mut told = Told::of(&berlin);
        assert!(told.update(&berlin).is_empty());
        assert_eq!(told.update(&utc), [("TimeZone".to_owned(), "UTC".to_owned())]);
        assert!(told.update(&utc).is_empty());
        assert_eq!(told.update(&berlin).len(), 1);
        assert!(Arc::ptr_eq(&berlin, &shared.share(&berlin)));
    }

    #[test]
    fn a_server_that_reports_without_end_is_passed_over() {
        let mut reported = Reported::default();
        for n in 0..1_000 {
            reported.set(&format!("x{n}"), "y");
        }
        reported.set("x0", "z");
        assert_eq!(
            (reported.iter().count(), reported.get("x0"), reported.get("x999")),
            (NAMES_MAX, Some("z"), None)
        );
    }
}
