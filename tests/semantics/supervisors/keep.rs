//! Mailboxes that outlast their process: an option of ours, off by default. What becomes of each
//! message, the docs of `ChildSpec::keep_mailbox` say; here it is seen.

use actor_core::supervisor::{
    Backoff, ChildSpec, Restart, SpecError, Strategy, SupervisorRef, SupervisorSpec,
};
use actor_core::{CallFailure, ExitReason, FnProcess, Inbox, Message, Reply, prelude::*};
use actor_testkit::{TestKit, TestResult, actor_test};
use futures::channel::oneshot;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tests::Tree;

use crate::kit::{on, until};
use crate::trees::{Diary, open};

const SECOND: Duration = Duration::from_secs(1);

/// How much an author writes.
const LINES: u32 = 6;

/// Where each author begins.
const FIRST: [u32; 3] = [0, 10 * LINES, 20 * LINES];

/// What scribes wrote: each number with the incarnation that did.
#[derive(Clone, Default)]
struct Book {
    lines: Arc<Mutex<Vec<String>>>,
    lives: Arc<AtomicU32>,
}

impl Book {
    fn write(&self, line: String) {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }

    fn read(&self) -> String {
        std::mem::take(&mut *self.lines.lock().unwrap_or_else(PoisonError::into_inner)).join(" ")
    }
}

#[derive(Process)]
struct Scribe {
    book: Book,
    life: u32,
    owed: Option<Reply<u32>>,
}

#[handlers]
impl Scribe {
    /// Writes a number.
    #[cast]
    fn note(&mut self, number: u32) {
        self.book.write(format!("{number}@{}", self.life));
    }

    /// Waits, and ends then.
    #[cast]
    async fn hold(&mut self, cx: &mut Context<Self>, gate: oneshot::Receiver<ExitReason>) {
        cx.stop(gate.await.expect("the test says how"));
    }

    /// Ends at once.
    #[cast]
    fn boom(&mut self) {
        panic!("boom");
    }

    /// Answers with its incarnation.
    #[call]
    fn ask(&self, number: u32) -> u32 {
        self.life * 100 + number
    }

    /// Never answers.
    #[call]
    fn owe(&mut self, reply: Reply<u32>) {
        self.owed = Some(reply);
    }

    /// Notes a number later, and one next.
    #[cast]
    fn plan(&mut self, cx: &mut Context<Self>, later: u32, next: u32) {
        cx.send_after(SECOND, ScribeMessage::Note { number: later });
        cx.send_after(Duration::ZERO, ScribeMessage::Note { number: next });
    }
}

/// A scribe, as a child; it waits a second before it is restarted.
fn scribe(book: &Book) -> ChildSpec {
    let book = book.clone();
    let child = ChildSpec::new("scribe", move |_| {
        let life = book.lives.fetch_add(1, Ordering::SeqCst) + 1;
        let scribe = Scribe { book: book.clone(), life, owed: None };
        async move { Ok(Some(scribe)) }
    });
    child.backoff(Backoff::new(SECOND, SECOND))
}

fn office(child: ChildSpec) -> SupervisorSpec {
    SupervisorSpec::new("office").intensity(1_000_000).child(child)
}

fn of(tree: &SupervisorRef) -> ScribeRef {
    tree.child::<Scribe>("scribe")
}

/// What was asked of a scribe before it ended, and became of it.
struct Told {
    book: String,
    owed: Result<u32, CallFailure>,
    asked: Result<u32, CallFailure>,
    last: Result<u32, CallFailure>,
}

/// Fills a scribe's mailbox, has it end for this reason, writes to it in the gap, and gives what
/// comes of all that.
async fn tell(t: &TestKit, child: impl Fn(&Book) -> ChildSpec, reason: ExitReason) -> Told {
    let book = Book::default();
    let tree = t.start(Tree(office(child(&book)))).await.expect("it starts");
    let scribe = of(&tree);
    let owed = scribe.owe().request();
    let (end, gate) = oneshot::channel();
    scribe.hold(gate).expect("room");
    scribe.note(1).expect("room");
    let asked = scribe.ask(2).request();
    scribe.note(3).expect("room");
    t.settle().await;
    end.send(reason).expect("it waits");
    t.settle().await;
    let _ = scribe.note(4);
    let last = scribe.ask(5).await;
    let told = Told { owed: owed.await, asked: asked.await, last, book: book.read() };
    t.advance(10 * SECOND).await;
    assert_eq!(book.read(), "", "and nothing twice");
    told
}

fn boom() -> ExitReason {
    ExitReason::other("boom")
}

/// What waited comes first, in its order; then what came in the gap. What had been begun is over.
#[actor_test(schedules = 1000)]
async fn what_waits_in_a_kept_mailbox_is_handled_by_the_next_process(t: TestKit) -> TestResult {
    let told = tell(&t, |book| scribe(book).keep_mailbox(), boom()).await;
    assert_eq!(told.book, "1@2 3@2 4@2");
    assert_eq!((told.asked, told.last), (Ok(202), Ok(205)));
    assert_eq!(told.owed, Err(CallFailure::Exited(boom())));
    Ok(())
}

/// Without the option it ends with the process, as in OTP.
#[actor_test(schedules = 1000)]
async fn a_mailbox_that_is_not_kept_ends_with_its_process(t: TestKit) -> TestResult {
    let told = tell(&t, scribe, boom()).await;
    assert_eq!(told.book, "4@2");
    assert_eq!((told.asked, told.last), (Err(CallFailure::Exited(boom())), Ok(205)));
    assert_eq!(told.owed, Err(CallFailure::Exited(boom())));
    Ok(())
}

/// Who is not restarted leaves it to nobody: calls hear why.
#[actor_test(schedules = 1000)]
async fn a_kept_mailbox_ends_with_the_child(t: TestKit) -> TestResult {
    let child = |book: &Book| scribe(book).restart(Restart::Transient).keep_mailbox();
    let told = tell(&t, child, ExitReason::Normal).await;
    assert_eq!(told.book, "");
    assert_eq!(told.asked, Err(CallFailure::Exited(ExitReason::Normal)));
    assert_eq!(told.last, Err(CallFailure::NoProc));
    Ok(())
}

/// A message is never handled twice: one that ends its process ends one of them.
#[actor_test(schedules = 1000)]
async fn a_message_that_ends_its_process_is_not_handled_again(t: TestKit) -> TestResult {
    let book = Book::default();
    let tree = t.start(Tree(office(scribe(&book).keep_mailbox()))).await?;
    for number in 1..=3 {
        of(&tree).boom()?;
        of(&tree).note(number)?;
    }
    assert_eq!(of(&tree).ask(0).no_timeout().await?, 400);
    assert_eq!(book.read(), "1@2 2@3 3@4");
    Ok(())
}

/// Writes some numbers, one in a turn, and something that ends the scribe between them.
#[derive(Process)]
struct Author {
    to: ScribeRef,
    next: u32,
}

#[handlers]
impl Author {
    #[cast]
    fn write(&mut self, cx: &mut Context<Self>) {
        if self.next.is_multiple_of(4) {
            self.to.boom().expect("room");
        }
        self.to.note(self.next).expect("room");
        self.next += 1;
        if !self.next.is_multiple_of(LINES) {
            cx.me().write().expect("room");
        }
    }
}

/// Whoever writes when: nothing is lost, nothing comes twice, and each author's in order.
#[actor_test(schedules = 1000)]
async fn a_kept_mailbox_loses_doubles_and_reorders_nothing(t: TestKit) -> TestResult {
    let book = Book::default();
    let child = scribe(&book).backoff(Backoff::new(SECOND / 1000, SECOND / 1000)).keep_mailbox();
    let tree = t.start(Tree(office(child))).await?;
    let authors = FIRST.map(|next| t.spawn(Author { to: of(&tree), next }));
    for author in authors {
        author?.write()?;
        if t.choose(&[true, false]) {
            of(&tree).kill();
        }
    }
    t.advance(SECOND).await;
    let said = book.read();
    let number = |line: &str| line.split('@').next().and_then(|text| text.parse().ok());
    let numbers: Vec<u32> = said.split(' ').filter_map(number).collect();
    for first in FIRST {
        let of_one = numbers.iter().filter(|number| **number / LINES * LINES == first).copied();
        assert_eq!(
            of_one.collect::<Vec<_>>(),
            (first..first + LINES).collect::<Vec<_>>(),
            "{said}"
        );
    }
    Ok(())
}

/// A kill keeps the mailbox as any other end does, and so does a group's restart.
#[actor_test(schedules = 1000)]
async fn a_mailbox_is_kept_however_its_process_ends(t: TestKit) -> TestResult {
    let (book, diary) = (Book::default(), Diary::default());
    let spec = office(scribe(&book).keep_mailbox()).strategy(Strategy::OneForAll);
    let tree = t.start(Tree(spec.child(diary.lamp("b")))).await?;
    let kills = t.choose(&[true, false]);
    let (_end, gate) = oneshot::channel();
    of(&tree).hold(gate)?;
    of(&tree).note(1)?;
    let asked = of(&tree).ask(2).no_timeout().request();
    t.settle().await;
    if kills {
        of(&tree).kill();
    } else {
        crate::trees::lamp(&tree, "b").end(boom())?;
    }
    assert_eq!(asked.await?, 202);
    assert_eq!(book.read(), "1@2");
    Ok(())
}

/// Timers that had fired are messages; those that had not, end with the process.
#[actor_test(schedules = 1000)]
async fn a_timer_that_had_fired_is_mail_and_one_that_had_not_is_gone(t: TestKit) -> TestResult {
    let book = Book::default();
    let tree = t.start(Tree(office(scribe(&book).keep_mailbox()))).await?;
    let scribe = of(&tree);
    scribe.plan(9, 1)?;
    let (end, gate) = oneshot::channel();
    scribe.hold(gate)?;
    t.advance(SECOND / 2).await;
    let before = book.read();
    end.send(boom()).expect("it waits");
    t.advance(10 * SECOND).await;
    // The first may have fired before it was held.
    let all = format!("{before}{}", book.read());
    assert!(all == "1@1" || all == "1@2", "{all}");
    Ok(())
}

/// Where nobody would have it, it cannot be kept.
#[test]
fn a_mailbox_that_nobody_would_have_is_a_bad_combination() {
    let book = Book::default();
    let plain = || ChildSpec::new("scribe", |_| async { Ok(None::<Scribe>) }).keep_mailbox();
    let below = Tree::child("scribe", SupervisorSpec::new("below")).keep_mailbox();
    for spec in [plain().restart(Restart::Temporary), below] {
        let checked = office(spec).validate();
        assert!(matches!(checked, Err(SpecError::BadCombination { .. })), "{checked:?}");
    }
    assert_eq!(office(scribe(&book).keep_mailbox()).validate(), Ok(()));
}

#[derive(Supervisor)]
struct Office {
    book: Book,
}

#[supervisor(intensity = 1_000_000)]
impl Office {
    #[child(keep_mailbox)]
    fn scribe(&self) -> Scribe {
        let life = self.book.lives.fetch_add(1, Ordering::SeqCst) + 1;
        Scribe { book: self.book.clone(), life, owed: None }
    }
}

/// Nothing is lost and nothing handled twice, however often the process is killed meanwhile.
#[test]
fn every_note_is_written_once_though_the_scribe_is_killed_again_and_again() {
    const NOTES: u32 = 5_000;
    on(2, |rt| {
        let book = Book::default();
        let office = crate::kit::up(rt, Office { book: book.clone() });
        let scribe = office.scribe();
        for number in 0..NOTES {
            scribe.note(number).expect("there is room for all");
            if number % 50 == 0 {
                scribe.kill();
            }
        }
        let count = || book.lines.lock().unwrap_or_else(PoisonError::into_inner).len();
        until("all are written", || count() == NOTES as usize);
        assert!(scribe.ask(0).no_timeout().blocking().expect("it runs") >= 200, "it was killed");
        let mut numbers: Vec<u32> = {
            let said = book.read();
            let number = |line: &str| line.split('@').next().and_then(|text| text.parse().ok());
            said.split(' ').filter_map(number).collect()
        };
        numbers.sort_unstable();
        assert_eq!(numbers, (0..NOTES).collect::<Vec<_>>());
    });
}

/// A call that waits keeps its deadline.
#[actor_test(schedules = 1000)]
async fn a_call_in_a_kept_mailbox_keeps_its_deadline(t: TestKit) -> TestResult {
    let book = Book::default();
    let hour = Duration::from_secs(3_600);
    let child = scribe(&book).backoff(Backoff::new(hour, hour)).keep_mailbox();
    let tree = t.start(Tree(office(child))).await?;
    let (end, gate) = oneshot::channel();
    of(&tree).hold(gate)?;
    let asked = of(&tree).ask(2).timeout(3 * SECOND).request();
    t.settle().await;
    end.send(boom()).expect("it waits");
    let before = t.elapsed();
    assert!(matches!(asked.await, Err(CallFailure::Timeout(_))));
    assert!(t.elapsed() - before <= 3 * SECOND);
    Ok(())
}

/// On the real scheduler, as a whole.
#[test]
fn a_kept_mailbox_on_the_real_scheduler() {
    on(2, |rt| {
        let book = Book::default();
        let child = scribe(&book).backoff(Backoff::new(SECOND / 100, SECOND / 100));
        let tree = open(rt, office(child.keep_mailbox()));
        let (end, gate) = oneshot::channel();
        of(&tree).hold(gate).expect("room");
        of(&tree).note(1).expect("room");
        end.send(boom()).expect("it waits");
        of(&tree).note(2).expect("room");
        assert_eq!(of(&tree).ask(3).no_timeout().blocking(), Ok(203));
        assert_eq!(book.read(), "1@2 2@2");
    });
}

/// What a function process is sent.
enum Word {
    Note(u32),
    Ask(u32),
    End,
}

impl Message for Word {
    type Reply = u32;
}

/// What a function process had been handed, and not received, is in its mailbox like all the rest.
#[actor_test(schedules = 1000)]
async fn the_letters_of_a_function_process_are_in_its_kept_mailbox(t: TestKit) -> TestResult {
    let book = Book::default();
    let its = book.clone();
    let child = ChildSpec::new("function", move |_| {
        let book = its.clone();
        let life = book.lives.fetch_add(1, Ordering::SeqCst) + 1;
        let function = FnProcess::new(async move |mut inbox: Inbox<Word>| {
            if life == 1 {
                inbox.receive_match(|word| matches!(word, Word::End)).await;
                return boom();
            }
            loop {
                let received = inbox.receive().await;
                match received.message {
                    Word::Note(number) => book.write(format!("{number}@{life}")),
                    Word::Ask(number) => received.reply.send(life * 100 + number),
                    Word::End => return ExitReason::Normal,
                }
            }
        });
        async move { Ok(Some(function)) }
    });
    let child = child.backoff(Backoff::new(SECOND, SECOND)).keep_mailbox();
    let tree = t.start(Tree(office(child))).await?;
    let function = tree.child::<FnProcess<Word>>("function");
    function.send(Word::Note(1))?;
    let asked = function.call_message(Word::Ask(2)).request();
    function.send(Word::Note(3))?;
    t.settle().await;
    function.send(Word::End)?;
    function.send(Word::Note(4))?;
    t.settle().await;
    function.send(Word::Note(5))?;
    assert_eq!(function.call_message(Word::Ask(6)).await, Ok(206));
    assert_eq!((asked.await, book.read()), (Ok(202), "1@2 3@2 4@2 5@2".to_owned()));
    Ok(())
}
