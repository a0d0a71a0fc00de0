//! TLS on a socket that never blocks, after the handshake.

use std::io::{self, Read as _, Write as _};

use mio::event::Source;
use mio::net::TcpStream;
use rustls::{ClientConnection, ServerConnection};

/// Bytes that are encrypted at once: one record.
const RECORD_BYTES_MAX: usize = 16 * 1024;

/// Either end of a TLS connection.
enum Session {
    Server(ServerConnection),
    Client(ClientConnection),
}

macro_rules! session {
    ($self:expr, $of:ident => $what:expr) => {
        match $self {
            Session::Server($of) => $what,
            Session::Client($of) => $what,
        }
    };
}

/// A TLS connection.
pub struct Tls {
    stream: TcpStream,
    session: Session,
    /// The first byte of what is written next has been encrypted already: see [`Tls::write`].
    is_one_ahead: bool,
}

impl Tls {
    /// The end of a client of ours.
    pub fn server(stream: TcpStream, session: ServerConnection) -> Self {
        Self { stream, session: Session::Server(session), is_one_ahead: false }
    }

    /// The end of a server that we are a client of.
    pub fn client(stream: TcpStream, session: ClientConnection) -> Self {
        Self { stream, session: Session::Client(session), is_one_ahead: false }
    }

    pub(super) fn source(&mut self) -> &mut dyn Source {
        &mut self.stream
    }

    /// Decrypted bytes; `WouldBlock` only once the socket has none and none are left inside.
    pub(super) fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            let taken = session!(&mut self.session, s => s.reader().read(buf));
            match taken {
                // Only when something was decrypted is there an end, or something.
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
                // An end without a farewell: as any broken connection.
                Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => return Ok(0),
                taken => return taken,
            }
            let stream = &mut self.stream;
            let read = session!(&mut self.session, s => s.read_tls(stream))?;
            let processed = session!(&mut self.session, s => s.process_new_packets().map(drop));
            if processed.is_err() || session!(&self.session, s => s.wants_write()) {
                // An alert, or an answer to a change of keys; what does not go now goes with what is written next.
                let _ = self.flush();
            }
            processed.map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e))?;
            if read == 0 {
                // The session knows of the end now, and tells it once all that came before is taken.
                let last = session!(&mut self.session, s => s.reader().read(buf));
                return last.or(Ok(0));
            }
        }
    }

    /// Encrypts and writes. The caller tries again only while bytes are left over, and what was encrypted can't be taken
    /// back: so where the socket does not take all of it, one byte is left over on purpose and skipped the next time.
    pub(super) fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        if !self.flush()? || buf.is_empty() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let skipped = usize::from(std::mem::take(&mut self.is_one_ahead));
        let plain = &buf[skipped..buf.len().min(skipped + RECORD_BYTES_MAX)];
        if plain.is_empty() {
            return Ok(skipped);
        }
        let taken = skipped + session!(&mut self.session, s => s.writer().write(plain))?;
        if self.flush()? {
            return Ok(taken);
        }
        self.is_one_ahead = true;
        match taken - 1 {
            0 => Err(io::ErrorKind::WouldBlock.into()),
            told => Ok(told),
        }
    }

    /// Writes what is encrypted; false: the socket takes no more now.
    fn flush(&mut self) -> io::Result<bool> {
        let stream = &mut self.stream;
        while session!(&self.session, s => s.wants_write()) {
            match session!(&mut self.session, s => s.write_tls(stream)) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(_) => {}
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(true)
    }

    /// Takes what was decrypted during the log-in already: no event will tell of it.
    ///
    /// # Errors
    /// When the connection is broken.
    pub fn take_decrypted(&mut self, into: &mut Vec<u8>) -> io::Result<()> {
        let mut buf = [0; 4096];
        loop {
            match session!(&mut self.session, s => s.reader().read(&mut buf)) {
                Ok(0) => return Ok(()),
                Ok(read) => into.extend_from_slice(&buf[..read]),
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(e) => return Err(e),
            }
        }
    }
}
