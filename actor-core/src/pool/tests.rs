//! The pool, on one thread and between two.

use super::*;
use std::{rc::Rc, sync::mpsc, thread};

fn kept(class: usize) -> u32 {
    MINE.with(|mine| mine.0[class].len.get())
}

#[test]
fn a_block_that_is_given_is_the_next_one_taken() {
    // A size that no other test uses.
    type Block = [u64; 41];
    let first = Pooled::new([7; 41]).into_raw();
    // SAFETY: let go of in the line before.
    assert_eq!(unsafe { Pooled::<Block>::from_raw(first) }.into_inner(), [7; 41]);
    let second = Pooled::new([8; 41]);
    assert_eq!(NonNull::from(&*second), first);
}

#[test]
fn a_large_or_much_aligned_or_empty_value_is_kept_as_well() {
    #[repr(align(128))]
    struct Aligned(u8);
    assert_eq!(Pooled::new([5; 1000]).into_inner(), [5; 1000]);
    let aligned = Pooled::new(Aligned(3));
    assert!(NonNull::from(&*aligned).addr().get().is_multiple_of(128));
    assert_eq!((*aligned).0, 3);
    Pooled::new(()).into_inner();
    drop(Pooled::new(()));
}

#[test]
fn a_value_is_dropped_once() {
    let counted = Rc::new(());
    drop(Pooled::new(counted.clone()));
    assert_eq!(Rc::strong_count(&counted), 1);
    let moved = Pooled::new(counted.clone()).into_inner();
    assert_eq!(Rc::strong_count(&counted), 2);
    drop(moved);
}

#[test]
fn the_block_of_a_value_whose_drop_panics_is_given_back() {
    struct Bomb([u64; 43]);
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("{}", self.0[0]);
        }
    }
    let class = class_of(Layout::new::<Bomb>()).expect("kept");
    let bomb = Pooled::new(Bomb([1; 43]));
    let before = kept(class);
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(bomb))).is_err());
    assert_eq!(kept(class), before + 1);
}

#[test]
fn what_one_thread_makes_and_another_uses_up_goes_round_within_the_bound() {
    type Block = [u64; 47];
    let class = class_of(Layout::new::<Block>()).expect("kept");
    let (sender, receiver) = mpsc::sync_channel::<Pooled<Block>>(100);
    let consumer = thread::spawn(move || {
        for (number, block) in receiver.into_iter().enumerate() {
            assert_eq!(block.into_inner()[0], number as u64);
            assert!(kept(class) < 2 * BATCH);
        }
    });
    for number in 0..100_000 {
        sender.send(Pooled::new([number; 47])).expect("it listens");
    }
    drop(sender);
    consumer.join().expect("the consumer ends");
    let depot = DEPOTS[class].lock();
    assert!(depot.batches > 0 && depot.batches * BATCH as usize * size_of::<Block>() < 2 * DEPOT);
}

#[test]
fn the_chunks_of_a_burst_go_back_but_for_what_is_kept() {
    type Block = [u64; 53];
    let class = class_of(Layout::new::<Block>()).expect("kept");
    let burst: Vec<_> = (0..50_000).map(|number| Pooled::new([number; 53])).collect();
    drop(burst);
    let listed = DEPOTS[class].lock().chunks.listed();
    let kept = (DEPOT + 2 * BATCH as usize * size_of::<Block>()) / chunk::CHUNK;
    assert!(listed <= kept + 2, "{listed} chunks of about 85");
}

#[test]
fn a_thread_whose_locals_are_gone_takes_and_gives_all_the_same() {
    struct Late(Option<Pooled<[u64; 51]>>);
    impl Drop for Late {
        fn drop(&mut self) {
            let Some(block) = self.0.take() else { return };
            assert_eq!(block[0] + Pooled::new([2; 51])[0], 3);
        }
    }
    thread_local! {
        static LATE: Cell<Option<Late>> = const { Cell::new(None) };
    }
    thread::spawn(|| {
        // Registered before the magazines, so destroyed after them.
        LATE.with(|late| late.set(Some(Late(None))));
        LATE.with(|late| late.set(Some(Late(Some(Pooled::new([1; 51]))))));
    })
    .join()
    .expect("no panic");
}

#[test]
fn a_future_is_polled_where_it_lies_and_dropped_with_its_block() {
    let counted = Rc::new(());
    let held = std::sync::Arc::new(());
    let inside = held.clone();
    let mut future = PooledFuture::new(async move {
        std::future::ready(()).await;
        drop(inside);
        7
    });
    let mut cx = Context::from_waker(std::task::Waker::noop());
    assert_eq!(Pin::new(&mut future).poll(&mut cx), Poll::Ready(7));
    drop((future, counted));
    assert_eq!(std::sync::Arc::strong_count(&held), 1);
}
