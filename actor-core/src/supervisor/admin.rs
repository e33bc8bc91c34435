//! Requests to a running supervisor, with OTP's answers.

use std::sync::Arc;

use super::{
    child::ChildSpec,
    children::{Child, Key},
    message::{
        Answer,
        ChildAdminError::{self, NotFound},
        ChildName, ChildStatus, Description, Request,
    },
    process::SupervisorProcess,
    tree::{Seat, Vacancy},
};
use crate::{actor::Context, error::StartError, exit::ExitReason, pid::Pid};

impl SupervisorProcess {
    /// The answer to a request; a retry has none.
    pub(super) async fn answer(
        &mut self,
        cx: &mut Context<Self>,
        request: Request,
    ) -> Option<Answer> {
        Some(match request {
            Request::WhichChildren => {
                Answer::Children(self.children.iter().rev().map(|(_, c)| c.info()).collect())
            }
            Request::WhichChild(who) => Answer::Child(
                self.children.named(&who).map(|(_, child)| child.info()).ok_or(NotFound),
            ),
            Request::CountChildren => Answer::Counts(self.children.counts()),
            Request::StartChild(spec) => Answer::Started(self.start_child(cx, spec).await),
            Request::StartDynamic(spec) => Answer::Dynamic(self.start_dynamic(cx, spec).await),
            Request::StartKeyed(spec, id) => Answer::Dynamic(self.start_keyed(cx, spec, id).await),
            Request::TerminateChild(who) => Answer::Done(self.terminate_child(cx, &who).await),
            Request::RestartChild(id) => Answer::Started(self.restart_child(cx, &id).await),
            Request::DeleteChild(id) => Answer::Done(self.delete_child(&id)),
            Request::Describe => Answer::Description(self.describe(cx)),
            Request::TryAgain { .. } => return None,
        })
    }

    async fn start_child(
        &mut self,
        cx: &mut Context<Self>,
        spec: ChildSpec,
    ) -> Result<Option<Pid>, ChildAdminError> {
        spec.validate_single(self.spec.auto_shutdown)?;
        if let Some((_, child)) = self.children.find(spec.id()) {
            return Err(match child.status() {
                ChildStatus::Running(pid) => ChildAdminError::AlreadyStarted(pid),
                ChildStatus::Restarting | ChildStatus::Stopped => ChildAdminError::AlreadyPresent,
            });
        }
        let key = self.children.push(Child::new(&self.tree, spec, None));
        self.start_added(cx, key).await.map_err(ChildAdminError::Start)
    }

    async fn start_dynamic(
        &mut self,
        cx: &mut Context<Self>,
        kind: ChildSpec,
    ) -> Result<Arc<Seat>, StartError> {
        self.start_one_of(cx, kind, None).await
    }

    /// The child with this key, which is started if it is not there.
    async fn start_keyed(
        &mut self,
        cx: &mut Context<Self>,
        kind: ChildSpec,
        id: Arc<str>,
    ) -> Result<Arc<Seat>, StartError> {
        match self.children.find(&id) {
            Some((_, child)) if child.spec.process == kind.process => Ok(Arc::clone(&child.seat)),
            Some(_) => Err(StartError::Options(format!("child {id:?} is of another type"))),
            None => self.start_one_of(cx, kind, Some(id)).await,
        }
    }

    async fn start_one_of(
        &mut self,
        cx: &mut Context<Self>,
        kind: ChildSpec,
        id: Option<Arc<str>>,
    ) -> Result<Arc<Seat>, StartError> {
        let declared = self.kinds.get(kind.id());
        if let Some(most) = declared.and_then(|declared| declared.max_children)
            && self.children.count_of(kind.id()) >= most
        {
            return Err(StartError::MaxChildren(most));
        }
        let kind = declared.map_or(kind.clone(), |declared| kind.declared_as(declared));
        let id = id.unwrap_or_else(|| self.tree.next_id(kind.id()));
        let child = Child::instance(&self.tree, kind, id);
        let seat = Arc::clone(&child.seat);
        let key = self.children.push(child);
        match self.start_added(cx, key).await {
            Ok(Some(_)) => Ok(seat),
            Ok(None) => Err(StartError::Ignored),
            Err(reason) => Err(StartError::Init(reason)),
        }
    }

    /// Starts a child that was just added; one that fails is not kept.
    async fn start_added(
        &mut self,
        cx: &mut Context<Self>,
        key: Key,
    ) -> Result<Option<Pid>, ExitReason> {
        let started = self.start(cx, key, 0).await;
        if started.is_err() {
            self.forget(key);
        }
        started
    }

    async fn terminate_child(
        &mut self,
        cx: &mut Context<Self>,
        who: &ChildName,
    ) -> Result<(), ChildAdminError> {
        let Some((key, child)) = self.children.named(who) else {
            return match who {
                // As in OTP: whoever that was, it does not run.
                ChildName::Pid(pid) if !cx.is_alive_pid(*pid) => Ok(()),
                _ => Err(NotFound),
            };
        };
        let forgotten = child.is_temporary() || child.is_dynamic();
        let status = child.status();
        self.stop(cx, key, Vacancy::Gone).await;
        if forgotten {
            self.forget(key);
        } else if let Some(child) = self.children.get_mut(key) {
            child.rests();
        }
        if status == ChildStatus::Restarting {
            self.stop_waiting();
        }
        Ok(())
    }

    /// A retry was called off. Children that would have been started after it now wait for
    /// nothing, unless another retry will come by.
    fn stop_waiting(&self) {
        let retrying = |(_, child): (Key, &Child)| child.status() == ChildStatus::Restarting;
        if self.children.iter().any(retrying) {
            return;
        }
        for (_, child) in self.children.iter() {
            if child.status() == ChildStatus::Stopped && !child.seat.is_ignored() {
                child.seat.gone();
            }
        }
    }

    async fn restart_child(
        &mut self,
        cx: &mut Context<Self>,
        id: &str,
    ) -> Result<Option<Pid>, ChildAdminError> {
        let (key, child) = self.children.find(id).ok_or(NotFound)?;
        let seat = Arc::clone(&child.seat);
        idle(child)?;
        self.start(cx, key, 0).await.map_err(|reason| {
            seat.gone();
            ChildAdminError::Start(reason)
        })
    }

    fn delete_child(&mut self, id: &str) -> Result<(), ChildAdminError> {
        let (key, child) = self.children.find(id).ok_or(NotFound)?;
        idle(child)?;
        self.forget(key);
        Ok(())
    }

    fn describe(&self, cx: &Context<Self>) -> Description {
        let below = |child: &Child| child.spec.is_supervisor().then(|| Arc::clone(&child.seat));
        Description {
            headline: self.spec.headline(&format!(" {}", cx.pid())),
            children: self.children.iter().map(|(_, c)| (c.info(), below(c))).collect(),
        }
    }
}

/// A child that is neither running nor about to.
fn idle(child: &Child) -> Result<(), ChildAdminError> {
    match child.status() {
        ChildStatus::Running(_) => Err(ChildAdminError::Running),
        ChildStatus::Restarting => Err(ChildAdminError::Restarting),
        ChildStatus::Stopped => Ok(()),
    }
}
