//! What may cross threads, and how large things are: pinned, so that a change of either is seen.

use static_assertions::{assert_impl_all, assert_not_impl_any, const_assert};

use crate::{
    Address, Call, CallFailure, Closed, Context, EnterGuard, ExitReason, Handle, Handled, Message,
    Next, Pid, Process, Reply, ReplyPort, Runtime, RuntimeHandle, Server, Sleep, StartError, Timer,
};

/// Stands for a user's process; its state need not be `Sync`.
struct Sample(#[allow(dead_code, reason = "it is there to be not `Sync`")] std::cell::Cell<u8>);

struct Nothing;

impl Message for Nothing {
    type Reply = ();
}

impl Process for Sample {
    type Ref = Address<Nothing>;
    const NAME: &'static str = "Sample";
}

impl Server for Sample {
    type Message = Nothing;
}

impl Handle<Nothing> for Sample {
    fn handle(
        &mut self,
        _: Nothing,
        _: ReplyPort<()>,
        _: &mut Context<Self>,
    ) -> Handled<impl Future<Output = Next> + Send> {
        Handled::<std::future::Ready<Next>>::Done(Next::Continue)
    }
}

// Refs go anywhere.
assert_impl_all!(Address<Nothing>: Send, Sync, Clone, Unpin);
assert_impl_all!(RuntimeHandle: Send, Sync, Clone);
assert_impl_all!(Runtime: Send, Sync);
assert_impl_all!(Timer: Send, Sync, Clone);
// So do replies and futures, one holder at a time.
assert_impl_all!(Call<(), CallFailure>: Send, Unpin);
assert_impl_all!(Closed: Send, Unpin);
assert_impl_all!(Sleep: Send, Unpin);
assert_impl_all!(Reply<()>: Send);
assert_impl_all!(ReplyPort<()>: Send);
assert_impl_all!(ExitReason: Send, Sync, Clone);
assert_impl_all!(StartError: Send, Sync, Clone);
// A context moves with its process's turn and is never shared; a guard belongs to its thread.
assert_impl_all!(Context<Sample>: Send);
assert_not_impl_any!(Context<Sample>: Sync, Clone);
assert_not_impl_any!(EnterGuard: Send, Sync);

const_assert!(size_of::<Pid>() == 8 && size_of::<Option<Pid>>() <= 16);
const_assert!(size_of::<Context<Sample>>() == 8);
const_assert!(size_of::<Address<Nothing>>() <= 24);
// A tag and a word: reasons travel in registers.
const_assert!(size_of::<ExitReason>() == 2 * size_of::<usize>());
