//! Where a new tenant goes: pure.

use tenantry_domain::{Error, ErrorCode, Result};

/// A cluster as a candidate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub region: Option<String>,
    /// Whether it takes no new tenants.
    pub draining: bool,
    /// How many placements it holds.
    pub placements: i64,
}

/// What the tenant and the service ask for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wish<'a> {
    /// The cluster that the command named.
    pub cluster: Option<&'a str>,
    /// The cluster that the service is bound to.
    pub service_cluster: Option<&'a str>,
    /// The tenant's region.
    pub region: Option<&'a str>,
}

/// Chooses a cluster: the service's own, else the one named, else the emptiest of the region.
///
/// # Errors
/// `cluster_unknown`, `region_unknown` when no cluster fits.
pub fn choose(candidates: &[Candidate], wish: Wish<'_>) -> Result<String> {
    if let Some(name) = wish.service_cluster.or(wish.cluster) {
        return candidates
            .iter()
            .find(|c| c.name == name)
            .map(|c| c.name.clone())
            .ok_or_else(|| Error::new(ErrorCode::ClusterUnknown, format!("there is no cluster {name}")));
    }
    let fits = |c: &&Candidate| !c.draining && wish.region.is_none_or(|r| c.region.as_deref() == Some(r));
    candidates
        .iter()
        .filter(fits)
        .min_by_key(|c| (c.placements, c.name.clone()))
        .map(|c| c.name.clone())
        .ok_or_else(|| match wish.region {
            Some(region) => {
                Error::new(ErrorCode::RegionUnknown, format!("no cluster in region {region} takes tenants"))
            }
            None => Error::new(ErrorCode::ClusterUnknown, "no cluster takes new tenants"),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidates() -> Vec<Candidate> {
        let c = |name: &str, region: Option<&str>, draining, placements| Candidate {
            name: name.to_owned(),
            region: region.map(str::to_owned),
            draining,
            placements,
        };
        vec![
            c("a", Some("eu"), false, 5),
            c("b", Some("eu"), false, 3),
            c("c", Some("us"), false, 9),
            c("d", None, true, 0),
        ]
    }

    fn check(wish: Wish<'_>, expect: Result<&str, ErrorCode>) {
        let got = choose(&candidates(), wish);
        assert_eq!(got.as_deref().map_err(|e| e.code()), expect);
    }

    #[test]
    fn the_emptiest_that_fits() {
        check(Wish::default(), Ok("b"));
        check(Wish { region: Some("us"), ..Wish::default() }, Ok("c"));
        check(Wish { cluster: Some("a"), ..Wish::default() }, Ok("a"));
        check(Wish { cluster: Some("a"), service_cluster: Some("c"), ..Wish::default() }, Ok("c"));
        check(Wish { region: Some("mars"), ..Wish::default() }, Err(ErrorCode::RegionUnknown));
        check(Wish { cluster: Some("z"), ..Wish::default() }, Err(ErrorCode::ClusterUnknown));
    }
}
