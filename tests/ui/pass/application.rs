use actor_core::{application::Applications, prelude::*};
use std::{net::SocketAddr, num::NonZero, time::Duration};

#[derive(Supervisor)]
pub struct Tree;
#[supervisor]
impl Tree {}

mod ledger {
    use super::*;

    /// Its name is said, its phases have names of all kinds.
    #[derive(Application, Clone)]
    pub struct r#Type {
        #[env(default = "127.0.0.1:80")]
        r#type: SocketAddr,
        #[env(default = NonZero::<u8>::MIN)]
        env: NonZero<u8>,
        #[env(default = self::second())]
        key: Duration,
        #[env(skip)]
        _skipped: std::marker::PhantomData<u8>,
    }

    fn second() -> Duration {
        Duration::from_secs(1)
    }

    #[application(name = "ledger-2", restart = transient)]
    impl r#Type {
        #[start]
        #[cfg(all())]
        fn r#match(&self) -> Result<Tree, std::io::Error> {
            let _ = (self.r#type, self.env, self.key);
            Ok(Tree)
        }
        #[start]
        #[cfg(any())]
        fn other(&self) -> Missing {}
        #[phase]
        fn r#loop(&self) {}
        #[phase]
        #[cfg(any())]
        fn gone(&self) -> Missing {}
        #[actor_core::attr::phase]
        async fn start(&self, phase: &TreeRef) -> Result<(), &'static str> {
            if phase.is_alive() { Ok(()) } else { Err("dead") }
        }
        #[stop]
        fn prep_stop(&self) {}

        /// A plain method.
        pub fn configure(&self) {}
    }
}

#[derive(Application)]
#[env(crate = actor_core)]
struct Shop;

#[application(depends = [ledger::r#Type, "audit"], crate = actor_core)]
impl Shop {
    #[start]
    fn start(&self) -> Tree {
        Tree
    }
}

fn main() {
    assert_eq!((Shop::DEPENDENCIES, Shop::NAME), (&["ledger-2", "audit"][..], "shop"));
    assert_eq!(ledger::Type::PHASES, ["loop", "start"]);
    let _ = Applications::new().load::<Shop>().load::<ledger::Type>();
}
