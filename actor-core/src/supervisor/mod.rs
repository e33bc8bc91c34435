//! Supervisors: processes that start others, watch them, and start them again.
//!
//! A supervisor is told its children by a [`SupervisorSpec`] and behaves as OTP's does:
//!
//! 1. Children start in order; each has finished its init before the next starts. If one fails,
//!    those before it are stopped in reverse and the supervisor does not start.
//! 2. A child that ends is restarted or not by its [`Restart`]; who else stops and starts with it,
//!    the [`Strategy`] says.
//! 3. Each attempt to restart counts. More than `intensity` within `period`, and the supervisor
//!    gives up: it stops the others in reverse and exits `Shutdown`; then its own supervisor
//!    decides.
//! 4. An attempt that failed is made again by a message of the supervisor to itself, so that it
//!    answers requests and can be stopped between two attempts.
//! 5. Children stop in reverse start order, one after the other, each within its [`Shutdown`]
//!    time; dynamic children that stand side by side in that order, all of them together.
//!    Death is awaited by a monitor: a child that has unlinked itself keeps nobody waiting.
//! 6. The end of the parent is the supervisor's end, after its children's. Exits of strangers are
//!    ignored.
//!
//! What is not OTP's: refs to children stay good across restarts. A *supervised ref* points to the
//! child's seat. While the child is being restarted, calls wait and casts are kept; when it will
//! not come back, both end in noproc.
//!
//! What a child may have besides, each off unless asked for: waits before its restarts
//! ([`ChildSpec::backoff`]), a mailbox that outlasts its process ([`ChildSpec::keep_mailbox`]),
//! copies that share keys ([`ChildSpec::partitions`]); of a dynamic kind, a bound
//! ([`ChildSpec::max_children`]). As in OTP, a supervisor may end with its significant children
//! ([`AutoShutdown`]).
//!
//! ```text
//! spec ──> process ── asks ──> strategy, intensity     (pure: who and in which order; how often)
//!             │
//!             ├── start, stop ──> children             (who runs at the moment)
//!             └── running, gap, gone ──> tree          (seats: what refs point to)
//!                                          ^
//!          SupervisorRef, Siblings ────────┘
//! ```
//!
//! Dynamic children are children as others are, added last and in the order they came. They have
//! ids of their own (`teller#1`, or `teller:Ann` if they are found by a key), are restarted with
//! their own arguments, are forgotten when they will not run again, and belong to the running
//! supervisor: one that is restarted starts those of its spec alone.

mod admin;
mod backoff;
mod child;
mod children;
mod draw;
mod ids;
mod intensity;
mod into_child;
mod message;
mod partition;
mod process;
mod reference;
mod report;
mod requests;
mod restart;
mod siblings;
mod spec;
mod starter;
mod stop;
mod strategy;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod together;
mod tree;

use std::{fmt, sync::Arc};

pub use self::{
    backoff::Backoff,
    child::{ChildSpec, Shutdown},
    into_child::IntoChild,
    message::{
        ChildAdminError, ChildCounts, ChildInfo, ChildName, ChildStatus, SupervisorMessage,
        SupervisorReply,
    },
    partition::Partitions,
    process::SupervisorProcess,
    reference::SupervisorRef,
    siblings::Siblings,
    spec::{SpecError, SupervisorSpec},
    strategy::{AutoShutdown, Restart, Strategy},
};
pub use crate::actor::ChildKind;

/// A type that describes a supervision tree: its fields are the tree's arguments, plain data.
///
/// `#[derive(Supervisor)]` and `#[supervisor]` implement it; by hand it is one function. The spec
/// is asked for inside the supervisor's process, at each start; what must outlive that (the
/// arguments) is in the `Arc`.
///
/// ```
/// use std::sync::Arc;
/// use actor_core::supervisor::{ChildSpec, Supervisor, SupervisorRef, SupervisorSpec};
/// # use actor_core::prelude::*;
/// # #[derive(Process)] struct Account { balance: u64 }
/// # #[handlers] impl Account {}
/// struct Bank { opening: u64 }
///
/// impl Supervisor for Bank {
///     type Ref = SupervisorRef;
///     const NAME: &'static str = "Bank";
///     fn spec(this: &Arc<Self>) -> SupervisorSpec {
///         let this = Arc::clone(this);
///         SupervisorSpec::new(Self::NAME).child(ChildSpec::new("alice", move |_| {
///             let balance = this.opening;
///             async move { Ok(Some(Account { balance })) }
///         }))
///     }
/// }
/// assert_eq!(Bank::spec(&Arc::new(Bank { opening: 100 })).children().len(), 1);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no children",
    label = "this supervisor starts nothing yet",
    note = "add `#[supervisor] impl {Self} {{ .. }}` (an empty block will do)"
)]
pub trait Supervisor: Sized + Send + Sync + 'static {
    /// What [`Start::start`](crate::Start::start) answers: `BankRef` for `Bank`.
    type Ref: From<SupervisorRef> + Clone + Send + Sync + fmt::Debug + 'static;

    /// The name for reports and drawings.
    const NAME: &'static str;

    /// The tree.
    fn spec(this: &Arc<Self>) -> SupervisorSpec;
}
