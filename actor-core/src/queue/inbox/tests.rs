//! The inbox and its lists on one thread, and one race on real ones.

use super::*;
use std::sync::atomic::AtomicUsize;

#[repr(C)]
struct Node {
    link: Link,
    value: u64,
}

fn node(value: u64) -> NonNull<Link> {
    NonNull::from(Box::leak(Box::new(Node { link: Link::new(), value }))).cast()
}

fn value(node: NonNull<Link>) -> u64 {
    // SAFETY: every node of these tests comes from `node`, and is opened once.
    unsafe { Box::from_raw(node.cast::<Node>().as_ptr()) }.value
}

fn push(inbox: &Inbox, content: u64, room: Option<u32>) -> Result<Pushed, Refused> {
    let node = node(content);
    // SAFETY: the node is fresh, and all tests drain what they push.
    unsafe { inbox.push(node, room) }.inspect_err(|_| {
        value(node);
    })
}

fn values(chain: Chain) -> Vec<u64> {
    chain.map(value).collect()
}

#[test]
fn mail_comes_out_in_the_order_it_went_in() {
    let inbox = Inbox::new(false, false);
    for content in 0..5 {
        assert_eq!(push(&inbox, content, None), Ok(Pushed::Queued));
    }
    let taken = inbox.take();
    assert!(!taken.woken);
    assert_eq!(values(taken.chain), [0, 1, 2, 3, 4]);
    assert!(inbox.take().chain.is_empty());
}

#[test]
fn only_the_first_push_onto_an_idle_inbox_schedules() {
    let inbox = Inbox::new(true, false);
    assert!(inbox.is_idle());
    assert_eq!(push(&inbox, 1, Some(9)), Ok(Pushed::WasIdle));
    assert_eq!(push(&inbox, 2, Some(9)), Ok(Pushed::Queued));
    assert!(!inbox.wake());
    assert!(!inbox.try_idle(|| true));
    assert_eq!(values(inbox.take().chain), [1, 2]);
    assert!(inbox.try_idle(|| true));
}

#[test]
fn only_an_idle_inbox_is_visited_and_none_of_a_simulation() {
    let inbox = Inbox::new(true, false);
    assert!(inbox.visit() && !inbox.visit(), "it has an owner now");
    assert_eq!(push(&inbox, 1, None), Ok(Pushed::Queued), "the visitor schedules it");
    assert!(!inbox.try_idle(|| true));
    assert_eq!(values(inbox.take().chain), [1]);
    assert!(inbox.try_idle(|| true) && inbox.visit());
    drain(inbox.close().0);
    assert!(!inbox.visit());
    assert!(!Inbox::new(true, true).visit());
}

#[test]
fn a_wake_is_kept_until_it_is_taken() {
    let inbox = Inbox::new(true, false);
    assert!(inbox.wake());
    assert!(!inbox.wake());
    assert!(inbox.has_mail());
    assert!(!inbox.try_idle(|| true));
    let taken = inbox.take();
    assert!(taken.woken && taken.chain.is_empty());
    assert!(!inbox.has_mail());
    assert!(inbox.try_idle(|| true));
}

#[test]
fn room_counts_messages_and_not_signals() {
    let inbox = Inbox::new(false, false);
    for signal in 0..3 {
        assert_eq!(push(&inbox, signal, None), Ok(Pushed::Queued));
    }
    assert_eq!(inbox.count(), 0);
    assert_eq!(push(&inbox, 3, Some(2)), Ok(Pushed::Queued));
    assert_eq!(push(&inbox, 4, Some(2)), Ok(Pushed::Queued));
    assert_eq!(push(&inbox, 5, Some(2)), Err(Refused::Full));
    assert_eq!(push(&inbox, 6, None), Ok(Pushed::Queued));
    assert_eq!(inbox.count(), 2);
    assert_eq!(values(inbox.take().chain), [0, 1, 2, 3, 4, 6]);
    assert_eq!(inbox.count(), 0);
    assert_eq!(push(&inbox, 7, Some(0)), Err(Refused::Full));
}

#[test]
fn the_count_stops_at_its_last_value_and_spoils_nothing() {
    let inbox = Inbox { word: AtomicU64::new(u64::from(MOST_COUNTED - 1) << COUNT_SHIFT) };
    let most = u32::from(MOST_COUNTED);
    assert_eq!(push(&inbox, 1, Some(most)), Ok(Pushed::Queued));
    assert_eq!(push(&inbox, 2, Some(most)), Err(Refused::Full));
    assert_eq!(push(&inbox, 3, Some(most + 1)), Ok(Pushed::Saturated));
    assert_eq!(inbox.count(), MOST_COUNTED);
    assert_eq!(values(inbox.take().chain), [1, 3]);
}

/// Everything in a pile, oldest first.
fn drain(mut pile: Pile) -> Vec<u64> {
    while !pile.order(1) {}
    let mut fifo = Fifo::new();
    // SAFETY: a fresh node, drained below.
    unsafe { fifo.push_back(node(0)) };
    fifo.append(&mut pile);
    fifo.append(&mut pile);
    // SAFETY: as above.
    unsafe { fifo.push_back(node(99)) };
    let all: Vec<u64> = std::iter::from_fn(|| fifo.pop_front().map(value)).collect();
    assert_eq!((all.first(), all.last()), (Some(&0), Some(&99)));
    all[1..all.len() - 1].to_vec()
}

#[test]
fn a_pile_is_turned_around_bit_by_bit() {
    let inbox = Inbox::new(false, false);
    assert_eq!(drain(inbox.close().0), []);
    let inbox = Inbox::new(false, false);
    for content in 1..=5 {
        assert_eq!(push(&inbox, content, None), Ok(Pushed::Queued));
    }
    let (mut pile, _) = inbox.close();
    assert!(!pile.order(2) && !pile.order(2));
    assert!(pile.order(1) && pile.order(1));
    assert_eq!(drain(pile), [1, 2, 3, 4, 5]);
}

#[test]
fn a_closed_inbox_refuses_everything_and_returns_what_it_held() {
    let inbox = Inbox::new(false, true);
    assert_eq!(push(&inbox, 1, Some(9)), Ok(Pushed::Queued));
    assert!(!inbox.wake());
    assert_eq!(drain(inbox.close().0), [1]);
    assert!(inbox.is_closed() && inbox.is_sim() && !inbox.has_mail());
    assert_eq!(push(&inbox, 2, None), Err(Refused::Closed));
    assert_eq!(push(&inbox, 3, Some(0)), Err(Refused::Closed));
    assert!(!inbox.wake());
    assert!(inbox.take().chain.is_empty());
    inbox.reset(true, false);
    assert!(!inbox.is_closed() && !inbox.is_sim() && inbox.is_idle());
    assert_eq!(push(&inbox, 4, None), Ok(Pushed::WasIdle));
    assert_eq!(values(inbox.take().chain), [4]);
}

#[test]
fn a_fifo_keeps_its_order_from_both_ends() {
    let mut fifo = Fifo::new();
    assert!(fifo.pop_front().is_none());
    for content in [4, 5] {
        // SAFETY: fresh nodes, drained below.
        unsafe { fifo.push_back(node(content)) };
    }
    // SAFETY: fresh nodes, drained below.
    unsafe { fifo.push_back(node(6)) };
    // SAFETY: as above.
    unsafe { fifo.push_front(node(2)) };
    for expected in [2, 4, 5, 6] {
        assert_eq!(fifo.pop_front().map(value), Some(expected));
    }
    assert!(fifo.pop_front().is_none());
    // SAFETY: as above.
    unsafe { fifo.push_front(node(7)) };
    // SAFETY: as above.
    unsafe { fifo.push_back(node(8)) };
    assert_eq!(fifo.pop_front().map(value), Some(7));
    assert_eq!(fifo.pop_front().map(value), Some(8));
}

/// Whoever schedules runs the turn, as a pool of workers would.
fn turn(inbox: &Inbox, running: &AtomicUsize, seen: &AtomicUsize, last: &[AtomicUsize]) {
    assert_eq!(running.fetch_add(1, Ordering::SeqCst), 0, "two owners at once");
    loop {
        for content in inbox.take().chain.map(value) {
            let (sender, number) = ((content >> 32) as usize, (content & 0xFFFF_FFFF) as usize);
            assert_eq!(last[sender].swap(number, Ordering::Relaxed) + 1, number);
            seen.fetch_add(1, Ordering::Relaxed);
        }
        running.fetch_sub(1, Ordering::SeqCst);
        if inbox.try_idle(|| true) {
            return;
        }
        assert_eq!(running.fetch_add(1, Ordering::SeqCst), 0, "two owners at once");
    }
}

#[test]
fn racing_senders_lose_nothing_and_keep_their_order() {
    const SENDERS: u64 = 3;
    let each: u64 = if cfg!(miri) { 50 } else { 20_000 };
    let inbox = Inbox::new(true, false);
    let (running, seen) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let last: Vec<AtomicUsize> = (0..SENDERS).map(|_| AtomicUsize::new(0)).collect();
    std::thread::scope(|scope| {
        let (inbox, running, seen, last) = (&inbox, &running, &seen, &last);
        let send = |sender| {
            scope.spawn(move || {
                for number in 1..=each {
                    if push(inbox, sender << 32 | number, None) == Ok(Pushed::WasIdle) {
                        turn(inbox, running, seen, last);
                    }
                }
            })
        };
        // Joined one by one: what a scope's own end orders, the ThreadSanitizer does not see.
        let senders: Vec<_> = (0..SENDERS).map(send).collect();
        senders.into_iter().for_each(|sender| sender.join().expect("no panic"));
    });
    assert_eq!(seen.load(Ordering::Relaxed) as u64, SENDERS * each);
    assert!(inbox.is_idle() && !inbox.has_mail());
}

#[test]
fn who_waits_for_the_drain_is_not_forgotten_by_an_owner_that_goes_idle() {
    let inbox = Inbox::new(false, false);
    assert!(inbox.await_drain());
    assert!(inbox.try_idle(|| false), "it has not drained: there is nothing to tell");
    assert_eq!(push(&inbox, 1, None), Ok(Pushed::WasIdle));
    let taken = inbox.take();
    assert!(taken.awaited && inbox.take().awaited, "a take leaves the tag");
    assert_eq!(values(taken.chain), [1]);
    assert!(!inbox.try_idle(|| true), "it has drained, and somebody waits for that");
    inbox.drain_told();
    assert!(!inbox.take().awaited && inbox.try_idle(|| true));
    assert!(inbox.await_drain() && inbox.close().1);
    assert!(!inbox.await_drain(), "nobody drains a closed mailbox");
}
