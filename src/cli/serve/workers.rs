//! The loops that run beside the web server, started and stopped together.

use std::{collections::HashMap, sync::Arc};

use tokio::{
    sync::watch,
    task::{Id, JoinSet},
};

use crate::{
    service::{Services, deliver::Lane},
    worker::{delivery, key_changes, last_uses, listener, upkeep},
};

/// The loops, and what they are called where one fails.
pub struct Workers {
    running: JoinSet<()>,
    names: HashMap<Id, &'static str>,
    stop: watch::Sender<bool>,
}

impl Workers {
    /// Starts them all.
    pub fn start(services: &Arc<Services>) -> Self {
        let (stop, stopped) = watch::channel(false);
        let mut workers = Self { running: JoinSet::new(), names: HashMap::new(), stop };
        let own = || Arc::clone(services);
        let stopped = || stopped.clone();
        workers.add("the delivery worker", delivery::run(own(), Lane::Pairs, stopped()));
        workers.add("the worker that sends events", delivery::run(own(), Lane::Events, stopped()));
        workers.add("the worker that looks after keys", upkeep::run(own(), stopped()));
        workers.add("the worker that hears of changed keys", key_changes::run(own(), stopped()));
        workers.add("the worker that listens for them", listener::run(own(), stopped()));
        workers.add("the worker that notes uses", last_uses::run(own(), stopped()));
        workers
    }

    fn add(&mut self, name: &'static str, work: impl Future<Output = ()> + Send + 'static) {
        let id = self.running.spawn(work).id();
        self.names.insert(id, name);
    }

    /// Waits for one to end that should not, and names it.
    pub async fn ended(&mut self) -> &'static str {
        let id = match self.running.join_next_with_id().await {
            Some(Ok((id, ()))) => id,
            Some(Err(error)) => error.id(),
            None => return "every worker",
        };
        self.names.get(&id).copied().unwrap_or("a worker")
    }

    /// Lets each finish what it is at.
    pub async fn stop(mut self) {
        let _ = self.stop.send(true);
        while self.running.join_next().await.is_some() {}
    }
}
