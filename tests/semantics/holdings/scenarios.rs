//! Groups, tables and applications on both sides: what is left of them when processes end, in
//! whatever order things happen.

use actor_core::application::{Application, Applications, Env, RestartType, StartType};
use actor_core::application::{ConfigError, Configure};
use actor_core::ets::{Table, TableAccess, TableError, Transfer};
use actor_core::pg::{Group, GroupError};
use actor_core::supervisor::SupervisorSpec;
use actor_core::{ExitReason, Pid};
use actor_testkit::{TestKit, TestResult, actor_test};
use tests::Tree;

use crate::both::{Side, both};
use crate::scribe::{ScribeMessage, ScribeRef, job, scribe, why};

type Words = Table<&'static str, u64>;

/// What becomes of who is to have something.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Lives,
    Ends,
    HasEnded,
}

impl Fate {
    /// Begins it.
    async fn befall(self, who: &ScribeRef) {
        if self != Self::Lives {
            who.kill();
        }
        if self == Self::HasEnded {
            who.closed().await;
        }
    }
}

fn ids(members: &[ScribeRef]) -> Vec<Pid> {
    members.iter().map(ScribeRef::id).collect()
}

both! {
    /// OTP 17.1: a process is in a group as often as it joined, and when its end is seen not at
    /// all, even if a join came together with that.
    async fn memberships_are_counted_and_end_with_the_process(t) {
        let group: Group<ScribeRef> = t.handle().group("g");
        let ((a, _), (b, _)) = (scribe(&t, false).await?, scribe(&t, false).await?);
        for who in [&a, &b, &a] {
            assert_eq!(group.join(who), Ok(()));
        }
        assert_eq!(ids(&group.members()), [a.id(), a.id(), b.id()]);
        assert_eq!(group.leave(&a), Ok(()));
        assert_eq!(ids(&group.members()), [a.id(), b.id()]);
        let (its, me) = (group.clone(), a.clone());
        let closed = a.closed();
        b.later(job(move |_| {
            let joined = its.join(&me);
            assert!(matches!(joined, Ok(()) | Err(GroupError::NoProc)), "{joined:?}");
        }))?;
        a.kill();
        closed.await;
        b.asks(|_| ()).await;
        assert_eq!(ids(&group.members()), [b.id()]);
        assert_eq!(group.leave(&a), Err(GroupError::NotJoined));
        assert_eq!(group.join(&a), Err(GroupError::NoProc));
        Ok(())
    }

    /// OTP 17.8: a group vanishes with its last member, whether that leaves or ends.
    async fn a_group_vanishes_with_its_last_member(t) {
        let scope = t.handle().scope("pg");
        let ((a, _), (b, _)) = (scribe(&t, false).await?, scribe(&t, false).await?);
        let [left, right] = ["left", "right"].map(|name| scope.group::<ScribeRef>(name));
        for group in [&left, &right] {
            group.join(&a).expect("it lives");
            group.join(&b).expect("it lives");
        }
        assert_eq!(scope.which_groups(), ["left", "right"]);
        let (its, me) = (left.clone(), b.clone());
        b.later(job(move |_| its.leave(&me).expect("it is in it")))?;
        a.kill();
        t.until("the left one is empty", || scope.which_groups() == ["right"]).await;
        b.later(job(|cx| cx.stop(why())))?;
        b.closed().await;
        a.closed().await;
        assert_eq!(scope.which_groups(), [""; 0]);
        Ok(())
    }

    /// T.11: a table that is given away belongs to the other, who may end at that moment: then it
    /// is gone, or it was not given.
    async fn a_table_is_given_to_who_lives(t) {
        for fate in [Fate::Lives, Fate::Ends, Fate::HasEnded] {
            let ((a, _), (b, notes)) = (scribe(&t, false).await?, scribe(&t, false).await?);
            let options = || Words::set().access(TableAccess::Protected);
            let table = a.asks(move |cx| options().create(cx)).await?;
            let closed = b.closed();
            fate.befall(&b).await;
            let (mine, to) = (table.clone(), b.clone());
            let given = a
                .asks(move |_| mine.give_away(&to, |_| ScribeMessage::Say { word: 1 }))
                .await;
            let mine = table.clone();
            let inserts = a.asks(move |_| mine.insert("a", 1)).await;
            match given {
                Ok(()) => {
                    assert!(inserts.is_err() && fate != Fate::HasEnded, "it is another's");
                }
                Err(error) => {
                    assert_eq!((error, inserts), (TableError::NoProc, Ok(())));
                    assert!(fate != Fate::Lives, "it was not given");
                }
            }
            a.kill();
            a.closed().await;
            if fate == Fate::Lives {
                t.until("it is told", || notes.words() == [1]).await;
                assert_eq!(table.owner(), b.pid());
                b.kill();
            }
            closed.await;
            assert_eq!(table.lookup(&"a"), Err(TableError::Gone));
        }
        Ok(())
    }

    /// T.8, T.10, T.16: the heir that was named last inherits, before the end is seen, if it lives;
    /// else the table is gone and its name free.
    async fn the_last_heir_inherits_if_it_lives(t) {
        for (taken_back, fate) in [
            (true, Fate::Lives),
            (false, Fate::Lives),
            (false, Fate::Ends),
            (false, Fate::HasEnded),
        ] {
            let (owner, _) = scribe(&t, false).await?;
            let ((one, of_one), (two, of_two)) =
                (scribe(&t, false).await?, scribe(&t, false).await?);
            let heirs = [one.clone(), two.clone()];
            let table = owner
                .asks(move |cx| {
                    let table = Words::set().name("t").create(cx)?;
                    for (word, heir) in (1..).zip(&heirs) {
                        let say = move |_: Transfer<Words>| ScribeMessage::Say { word };
                        table.set_heir(heir, say)?;
                    }
                    if taken_back {
                        table.no_heir()?;
                    }
                    Ok::<_, TableError>(table)
                })
                .await?;
            fate.befall(&two).await;
            owner.later(job(|cx| cx.stop(why())))?;
            owner.closed().await;
            let gone = two.closed();
            if fate != Fate::Lives {
                gone.await;
            } else if !taken_back {
                assert_eq!(table.owner(), two.pid());
                t.until("it is told", || of_two.words() == [2]).await;
                two.kill();
                gone.await;
            }
            assert_eq!((table.owner(), of_one.words()), (None, vec![]));
            assert!(t.handle().table::<Words>("t")?.is_none());
            let again = one.asks(|cx| Words::set().name("t").create(cx)).await;
            assert!(again.is_ok(), "the name is free");
            one.kill();
            one.closed().await;
        }
        Ok(())
    }
}

/// An application of an empty tree.
struct Quiet;

impl Configure for Quiet {
    fn configure(_: &Env) -> Result<Self, ConfigError> {
        Ok(Self)
    }
}

impl Application for Quiet {
    const NAME: &'static str = "quiet";
    const DEPENDENCIES: &'static [&'static str] = &[];
    const PHASES: &'static [&'static str] = &[];
    const RESTART: RestartType = RestartType::Permanent;
    type Tree = Tree;

    fn start(&self, _: StartType) -> Result<Tree, ExitReason> {
        Ok(Tree(SupervisorSpec::new("quiet")))
    }
}

both! {
    /// OTP 19.2: the end of a permanent application is that of all, of a transient one if it is not
    /// in order, of a temporary one never.
    async fn what_an_applications_end_means_its_type_says(t) {
        for (restart, orderly, ends_all) in [
            (RestartType::Permanent, true, true),
            (RestartType::Permanent, false, true),
            (RestartType::Transient, true, false),
            (RestartType::Transient, false, true),
            (RestartType::Temporary, false, false),
        ] {
            let all = t.up(Applications::new().load::<Quiet>()).await;
            let closed = all.closed();
            all.start_application("quiet", restart).await?;
            let is_tree = |pid: &Pid| {
                let vitals = t.handle().process_info(pid);
                vitals.is_some_and(|vitals| vitals.type_name == "Supervisor")
            };
            let tree = t.handle().processes().into_iter().find(is_tree).expect("it runs");
            let (killer, _) = scribe(&t, false).await?;
            killer.asks(move |cx| {
                if orderly {
                    drop(cx.runtime().sys(tree).terminate(ExitReason::Normal).request());
                } else {
                    cx.exit(&tree, ExitReason::Kill);
                }
            }).await;
            if ends_all {
                closed.await;
            } else {
                while !all.which_applications().await?.is_empty() {}
                assert!(all.is_alive());
                all.stop(ExitReason::Shutdown).await;
            }
        }
        Ok(())
    }
}
