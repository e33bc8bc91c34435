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
    #[phase]
    fn warm(&self) -> u8 { 20 }
}

fn main() {}
