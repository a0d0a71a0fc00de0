//! The sockets that shards read and write: plain ones, and ones with TLS.

use std::io::{self, Read as _, Write as _};

use mio::event::Source;
use mio::net::{TcpStream, UnixStream};
use mio::{Interest, Registry, Token};

use crate::shard::{Link, Tls};

/// A socket.
pub enum Socket {
    /// TCP in clear text.
    Tcp(TcpStream),
    /// A socket of this machine.
    Unix(UnixStream),
    /// TLS over TCP.
    Tls(Tls<TcpStream>),
}

impl Link for Socket {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self {
            Socket::Tcp(stream) => Link::read(stream, buf),
            Socket::Unix(stream) => stream.read(buf),
            Socket::Tls(tls) => tls.read(buf),
        }
    }

    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        match self {
            Socket::Tcp(stream) => Link::write(stream, buf),
            Socket::Unix(stream) => stream.write(buf),
            Socket::Tls(tls) => tls.write(buf),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Socket::Tcp(_) | Socket::Unix(_) => Ok(()),
            Socket::Tls(tls) => tls.flush(),
        }
    }
}

impl Socket {
    fn source(&mut self) -> &mut dyn Source {
        match self {
            Socket::Tcp(stream) => stream,
            Socket::Unix(stream) => stream,
            Socket::Tls(tls) => tls.below(),
        }
    }
}

impl Source for Socket {
    fn register(&mut self, registry: &Registry, token: Token, interests: Interest) -> io::Result<()> {
        self.source().register(registry, token, interests)
    }

    fn reregister(&mut self, registry: &Registry, token: Token, interests: Interest) -> io::Result<()> {
        self.source().reregister(registry, token, interests)
    }

    fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        self.source().deregister(registry)
    }
}
