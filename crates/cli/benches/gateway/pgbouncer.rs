//! PgBouncer, set up as the gateway is: transaction pooling, as many server connections, passwords proved by SCRAM.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tenantry_testkit::postgres::server::Server;

use crate::world::{readable_by_all, wait_for};

/// A running PgBouncer.
pub struct PgBouncer {
    child: Child,
    pub port: u16,
    pub version: String,
    /// From 1.21 on it knows prepared statements in transaction pooling.
    pub knows_prepared: bool,
}

impl PgBouncer {
    /// In front of this server, for its user and database. `None` where it isn't installed.
    pub fn start(folder: &Path, server: &Server, servers: usize) -> Option<Self> {
        let program = ["pgbouncer", "/usr/sbin/pgbouncer"]
            .into_iter()
            .find(|program| Command::new(program).arg("--version").output().is_ok())?;
        let told = Command::new(program).arg("--version").output().unwrap();
        let told = String::from_utf8_lossy(&told.stdout).into_owned();
        let version = told.lines().next().unwrap().to_owned();
        let minor: Option<u32> = version.split('.').nth(1).and_then(|minor| minor.parse().ok());
        let knows_prepared = minor.is_some_and(|minor| minor >= 21);
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let folder = folder.join("pgbouncer");
        fs::create_dir_all(&folder).unwrap();
        let (config, users) = (folder.join("pgbouncer.ini"), folder.join("users.txt"));
        fs::write(&users, format!("\"{}\" \"{}\"\n", server.user, server.password.reveal())).unwrap();
        let prepared = if knows_prepared { "max_prepared_statements = 200\n" } else { "" };
        let text = format!(
            "[databases]\n{database} = host={host} port={server_port}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n\
             listen_port = {port}\nunix_socket_dir =\nauth_type = scram-sha-256\nauth_file = {users}\n\
             pool_mode = transaction\nmax_client_conn = 20000\ndefault_pool_size = {servers}\n\
             ignore_startup_parameters = extra_float_digits\nlog_connections = 0\nlog_disconnections = 0\n{prepared}\
             client_tls_sslmode = allow\nclient_tls_cert_file = {certificate}\nclient_tls_key_file = {key}\n",
            database = server.database.as_deref().unwrap(),
            host = server.host,
            server_port = server.port,
            users = users.display(),
            certificate = folder.with_file_name("certificate.pem").display(),
            key = folder.with_file_name("key.pem").display(),
        );
        fs::write(&config, text).unwrap();
        let mut command = Command::new(program);
        command.arg(&config).stdout(Stdio::null()).stderr(Stdio::null());
        if is_root() {
            // It refuses to run as root.
            readable_by_all(&folder);
            command.args(["-u", "postgres"]);
        }
        let child = command.spawn().unwrap();
        wait_for(|| TcpStream::connect(("127.0.0.1", port)).ok());
        Some(Self { child, port, version, knows_prepared })
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|told| told.stdout == b"0\n")
}
