//! A server and the login to it: parsed from a URL or put together from parts.

use std::fmt::Write as _;
use std::str::FromStr;

use tenantry_domain::{Error, ErrorCode, Result, Secret};

/// Port of a server whose URL names none.
pub const DEFAULT_PORT: u16 = 5432;

/// How much TLS is asked for, as libpq's `sslmode` (manual, section 34.19).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum SslMode {
    /// Never.
    Disable,
    /// Where the server offers it; whose certificate is not checked.
    #[default]
    Prefer,
    /// Always; whose certificate is not checked.
    Require,
    /// Always; the certificate must be signed by a known authority.
    VerifyCa,
    /// Always; the certificate must be signed by a known authority and name the host.
    VerifyFull,
}

impl SslMode {
    const ALL: [SslMode; 5] =
        [SslMode::Disable, SslMode::Prefer, SslMode::Require, SslMode::VerifyCa, SslMode::VerifyFull];

    /// The word in a URL.
    pub const fn as_str(self) -> &'static str {
        match self {
            SslMode::Disable => "disable",
            SslMode::Prefer => "prefer",
            SslMode::Require => "require",
            SslMode::VerifyCa => "verify-ca",
            SslMode::VerifyFull => "verify-full",
        }
    }
}

/// One PostgreSQL server with a login. Prints without its password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Host name or address; a path means a Unix socket's folder.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Login role.
    pub user: String,
    /// Its password; empty where the server asks for none.
    pub password: Secret,
    /// How much TLS is asked for.
    pub sslmode: SslMode,
    /// File with the authorities to trust instead of the system's (`sslrootcert`).
    pub root_certificates: Option<std::path::PathBuf>,
    /// The database that the URL names, for callers that were given none.
    pub database: Option<String>,
}

impl Server {
    /// A server on this machine, without TLS.
    pub fn local(port: u16, user: impl Into<String>, password: Secret) -> Self {
        Self {
            host: "127.0.0.1".to_owned(),
            port,
            user: user.into(),
            password,
            sslmode: SslMode::Disable,
            root_certificates: None,
            database: None,
        }
    }

    /// The same server with another login.
    #[must_use]
    pub fn with_login(&self, user: impl Into<String>, password: Secret) -> Self {
        Self { user: user.into(), password, ..self.clone() }
    }

    /// The URL of a database on this server, password included.
    pub fn url(&self, database: &str) -> Secret {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { encode(&self.host) };
        let mut url = format!("postgres://{}", encode(&self.user));
        if !self.password.reveal().is_empty() {
            let _ = write!(url, ":{}", encode(self.password.reveal()));
        }
        let _ = write!(url, "@{host}:{}/{}", self.port, encode(database));
        let mut separator = '?';
        if self.sslmode != SslMode::default() {
            let _ = write!(url, "{separator}sslmode={}", self.sslmode.as_str());
            separator = '&';
        }
        if let Some(file) = &self.root_certificates {
            let _ = write!(url, "{separator}sslrootcert={}", encode(&file.to_string_lossy()));
        }
        Secret::new(url)
    }
}

impl FromStr for Server {
    type Err = Error;

    /// Parses `postgres://user:password@host:port/database?sslmode=...` (RFC 3986 percent-encoding).
    fn from_str(url: &str) -> Result<Self> {
        let rest = url
            .strip_prefix("postgres://")
            .or_else(|| url.strip_prefix("postgresql://"))
            .ok_or_else(|| invalid("does not start with postgres://"))?;
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
        let (login, address) =
            authority.rsplit_once('@').ok_or_else(|| invalid("names no user (user@host)"))?;
        let (user, password) = login.split_once(':').unwrap_or((login, ""));
        let (host, port) = split_address(address)?;
        let mut server = Server {
            host,
            port,
            user: decode(user)?,
            password: Secret::new(decode(password)?),
            sslmode: SslMode::default(),
            root_certificates: None,
            database: Some(decode(database)?).filter(|d| !d.is_empty()),
        };
        if server.user.is_empty() {
            return Err(invalid("names no user (user@host)"));
        }
        for pair in query.split('&').filter(|p| !p.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            server.set(key, &decode(value)?)?;
        }
        Ok(server)
    }
}

impl Server {
    fn set(&mut self, key: &str, value: &str) -> Result<()> {
        match key {
            "sslmode" => {
                self.sslmode = SslMode::ALL.into_iter().find(|m| m.as_str() == value).ok_or_else(|| {
                    invalid(&format!("has the sslmode {value:?}"))
                        .help("use sslmode=disable, prefer, require, verify-ca or verify-full")
                })?;
            }
            "sslrootcert" => self.root_certificates = Some(value.into()),
            "host" => value.clone_into(&mut self.host),
            "port" => self.port = parse_port(value)?,
            "user" => value.clone_into(&mut self.user),
            "password" => self.password = Secret::new(value),
            "dbname" => self.database = Some(value.to_owned()),
            // Tenantry sets these itself, connection by connection.
            "application_name" | "connect_timeout" => {}
            _ => {
                return Err(invalid(&format!("has the parameter {key:?}, which Tenantry does not know"))
                    .help("allowed are sslmode, sslrootcert, host, port, user, password and dbname"));
            }
        }
        Ok(())
    }
}

fn split_address(address: &str) -> Result<(String, u16)> {
    let (host, port) = if let Some(rest) = address.strip_prefix('[') {
        let (host, port) = rest.split_once(']').ok_or_else(|| invalid("has a [ without ]"))?;
        (host.to_owned(), port.strip_prefix(':'))
    } else {
        match address.rsplit_once(':') {
            Some((host, port)) => (decode(host)?, Some(port)),
            None => (decode(address)?, None),
        }
    };
    if host.contains(',') || port.is_some_and(|p| p.contains(',')) {
        return Err(invalid("names several hosts").help("name the primary alone"));
    }
    let host = if host.is_empty() { "127.0.0.1".to_owned() } else { host };
    Ok((host, port.map_or(Ok(DEFAULT_PORT), parse_port)?))
}

fn parse_port(text: &str) -> Result<u16> {
    match text.parse() {
        Ok(0) | Err(_) => Err(invalid(&format!("has the port {text:?}"))),
        Ok(port) => Ok(port),
    }
}

/// The URL itself stays out of the message: it holds a password.
fn invalid(what: &str) -> Error {
    Error::new(ErrorCode::ConfigInvalid, format!("the database URL {what}"))
        .help("write postgres://USER:PASSWORD@HOST:PORT/DATABASE, with special characters percent-encoded")
}

fn encode(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, b| {
        if b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(b));
        } else {
            let _ = write!(out, "%{b:02X}");
        }
        out
    })
}

fn decode(text: &str) -> Result<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(b) = rest.next() {
        if b != b'%' {
            bytes.push(b);
            continue;
        }
        let mut digit = || rest.next().and_then(|d| char::from(d).to_digit(16));
        match (digit(), digit()) {
            (Some(high), Some(low)) => bytes.push(u8::try_from(high * 16 + low).unwrap_or(0)),
            _ => return Err(invalid("has a % without two hexadecimal digits")),
        }
    }
    String::from_utf8(bytes)
        .ok()
        .filter(|s| !s.contains('\0'))
        .ok_or_else(|| invalid("is not UTF-8 text once decoded"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, reason = "tests stop at the first surprise")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn parses_urls() {
        let s: Server =
            "postgres://al%40ice:p%3Aw%2F@db.example:6543/my%20db?sslmode=verify-full&sslrootcert=/ca.pem"
                .parse()
                .unwrap();
        assert_eq!((s.host.as_str(), s.port, s.user.as_str()), ("db.example", 6543, "al@ice"));
        assert_eq!(s.password.reveal(), "p:w/");
        assert_eq!(s.database.as_deref(), Some("my db"));
        assert_eq!(s.sslmode, SslMode::VerifyFull);
        assert_eq!(s.root_certificates.as_deref(), Some(std::path::Path::new("/ca.pem")));
        assert!(!format!("{s:?}").contains("p:w/"), "{s:?}");

        let short: Server = "postgresql://bob@[::1]".parse().unwrap();
        assert_eq!((short.host.as_str(), short.port, short.database), ("::1", 5432, None));
        let socket: Server = "postgres://bob@%2Fvar%2Frun/x".parse().unwrap();
        assert_eq!(socket.host, "/var/run");
    }

    #[test]
    fn refuses_what_it_does_not_understand_without_telling_the_password() {
        for bad in [
            "mysql://a:hunter2@h/d",
            "postgres://h/d",
            "postgres://:hunter2@h/d",
            "postgres://a:hunter2@h:0/d",
            "postgres://a:hunter2@h:99999/d",
            "postgres://a:hunter2@h,i/d",
            "postgres://a:hunter2%@h/d",
            "postgres://a:hunter2%00@h/d",
            "postgres://a:hunter2@[::1/d",
            "postgres://a:hunter2@h/d?sslmode=maybe",
            "postgres://a:hunter2@h/d?target_session_attrs=any",
        ] {
            let e = bad.parse::<Server>().unwrap_err();
            assert_eq!(e.code(), ErrorCode::ConfigInvalid, "{bad}");
            assert!(!format!("{e:?}").contains("hunter2"), "{e:?}");
        }
    }

    proptest! {
        #[test]
        fn a_url_carries_every_part(user in "[^\0]{1,12}", password in "[^\0]{0,12}", database in "[^\0]{1,12}") {
            let server = Server::local(5555, user, Secret::new(password));
            let back: Server = server.url(&database).reveal().parse().unwrap();
            prop_assert_eq!(back, Server { database: Some(database), ..server });
        }
    }
}
