//! What is given back at an end that nobody hears of: of a process without links, monitors, names
//! and timers, whose mailbox is empty and who stops itself. It has the shortest way out.

use actor_core::{
    Context, ExitReason, Process, Runtime, ets::Table, handlers, keyed::Registry, pg::Group,
};

use crate::kit::{on, until};

/// Holds something, and stops when it is told to.
#[derive(Process)]
struct Hermit;

#[handlers]
impl Hermit {
    #[cast]
    fn table(&mut self, cx: &mut Context<Self>) {
        let table: Table<u32, u32> =
            Table::set().name("table").create(cx).expect("the name is free");
        table.insert(1, 1).expect("it is its own");
    }
    #[cast]
    fn stop(&mut self, cx: &mut Context<Self>) {
        cx.stop(ExitReason::Normal);
    }
}

/// What it is given to hold is found as long as it lives, and not when it has stopped.
fn check(
    hold: impl FnOnce(&Runtime, &HermitRef) + Send + 'static,
    found: impl Fn(&Runtime) -> usize + Send + 'static,
) {
    on(2, move |rt| {
        let hermit = rt.spawn(Hermit).expect("room");
        hold(rt, &hermit);
        until("it holds something", || found(rt) == 1);
        // Another turn: the mailbox is empty when it stops.
        hermit.stop().expect("it lives");
        until("it has ended", || rt.process_count() == 0);
        assert_eq!(found(rt), 0);
    });
}

/// OTP 17.1
#[test]
fn an_end_that_nobody_hears_of_takes_a_membership_back() {
    let group = |rt: &Runtime| -> Group<HermitRef> { rt.group("g") };
    let join = move |rt: &Runtime, hermit: &HermitRef| group(rt).join(hermit).expect("it lives");
    check(join, move |rt| group(rt).members().len());
}

/// As of a table in ETS.
#[test]
fn an_end_that_nobody_hears_of_takes_its_table_along() {
    let found = |rt: &Runtime| rt.table::<Table<u32, u32>>("table").expect("its type").is_some();
    check(|_, hermit| hermit.table().expect("it lives"), move |rt| usize::from(found(rt)));
}

/// OTP 15.4
#[test]
fn an_end_that_nobody_hears_of_frees_its_key() {
    on(2, |rt| {
        let keys: Registry<u32, HermitRef, ()> = Registry::unique(rt);
        let hermit = rt.spawn(Hermit).expect("room");
        keys.register(&hermit, 7, ()).expect("it is free");
        hermit.stop().expect("it lives");
        until("it has ended", || rt.process_count() == 0);
        assert_eq!(keys.count(), 0);
        assert!(keys.register(&rt.spawn(Hermit).expect("room"), 7, ()).is_ok());
    });
}
