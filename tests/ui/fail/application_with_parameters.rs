use actor_core::prelude::*;

#[derive(Supervisor)]
struct Tree;
#[supervisor]
impl Tree {}

#[derive(Application)]
struct Shop<T>(T);

#[application]
impl<T> Shop<T> {
    #[start]
    fn start(&self) -> Tree { Tree }
}

fn main() {}
