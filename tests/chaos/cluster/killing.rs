//! Nodes that are killed and started again all the while, one at a time: whoever came through the proxy
//! is answered rightly or asked to try again, and each approval ends in a working key or in none.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::future::BoxFuture;
use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};

use super::{
    judging,
    load::{Load, Tally},
    plan::Plan,
    store::Store,
};
use crate::{
    app::{Apps, Callback},
    judge::{self, Evidence},
    left_behind::Grant,
    person::{Person, Told, request},
    plan::dice,
    settling,
    store::MANAGERS,
    support::Manager,
};

/// How many approve side by side.
const BROWSERS: usize = 6;

/// People at their browsers, with the login each has.
type People = Vec<(&'static str, Person)>;

/// Kills for as long as planned; prints the figures, gives what is wrong.
pub async fn run(store: &Store, plan: &Plan) -> Vec<String> {
    let apps = Arc::new(Apps::start(plan.seed).await);
    let told = Arc::new(Told::default());
    let people = people(store, plan.seed, &told).await;
    let load = Load::begin(store).await;
    let stop = Arc::new(AtomicBool::new(false));
    let approving = approve(people, &apps, &stop);
    let (kills, people) = tokio::join!(
        async {
            let kills = kill(store, plan).await;
            stop.store(true, Ordering::Relaxed);
            kills
        },
        approving
    );
    let tally = Arc::clone(&load.tally);
    let mut wrong = load.end().await;
    let url = store.database.lock().await.url();
    wrong.extend(settling::settle(grants_at(&url), &people).await);
    let callbacks = apps.callbacks();
    let (grants, broken) = judged(store, &url, &callbacks, &told).await;
    wrong.extend(broken);
    let double = judging::double_attempts(&url, &callbacks).await;
    println!(
        "nodes killed and started again for {} s (seed {}): {kills} kills",
        plan.killing.as_secs(),
        plan.seed
    );
    print_deliveries(&grants, callbacks.len(), double.len());
    print_load(&tally);
    let delivered = grants.iter().filter(|grant| grant.state == "delivered").count();
    if kills == 0 || delivered == 0 || callbacks.len() <= delivered {
        wrong.push("too little happened for this to prove anything".to_owned());
    }
    wrong.extend(double);
    wrong
}

/// All grants, and the rules of `judge.rs` that are broken.
async fn judged(
    store: &Store,
    url: &str,
    callbacks: &[Callback],
    told: &Told,
) -> (Vec<Grant>, Vec<String>) {
    let grants = judging::grants(url).await;
    let evidence = Evidence {
        folder: store.folder.path(),
        faults: judging::faults(url).await,
        services: judge::services(store.folder.path(), url).await,
        grants: &grants,
        callbacks,
        told,
    };
    let broken = judge::broken_rules(&evidence).await;
    (grants, broken)
}

fn print_deliveries(grants: &[Grant], callbacks: usize, double: usize) {
    let ended = |state: &str| grants.iter().filter(|grant| grant.state == state).count();
    let [delivered, failed, cancelled] = ["delivered", "failed", "cancelled"].map(ended);
    println!(
        "  {} approvals: {delivered} delivered, {failed} failed, {cancelled} cancelled, {} lost; \
         {callbacks} callbacks, {double} attempts at once",
        grants.len(),
        grants.len() - delivered - failed - cancelled,
    );
}

fn print_load(tally: &Tally) {
    let counts = [&tally.passed, &tally.refused, &tally.logins, &tally.healed];
    let [passed, refused, logins, healed] = counts.map(|count| count.load(Ordering::Relaxed));
    println!(
        "  {passed} requests of good keys passed, {refused} of revoked keys were refused, {logins} \
         logins; {healed} times nobody answered, and trying again helped"
    );
}

/// Reads the grants in that database.
fn grants_at(url: &str) -> impl Fn() -> BoxFuture<'static, Vec<Grant>> + use<> {
    let url = url.to_owned();
    move || {
        let url = url.clone();
        Box::pin(async move { judging::grants(&url).await })
    }
}

async fn kill(store: &Store, plan: &Plan) -> usize {
    let mut dice = dice(plan.seed, "killer", 0);
    let (began, mut kills) = (Instant::now(), 0);
    while began.elapsed() < plan.killing {
        let node = &store.nodes[dice.usize(..store.nodes.len())];
        node.kill_and_restart(store, Duration::from_millis(dice.u64(..500))).await;
        kills += 1;
        sleep(Duration::from_millis(dice.u64(200..1_500))).await;
    }
    kills
}

async fn people(store: &Store, seed: u64, told: &Arc<Told>) -> People {
    let mut people = Vec::new();
    for number in 0..BROWSERS {
        let browser = Manager::new(store.proxy.url.clone());
        let dice = dice(seed, "person", number);
        let person = Person { browser, dice, told: Arc::clone(told) };
        let login = MANAGERS[number % MANAGERS.len()];
        person.log_in(login).await;
        people.push((login, person));
    }
    people
}

/// Each person connects one app after the other until told to stop; gives the people back.
async fn approve(people: People, apps: &Arc<Apps>, stop: &Arc<AtomicBool>) -> People {
    let begun = Arc::new(AtomicUsize::new(0));
    let mut working = JoinSet::new();
    for (login, mut person) in people {
        let (begun, apps, stop) = (Arc::clone(&begun), Arc::clone(apps), Arc::clone(stop));
        working.spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                let app = begun.fetch_add(1, Ordering::Relaxed) + 1; // 0 is no `user_id`
                person.connect(app, &request(app, &apps.callback_url(app))).await;
                sleep(Duration::from_millis(100)).await;
            }
            (login, person)
        });
    }
    working.join_all().await
}
