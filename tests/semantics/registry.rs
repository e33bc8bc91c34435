//! Names: one owner each, free when the owner's end is seen, and of one runtime.

use actor_core::{ExitReason, Process, Runtime, Start, StartError, handlers};
use futures::executor::block_on;

use crate::kit::{Puppet, PuppetRef, bounded, made, on};

fn named(rt: &Runtime, name: &str) -> Result<PuppetRef, StartError> {
    block_on(made(false).0.with().name(name).on(rt).start())
}

/// 8.1, 8.2: a name has one owner.
#[test]
fn a_name_has_one_owner() {
    on(2, |rt| {
        let owner = named(rt, "n").expect("free");
        let taken = StartError::NameTaken { name: "n".into(), pid: owner.id() };
        assert_eq!(named(rt, "n").map(drop), Err(taken));
        let found = rt.whereis::<Puppet>("n").expect("its type").expect("it lives");
        assert_eq!(found.id(), owner.id());
        assert_eq!(rt.registered(), ["n"]);
    });
}

/// 8.3: a name is free when the end of its owner is seen, however it ended.
#[test]
fn a_name_is_free_when_its_owners_end_is_seen() {
    on(2, |rt| {
        for turn in 0..500 {
            let owner = named(rt, "n").expect("free");
            match turn % 3 {
                0 => owner.kill(),
                1 => drop(owner.stop(ExitReason::Normal)),
                _ => owner.exit(ExitReason::other("x")),
            }
            owner.closed().blocking();
        }
    });
}

/// 8.4: an unknown name is nobody.
#[test]
fn an_unknown_name_is_nobody() {
    on(2, |rt| {
        assert!(rt.whereis::<Puppet>("n").expect("no type").is_none());
        let owner = named(rt, "n").expect("free");
        owner.kill();
        owner.closed().blocking();
        assert!(rt.whereis::<Puppet>("n").expect("no type").is_none());
        assert_eq!(rt.registered(), [""; 0]);
    });
}

/// A name of another type of process is an error that names it.
#[test]
fn a_name_of_another_type_is_an_error() {
    #[derive(Process)]
    struct Other;
    #[handlers]
    impl Other {
        #[call]
        fn one(&self) -> u32 {
            1
        }
    }
    on(2, |rt| {
        named(rt, "n").expect("free");
        let wrong = rt.whereis::<Other>("n").map(drop).expect_err("it is a puppet");
        assert_eq!((wrong.name.as_str(), wrong.found), ("n", "Puppet"));
        let other = block_on(Other.with().name("o").on(rt).start()).expect("free");
        assert_eq!(other.one().blocking(), Ok(1));
    });
}

/// The generated `whereis` looks in the runtime that is entered here.
#[test]
fn a_ref_finds_itself_by_name() {
    on(2, |rt| {
        assert!(PuppetRef::whereis("n").expect("no runtime, nobody").is_none());
        let owner = named(rt, "n").expect("free");
        let _entered = rt.enter();
        let found = PuppetRef::whereis("n").expect("its type").expect("it lives");
        assert_eq!(found.id(), owner.id());
    });
}

/// Two runtimes share no names.
#[test]
fn two_runtimes_share_no_names() {
    bounded(|| {
        let [a, b] = [(); 2].map(|()| Runtime::builder().workers(1).build().expect("threads"));
        let first = named(&a, "n").expect("free");
        assert!(b.whereis::<Puppet>("n").expect("no type").is_none());
        let second = named(&b, "n").expect("free in this one");
        first.kill();
        first.closed().blocking();
        second.sync();
        assert_eq!((a.registered().len(), b.registered().len()), (0, 1));
        a.shutdown().expect("it ends");
        b.shutdown().expect("it ends");
    });
}

/// 8.1: however many race for a name, one gets it.
#[test]
fn one_of_many_that_race_for_a_name_gets_it() {
    on(2, |rt| {
        for _ in 0..100 {
            let handle = rt.handle();
            let race: Vec<_> = (0..4)
                .map(|_| {
                    let rt = handle.clone();
                    std::thread::spawn(move || made(false).0.with().name("n").on(&rt).spawn())
                })
                .collect();
            let won: Vec<_> =
                race.into_iter().filter_map(|one| one.join().expect("no panic").ok()).collect();
            assert_eq!(won.len(), 1);
            won[0].kill();
            won[0].closed().blocking();
        }
    });
}
