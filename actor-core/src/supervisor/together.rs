//! The ends of children, awaited: of one, or of many at once.
//!
//! Children that are to end are given one common *watch*, which puts each end on its list when that
//! child is dead; the supervisor waits for the list to have something. So the wait for a hundred
//! thousand deaths is one future, and costs no block of its own for any of them. The timer is
//! common as well: it is set for the first child that must end in time, and set again for a later
//! one only if it is over and that one still lives.

use std::{
    future::{Future as _, poll_fn},
    mem,
    pin::Pin,
    sync::Arc,
    task::{Poll, Waker},
    time::Instant,
};

use super::process::SupervisorProcess;
use crate::{
    actor::{Context, Sleep},
    exit::ExitReason,
    pid::Pid,
    signal::Watch,
    sync::Mutex,
};

/// The ends of some children, as they come in, and the time they have for it.
#[derive(Default)]
pub(super) struct Ends {
    list: Arc<List>,
    /// Until when, and the timer.
    sleep: Option<(Instant, Sleep)>,
}

#[derive(Default)]
struct List(Mutex<Ended>);

#[derive(Default)]
struct Ended {
    ended: Vec<(Pid, ExitReason)>,
    waiting: Option<Waker>,
}

impl Ends {
    /// What is to be told of a child's end.
    pub(super) fn watch(&self) -> Arc<dyn Watch> {
        self.list.clone()
    }

    /// Those that have ended since the last look, at least one; `None`: it is `due`, and nobody
    /// has.
    pub(super) async fn next(
        &mut self,
        cx: &mut Context<SupervisorProcess>,
        due: Option<Instant>,
    ) -> Option<Vec<(Pid, ExitReason)>> {
        self.wait(cx, due).await.then(|| mem::take(&mut self.list.0.lock().ended))
    }

    /// The reason of the only one that is awaited; `None`: it is `due`, and that one lives.
    pub(super) async fn only(
        &mut self,
        cx: &mut Context<SupervisorProcess>,
        due: Option<Instant>,
    ) -> Option<ExitReason> {
        if !self.wait(cx, due).await {
            return None;
        }
        self.list.0.lock().ended.pop().map(|(_, reason)| reason)
    }

    /// Waits until somebody has ended, or it is `due`: false.
    async fn wait(&mut self, cx: &mut Context<SupervisorProcess>, due: Option<Instant>) -> bool {
        loop {
            if let Some(due) = due
                && self.sleep.as_ref().is_none_or(|(until, _)| *until > due)
            {
                let left = due.saturating_duration_since(cx.now());
                self.sleep = Some((due, cx.sleep(left)));
            }
            let mut sleep = due.and(self.sleep.as_mut()).map(|(_, sleep)| sleep);
            let ended = poll_fn(|cx| {
                {
                    let mut list = self.list.0.lock();
                    if !list.ended.is_empty() {
                        return Poll::Ready(true);
                    }
                    if !list.waiting.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
                        list.waiting = Some(cx.waker().clone());
                    }
                }
                match &mut sleep {
                    Some(sleep) => Pin::new(&mut **sleep).poll(cx).map(|()| false),
                    None => Poll::Pending,
                }
            })
            .await;
            if ended {
                return true;
            }
            // It was set for this one or for an earlier one.
            if self.sleep.take().is_none_or(|(until, _)| due.is_some_and(|due| until >= due)) {
                return false;
            }
        }
    }
}

impl Watch for List {
    fn ended(&self, who: Pid, reason: &ExitReason) {
        let waiting = {
            let mut list = self.0.lock();
            list.ended.push((who, reason.clone()));
            list.waiting.take()
        };
        if let Some(waker) = waiting {
            waker.wake();
        }
    }

    fn is_wanted(&self) -> bool {
        true
    }
}
