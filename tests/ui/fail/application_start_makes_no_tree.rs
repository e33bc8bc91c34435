use actor_core::prelude::*;

#[derive(Application)]
struct Shop;

#[application]
impl Shop {
    #[start]
    fn start(&self) -> u8 { 0 }
}

fn main() {}
