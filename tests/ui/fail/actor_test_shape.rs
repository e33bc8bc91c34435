use actor_testkit::{TestKit, actor_test};

#[actor_test]
fn not_async(_t: TestKit) {}

#[actor_test]
async fn no_kit() {}

#[actor_test]
async fn generic<T>(_t: TestKit) {}

#[actor_test]
#[test]
async fn test_already(_t: TestKit) {}

#[actor_test]
struct NoFunction;

fn main() {}
