use actor_core::prelude::*;

#[derive(Supervisor)]
struct Tree;
#[supervisor]
impl Tree {}

#[derive(Application)]
struct Shop;

#[application(depend = [], name = "7 shops", restart = sometimes)]
impl Shop {
    #[start(now)]
    fn start(&self) -> Tree { Tree }
}

#[derive(Application)]
struct Other;

#[application(name = other)]
impl Other {
    #[start]
    fn start(&self) -> Tree { Tree }
}

fn main() {}
