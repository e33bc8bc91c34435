//! Order: what one process sends to another arrives once, and in the order sent, of whatever kind
//! it is.

use std::sync::mpsc::channel;
use std::thread;

use actor_core::ExitReason;

use crate::kit::{Heard, listener, made, on, plain, trapper};

/// 6.1, 10.1: messages of one sender are handled in the order sent, each once.
#[test]
fn messages_of_one_sender_are_handled_once_and_in_order() {
    on(2, |rt| {
        let (hearer, ear) = listener(rt);
        let speaker = plain(rt);
        let to = hearer.clone();
        speaker.does(move |_| (0..20_000).for_each(|word| to.say(word).expect("room")));
        hearer.sync();
        hearer.stop(ExitReason::Normal).blocking();
        let words: Vec<Heard> = (0..20_000).map(Heard::Word).collect();
        assert_eq!(ear.rest(), words);
    });
}

/// 6.1: order is per pair, also when many send at once from processes and threads.
#[test]
fn each_of_many_senders_is_heard_in_its_own_order() {
    on(2, |rt| {
        let (hearer, ear) = listener(rt);
        let speakers: Vec<_> = (0..8).map(|_| plain(rt)).collect();
        for (who, speaker) in (0_u64..).zip(&speakers) {
            let to = hearer.clone();
            speaker.tries(move |_| (0..2_000).for_each(|n| to.say(who << 32 | n).expect("room")));
        }
        let threads: Vec<_> = (8_u64..12)
            .map(|who| {
                let to = hearer.clone();
                thread::spawn(move || (0..2_000).for_each(|n| to.say(who << 32 | n).expect("room")))
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().expect("it speaks"));
        speakers.iter().for_each(|speaker| speaker.sync());
        hearer.stop(ExitReason::Normal).blocking();
        let mut next = [0_u64; 12];
        for heard in ear.rest() {
            let Heard::Word(word) = heard else { panic!("{heard:?}") };
            let (who, n) = ((word >> 32) as usize, word & 0xFFFF_FFFF);
            assert_eq!(n, next[who], "speaker {who}");
            next[who] += 1;
        }
        assert_eq!(next, [2_000; 12], "nothing is lost");
    });
}

/// 6.2: of "message, exit signal, message" the first may be seen, the second never.
#[test]
fn no_message_sent_after_a_fatal_exit_signal_is_seen() {
    on(2, |rt| {
        for _ in 0..500 {
            let (victim, ear) = listener(rt);
            let killer = plain(rt);
            let to = victim.clone();
            killer.does(move |cx| {
                let _ = to.say(1);
                cx.exit(&to, ExitReason::other("enough"));
                let _ = to.say(2);
            });
            assert_eq!(victim.closed().blocking(), ExitReason::other("enough"));
            assert!(!ear.rest().contains(&Heard::Word(2)));
        }
    });
}

/// 6.3: what a process sent before it ended comes before its EXIT and before its DOWN.
#[test]
fn the_last_message_comes_before_the_exit_and_the_down() {
    on(2, |rt| {
        for _ in 0..500 {
            let (watcher, ear) = trapper(rt);
            let subject = plain(rt);
            let target = subject.clone();
            watcher.does(move |cx| {
                cx.link(&target);
                cx.monitor(&target);
            });
            let to = watcher.clone();
            subject.tries(move |cx| {
                to.say(7).expect("it lives");
                cx.stop(ExitReason::other("done"));
            });
            subject.closed().blocking();
            watcher.sync();
            let heard = ear.so_far();
            assert_eq!(heard.len(), 3, "{heard:?}");
            assert_eq!(heard[0], Heard::Word(7));
        }
    });
}

/// 6.5: a message by another ref of the same process obeys the same order.
#[test]
fn refs_found_by_name_share_one_order_with_the_others() {
    on(2, |rt| {
        use actor_core::Start;
        let (puppet, ear) = made(false);
        let hearer = rt.block_on(puppet.with().name("ear").on(rt).start()).expect("it starts");
        let found = rt.whereis::<crate::kit::Puppet>("ear").expect("its type").expect("it is");
        for word in 0..1_000 {
            if word % 2 == 0 { &hearer } else { &found }.say(word).expect("room");
        }
        hearer.stop(ExitReason::Normal).blocking();
        assert_eq!(ear.rest(), (0..1_000).map(Heard::Word).collect::<Vec<_>>());
    });
}

/// 6.1: a reply comes before the DOWN of who gave it.
#[test]
fn the_reply_comes_before_the_end_of_who_gave_it() {
    on(2, |rt| {
        for _ in 0..500 {
            let subject = plain(rt);
            let (tell, told) = channel();
            let last = subject.act(Box::new(move |cx| {
                cx.stop(ExitReason::Shutdown);
                let _ = tell.send(());
            }));
            assert_eq!(last.blocking(), Ok(()), "it was answered and then ended");
            told.recv().expect("it acted");
            assert_eq!(subject.closed().blocking(), ExitReason::Shutdown);
        }
    });
}

/// 10.1: calls and casts share one queue.
#[test]
fn calls_and_casts_share_one_queue() {
    on(2, |rt| {
        let (hearer, ear) = listener(rt);
        let mut calls = Vec::new();
        for word in 0..100 {
            hearer.say(word).expect("room");
            calls.push(hearer.act(Box::new(|_| ())).request());
        }
        hearer.does(|_| ());
        assert_eq!(ear.so_far().len(), 100, "all that was sent before was handled before");
        for call in calls {
            assert_eq!(rt.block_on(call), Ok(()));
        }
    });
}
