//! How one process hears from many: the inbox word, and the queue behind it.
//!
//! [`Inbox`] is what senders see: eight bytes, one compare-and-swap a push, nothing allocated.
//! [`Fifo`] is what the owner keeps: a private list that nobody else reads. A [`Chain`] is what
//! goes from one to the other when the owner takes its mail. All three string up the same nodes,
//! through the [`Link`] that is each node's first field, and own no memory themselves.
//!
//! The protocol, with the argument why no message is lost, doubled, hidden or reordered, is in
//! `README.md` beside this file. It comes first: change it there, then here, then in the models.

mod inbox;
#[cfg(all(test, loom))]
mod model_tests;

pub(crate) use inbox::{Fifo, Inbox, Link, Pile, Pushed, Refused, Taken};
