//! Cancel requests: keys of our own, which reach one client's present query and nothing else.
//!
//! A cancel request comes on a connection of its own and proves itself by the key that the client was given. Clients never
//! see a server's key: they share servers, and who knew a server's key could stop whoever has it next. So each client gets
//! a number and a secret that follows from it ([`Derived`]; 32 bytes in protocol 3.2, 3.0 has room for 4). What that client's
//! query runs on only its shard knows, and there a server is not handed on while a cancel is on its way to it.

mod derived;
mod guesses;

pub use derived::Derived;
pub use guesses::Guesses;
