use actor_core::prelude::*;

#[derive(Supervisor)]
struct Tree;
#[supervisor]
impl Tree {}

struct Ledger;

#[derive(Application)]
struct Shop;

#[application(depends = [Ledger])]
impl Shop {
    #[start]
    fn start(&self) -> Tree { Tree }
}

fn main() {}
