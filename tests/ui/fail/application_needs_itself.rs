use actor_core::prelude::*;

#[derive(Supervisor)]
struct Tree;
#[supervisor]
impl Tree {}

#[derive(Application)]
struct Ledger;
#[application]
impl Ledger {
    #[start]
    fn start(&self) -> Tree { Tree }
}

#[derive(Application)]
struct Shop;
#[application(depends = [Shop, Ledger, "audit", Ledger, "shop", 3])]
impl Shop {
    #[start]
    fn start(&self) -> Tree { Tree }
}

fn main() {}
