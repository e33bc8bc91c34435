//! The process behind every supervisor: its state, its life, its start.
//!
//! Restarts are in `restart`, stops in `stop`, requests in `admin`. All of them run in this one
//! process and await, so one thing happens at a time, as in OTP: while a child starts, requests,
//! the exits of other children and the parent's own wait. `kill` does not wait.

use std::{collections::HashMap, fmt, sync::Arc, time::Instant};

use super::{
    child::ChildSpec,
    children::{Child, Children, Key},
    intensity::Window,
    message::{ChildStatus, Request, SupervisorMessage, SupervisorReply},
    reference::SupervisorRef,
    report,
    spec::SupervisorSpec,
    tree::Tree,
};
use crate::{
    actor::{Context, Handle, Handled, Next, Process, ReplyPort, Server},
    error::StartError,
    exit::ExitReason,
    pid::Pid,
};

/// The process that runs a supervision tree.
///
/// [`Supervisor`](super::Supervisor) types become one when they start; a tree made by hand uses it
/// directly, in its own [`Start`](crate::Start):
///
/// ```
/// use actor_core::{ChildKind, prelude::*, supervisor::*};
/// struct Tree(SupervisorSpec);
/// impl Start for Tree {
///     type Ref = SupervisorRef;
///     type Process = SupervisorProcess;
///     const KIND: ChildKind = ChildKind::Supervisor;
///     fn into_process(self) -> SupervisorProcess {
///         SupervisorProcess::of(|| self.0)
///     }
///     fn make_ref(address: actor_core::Address<SupervisorMessage>) -> SupervisorRef {
///         SupervisorRef::from_address(address)
///     }
/// }
/// # let rt = Runtime::new()?;
/// let bank = rt.block_on(rt.start(Tree(SupervisorSpec::new("bank"))))?;
/// assert_eq!(rt.block_on(bank.count_children())?.specs, 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct SupervisorProcess {
    make: Option<Box<dyn FnOnce() -> SupervisorSpec + Send>>,
    /// The flags; its children are moved to `children`.
    pub(super) spec: SupervisorSpec,
    pub(super) children: Children,
    /// The dynamic kinds of its spec, by id.
    pub(super) kinds: HashMap<Arc<str>, ChildSpec>,
    pub(super) tree: Arc<Tree>,
    pub(super) window: Window,
    /// When this incarnation began: restarts are counted from here.
    pub(super) began: Option<Instant>,
}

impl SupervisorProcess {
    /// A supervisor of the tree that `spec` describes; called once, inside the new process. The
    /// [type's example](Self) uses it.
    pub fn of(spec: impl FnOnce() -> SupervisorSpec + Send + 'static) -> Self {
        let flags = SupervisorSpec::new("");
        Self {
            make: Some(Box::new(spec)),
            window: Window::new(flags.intensity, flags.period),
            spec: flags,
            children: Children::default(),
            kinds: HashMap::new(),
            tree: Arc::new(Tree::new()),
            began: None,
        }
    }

    /// Takes over the spec: all children known, all seats in their gap, nobody started.
    fn prepare(&mut self, cx: &Context<Self>) -> Result<(), ExitReason> {
        self.began = Some(cx.now());
        if let Some(slot) = cx.own_slot() {
            self.tree = Tree::of(&slot);
        }
        if let Some(make) = self.make.take() {
            self.spec = make();
        }
        let workers = cx.runtime().workers();
        let children = std::mem::take(&mut self.spec.children);
        let known = children.into_iter().map(|child| child.for_workers(workers));
        self.spec.children = known.collect();
        self.spec.validate().map_err(ExitReason::error)?;
        self.window = Window::new(self.spec.intensity, self.spec.period);
        self.tree.set_arguments(self.spec.arguments.take());
        self.tree.declare(&self.spec);
        for child in std::mem::take(&mut self.spec.children) {
            if child.dynamic {
                self.kinds.insert(child.shared_id(), child);
                continue;
            }
            for index in child.indices() {
                self.children.push(Child::new(&self.tree, child.clone(), index));
            }
        }
        Ok(())
    }

    /// Starts a child that does not run, and waits until it has. `Ok(None)`: it chose not to.
    /// `restarts` is 1 if the supervisor itself decided so, else 0.
    /// After an `Err` its seat is still in the gap: the caller knows whether it is tried again.
    pub(super) async fn start(
        &mut self,
        cx: &mut Context<Self>,
        key: Key,
        restarts: u64,
    ) -> Result<Option<Pid>, ExitReason> {
        let Some(child) = self.children.get(key) else { return Ok(None) };
        let Some(starter) = &child.spec.starter else { return Ok(None) };
        child.seat.gap();
        let slot = Arc::clone(child.seat.slot());
        let siblings = child.siblings(&self.tree);
        let starting = starter.start(cx, slot, child.spec.keep_mailbox, siblings);
        let started = starting.await;
        let status = match started {
            Ok(Some(pid)) => ChildStatus::Running(pid),
            Ok(None) | Err(_) => ChildStatus::Stopped,
        };
        self.children.set_status(key, status);
        let Some(child) = self.children.get_mut(key) else { return started };
        match &started {
            Ok(Some(pid)) => {
                child.seat.running(*pid);
                child.restarts += restarts;
                child.has_started(|| cx.now());
                report::started(cx, &self.spec, child, *pid);
                if child.is_temporary() {
                    // It will not be started again: its start arguments need not be kept.
                    child.spec.starter = None;
                }
            }
            Ok(None) => {
                child.seat.ignored();
                if child.is_temporary() || child.is_dynamic() {
                    self.forget(key);
                }
            }
            Err(reason) => report::start_failed(cx, &self.spec, child, reason),
        }
        started
    }

    /// Drops a child that does not run, with its spec.
    pub(super) fn forget(&mut self, key: Key) {
        if let Some(child) = self.children.remove(key) {
            self.forgotten(&child);
        }
    }

    /// The same for one that is no longer among the children.
    pub(super) fn forgotten(&self, child: &Child) {
        self.tree.forget(child.spec.id());
        if !child.seat.is_ignored() {
            child.seat.gone();
        }
    }
}

impl Process for SupervisorProcess {
    type Ref = SupervisorRef;
    const NAME: &'static str = "Supervisor";
}

impl Server for SupervisorProcess {
    type Message = SupervisorMessage;
    const HAS_INIT: bool = true;
    const HAS_TERMINATE: bool = true;
    const TRAP_EXIT: bool = true;

    async fn init(&mut self, cx: &mut Context<Self>) -> Result<(), ExitReason> {
        self.prepare(cx)?;
        let keys: Vec<Key> = self.children.iter().map(|(key, _)| key).collect();
        for key in keys {
            let id = self.children.get(key).map(|child| child.id.to_string());
            if let Err(reason) = self.start(cx, key, 0).await {
                self.stop_all(cx).await;
                let error = StartError::Child { id: id.unwrap_or_default(), reason };
                return Err(ExitReason::ShutdownWith(error.to_string().into()));
            }
        }
        Ok(())
    }

    async fn terminate(&mut self, cx: &mut Context<Self>, _: &ExitReason) {
        self.stop_all(cx).await;
    }

    async fn exit(&mut self, cx: &mut Context<Self>, from: Pid, reason: ExitReason) -> Next {
        self.child_exited(cx, from, reason).await
    }
}

impl Handle<SupervisorMessage> for SupervisorProcess {
    fn handle(
        &mut self,
        message: SupervisorMessage,
        reply: ReplyPort<SupervisorReply>,
        cx: &mut Context<Self>,
    ) -> Handled<impl Future<Output = Next> + Send> {
        Handled::Future(async move {
            if let Request::TryAgain { child, attempt } = message.0 {
                return self.try_again(cx, child, attempt).await;
            }
            if let Some(answer) = self.answer(cx, message.0).await {
                reply.send(SupervisorReply(answer));
            }
            Next::Continue
        })
    }
}

/// However the process ends, killed or by a panic too, refs to its children hear of it.
impl Drop for SupervisorProcess {
    fn drop(&mut self) {
        self.tree.close();
    }
}

impl fmt::Debug for SupervisorProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = if self.began.is_some() { &self.spec.name } else { "not started" };
        write!(f, "SupervisorProcess({name})")
    }
}
