//! An app: what `tenantry.toml` says once it has been read and checked.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

mod own_settings;

pub use own_settings::OwnSettings;

use serde::{Deserialize, Serialize};

use crate::{
    AppName, ClusterName, Error, ErrorCode, Isolation, Layout, Limits, MigrationLayout, Plan, PlanName,
    Region, Secret, ServiceName,
};

/// One product.
#[derive(Clone, Debug)]
pub struct App {
    /// Its name: databases and roles carry it.
    pub name: AppName,
    /// The control database's server; absent: the embedded server.
    pub control_url: Option<Secret>,
    /// The clusters by name. Never empty: without any in `tenantry.toml` there is `local`.
    pub clusters: BTreeMap<ClusterName, ClusterSpec>,
    /// The services by name. Never empty: without any in `tenantry.toml` there is `main`.
    pub services: BTreeMap<ServiceName, Service>,
    /// How tenants are kept apart.
    pub isolation: IsolationSpec,
    /// Tables with a part of their own.
    pub tables: Tables,
    /// The plans by name.
    pub plans: BTreeMap<PlanName, Plan>,
    /// Where the HTTP listener listens.
    pub http_listen: String,
    /// Where the gateway listens, and its certificate.
    pub gateway: GatewaySpec,
    /// Every limit and time-out.
    pub limits: Limits,
}

/// Where the gateway listens if nobody says otherwise.
pub const GATEWAY_LISTEN: &str = "127.0.0.1:6432";

/// `[gateway]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GatewaySpec {
    /// Where it listens; absent: at [`GATEWAY_LISTEN`], or anywhere else if that is taken.
    pub listen: Option<String>,
    /// The control database by the gateway's own login, for a gateway that is to know no other; absent: `control_url`, whose
    /// login sets that one up.
    pub control_url: Option<Secret>,
    /// What it shows who it is with; absent: no TLS.
    pub tls: Option<TlsSpec>,
    /// The domain whose labels are tenants, for clients that name a server by TLS.
    pub domain: Option<String>,
    /// When clients that ask for nothing else give their server connection back.
    pub pooling: Pooling,
    /// What clients that ask for nothing else let replicas answer.
    pub reads: Reads,
    /// Settings of the application's own, which it may set in every isolation.
    pub settings: OwnSettings,
}

/// What a client of the gateway lets replicas answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Reads {
    /// Nothing.
    #[default]
    Primary,
    /// Transactions that are declared READ ONLY.
    Replica,
    /// Those, and statements outside of a transaction that are seen to read only.
    Auto,
}

impl FromStr for Reads {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "primary" => Ok(Self::Primary),
            "replica" => Ok(Self::Replica),
            "auto" => Ok(Self::Auto),
            _ => Err(Error::new(ErrorCode::SettingInvalid, format!("{text:?} is no place to read from"))
                .help("use primary, replica or auto")),
        }
    }
}

impl fmt::Display for Reads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Primary => "primary",
            Self::Replica => "replica",
            Self::Auto => "auto",
        })
    }
}

/// When a client of the gateway gives its server connection back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Pooling {
    /// At the end of each transaction.
    #[default]
    Transaction,
    /// When it leaves.
    Session,
    /// As for a transaction, and there are no transactions of several statements.
    Statement,
}

impl FromStr for Pooling {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "transaction" => Ok(Self::Transaction),
            "session" => Ok(Self::Session),
            "statement" => Ok(Self::Statement),
            _ => Err(Error::new(ErrorCode::SettingInvalid, format!("{text:?} is no way of pooling"))
                .help("use transaction, session or statement")),
        }
    }
}

impl fmt::Display for Pooling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Transaction => "transaction",
            Self::Session => "session",
            Self::Statement => "statement",
        })
    }
}

/// Files of a certificate, in PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsSpec {
    /// The certificate, and behind it those that it was signed with.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

impl App {
    /// The names of everything that this app has on servers.
    pub fn layout(&self) -> Layout {
        Layout::new(&self.name)
    }
}

/// A PostgreSQL server of `tenantry.toml`.
#[derive(Clone, Debug)]
pub struct ClusterSpec {
    /// Its superuser's URL; absent: the embedded server.
    pub url: Option<Secret>,
    /// URLs of its replicas.
    pub replicas: Vec<Secret>,
    /// Where it stands.
    pub region: Option<Region>,
    /// `postgres` or `citus`.
    pub engine: String,
}

/// A logical database of the app, with its own migrations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Its name.
    pub name: ServiceName,
    /// The folder of its migrations.
    pub migrations: PathBuf,
    /// How that folder is laid out; absent: by the names in it.
    pub layout: Option<MigrationLayout>,
    /// Names of files and folders in it that are no migrations; `*` stands for any text.
    pub ignore: Vec<String>,
    /// The cluster that all its data lives on; absent: placed by region and load.
    pub cluster: Option<ClusterName>,
}

/// `[isolation]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IsolationSpec {
    /// What a tenant gets that asks for nothing else.
    pub default: Isolation,
    /// The name of the tenant column in shared tables.
    pub tenant_column: String,
    /// The type of the tenant column.
    pub tenant_key: TenantKeyType,
    /// Whether tenants may create objects of their own in schema and database isolation.
    pub tenant_ddl: bool,
}

impl Default for IsolationSpec {
    fn default() -> Self {
        Self {
            default: Isolation::Shared,
            tenant_column: "tenant_id".to_owned(),
            tenant_key: TenantKeyType::Uuid,
            tenant_ddl: false,
        }
    }
}

/// `[tables]`: table names as the migrations write them, without a schema.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tables {
    /// Tables that belong to no tenant: one copy a database, read-only for tenants.
    pub global: BTreeSet<String>,
}

/// The type of the tenant column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TenantKeyType {
    /// The tenant's id.
    #[default]
    Uuid,
    /// The tenant's number (32 bits).
    Integer,
    /// The tenant's number, in a column of 64 bits.
    Bigint,
}

impl TenantKeyType {
    /// The SQL type.
    pub const fn sql(self) -> &'static str {
        match self {
            TenantKeyType::Uuid => "uuid",
            TenantKeyType::Integer => "integer",
            TenantKeyType::Bigint => "bigint",
        }
    }

    /// The function that yields the current tenant's key, as policies and column defaults call it.
    pub const fn current_tenant_call(self) -> &'static str {
        match self {
            TenantKeyType::Uuid => "tenantry.current_tenant()",
            TenantKeyType::Integer | TenantKeyType::Bigint => "tenantry.current_tenant_key()",
        }
    }
}

impl fmt::Display for TenantKeyType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sql())
    }
}

impl FromStr for TenantKeyType {
    type Err = Error;

    fn from_str(s: &str) -> Result<Self, Error> {
        match s {
            "uuid" => Ok(TenantKeyType::Uuid),
            "integer" | "int" | "int4" => Ok(TenantKeyType::Integer),
            "bigint" | "int8" => Ok(TenantKeyType::Bigint),
            _ => Err(Error::new(
                ErrorCode::ConfigInvalid,
                format!("isolation.tenant_key {s:?} is not a type of a tenant column"),
            )
            .help("use uuid, integer or bigint")),
        }
    }
}
