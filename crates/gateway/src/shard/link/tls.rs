//! A link through TLS: rustls over another link.

use std::io::{self, Read, Write};

use super::Link;

/// Bytes that may wait for the link below before no more plain text is taken.
const UNSENT_BYTES_MAX: usize = 64 * 1024;

/// A connection whose handshake the rim has done. What was decrypted with it already, the rim takes out of this link
/// ([`Tls::take_decrypted`]) and hands over beside it: no event tells of it.
pub struct Tls<L> {
    link: L,
    connection: Box<rustls::Connection>,
}

impl<L: Link> Tls<L> {
    /// Through this connection over this link.
    pub fn new(link: L, connection: impl Into<rustls::Connection>) -> Self {
        let mut connection = Box::new(connection.into());
        connection.set_buffer_limit(Some(UNSENT_BYTES_MAX));
        Self { link, connection }
    }

    /// Appends what was decrypted already; nothing is read for it.
    ///
    /// # Errors
    /// The connection is broken.
    pub fn take_decrypted(&mut self, into: &mut Vec<u8>) -> io::Result<()> {
        let mut buf = [0; 4_096];
        loop {
            match self.connection.reader().read(&mut buf) {
                Ok(0) => return Ok(()),
                Ok(count) => into.extend_from_slice(&buf[..count]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }

    /// Reads once from the link below and decrypts; 0: it has ended.
    fn read_below(&mut self, is_drained: &mut bool) -> io::Result<usize> {
        let mut below = Below { link: &mut self.link, is_drained: false };
        let count = self.connection.read_tls(&mut below)?;
        *is_drained = below.is_drained;
        if let Err(error) = self.connection.process_new_packets() {
            // The peer is sent the alert if that can be; it is let go in any case.
            let _ = self.flush();
            return Err(io::Error::other(error));
        }
        Ok(count)
    }

    /// The link below, to be registered for events.
    pub fn below(&mut self) -> &mut L {
        &mut self.link
    }
}

impl<L: Link> Link for Tls<L> {
    /// Fills `buf` from as many records as there are: a short read has to mean that nothing more is there.
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let mut is_drained = false;
        let mut filled = 0;
        while filled < buf.len() {
            match self.connection.reader().read(&mut buf[filled..]) {
                // The peer has said that it ends. If something came before, the next read tells.
                Ok(0) => return Ok(filled),
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    // A short read below took everything there is: asking again would be a system call for nothing.
                    if is_drained {
                        return if filled > 0 { Ok(filled) } else { Err(error) };
                    }
                    match self.read_below(&mut is_drained) {
                        // An end without a word is an end all the same: the protocol above has a good-bye of its own.
                        Ok(0) => return Ok(filled),
                        Ok(_) => {}
                        Err(error) if error.kind() == io::ErrorKind::WouldBlock && filled > 0 => {
                            return Ok(filled);
                        }
                        Err(error) => return Err(error),
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }

    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.flush()?;
        if self.connection.wants_write() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let taken = self.connection.writer().write(buf)?;
        self.flush()?;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        let mut below = Below { link: &mut self.link, is_drained: false };
        while self.connection.wants_write() {
            match self.connection.write_tls(&mut below) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// A link as rustls wants it.
struct Below<'a, L> {
    link: &'a mut L,
    /// The last read returned less than there was room for.
    is_drained: bool,
}

impl<L: Link> Read for Below<'_, L> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let got = self.link.read(buf)?;
        self.is_drained = got < buf.len();
        Ok(got)
    }
}

impl<L: Link> Write for Below<'_, L> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.link.write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
