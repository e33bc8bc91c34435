use actor_testkit::{TestKit, actor_test};

#[actor_test(schedule = 5)]
async fn near(_t: TestKit) {}

#[actor_test(colour = 5)]
async fn far(_t: TestKit) {}

#[actor_test(exhaustive)]
async fn planned(_t: TestKit) {}

fn main() {}
