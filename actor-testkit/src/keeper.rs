//! The process that stops what a test started.
//!
//! When the body returns, its direct children are stopped one after the other, the last started
//! first, each asked with `shutdown` as the end of a runtime asks it, and awaited; what does not
//! end is killed. That is what a supervisor would do, done late: the body need not be one for it.

use std::convert::Infallible;
use std::future::{Future, Ready};
use std::sync::Weak;
use std::time::Duration;

use actor_core::sim::Driver;
use actor_core::{
    Address, ChildKind, Context, Down, ExitReason, Handle, Handled, Message, MonitorRef, Next, Pid,
    Process, ReplyPort, Server, Start, Timer,
};

/// For how long a process may ignore that it shall stop, in virtual time.
const PATIENCE: Duration = Duration::from_secs(60);

/// Stops some processes, then itself.
pub(crate) struct Keeper {
    /// In the order of their starts: stopped from the end.
    left: Vec<Pid>,
    driver: Weak<Driver>,
    current: Option<(MonitorRef, Pid, Timer)>,
}

/// What the keeper tells itself.
pub(crate) enum KeeperMessage {
    /// A process was given its time.
    Overdue(Pid),
}

impl Message for KeeperMessage {
    type Reply = Infallible;

    fn name(&self) -> &'static str {
        "Overdue"
    }
}

impl Keeper {
    /// Stops these processes, the last one first.
    pub(crate) fn new(left: Vec<Pid>, driver: Weak<Driver>) -> Self {
        Self { left, driver, current: None }
    }

    /// Asks the next process to stop; with none left, so does the keeper.
    fn proceed(&mut self, cx: &mut Context<Self>) {
        let Some(pid) = self.left.pop() else { return cx.stop(ExitReason::Normal) };
        let monitor = cx.monitor(&pid);
        // Not by an exit signal: a supervisor heeds its parent's alone.
        if let Some(driver) = self.driver.upgrade() {
            driver.ask_to_stop(pid);
        }
        let timer = cx.send_after(PATIENCE, KeeperMessage::Overdue(pid));
        self.current = Some((monitor, pid, timer));
    }
}

impl Process for Keeper {
    type Ref = Address<KeeperMessage>;
    const NAME: &'static str = "Keeper";
}

impl Server for Keeper {
    type Message = KeeperMessage;
    const HAS_INIT: bool = true;

    async fn init(&mut self, cx: &mut Context<Self>) -> Result<(), ExitReason> {
        self.proceed(cx);
        Ok(())
    }

    async fn down(&mut self, cx: &mut Context<Self>, down: Down) -> Next {
        if let Some((_, _, timer)) = self.current.take_if(|current| current.0 == down.monitor) {
            timer.cancel();
            self.proceed(cx);
        }
        Next::Continue
    }
}

impl Handle<KeeperMessage> for Keeper {
    fn handle(
        &mut self,
        message: KeeperMessage,
        _reply: ReplyPort<Infallible>,
        cx: &mut Context<Self>,
    ) -> Handled<impl Future<Output = Next> + Send> {
        let KeeperMessage::Overdue(overdue) = message;
        if self.current.as_ref().is_some_and(|(_, pid, _)| *pid == overdue) {
            cx.exit(&overdue, ExitReason::Kill);
        }
        Handled::<Ready<Next>>::Done(Next::Continue)
    }
}

impl Start for Keeper {
    type Ref = Address<KeeperMessage>;
    type Process = Self;
    const KIND: ChildKind = ChildKind::Worker;

    fn into_process(self) -> Self {
        self
    }

    fn make_ref(address: Address<KeeperMessage>) -> Self::Ref {
        address
    }
}
