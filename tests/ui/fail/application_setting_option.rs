use actor_core::prelude::*;

#[derive(Application)]
struct Shop {
    #[env(defualt = 2)]
    tills: usize,
    #[env(default = 3)]
    most: Option<u8>,
    #[env(skip, key = "count")]
    seen: usize,
    #[env(default = 5)]
    patience: std::time::Duration,
    #[env(key = port)]
    port: u16,
    #[env(key = "..")]
    dots: u16,
}

fn main() {}
