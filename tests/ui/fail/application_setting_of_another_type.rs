use actor_core::prelude::*;

#[derive(Application)]
struct Shop {
    #[env(default = "two")]
    tills: usize,
    #[env(default = -1)]
    most: u8,
}

fn main() {}
