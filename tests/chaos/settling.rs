//! After the last kill: everybody presses Retry now until nothing is under way any more.

use std::time::Duration;

use futures_util::future::{BoxFuture, join_all};
use tokio::time::{Instant, sleep};

use crate::{left_behind::Grant, person::Person};

/// Longer than any number of attempts and leases takes.
const PATIENCE: Duration = Duration::from_mins(2);

/// Waits until every delivery is over; then looks at each one's page. Gives what is wrong. `grants` are
/// all there are at that moment.
pub async fn settle(
    grants: impl Fn() -> BoxFuture<'static, Vec<Grant>>,
    people: &[(&'static str, Person)],
) -> Vec<String> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let mut live = grants().await;
        live.retain(Grant::is_live);
        if live.is_empty() {
            return wrong_pages(grants().await, people).await;
        }
        if Instant::now() > deadline {
            return vec![format!("{} deliveries never end", live.len())];
        }
        let hurry = async |grant: &Grant| approver(grant, people).hurry(&grant.page()).await;
        join_all(live.iter().map(hurry)).await;
        sleep(Duration::from_millis(100)).await;
    }
}

/// Pages that do not say what became of the delivery.
async fn wrong_pages(grants: Vec<Grant>, people: &[(&'static str, Person)]) -> Vec<String> {
    let mut wrong = Vec::new();
    for grant in grants {
        let outcome = approver(&grant, people).outcome(&grant.page()).await;
        if outcome != Some(grant.state == "delivered") {
            wrong.push(format!("grant {} is {}, its page says {outcome:?}", grant.id, grant.state));
        }
    }
    wrong
}

/// Somebody who may look at the grant.
fn approver<'a>(grant: &Grant, people: &'a [(&'static str, Person)]) -> &'a Person {
    let found = people.iter().find(|(login, _)| *login == grant.approved_by);
    &found.unwrap().1
}
