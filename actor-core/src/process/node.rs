//! Message nodes: the blocks in which mail travels.
//!
//! A node begins with the inbox's link and a pointer to its table, which knows how to hand the rest
//! to the receiving process and how to drop it. So an inbox holds mail of any type, and an
//! address needs to know only one type: its message's.
//!
//! Rules: a node is owned by exactly one [`Mail`] or queue. A message node's `receive` is called
//! only with a cell whose body the table was made for ([`Mail::message`] takes the body type, and
//! an `Address` is made only for a body that can receive its messages).
#![allow(unsafe_code)]

use std::{any::TypeId, mem::ManuallyDrop, ptr::NonNull};

use super::{
    alias::Parcel,
    cell::{self, Receive, Step},
    header::{Header, Running},
    reply::{Owed, ReplyPort},
};
use crate::{
    error::CallFailure, exit::ExitReason, pid::MonitorRef, pool::Pooled, queue::Link,
    signal::Signal,
};

/// A kind of message: what its sender may expect back.
///
/// `#[handlers]` implements it for the enum it generates. The message is data only; the reply port
/// travels beside it.
///
/// ```
/// use actor_core::Message;
/// enum Ping { Ping }
/// impl Message for Ping {
///     type Reply = u32;
/// }
/// assert_eq!(Ping::Ping.name(), "message");
/// ```
pub trait Message: Send + 'static {
    /// What a call with this message is answered with.
    type Reply: Send + 'static;

    /// Whether [`blocks`](Self::blocks) is true of any message.
    const SOME_BLOCK: bool = false;

    /// The message's name in traces and charts: for a generated enum, its variant.
    fn name(&self) -> &'static str {
        "message"
    }

    /// Whether its handler computes or blocks for long, and is run on a thread beside the workers:
    /// `#[call(blocking)]`, `#[cast(blocking)]`. Asked only if [`SOME_BLOCK`](Self::SOME_BLOCK).
    fn blocks(&self) -> bool {
        false
    }
}

/// The common beginning of every node.
#[repr(C)]
pub(crate) struct Node {
    link: Link,
    table: &'static Table,
}

/// Hands a message to the body of a cell; consumes the node. What comes of it goes where the caller
/// has put [`Step::Continue`], for this is what comes of most: nothing is moved then.
type Deliver = unsafe fn(NonNull<Header>, NonNull<Node>, &mut Step);

/// What can be done with a node of unknown type.
pub(crate) struct Table {
    /// How to hand a message over; `None` for a signal.
    receive: Option<Deliver>,
    name: unsafe fn(NonNull<Node>) -> &'static str,
    /// Whether it is to be handled beside the workers; `None`: never.
    blocks: Option<unsafe fn(NonNull<Node>) -> bool>,
    /// Whether somebody waits for an answer.
    is_call: unsafe fn(NonNull<Node>) -> bool,
    /// The answer that is owed for it, if somebody waits for one.
    owed: unsafe fn(NonNull<Node>) -> Option<Box<dyn Owed>>,
    /// Fails a call instead of dropping it; consumes the node.
    fail: unsafe fn(NonNull<Node>, CallFailure),
    drop: unsafe fn(NonNull<Node>),
    /// The node's bytes.
    size: usize,
    /// The receiving body's type.
    body: fn() -> TypeId,
    type_name: &'static str,
    /// Where it stands in the private queue.
    rank: Rank,
    /// Whether it is a closed parcel: neither a message nor a signal, but with a message in it.
    is_parcel: bool,
    /// Whether it goes in however full the mailbox is, and is never dropped for others.
    is_kept: bool,
}

/// Where mail stands in the private queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rank {
    /// At the end.
    Ordinary,
    /// Before all ordinary mail, behind what is urgent already.
    Urgent,
    /// Before everything: what the process goes on with.
    First,
}

#[repr(C)]
struct MessageNode<M: Message> {
    node: Node,
    reply: ReplyPort<M::Reply>,
    message: M,
}

#[repr(C)]
struct SignalNode {
    node: Node,
    signal: Signal,
}

#[repr(C)]
struct ParcelNode {
    node: Node,
    parcel: Parcel,
}

/// The table of messages `M` for processes with the body `B`: how an address knows, without the
/// body's type, what may be sent to it.
pub(crate) struct Accepts<M: Message> {
    table: &'static Table,
    marker: std::marker::PhantomData<fn(M)>,
}

impl<M: Message> Clone for Accepts<M> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M: Message> Copy for Accepts<M> {}

impl<M: Message> PartialEq for Accepts<M> {
    /// Whether the tables lead to the same code.
    fn eq(&self, other: &Self) -> bool {
        (self.table.body)() == (other.table.body)()
    }
}

impl<M: Message> Accepts<M> {
    /// The table for a body that receives `M`.
    pub(crate) fn by<B: Receive<M>>() -> Self {
        Self { table: &Tables::<B, M>::TABLE, marker: std::marker::PhantomData }
    }

    /// The same for messages that it sends itself, to be handled before all that waits.
    pub(crate) fn first_by<B: Receive<M>>() -> Self {
        Self { table: &Tables::<B, M>::FIRST, marker: std::marker::PhantomData }
    }

    /// The same for messages of its own timers that it must not miss. They need no room, so there
    /// must be a bound on how many of them there can be.
    pub(crate) fn kept_by<B: Receive<M>>() -> Self {
        Self { table: &Tables::<B, M>::KEPT, marker: std::marker::PhantomData }
    }

    /// The process type's name.
    pub(crate) const fn type_name(self) -> &'static str {
        self.table.type_name
    }
}

struct Tables<B, M>(std::marker::PhantomData<(B, M)>);

impl<B: Receive<M>, M: Message> Tables<B, M> {
    const TABLE: Table = Table {
        receive: Some(receive::<B, M>),
        name: message_name::<M>,
        blocks: if M::SOME_BLOCK { Some(message_blocks::<M>) } else { None },
        is_call: is_call::<M>,
        owed: owed::<M>,
        fail: fail_message::<M>,
        drop: drop_node::<MessageNode<M>>,
        size: size_of::<MessageNode<M>>(),
        body: TypeId::of::<B>,
        type_name: B::NAME,
        rank: Rank::Ordinary,
        is_parcel: false,
        is_kept: false,
    };

    const FIRST: Table = Table { rank: Rank::First, ..Self::TABLE };
    const KEPT: Table = Table { is_kept: true, ..Self::TABLE };
}

const SIGNALS: Table = Table {
    receive: None,
    name: signal_name,
    blocks: None,
    is_call: never_a_call,
    owed: never_owed,
    fail: fail_signal,
    drop: drop_node::<SignalNode>,
    size: size_of::<SignalNode>(),
    body: TypeId::of::<()>,
    type_name: "signal",
    rank: Rank::Ordinary,
    is_parcel: false,
    is_kept: false,
};

static SIGNAL: Table = SIGNALS;

static URGENT_SIGNAL: Table = Table { rank: Rank::Urgent, ..SIGNALS };

static PARCEL: Table = Table {
    receive: None,
    name: parcel_name,
    blocks: Some(parcel_blocks),
    is_call: never_a_call,
    owed: never_owed,
    fail: fail_parcel,
    drop: drop_node::<ParcelNode>,
    size: size_of::<ParcelNode>(),
    body: TypeId::of::<()>,
    type_name: "parcel",
    rank: Rank::Urgent,
    is_parcel: true,
    is_kept: false,
};

/// # Safety
/// `node` is an owned `MessageNode<M>`, `cell` a running cell with a body `B`.
unsafe fn receive<B: Receive<M>, M: Message>(
    cell: NonNull<Header>,
    node: NonNull<Node>,
    step: &mut Step,
) {
    // SAFETY: by the module's rule the node was made by `Mail::message` with this `M`, and is ours.
    let node = unsafe { Pooled::from_raw(node.cast::<MessageNode<M>>()) };
    let MessageNode { reply, message, .. } = node.into_inner();
    // SAFETY: by the module's rule the cell's body is a `B`; the turn calls this with no handler
    // pending.
    unsafe { cell::receive::<B, M>(cell, message, reply, step) }
}

/// # Safety
/// `node` is a live `MessageNode<M>`.
unsafe fn message_name<M: Message>(node: NonNull<Node>) -> &'static str {
    // SAFETY: the caller's promise.
    unsafe { node.cast::<MessageNode<M>>().as_ref() }.message.name()
}

/// # Safety
/// `node` is a live `MessageNode<M>`.
unsafe fn message_blocks<M: Message>(node: NonNull<Node>) -> bool {
    // SAFETY: the caller's promise.
    unsafe { node.cast::<MessageNode<M>>().as_ref() }.message.blocks()
}

/// # Safety
/// `node` is a live `SignalNode`.
unsafe fn signal_name(node: NonNull<Node>) -> &'static str {
    // SAFETY: the caller's promise.
    unsafe { node.cast::<SignalNode>().as_ref() }.signal.name()
}

/// # Safety
/// `node` is a live `ParcelNode`.
unsafe fn parcel_name(node: NonNull<Node>) -> &'static str {
    // SAFETY: the caller's promise.
    unsafe { node.cast::<ParcelNode>().as_ref() }.parcel.mail.name()
}

/// # Safety
/// `node` is a live `ParcelNode`.
unsafe fn parcel_blocks(node: NonNull<Node>) -> bool {
    // SAFETY: the caller's promise.
    unsafe { node.cast::<ParcelNode>().as_ref() }.parcel.mail.blocks()
}

/// # Safety
/// `node` is an owned `ParcelNode`.
unsafe fn fail_parcel(node: NonNull<Node>, failure: CallFailure) {
    // SAFETY: the caller's promise; nodes come from `Pooled`.
    let node = unsafe { Pooled::from_raw(node.cast::<ParcelNode>()) };
    node.into_inner().parcel.mail.fail(failure);
}

/// # Safety
/// `node` is a live `MessageNode<M>`.
unsafe fn is_call<M: Message>(node: NonNull<Node>) -> bool {
    // SAFETY: the caller's promise.
    unsafe { node.cast::<MessageNode<M>>().as_ref() }.reply.is_call()
}

/// # Safety
/// None is needed.
unsafe fn never_a_call(_: NonNull<Node>) -> bool {
    false
}

/// # Safety
/// `node` is a live `MessageNode<M>`.
unsafe fn owed<M: Message>(node: NonNull<Node>) -> Option<Box<dyn Owed>> {
    // SAFETY: the caller's promise.
    unsafe { node.cast::<MessageNode<M>>().as_ref() }.reply.owed()
}

/// # Safety
/// None is needed.
unsafe fn never_owed(_: NonNull<Node>) -> Option<Box<dyn Owed>> {
    None
}

/// # Safety
/// `node` is an owned `MessageNode<M>`.
unsafe fn fail_message<M: Message>(node: NonNull<Node>, failure: CallFailure) {
    // SAFETY: the caller's promise; nodes come from `Pooled`.
    let node = unsafe { Pooled::from_raw(node.cast::<MessageNode<M>>()) };
    let MessageNode { reply, message, .. } = node.into_inner();
    reply.fail(failure);
    drop(message);
}

/// # Safety
/// `node` is an owned `SignalNode`.
unsafe fn fail_signal(node: NonNull<Node>, _: CallFailure) {
    // SAFETY: the caller's promise, passed on.
    unsafe { drop_node::<SignalNode>(node) }
}

/// # Safety
/// `node` is an owned node of type `T`.
unsafe fn drop_node<T>(node: NonNull<Node>) {
    // SAFETY: the caller's promise; nodes come from `Pooled`.
    drop(unsafe { Pooled::from_raw(node.cast::<T>()) });
}

/// One piece of mail, owned.
pub(crate) struct Mail(NonNull<Node>);

// SAFETY: messages, reply ports and signals are `Send`, and the node is owned.
unsafe impl Send for Mail {}

/// A message as the turn sees it, or a signal taken out of its node.
pub(crate) enum Opened {
    /// A message, to be handed to the body.
    Message(Mail),
    /// A signal.
    Signal(Signal),
    /// What came by an alias.
    Parcel(Parcel),
}

impl Mail {
    /// A message for a body that accepts it.
    #[inline(always)]
    pub(crate) fn message<M: Message>(
        accepts: Accepts<M>,
        message: M,
        reply: ReplyPort<M::Reply>,
    ) -> Self {
        let node = || Node { link: Link::new(), table: accepts.table };
        Self(Pooled::with(|| MessageNode { node: node(), reply, message }).into_raw().cast())
    }

    /// A signal.
    pub(crate) fn signal(signal: Signal) -> Self {
        Self::signal_with(&SIGNAL, signal)
    }

    /// A signal that has become a message and goes before all that are ordinary.
    pub(super) fn urgent_signal(signal: Signal) -> Self {
        Self::signal_with(&URGENT_SIGNAL, signal)
    }

    fn signal_with(table: &'static Table, signal: Signal) -> Self {
        let node = Node { link: Link::new(), table };
        Self(Pooled::new(SignalNode { node, signal }).into_raw().cast())
    }

    /// A message that is sent by an alias.
    pub(crate) fn parcel(parcel: Parcel) -> Self {
        let node = Node { link: Link::new(), table: &PARCEL };
        Self(Pooled::new(ParcelNode { node, parcel }).into_raw().cast())
    }

    fn table(&self) -> &'static Table {
        // SAFETY: `self` owns the node, so it is alive; `table` is never written after creation.
        unsafe { (*self.0.as_ptr()).table }
    }

    /// Whether it is a message and not a signal.
    pub(crate) fn is_message(&self) -> bool {
        self.table().receive.is_some()
    }

    /// Whether it is a message that is never handled beside the workers.
    #[inline]
    pub(super) fn is_simple(&self) -> bool {
        let table = self.table();
        table.receive.is_some() && table.blocks.is_none()
    }

    /// Whether it takes room in a mailbox: a message, open or in a parcel.
    #[inline]
    pub(crate) fn takes_room(&self) -> bool {
        let table = self.table();
        table.receive.is_some() || table.is_parcel
    }

    /// Whether it goes in however full the mailbox is.
    pub(crate) fn is_kept(&self) -> bool {
        self.table().is_kept
    }

    /// Where it stands in the private queue.
    pub(super) fn rank(&self) -> Rank {
        self.table().rank
    }

    /// Whether it is a message to be handled beside the workers.
    #[inline]
    pub(crate) fn blocks(&self) -> bool {
        // SAFETY: the table was made with the node.
        self.table().blocks.is_some_and(|blocks| unsafe { blocks(self.0) })
    }

    /// Whether it is a message whose sender waits for an answer.
    pub(crate) fn is_call(&self) -> bool {
        // SAFETY: `self` owns the node, and its table was made for its type.
        unsafe { (self.table().is_call)(self.0) }
    }

    /// The signal, if it is one.
    pub(super) fn as_signal(&self) -> Option<&Signal> {
        if self.takes_room() {
            return None;
        }
        // SAFETY: neither a message nor a parcel, so `Mail::signal_with` made it.
        Some(unsafe { &self.0.cast::<SignalNode>().as_ref().signal })
    }

    /// Whether it is a request to the process itself.
    pub(super) fn is_request(&self) -> bool {
        matches!(self.as_signal(), Some(Signal::System(_)))
    }

    /// The monitor it sets, if it is that signal: such mail is kept, to be the DOWN one day.
    pub(crate) fn as_monitor(&self) -> Option<MonitorRef> {
        match self.as_signal()? {
            Signal::Monitor { monitor } => Some(*monitor),
            _ => None,
        }
    }

    /// The answer that its sender waits for.
    pub(super) fn owed(&self) -> Option<Box<dyn Owed>> {
        // SAFETY: `self` owns the node, and its table was made for its type.
        unsafe { (self.table().owed)(self.0) }
    }

    /// Whether it is the DOWN of this monitor.
    pub(super) fn is_down_of(&self, monitor: MonitorRef) -> bool {
        match self.as_signal() {
            Some(Signal::Down(down)) => down.monitor == monitor,
            Some(Signal::Noted(down)) => down.monitor == monitor,
            _ => false,
        }
    }

    /// The place of the timer that it tells of.
    pub(crate) fn as_timer(&self) -> Option<(u32, u32)> {
        match self.as_signal()? {
            Signal::Timer { seat, index } => Some((*seat, *index)),
            _ => None,
        }
    }

    /// Whether it is a kill.
    pub(crate) fn kills(&self) -> bool {
        match self.as_signal() {
            Some(Signal::Exit { reason, linked, .. }) => *reason == ExitReason::Kill && !linked,
            other => matches!(other, Some(Signal::End { kills: true, .. })),
        }
    }

    /// Whether it is a signal that the dead answer.
    pub(crate) fn is_answered(&self) -> bool {
        use Signal::{End, Link, Monitor, Trace, Watch};
        let answered = |signal: &Signal| {
            matches!(signal, Link { .. } | Monitor { .. } | Watch(_) | End { .. } | Trace(_))
        };
        self.as_signal().is_some_and(answered)
    }

    /// How many bytes its node has.
    pub(crate) fn size(&self) -> usize {
        self.table().size
    }

    /// Its name in traces and charts.
    pub(crate) fn name(&self) -> &'static str {
        // SAFETY: the table was made with the node.
        unsafe { (self.table().name)(self.0) }
    }

    /// Drops it; a call in it fails with `failure`.
    pub(crate) fn fail(self, failure: CallFailure) {
        let mail = ManuallyDrop::new(self);
        // SAFETY: `mail` owned the node, which is given up here; the table was made for its type.
        unsafe { (mail.table().fail)(mail.0, failure) }
    }

    /// Gives the node to a queue.
    pub(crate) fn into_link(self) -> NonNull<Link> {
        ManuallyDrop::new(self).0.cast()
    }

    /// Takes a node back from a queue.
    ///
    /// # Safety
    /// `link` came from [`into_link`](Self::into_link), and the queue has let go of it.
    pub(crate) unsafe fn from_link(link: NonNull<Link>) -> Self {
        Self(link.cast())
    }

    /// Takes a signal or a parcel out of its node; leaves a message as it is.
    pub(crate) fn open(self) -> Opened {
        if self.is_message() {
            return Opened::Message(self);
        }
        let is_parcel = self.table().is_parcel;
        let node = ManuallyDrop::new(self).0;
        if is_parcel {
            // SAFETY: so its table says, which only `Mail::parcel` gives; it is ours.
            let node = unsafe { Pooled::from_raw(node.cast::<ParcelNode>()) };
            return Opened::Parcel(node.into_inner().parcel);
        }
        // SAFETY: neither a message nor a parcel, so `Mail::signal_with` made it; it is ours.
        let node = unsafe { Pooled::from_raw(node.cast::<SignalNode>()) };
        Opened::Signal(node.into_inner().signal)
    }

    /// Makes a signal's node say something else; other mail stays as it is.
    pub(crate) fn replace_signal(&mut self, signal: Signal) {
        if !self.takes_room() {
            // SAFETY: neither a message nor a parcel, so `Mail::signal_with` made it; it is ours.
            let node = unsafe { self.0.cast::<SignalNode>().as_mut() };
            node.signal = signal;
        }
    }
}

impl Running {
    /// Hands a message that was sent to this process to its body. The turn calls it with no handler
    /// pending, but for a function process's, which borrows nothing. A signal does nothing. `step`
    /// is `Continue`, and is left so if there is no more to be done.
    #[inline]
    pub(super) fn receive(&self, mail: Mail, step: &mut Step) {
        let Some(receive) = mail.table().receive else { return };
        let node = ManuallyDrop::new(mail).0;
        // SAFETY: the mail was pushed into this cell's inbox by an address made for its body; the
        // node is owned and given up here; nothing that borrows the cell is pending.
        unsafe { receive(self.raw().header(), node, step) }
    }

    /// Where the mail at the front of the private queue stands.
    pub(super) fn front_rank(&self) -> Option<Rank> {
        let front = self.inner(|inner| inner.front())?;
        // SAFETY: only `Mail::into_link` makes the links there; the queue keeps it: no drop here.
        Some(ManuallyDrop::new(unsafe { Mail::from_link(front) }).rank())
    }

    /// Looks at all mail that was received and waits.
    pub(super) fn each_queued(&self, mut look: impl FnMut(&Mail)) {
        self.inner(|inner| {
            for link in inner.iter() {
                // SAFETY: as for `front_rank`.
                look(&ManuallyDrop::new(unsafe { Mail::from_link(link) }));
            }
        });
        self.extras_if_any(|extras| extras.urgent.iter().flat_map(|it| it.iter()).for_each(look));
    }

    /// Takes the first mail that is wanted out of the private queue; for signals, which are not
    /// counted there.
    pub(super) fn remove_queued(&self, wanted: impl Fn(&Mail) -> bool) -> Option<Mail> {
        // SAFETY: as for `front_rank`.
        let of = |link| ManuallyDrop::new(unsafe { Mail::from_link(link) });
        let link = self.inner(|inner| inner.remove(|link| wanted(&of(link))))?;
        // SAFETY: as for `front_rank`, and the queue let go.
        Some(unsafe { Mail::from_link(link) })
    }
}

impl Drop for Mail {
    fn drop(&mut self) {
        // SAFETY: `self` owns the node, and its table was made for its type.
        unsafe { (self.table().drop)(self.0) }
    }
}
