use actor_core::prelude::*;

#[derive(Supervisor)]
struct Tree;
#[supervisor]
impl Tree {}

struct Shop;

#[application]
impl Shop {
    #[start]
    fn start(&self) -> Tree { Tree }
}

fn main() {}
