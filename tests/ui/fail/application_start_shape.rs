use actor_core::{application::StartType, prelude::*};

#[derive(Supervisor)]
struct Tree;
#[supervisor]
impl Tree {}

#[derive(Application)]
struct Shop;
#[application]
impl Shop {
    #[start]
    async fn start(&self) -> Tree { Tree }
}

#[derive(Application)]
struct Ledger;
#[application]
impl Ledger {
    #[start]
    fn start(&mut self, _how: &StartType, _more: u8) {}
}

#[derive(Application)]
struct Audit;
#[application]
impl Audit {
    #[start]
    fn start(&self) -> Option<Tree> { None }
}

fn main() {}
