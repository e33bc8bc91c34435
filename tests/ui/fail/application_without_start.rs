use actor_core::prelude::*;

#[derive(Supervisor)]
struct Tree;
#[supervisor]
impl Tree {}

#[derive(Application)]
struct Shop;

#[application]
impl Shop {
    fn start(&self) -> Tree { Tree }
}

fn main() {}
