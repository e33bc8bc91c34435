//! The end of many children at once.
//!
//! A child's *watch* puts its end on a common list when it is dead; the supervisor waits for the
//! list to have something. So the wait for a hundred thousand deaths is one future, and costs a
//! small block for each.

use std::{
    future::{Future as _, poll_fn},
    mem,
    pin::Pin,
    sync::Arc,
    task::{Poll, Waker},
};

use super::children::Key;
use crate::{actor::Sleep, exit::ExitReason, signal::Watch, sync::Mutex};

/// The ends of some children, as they come in.
#[derive(Clone, Default)]
pub(super) struct Ends(Arc<Mutex<List>>);

#[derive(Default)]
struct List {
    ended: Vec<(Key, ExitReason)>,
    waiting: Option<Waker>,
}

impl Ends {
    /// What is to be told of this child's end.
    pub(super) fn of(&self, key: Key) -> Arc<dyn Watch> {
        Arc::new(End { ends: self.clone(), key })
    }

    /// Those that have ended since the last look, at least one; `None`: the time is over, and
    /// nobody has.
    pub(super) async fn next(
        &self,
        mut time: Option<&mut Sleep>,
    ) -> Option<Vec<(Key, ExitReason)>> {
        poll_fn(|cx| {
            {
                let mut list = self.0.lock();
                if !list.ended.is_empty() {
                    return Poll::Ready(Some(mem::take(&mut list.ended)));
                }
                list.waiting = Some(cx.waker().clone());
            }
            match &mut time {
                Some(sleep) => Pin::new(&mut **sleep).poll(cx).map(|()| None),
                None => Poll::Pending,
            }
        })
        .await
    }
}

struct End {
    ends: Ends,
    key: Key,
}

impl Watch for End {
    fn ended(&self, reason: &ExitReason) {
        let waiting = {
            let mut list = self.ends.0.lock();
            list.ended.push((self.key, reason.clone()));
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
