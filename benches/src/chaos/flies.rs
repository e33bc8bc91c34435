//! Those that live shortly.

use std::{sync::Arc, time::Duration};

use actor_core::{ets::Table, keyed::Registry, pg::Group, prelude::*};

use super::books::Books;

/// How many names and keys there are to be fought over.
pub(super) const NAMES: u64 = 64;

/// Where all of a round meet.
pub(super) struct Home {
    pub(super) books: Books,
    pub(super) group: Group<FlyRef>,
    pub(super) keys: Registry<u64, FlyRef, u64>,
}

impl Home {
    pub(super) fn new(rt: &Runtime) -> Arc<Self> {
        let (group, keys) = (rt.group("flies"), Registry::unique(rt));
        Arc::new(Self { books: Books::default(), group, keys })
    }
}

/// The name of such a number.
pub(super) fn name(number: u64) -> String {
    format!("fly {}", number % NAMES)
}

/// Is counted when it is made and when it is dropped. Some have memory of their own.
#[derive(Process)]
pub(super) struct Fly {
    home: Arc<Home>,
    weight: Vec<u8>,
    table: Option<Table<u64, u64>>,
}

impl Fly {
    pub(super) fn new(home: &Arc<Home>, weight: usize) -> Self {
        home.books.born.one();
        Self { home: home.clone(), weight: vec![1; weight], table: None }
    }
}

impl Drop for Fly {
    fn drop(&mut self) {
        self.home.books.dropped.one();
    }
}

#[handlers]
impl Fly {
    #[call]
    pub(super) fn land(&self, n: u64) -> u64 {
        n + self.weight.first().map_or(0, |one| u64::from(*one) - 1)
    }

    #[call]
    pub(super) async fn nap(&mut self, time: Duration, cx: &mut Context<Self>) -> u64 {
        cx.sleep(time).await;
        0
    }

    /// A reply that comes later, from a timer, or never.
    #[call]
    pub(super) fn later(&mut self, reply: Reply<u64>, time: Duration, cx: &mut Context<Self>) {
        self.home.books.armed.one();
        cx.send_after(time, FlyMessage::Rang);
        if !time.is_zero() {
            reply.send(0);
        }
    }

    #[cast]
    pub(super) fn end(&mut self, cx: &mut Context<Self>, how: u64) {
        match how {
            0 => cx.stop(ExitReason::Normal),
            1 => cx.stop(ExitReason::other("chaos")),
            _ => std::panic::resume_unwind(Box::new("chaos")),
        }
    }

    #[cast]
    pub(super) fn link(&mut self, cx: &mut Context<Self>, to: FlyRef) {
        cx.link(&to);
    }

    /// Takes a name, a key, a place in the group, and a table with something in it.
    #[cast]
    pub(super) fn hold(&mut self, cx: &mut Context<Self>, number: u64) {
        let me = cx.me();
        let named = cx.register(name(number)).is_ok();
        let joined = self.home.group.join(&me).is_ok();
        let keyed = self.home.keys.register(&me, number % NAMES, number).is_ok();
        self.table = Table::set().create(cx).ok();
        let filled = self.table.as_ref().is_some_and(|table| table.insert(number, 1).is_ok());
        self.home.books.held.add([named, joined, keyed, filled].map(u64::from).iter().sum());
        if number.is_multiple_of(4) {
            cx.unregister();
            let _ = self.home.group.leave(&me);
        }
    }

    #[cast]
    pub(super) fn alarm(&mut self, cx: &mut Context<Self>, time: Duration, cancel: bool) {
        self.home.books.armed.one();
        let timer = cx.send_after(time, FlyMessage::Rang);
        if cancel && timer.cancel().is_some() {
            self.home.books.cancelled.one();
        }
    }

    #[cast]
    fn rang(&mut self) {
        self.home.books.rang.one();
    }
}
