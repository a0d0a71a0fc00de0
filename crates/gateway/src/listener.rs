//! Accepts connections, no more of them at a time than log-ins are allowed.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::time::sleep;

use crate::hub::Hub;
use crate::login;

/// Pause after the system had no room for another connection.
const PAUSE: Duration = Duration::from_millis(100);

/// Accepts until the gateway closes.
pub async fn serve(hub: Arc<Hub>, listener: TcpListener) {
    loop {
        // Who is not accepted waits in the kernel, and costs nothing here.
        let permit = tokio::select! {
            permit = hub.logins.clone().acquire_owned() => permit,
            () = hub.closed() => return,
        };
        let Ok(permit) = permit else { return };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = hub.closed() => return,
        };
        match accepted {
            Ok((stream, peer)) => {
                let hub = hub.clone();
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%error, "a connection is gone before it was served");
                    continue;
                }
                tokio::spawn(async move { login::serve(hub, stream, peer, permit).await });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection can't be accepted");
                sleep(PAUSE).await;
            }
        }
    }
}
