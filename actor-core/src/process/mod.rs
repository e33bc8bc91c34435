//! The process: one allocation, one inbox, one thread at a time.
//!
//! Who holds a process, and what that allows:
//!
//! | handle | held by | allows |
//! |---|---|---|
//! | [`RawCell`] | run queues, the table | compare; be pinned |
//! | [`CellRef`] | addresses, wakers, timers | send mail, ask what everybody may know |
//! | [`Running`] | the turn, the context in the cell | act as the process |
//!
//! Its life, and the function behind each arrow:
//!
//! ```text
//!            spawn          init done           stop, crash            terminate done
//!   (free) ────────▶ Starting ────────▶ Running ────────────▶ Terminating ────────┐
//!      ▲   cell::begin  │  Turn::started   │     Turn::end                         ▼
//!      │                └──────────────────┴────── fatal signal ──────────────▶ Exiting
//!      │  last pin gone                                      runtime::terminate   │
//!      └────────────────────────────── Dead ◀─────────────────────────────────────┘
//! ```
//!
//! A process is run by whoever the inbox's word told to: the push or wake-up that took the word
//! from idle. That one calls [`Machine::ready`] and nothing else does, so a process is in at most
//! one run queue, and on at most one thread. `queue/README.md` has the protocol.
//!
//! A process that overfills another's mailbox is held, like one that sleeps; `HOLD.md` has that
//! protocol.
//!
//! This module knows no scheduler, no names and no timers: it answers with outcomes
//! ([`Push`], [`TurnEnd`]), and what must happen upward at once goes through [`Machine`].

mod activity;
mod alias;
mod anchor;
mod attic;
mod cell;
mod contain;
pub(crate) mod current;
mod custody;
mod debug;
mod detour;
mod erased;
mod extras;
mod few;
mod function;
mod header;
mod hold;
mod inspect;
mod links;
mod node;
mod reductions;
mod reply;
mod state;
mod thrift;
mod traced;
mod turn;
mod waker;
mod watches;

pub(crate) use alias::{Gate, Parcel};
pub(crate) use anchor::Anchor;
pub(crate) use cell::{Body, Receive, begin, install, put, size_of_cell};
pub use cell::{Handled, Next};
pub(crate) use contain::{caught, contain};
pub(crate) use custody::{Custody, Take};
pub use debug::{Statistics, SysEvent};
pub(crate) use detour::ArmIdle;
pub(crate) use erased::{ErasedCall, Errand, Expiring};
pub(crate) use extras::{
    Armed, Extras, Heir, Install, Make, Making, StartFailure, Started, Starter, TimerPlace,
    TimerPlaces,
};
pub(crate) use few::Few;
pub(crate) use function::{FunctionBody, Letters, Reclaimed};
pub(crate) use header::{CellRef, Push, RawCell, Running};
pub use node::Message;
pub(crate) use node::{Accepts, Mail, Opened};
pub(crate) use reply::{Line, Owed, ReplySlot, StageReply, poll_reply};
pub use reply::{Reply, ReplyPort};
pub(crate) use state::{Birthmarks, Phase};
pub(crate) use traced::{tell, tell_sent};
pub(crate) use turn::{Budget, Ended, TurnEnd, turn};
pub(crate) use watches::{IntoWatches, Watches};

use crate::priority::Priority;

/// What a cell needs of the runtime above it, when it cannot answer with an outcome.
pub(crate) trait Machine: Send + Sync + 'static {
    /// The wake funnel: this process has become runnable. Nothing else makes a process run.
    fn ready(&self, cell: RawCell, priority: Priority);

    /// A mailbox has drained: wakes some of those who waited for that, and answers whether that
    /// were all.
    fn drained(&self, cell: &CellRef) -> bool;

    /// A process has dropped a message because too many others waited behind it.
    fn dropped(&self, cell: &CellRef);

    /// Whether a timer that is aimed at a process is at this place.
    fn has_timer(&self, cell: RawCell, place: TimerPlace) -> bool;
}
