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
    fn warm(&self, _tree: TreeRef) {}
    #[phase]
    fn hot(&self, _tree: &TreeRef, _degrees: u8) {}
    #[phase]
    fn cold(self) {}
    #[prep_stop]
    fn closes<T>(&self) {}
    #[stop]
    fn closed(&self, _tree: &TreeRef) -> u8 { 0 }
}

fn main() {}
