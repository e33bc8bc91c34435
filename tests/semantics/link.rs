//! Links: one a pair, both ways, and each tells the end once.

use actor_core::{ExitReason, Runtime};

use crate::kit::{Ear, Heard, PuppetRef, listener, made, on, plain, trapper, why};

/// Links `a` to `b`.
fn link(a: &PuppetRef, b: &PuppetRef) {
    let to = b.clone();
    a.does(move |cx| cx.link(&to));
}

/// A puppet that traps exits, linked to one that does not.
fn pair(rt: &Runtime) -> (PuppetRef, Ear, PuppetRef) {
    let (a, ear) = trapper(rt);
    let b = plain(rt);
    link(&a, &b);
    (a, ear, b)
}

/// `b` ends abnormally, and then `a`, to whom the ear belongs: that is all it has heard.
fn heard(a: &PuppetRef, ear: Ear, b: &PuppetRef) -> Vec<Heard> {
    b.end(why());
    a.end(ExitReason::Normal);
    ear.rest()
}

/// 3.1: a link tells either side of the other's end, whoever made it.
#[test]
fn a_link_goes_both_ways() {
    on(2, |rt| {
        for turned in [false, true] {
            let (a, ear) = trapper(rt);
            let b = plain(rt);
            if turned {
                link(&b, &a)
            } else {
                link(&a, &b)
            }
            b.end(why());
            assert_eq!(ear.next(), Heard::Exit(b.id(), why()));
        }
    });
}

/// 3.1: there is at most one link per pair: linked from both sides it tells once.
#[test]
fn there_is_one_link_per_pair() {
    on(2, |rt| {
        let (a, ear, b) = pair(rt);
        link(&a, &b);
        link(&b, &a);
        assert_eq!(heard(&a, ear, &b), [Heard::Exit(b.id(), why())]);
    });
}

/// 3.1: linking twice and unlinking once leaves no link.
#[test]
fn unlinking_once_undoes_linking_twice() {
    on(2, |rt| {
        let (a, ear, b) = pair(rt);
        link(&a, &b);
        let to = b.clone();
        a.does(move |cx| cx.unlink(&to));
        assert_eq!(heard(&a, ear, &b), []);
    });
}

/// 3.2: either side may remove the link.
#[test]
fn the_other_side_may_unlink() {
    on(2, |rt| {
        let (a, ear, b) = pair(rt);
        let to = a.clone();
        b.does(move |cx| cx.unlink(&to));
        assert_eq!(heard(&a, ear, &b), []);
    });
}

/// 3.2: an EXIT that is queued already stays queued after unlink.
#[test]
fn unlink_leaves_an_exit_that_has_become_a_message() {
    on(2, |rt| {
        let (a, ear, b) = pair(rt);
        b.sync();
        let to = b.clone();
        let go = a.busy(move |cx| cx.unlink(&to));
        b.end(why());
        drop(go);
        a.sync();
        assert_eq!(ear.so_far(), [], "not yet received, so the unlink removes it");
        let c = plain(rt);
        link(&a, &c);
        c.end(why());
        a.sync();
        let to = c.clone();
        a.does(move |cx| cx.unlink(&to));
        assert_eq!(ear.so_far(), [Heard::Exit(c.id(), why())], "a message stays one");
    });
}

/// 3.3: a link to oneself and an unlink of a stranger do nothing.
#[test]
fn linking_to_oneself_and_unlinking_a_stranger_do_nothing() {
    on(2, |rt| {
        let (a, ear) = trapper(rt);
        let b = plain(rt);
        let stranger = b.clone();
        a.does(move |cx| {
            let me = cx.me();
            cx.link(&me);
            cx.unlink(&me);
            cx.link(&me);
            cx.unlink(&stranger);
        });
        a.end(why());
        assert_eq!(ear.rest(), []);
        b.sync();
    });
}

/// 3.4: a link to the dead is told at once by `noproc`: a message to who traps, else its end.
#[test]
fn a_link_to_the_dead_is_answered_by_noproc_once() {
    on(2, |rt| {
        let dead = plain(rt);
        dead.end(ExitReason::Normal);
        let (a, ear) = trapper(rt);
        let to = dead.clone();
        a.does(move |cx| {
            cx.link(&to);
            cx.link(&to);
        });
        a.end(ExitReason::Normal);
        assert_eq!(ear.rest(), [Heard::Exit(dead.id(), ExitReason::NoProc)]);
        let b = plain(rt);
        link(&b, &dead);
        assert_eq!(b.closed().blocking(), ExitReason::NoProc);
    });
}

/// 3.5: unlink and link again at once: one link, one EXIT.
#[test]
fn a_fast_relink_leaves_one_link() {
    on(2, |rt| {
        for _ in 0..200 {
            let (a, ear, b) = pair(rt);
            let to = b.clone();
            a.does(move |cx| {
                cx.unlink(&to);
                cx.link(&to);
            });
            assert_eq!(heard(&a, ear, &b), [Heard::Exit(b.id(), why())]);
        }
    });
}

/// 1.5: a child that dies in its init still tells who spawned it with a link.
#[test]
fn spawn_link_is_atomic() {
    on(2, |rt| {
        for _ in 0..200 {
            let (a, ear) = trapper(rt);
            let child = a.does(|cx| {
                let (child, _) = made(false);
                let child = cx.spawn_link(child).expect("it starts");
                child.exit(ExitReason::other("at once"));
                child
            });
            assert_eq!(ear.next(), Heard::Exit(child.id(), ExitReason::other("at once")));
            a.end(ExitReason::Normal);
            assert_eq!(ear.rest(), []);
        }
    });
}

/// 2.2, 2.6: an exit runs down a chain of links with its reason unchanged.
#[test]
fn an_exit_runs_down_a_chain_of_links() {
    on(2, |rt| {
        for length in [1_usize, 2, 9, 10, 200] {
            let chain: Vec<PuppetRef> = (0..=length).map(|_| plain(rt)).collect();
            chain.windows(2).for_each(|pair| link(&pair[0], &pair[1]));
            chain[length].kill();
            for puppet in &chain {
                assert_eq!(puppet.closed().blocking(), ExitReason::Killed, "{length}");
            }
        }
    });
}

/// 2.1: a normal end takes no linked process along; it is heard by who traps.
#[test]
fn a_normal_end_harms_no_linked_process() {
    on(2, |rt| {
        let (a, ear) = trapper(rt);
        let (b, c) = (plain(rt), plain(rt));
        link(&a, &c);
        link(&b, &c);
        c.end(ExitReason::Normal);
        assert_eq!(ear.next(), Heard::Exit(c.id(), ExitReason::Normal));
        b.sync();
        // The link is gone with it, so a later end of `b` concerns nobody.
        b.end(why());
    });
}

/// 2.9: an exit along a link that was removed meanwhile is dropped.
#[test]
fn an_exit_of_a_removed_link_is_dropped() {
    on(2, |rt| {
        let (a, ear) = listener(rt);
        let b = plain(rt);
        link(&a, &b);
        b.sync();
        let to = b.clone();
        let go = a.busy(move |cx| cx.unlink(&to));
        b.end(why());
        drop(go);
        a.sync();
        assert_eq!(ear.so_far(), []);
    });
}

/// 1.6: of several fatal signals the first received fixes the reason.
#[test]
fn the_first_fatal_signal_fixes_the_reason() {
    on(2, |rt| {
        for _ in 0..200 {
            let victim = plain(rt);
            let killer = plain(rt);
            let to = victim.clone();
            killer.does(move |cx| {
                cx.exit(&to, ExitReason::other("first"));
                cx.exit(&to, ExitReason::other("second"));
                cx.exit(&to, ExitReason::Kill);
            });
            assert_eq!(victim.closed().blocking(), ExitReason::other("first"));
        }
    });
}
