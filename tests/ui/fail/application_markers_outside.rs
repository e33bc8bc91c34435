use actor_core::attr::{phase, prep_stop, start, stop};

struct Shop;

impl Shop {
    #[start]
    fn start(&self) -> u8 { 0 }
    #[phase]
    fn warm(&self) {}
    #[prep_stop]
    fn closes(&self) {}
    #[stop]
    fn closed(&self) {}
}

fn main() { let _ = (Shop.start(), Shop.warm(), Shop.closes(), Shop.closed()); }
