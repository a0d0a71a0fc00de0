//! What the relay knows of a connection: bytes in, bytes out.

use std::io;

mod tls;

pub use tls::Tls;

/// One end of a connection, never blocking. Sockets, TLS over sockets and the scripts of tests are links.
pub trait Link {
    /// Reads what has come, as much as `buf` holds; 0: the peer has ended the connection.
    ///
    /// # Errors
    /// [`io::ErrorKind::WouldBlock`] when nothing has come; anything else when the connection is broken.
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize>;

    /// Writes the beginning of `buf`, and returns how many bytes of it.
    ///
    /// # Errors
    /// [`io::ErrorKind::WouldBlock`] when nothing can be taken now; anything else when the connection is broken.
    fn write(&mut self, buf: &[u8]) -> io::Result<usize>;

    /// Sends what the link has taken and still holds, as far as it can be sent now. Called when bytes can be written again.
    ///
    /// # Errors
    /// The connection is broken.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Link for mio::net::TcpStream {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        io::Read::read(self, buf)
    }

    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        io::Write::write(self, buf)
    }
}

/// Bytes that a link did not take at once. Holds memory only while there are some.
#[derive(Default)]
pub(super) struct Unsent {
    bytes: Vec<u8>,
    sent: usize,
}

impl Unsent {
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len() - self.sent
    }

    /// Writes `bytes` behind what is still unsent, and keeps what the link does not take.
    pub(super) fn send(&mut self, link: &mut impl Link, bytes: &[u8]) -> io::Result<()> {
        let taken = if self.is_empty() { write(link, bytes)? } else { 0 };
        if taken < bytes.len() {
            self.bytes.extend_from_slice(&bytes[taken..]);
        }
        Ok(())
    }

    /// Tries again.
    pub(super) fn flush(&mut self, link: &mut impl Link) -> io::Result<()> {
        self.sent += write(link, &self.bytes[self.sent..])?;
        if self.sent == self.bytes.len() {
            *self = Self::default();
        }
        Ok(())
    }
}

/// Writes until the link takes no more: only then does an edge tell that it takes some again.
fn write(link: &mut impl Link, bytes: &[u8]) -> io::Result<usize> {
    let mut sent = 0;
    while sent < bytes.len() {
        match link.write(&bytes[sent..]) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(taken) => sent += taken,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(sent)
}
