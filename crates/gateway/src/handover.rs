//! The listening socket, handed from a gateway that is to end to the one that takes its place.
//!
//! With `SO_REUSEPORT` each process has a queue of its own, and who waits in it is cut off when that process closes it. So the
//! one socket goes over, by `SCM_RIGHTS` through a socket file in the app's state that its user alone can open; both
//! processes accept from one queue until the first one is told to stop, and no connection is lost.

use std::io::{IoSlice, IoSliceMut, Write as _};
use std::mem::MaybeUninit;
use std::net::SocketAddr;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags, recvmsg, sendmsg,
};
use tenantry_domain::{ErrorCode, Result, ResultExt as _};
use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, UnixListener};
use tokio::task::JoinHandle;

/// What travels beside the socket: a message can't be empty.
const HERE: [u8; 1] = *b"L";
/// The successor serves.
const SERVING: [u8; 1] = *b"S";
/// Time that the predecessor has to answer.
const ANSWER: Duration = Duration::from_secs(2);

/// A socket file by which another process may take over. The file goes with it, unless somebody has taken over.
pub struct Offer {
    path: PathBuf,
    is_taken: Arc<AtomicBool>,
    task: JoinHandle<()>,
}

impl Offer {
    /// Makes the file, in the place of one that was left there.
    ///
    /// # Errors
    /// `io`.
    pub(crate) fn make(path: &Path, socket: OwnedFd) -> Result<Self> {
        let doing = || format!("open {}", path.display());
        // Left behind by a process that was killed, or by the one whose place is taken.
        let _ = std::fs::remove_file(path);
        let listener = UnixListener::bind(path).code(ErrorCode::Io, doing())?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
            .code(ErrorCode::Io, doing())?;
        let is_taken = Arc::new(AtomicBool::new(false));
        let task = tokio::spawn(serve(listener, Arc::new(socket), is_taken.clone()));
        Ok(Self { path: path.to_owned(), is_taken, task })
    }

    /// Whether another process serves.
    pub(crate) fn is_taken(&self) -> bool {
        self.is_taken.load(Ordering::Relaxed)
    }
}

impl Drop for Offer {
    fn drop(&mut self) {
        self.task.abort();
        if !self.is_taken() {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

async fn serve(listener: UnixListener, socket: Arc<OwnedFd>, is_taken: Arc<AtomicBool>) {
    while let Ok((mut stream, _)) = listener.accept().await {
        let (socket, is_taken) = (socket.clone(), is_taken.clone());
        tokio::spawn(async move {
            if stream.writable().await.is_err() || send(&stream, &socket).is_err() {
                return;
            }
            let mut said = [0];
            if stream.read_exact(&mut said).await.is_ok() && said == SERVING {
                is_taken.store(true, Ordering::Relaxed);
                tracing::info!("another process accepts connections at the gateway's address");
            }
        });
    }
}

fn send(stream: &tokio::net::UnixStream, socket: &OwnedFd) -> rustix::io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let sockets = [socket.as_fd()];
    control.push(SendAncillaryMessage::ScmRights(&sockets));
    sendmsg(stream, &[IoSlice::new(&HERE)], &mut control, SendFlags::NOSIGNAL).map(drop)
}

/// The gateway that ran before; it goes on until it is told to stop.
pub struct Predecessor(UnixStream);

impl Predecessor {
    /// Tells it that this process serves now: from then on it leaves files of the app's state alone.
    pub fn serving(mut self) {
        // It may have ended in the meantime.
        let _ = self.0.write_all(&SERVING);
    }
}

/// Takes over from the gateway that listens at this path, if there is one.
pub fn take(path: &Path) -> Option<(TcpListener, SocketAddr, Predecessor)> {
    let stream = UnixStream::connect(path).ok()?;
    stream.set_read_timeout(Some(ANSWER)).ok()?;
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut byte = [0];
    recvmsg(&stream, &mut [IoSliceMut::new(&mut byte)], &mut control, RecvFlags::CMSG_CLOEXEC).ok()?;
    let socket = control.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut sockets) => sockets.next(),
        _ => None,
    })?;
    let listener = std::net::TcpListener::from(socket);
    listener.set_nonblocking(true).ok()?;
    let address = listener.local_addr().ok()?;
    Some((TcpListener::from_std(listener).ok()?, address, Predecessor(stream)))
}
