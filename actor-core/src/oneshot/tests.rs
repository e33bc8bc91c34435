//! The slot on one thread: what each party is told.

use std::rc::Rc;

use super::*;

fn poll<A>(slot: &Oneshot<A>) -> Poll<Option<A>> {
    slot.poll(Waker::noop())
}

#[test]
fn the_first_answer_is_heard_once() {
    let slot = Oneshot::empty();
    assert!(poll(&slot).is_pending() && poll(&slot).is_pending());
    assert!(slot.is_waiting());
    slot.complete(1);
    slot.complete(2);
    assert!(!slot.is_waiting());
    assert_eq!(poll(&slot), Poll::Ready(Some(1)));
    assert_eq!(poll(&slot), Poll::Ready(None));
}

#[test]
fn an_answer_that_is_not_heard_is_dropped() {
    let counted = Rc::new(());
    let abandoned = Oneshot::empty();
    abandoned.abandon();
    abandoned.complete(counted.clone());
    let late = Oneshot::empty();
    late.complete(counted.clone());
    late.abandon();
    let never = Oneshot::empty();
    never.complete(counted.clone());
    drop(never);
    assert_eq!(Rc::strong_count(&counted), 1);
}

#[test]
fn a_deadline_is_disarmed_by_whoever_comes_last() {
    let open = Oneshot::<u32>::empty();
    assert!(open.arm([1, 2, 3]));
    assert_eq!(open.abandon(), Some([1, 2, 3]));
    let over = Oneshot::<u32>::empty();
    over.complete(1);
    assert!(!over.arm([1, 2, 3]), "the call is over");
    let heard = Oneshot::empty();
    assert!(heard.arm([4, 5, 6]));
    heard.complete(1);
    assert_eq!(poll(&heard), Poll::Ready(Some(1)));
    assert_eq!(heard.abandon(), Some([4, 5, 6]));
}
