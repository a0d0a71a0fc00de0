//! The relay on scripted links: no sockets, no threads, no clock.

mod backend;
mod cuts;
mod ends;
mod pipelines;
mod pools;
mod prepared;
mod reads;
mod sessions;
mod streams;
mod world;
