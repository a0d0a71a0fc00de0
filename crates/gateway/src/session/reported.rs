//! What a server tells of its settings (ParameterStatus): clients hear it when they log in.

/// Reported settings, sorted by name. Names as the server writes them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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
}

#[cfg(test)]
mod tests {
    use super::*;

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
