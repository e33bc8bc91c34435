//! Several calls at once: a set of requests that is collected as they end, and one call to many.
//!
//! Each request of a set has a waker of its own, which says which of them to look at; so to collect
//! a thousand costs a thousand looks and not a million.

use std::{
    collections::VecDeque,
    fmt,
    future::poll_fn,
    pin::Pin,
    sync::Arc,
    task::{Context as TaskContext, Poll, Wake, Waker},
    time::Duration,
};

use super::{Call, Request};
use crate::{
    error::CallFailure,
    sync::{AtomicBool, Mutex, Ordering},
};

/// Requests that are out at the same time, each with a label, to be collected in the order in which
/// they end: OTP's collection of request ids.
///
/// A request keeps its own deadline; one that is late ends with
/// [`CallFailure::Timeout`](crate::CallFailure::Timeout). Dropping the set abandons what is left of
/// it: no reply turns up anywhere. It holds as many requests as are added, and no more memory.
///
/// ```
/// use actor_core::{RequestSet, prelude::*};
/// # #[derive(Process)] struct Counter(u64);
/// # #[handlers] impl Counter {
/// #     #[call] fn add(&mut self, by: u64) -> u64 { self.0 += by; self.0 }
/// # }
/// # let rt = Runtime::new()?;
/// # rt.run(async {
/// let mut out = RequestSet::new();
/// for name in ["one", "two"] {
///     let counter = spawn(Counter(40))?;
///     out.add(name, counter.add(2).request());
/// }
/// assert_eq!(out.len(), 2);
/// while let Some((name, reply)) = out.receive_response().await {
///     println!("{name}: {}", reply?);
/// }
/// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(()) }).unwrap().unwrap();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "dropping the set discards its replies"]
pub struct RequestSet<L, T, E = CallFailure> {
    entries: Vec<Option<Entry<L, T, E>>>,
    free: Vec<usize>,
    ready: Arc<Ready>,
}

struct Entry<L, T, E> {
    label: L,
    request: Request<T, E>,
    alarm: Arc<Alarm>,
}

/// Which of them to look at, and who waits for that.
#[derive(Default)]
struct Ready {
    queue: Mutex<VecDeque<usize>>,
    collector: Mutex<Option<Waker>>,
}

/// The waker of one request.
struct Alarm {
    index: usize,
    is_queued: AtomicBool,
    ready: Arc<Ready>,
}

impl Alarm {
    fn queue(&self) {
        // AcqRel: who looks at the request takes this back first, and so sees what came before it.
        if !self.is_queued.swap(true, Ordering::AcqRel) {
            self.ready.queue.lock().push_back(self.index);
        }
    }
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.queue();
        let collector = self.ready.collector.lock().take();
        if let Some(collector) = collector {
            collector.wake();
        }
    }
}

impl<L, T, E> RequestSet<L, T, E> {
    /// An empty set. The [type's example](Self) uses it.
    pub fn new() -> Self {
        Self { entries: Vec::new(), free: Vec::new(), ready: Arc::default() }
    }

    /// Adds a request that is on its way. Labels need not differ. The [type's example](Self) uses
    /// it.
    pub fn add(&mut self, label: L, request: Request<T, E>) {
        let index = self.free.pop().unwrap_or_else(|| {
            self.entries.push(None);
            self.entries.len() - 1
        });
        let (is_queued, ready) = (AtomicBool::new(false), self.ready.clone());
        let alarm = Arc::new(Alarm { index, is_queued, ready });
        // It may have ended already: it is looked at once in any case.
        alarm.wake_by_ref();
        self.entries[index] = Some(Entry { label, request, alarm });
    }

    /// How many have not been collected. The [type's example](Self) uses it.
    pub fn len(&self) -> usize {
        self.entries.len() - self.free.len()
    }

    /// Whether all were collected.
    ///
    /// ```
    /// assert!(actor_core::RequestSet::<(), ()>::new().is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The labels of those that have not been collected, in no particular order.
    ///
    /// ```
    /// use actor_core::{RequestSet, prelude::*};
    /// # #[derive(Process)] struct Counter(u64);
    /// # #[handlers] impl Counter {
    /// #     #[call] fn add(&mut self, by: u64) -> u64 { self.0 += by; self.0 }
    /// # }
    /// # let rt = Runtime::new()?;
    /// let mut out = RequestSet::new();
    /// out.add("first", rt.spawn(Counter(0))?.add(1).request());
    /// assert_eq!(out.labels().collect::<Vec<_>>(), [&"first"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn labels(&self) -> impl Iterator<Item = &L> {
        self.entries.iter().flatten().map(|entry| &entry.label)
    }

    /// Abandons the requests whose label `keep` refuses; their replies are discarded.
    ///
    /// ```
    /// use actor_core::{RequestSet, prelude::*};
    /// # #[derive(Process)] struct Counter(u64);
    /// # #[handlers] impl Counter {
    /// #     #[call] fn add(&mut self, by: u64) -> u64 { self.0 += by; self.0 }
    /// # }
    /// # let rt = Runtime::new()?;
    /// let mut out = RequestSet::new();
    /// out.add(1, rt.spawn(Counter(0))?.add(1).request());
    /// out.add(2, rt.spawn(Counter(0))?.add(1).request());
    /// out.retain(|label| *label == 2);
    /// assert_eq!(out.len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn retain(&mut self, mut keep: impl FnMut(&L) -> bool) {
        for (index, entry) in self.entries.iter_mut().enumerate() {
            if entry.as_ref().is_some_and(|entry| !keep(&entry.label)) {
                *entry = None;
                self.free.push(index);
            }
        }
    }

    /// The next one that ends, with its label; `None` when all were collected. Dropping the future
    /// loses nothing, so [`Context::timeout`](crate::Context::timeout) around it is a wait with a
    /// bound. The [type's example](Self) uses it.
    ///
    /// # If the process is gone
    /// Its request ends, with that failure.
    pub async fn receive_response(&mut self) -> Option<(L, Result<T, E>)> {
        poll_fn(|cx| self.poll_response(cx)).await
    }

    /// The same if one has ended by now; `None` if none has.
    ///
    /// ```
    /// use actor_core::{RequestSet, prelude::*};
    /// # #[derive(Process)] struct Counter(u64);
    /// # #[handlers] impl Counter {
    /// #     #[call] fn add(&mut self, by: u64) -> u64 { self.0 += by; self.0 }
    /// # }
    /// # let rt = Runtime::new()?;
    /// let counter = rt.spawn(Counter(40))?;
    /// let mut out = RequestSet::new();
    /// assert!(out.check_response().is_none());
    /// out.add((), counter.add(2).request());
    /// counter.add(0).blocking()?; // by now the other is answered
    /// assert_eq!(out.check_response(), Some(((), Ok(42))));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn check_response(&mut self) -> Option<(L, Result<T, E>)> {
        let mut cx = TaskContext::from_waker(Waker::noop());
        match self.poll_response(&mut cx) {
            Poll::Ready(response) => response,
            Poll::Pending => None,
        }
    }

    fn poll_response(&mut self, cx: &mut TaskContext<'_>) -> Poll<Option<(L, Result<T, E>)>> {
        if self.is_empty() {
            return Poll::Ready(None);
        }
        // Before it looks: what is ready after the look finds it here.
        *self.ready.collector.lock() = Some(cx.waker().clone());
        loop {
            let Some(index) = self.ready.queue.lock().pop_front() else { return Poll::Pending };
            let Some(entry) = &mut self.entries[index] else { continue };
            // AcqRel: as in `queue`.
            entry.alarm.is_queued.swap(false, Ordering::AcqRel);
            let waker = Waker::from(entry.alarm.clone());
            let polled = Pin::new(&mut entry.request).poll(&mut TaskContext::from_waker(&waker));
            let Poll::Ready(result) = polled else { continue };
            self.free.push(index);
            return Poll::Ready(self.entries[index].take().map(|entry| (entry.label, result)));
        }
    }
}

impl<L, T, E> Default for RequestSet<L, T, E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<L, T, E> Extend<(L, Request<T, E>)> for RequestSet<L, T, E> {
    fn extend<I: IntoIterator<Item = (L, Request<T, E>)>>(&mut self, requests: I) {
        requests.into_iter().for_each(|(label, request)| self.add(label, request));
    }
}

impl<L, T, E> FromIterator<(L, Request<T, E>)> for RequestSet<L, T, E> {
    fn from_iter<I: IntoIterator<Item = (L, Request<T, E>)>>(requests: I) -> Self {
        let mut set = Self::new();
        set.extend(requests);
        set
    }
}

impl<L: fmt::Debug, T, E> fmt::Debug for RequestSet<L, T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.labels()).finish()
    }
}

/// What came of a [`multi_call`], which has the example: each call is in one of the two, in the
/// order in which they were given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MultiReply<L, T, E = CallFailure> {
    /// Who answered, and what.
    pub replies: Vec<(L, T)>,
    /// Who did not, and why.
    pub failed: Vec<(L, E)>,
}

/// Calls many processes at once, all with the same time from now on, and waits until each has
/// answered or failed: OTP's `multi_call`. A reply that comes later goes nowhere.
///
/// # If the process is gone
/// Its call is among those that failed.
///
/// ```
/// use actor_core::{CallFailure, multi_call, prelude::*};
/// use std::time::Duration;
/// # #[derive(Process)] struct Counter(u64);
/// # #[handlers] impl Counter {
/// #     #[call] fn add(&mut self, by: u64) -> u64 { self.0 += by; self.0 }
/// # }
/// # let rt = Runtime::new()?;
/// # rt.run(async {
/// let (here, gone) = (spawn(Counter(40))?, spawn(Counter(0))?);
/// gone.stop(ExitReason::Normal).await;
/// let calls = [("here", here.add(2)), ("gone", gone.add(2))];
/// let all = multi_call(calls, Duration::from_secs(1)).await;
/// assert_eq!(all.replies, [("here", 42)]);
/// assert_eq!(all.failed, [("gone", CallFailure::NoProc)]);
/// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(()) }).unwrap().unwrap();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub async fn multi_call<L, T, E>(
    calls: impl IntoIterator<Item = (L, Call<T, E>)>,
    timeout: Duration,
) -> MultiReply<L, T, E> {
    // All are sent before the first is waited for, so their deadlines are one.
    let sent = calls.into_iter().map(|(label, call)| (label, call.timeout(timeout).request()));
    let requests: Vec<_> = sent.collect();
    let mut all = MultiReply { replies: Vec::new(), failed: Vec::new() };
    for (label, request) in requests {
        match request.await {
            Ok(reply) => all.replies.push((label, reply)),
            Err(error) => all.failed.push((label, error)),
        }
    }
    all
}
