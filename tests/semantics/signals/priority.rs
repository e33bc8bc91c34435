//! OTP 28's priority messages: 7.6 and 7.7.

use std::sync::mpsc::{Receiver, Sender, channel};

use actor_core::{
    Alias, AliasOptions, Context, ExitReason, MonitorOptions, Pid, Process, handlers,
};
use actor_testkit::{TestKit, TestResult, actor_test};

use crate::kit::on;
use crate::scribe::{Note, ScribeMessage, ScribeRef, job, plain, scribe, trapper, why, word};

fn bell(a: &ScribeRef) -> Alias<ScribeMessage> {
    a.does(|cx| cx.alias_with(AliasOptions::new().priority()))
}

/// OTP 7.6: a priority message goes behind earlier ones and before all that are ordinary.
#[test]
fn priority_messages_go_before_ordinary_ones_and_in_their_own_order() {
    on(2, |rt| {
        let (a, notes) = plain(rt);
        let bell = bell(&a);
        let go = a.busy();
        for n in 0..10 {
            a.say(n).expect("room");
            bell.send_priority(word(100 + n)).expect("room");
        }
        drop(go);
        a.sync();
        assert_eq!(notes.words(), (100..110).chain(0..10).collect::<Vec<_>>());
    });
}

/// OTP 7.6: it takes both, a sender who asks for it and a receiver who lets it.
#[test]
fn priority_needs_the_sender_and_the_receiver() {
    on(2, |rt| {
        let (a, notes) = plain(rt);
        let (bell, alias) = (bell(&a), a.does(|cx| cx.alias()));
        let go = a.busy();
        a.say(1).expect("room");
        bell.send(word(2)).expect("room");
        alias.send_priority(word(3)).expect("room");
        a.say(4).expect("room");
        bell.send_priority(word(0)).expect("room");
        drop(go);
        a.sync();
        assert_eq!(notes.words(), [0, 1, 2, 3, 4]);
    });
}

/// OTP 7.6: what comes while ordinary mail is being handled goes next, whatever kind of handler is
/// at work; what the process itself goes on with is before it.
#[test]
fn a_priority_message_is_the_next_and_what_is_continued_with_before_it() {
    on(2, |rt| {
        let (a, notes) = plain(rt);
        let bell = bell(&a);
        let ring = |n| {
            let bell = bell.clone();
            job(move |_| bell.send_priority(word(n)).expect("room"))
        };
        let go = a.busy();
        a.then_say(ring(2), 1).expect("room");
        a.say_later(3).expect("room");
        a.later(ring(4)).expect("room");
        a.say_slowly(5).expect("room");
        bell.send_priority(ScribeMessage::SaySlowly { word: 0 }).expect("room");
        drop(go);
        a.sync();
        assert_eq!(notes.words(), [0, 1, 2, 3, 4, 5]);
    });
}

/// OTP 7.6: more than one turn can handle keeps its order, and starves nobody for ever.
#[test]
fn many_priority_messages_keep_their_order_over_turns() {
    on(2, |rt| {
        let (a, notes) = plain(rt);
        let bell = bell(&a);
        let go = a.busy();
        a.say(10_000).expect("room");
        (0..3_000).for_each(|n| bell.send_priority(word(n)).expect("room"));
        drop(go);
        a.sync();
        assert_eq!(notes.words(), (0..3_000).chain([10_000]).collect::<Vec<_>>());
    });
}

/// A process that has nothing but its mail.
#[derive(Process)]
struct Bare(Sender<u64>);

#[handlers]
impl Bare {
    #[call]
    fn bell(&mut self, cx: &mut Context<Self>) -> Alias<BareMessage> {
        cx.alias_with(AliasOptions::new().priority())
    }
    #[cast]
    fn wait(&mut self, begun: Sender<()>, gate: Receiver<()>) {
        let _ = begun.send(());
        let _ = gate.recv();
    }
    #[cast]
    fn say(&mut self, word: u64) {
        let _ = self.0.send(word);
    }
}

/// OTP 7.6: also to a process whose mail goes the shortest way.
#[test]
fn a_priority_message_goes_first_in_a_process_that_has_nothing_else() {
    on(2, |rt| {
        let (tell, words) = channel();
        let bare = rt.spawn(Bare(tell)).expect("room");
        let bell = bare.bell().blocking().expect("it answers");
        let ((tell, begun), (go, gate)) = (channel(), channel());
        bare.wait(tell, gate).expect("room");
        begun.recv().expect("its turn begins");
        bare.say(1).expect("room");
        bare.say(2).expect("room");
        bell.send_priority(BareMessage::Say { word: 0 }).expect("room");
        drop(go);
        assert_eq!(words.iter().take(3).collect::<Vec<_>>(), [0, 1, 2]);
    });
}

fn kind(note: &Note) -> char {
    match note {
        Note::Word(_) => 'w',
        Note::Exit(..) => 'E',
        Note::Down(_) => 'D',
    }
}

/// OTP 7.7: of several links the last says how urgent its exit is; the other side has no say.
#[test]
fn the_last_link_says_how_urgent_its_exit_is() {
    on(2, |rt| {
        for urgent in [false, true] {
            let ((a, notes), (b, _)) = (trapper(rt), plain(rt));
            let to = b.clone();
            a.does(move |cx| match urgent {
                true => {
                    cx.link(&to);
                    cx.link_priority(&to);
                }
                false => {
                    cx.link_priority(&to);
                    cx.link(&to);
                }
            });
            let back = a.clone();
            b.does(move |cx| cx.link_priority(&back));
            b.does(|_| ());
            a.sync();
            let go = a.busy();
            a.say(1).expect("room");
            b.end(why());
            drop(go);
            a.sync();
            let kinds: String = notes.all().iter().map(kind).collect();
            assert_eq!(kinds, if urgent { "Ew" } else { "wE" });
        }
    });
}

/// OTP 7.7: a flush finds a DOWN among the priority messages, too.
#[test]
fn a_flush_finds_a_priority_down() {
    on(2, |rt| {
        let ((a, notes), (b, _)) = (plain(rt), plain(rt));
        let to = b.clone();
        let (set, next) = a.does(move |cx| {
            let options = MonitorOptions::new().priority();
            (cx.monitor_with(&to, options), cx.monitor_with(&to, options))
        });
        b.sync();
        let bell = bell(&a);
        let go = a.busy();
        // While it is handled the DOWNs wait behind it.
        let flush = job(move |cx| assert!(!cx.demonitor_flush(next)));
        bell.send_priority(ScribeMessage::Later { job: flush }).expect("room");
        b.end(why());
        drop(go);
        a.sync();
        let downs: Vec<_> = notes.downs().iter().map(|down| down.monitor).collect();
        assert_eq!(downs, [set]);
    });
}

/// OTP 7.6, 7.7: under every schedule, ordinary and urgent mail of one sender each keep their
/// order, and no urgent one that was received waits for an ordinary one.
#[actor_test(schedules = 1000)]
async fn both_kinds_keep_their_order_under_every_schedule(t: TestKit) -> TestResult {
    let ((a, notes), (b, _)) = (scribe(&t, true).await?, scribe(&t, false).await?);
    let (tell, told) = channel();
    let to_b = b.clone();
    a.act(job(move |cx| {
        cx.link_priority(&to_b);
        let _ = tell.send(cx.alias_with(AliasOptions::new().priority()));
    }))
    .await?;
    t.settle().await;
    let (bell, to_a) = (told.recv()?, a.clone());
    b.later(job(move |cx| {
        for n in 0..4 {
            to_a.say(n).expect("room");
            bell.send_priority(word(100 + n)).expect("room");
        }
        cx.stop(ExitReason::Normal);
    }))?;
    t.settle().await;
    let words = notes.words();
    let (urgent, ordinary): (Vec<_>, Vec<_>) = words.iter().partition(|word| **word >= 100);
    assert_eq!((urgent, ordinary), (vec![100, 101, 102, 103], vec![0, 1, 2, 3]));
    let place = |word| words.iter().position(|other| *other == word);
    assert!((1..4).all(|n| place(99 + n) < place(n)), "{words:?}");
    let exits: [(Pid, ExitReason); 1] = [(b.id(), ExitReason::Normal)];
    assert_eq!(notes.exits(), exits);
    let exit = notes.all().iter().position(|note| matches!(note, Note::Exit(..)));
    let last = notes.all().iter().position(|note| *note == Note::Word(103));
    assert!(exit > last, "a message that was sent before the end comes before it");
    Ok(())
}
