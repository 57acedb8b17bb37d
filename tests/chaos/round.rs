//! One round: a store under fire, people who approve, peace, judgement.

use std::{
    fmt, fs,
    ops::AddAssign,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use futures_util::future::BoxFuture;
use tokio::{task::JoinSet, time::Instant};

use crate::{
    app::{Apps, Callback},
    judge::{self, Evidence},
    left_behind::{self, Grant},
    person::{Person, Told, request},
    plan::dice,
    settling,
    store::{MANAGERS, Store},
    support::{Manager, database},
};

/// How many browsers approve side by side.
const BROWSERS: usize = 10;

/// What is to happen in one round.
pub struct Round {
    pub seed: u64,
    pub approvals: usize,
}

/// What happened, counted.
#[derive(Default)]
pub struct Figures {
    pub approvals: usize,
    pub kills: usize,
    pub delivered: usize,
    pub failed: usize,
    pub cancelled: usize,
    /// Callbacks beyond the first of a delivery.
    pub repeats: usize,
    pub violations: usize,
}

impl Round {
    /// Plays it; prints its figures and what is wrong, and then leaves its folder.
    pub async fn run(self) -> Figures {
        let started = Instant::now();
        let apps = Arc::new(Apps::start(self.seed).await);
        let store = Store::open(&format!("chaos-{}", self.seed), &[]).await;
        let told = Arc::new(Told::default());
        let people = self.people(&store.url(), &told).await;
        let begun = Arc::new(AtomicUsize::new(0));
        let fire = store.under_fire(dice(self.seed, "killer", 0), Arc::clone(&begun));
        let people = self.approve(people, &apps, &begun).await;
        let (store, kills) = fire.cease().await;
        let mut broken = settling::settle(grants_in(store.folder.path()), &people).await;
        let (folder, code) = store.close().await;
        if code != Some(0) {
            broken.push(format!("asked to stop, it ended with {code:?}"));
        }
        let (grants, callbacks) = (left_behind::grants(folder.path()), apps.callbacks());
        let evidence = Evidence {
            folder: folder.path(),
            faults: left_behind::faults(folder.path()),
            services: judge::services(folder.path(), &database::of(folder.path())).await,
            grants: &grants,
            callbacks: &callbacks,
            told: &told,
        };
        broken.extend(judge::broken_rules(&evidence).await);
        let figures = Figures { kills, violations: broken.len(), ..count(&grants, &callbacks) };
        println!(
            "round of seed {}: {figures}, {:.1} s",
            self.seed,
            started.elapsed().as_secs_f64()
        );
        report(&broken, folder.path());
        figures
    }

    async fn people(&self, url: &str, told: &Arc<Told>) -> Vec<(&'static str, Person)> {
        let mut people = Vec::new();
        for number in 0..BROWSERS {
            let browser = Manager::new(url.to_owned());
            let person =
                Person { browser, dice: dice(self.seed, "person", number), told: Arc::clone(told) };
            let login = MANAGERS[number % MANAGERS.len()];
            person.log_in(login).await;
            people.push((login, person));
        }
        people
    }

    /// Each person takes the next app until all have had their turn; gives the people back.
    async fn approve(
        &self,
        people: Vec<(&'static str, Person)>,
        apps: &Arc<Apps>,
        begun: &Arc<AtomicUsize>,
    ) -> Vec<(&'static str, Person)> {
        let mut working = JoinSet::new();
        for (login, mut person) in people {
            let (begun, apps, approvals) = (Arc::clone(begun), Arc::clone(apps), self.approvals);
            working.spawn(async move {
                loop {
                    let app = begun.fetch_add(1, Ordering::Relaxed) + 1; // 0 is no `user_id`
                    if app > approvals {
                        return (login, person);
                    }
                    person.connect(app, &request(app, &apps.callback_url(app))).await;
                }
            });
        }
        working.join_all().await
    }
}

/// Reads the grants in that folder's database.
fn grants_in(folder: &Path) -> impl Fn() -> BoxFuture<'static, Vec<Grant>> + use<> {
    let folder = folder.to_owned();
    move || {
        let grants = left_behind::grants(&folder);
        Box::pin(async { grants })
    }
}

fn count(grants: &[Grant], callbacks: &[Callback]) -> Figures {
    let ended = |state: &str| grants.iter().filter(|grant| grant.state == state).count();
    let mut ids: Vec<_> = callbacks.iter().map(|callback| &callback.webhook_id).collect();
    ids.sort();
    ids.dedup();
    Figures {
        approvals: grants.len(),
        delivered: ended("delivered"),
        failed: ended("failed"),
        cancelled: ended("cancelled"),
        repeats: callbacks.len() - ids.len(),
        ..Figures::default()
    }
}

/// Says what is wrong and where to look; a round with nothing wrong is tidied away.
fn report(broken: &[String], folder: &Path) {
    if broken.is_empty() {
        return fs::remove_dir_all(folder).unwrap();
    }
    for line in broken {
        println!("  VIOLATION: {line}");
    }
    println!("  database and logs are left in {}", folder.display());
}

impl Figures {
    /// A round in which nothing went wrong on purpose would prove nothing.
    pub fn assert_it_was_chaos(&self) {
        assert!(self.kills > 0 && self.repeats > 0, "nobody was killed or asked twice");
        assert!(self.delivered > 0 && self.failed + self.cancelled > 0, "all ended in one way");
    }
}

impl AddAssign for Figures {
    fn add_assign(&mut self, other: Self) {
        self.approvals += other.approvals;
        self.kills += other.kills;
        self.delivered += other.delivered;
        self.failed += other.failed;
        self.cancelled += other.cancelled;
        self.repeats += other.repeats;
        self.violations += other.violations;
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { approvals, kills, delivered, failed, cancelled, repeats, violations } = self;
        write!(
            f,
            "{approvals} approvals, {kills} kills, {delivered} delivered, {failed} failed, \
             {cancelled} cancelled, {repeats} repeats, {violations} violations"
        )
    }
}
