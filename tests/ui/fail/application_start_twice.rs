use actor_core::prelude::*;

#[derive(Supervisor)]
struct Tree;
#[supervisor]
impl Tree {}

#[derive(Application)]
struct Shop;

#[application]
impl Shop {
    #[start]
    fn start(&self) -> Tree { Tree }
    #[start]
    fn again(&self) -> Tree { Tree }
}

fn main() {}
