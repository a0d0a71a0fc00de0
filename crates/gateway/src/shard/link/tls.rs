//! A link through TLS: rustls over another link.

use std::io::{self, Read, Write};

use super::Link;

/// Bytes that may wait for the link below before no more plain text is taken.
const UNSENT_BYTES_MAX: usize = 64 * 1024;

/// A connection whose handshake the rim has done. What was read behind it already, the rim reads out of this link and
/// hands over beside it: no event tells of it.
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

    /// The link below, to be registered for events.
    pub fn below(&mut self) -> &mut L {
        &mut self.link
    }
}

impl<L: Link> Link for Tls<L> {
    /// Fills `buf` from as many records as there are: a short read has to mean that nothing more is there.
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let mut below = Below { link: &mut self.link, is_drained: false };
        let mut filled = 0;
        while filled < buf.len() {
            match self.connection.reader().read(&mut buf[filled..]) {
                // The peer has said that it ends. If something came before, the next read tells.
                Ok(0) => return Ok(filled),
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    // A short read below took everything there is: asking again would be a system call for nothing.
                    if below.is_drained {
                        return if filled > 0 { Ok(filled) } else { Err(error) };
                    }
                    match self.connection.read_tls(&mut below) {
                        // An end without a word is an end all the same: the protocol above has a good-bye of its own.
                        Ok(0) => return Ok(filled),
                        Ok(_) => {}
                        Err(error) if error.kind() == io::ErrorKind::WouldBlock && filled > 0 => {
                            return Ok(filled);
                        }
                        Err(error) => return Err(error),
                    }
                    self.connection.process_new_packets().map_err(io::Error::other)?;
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
