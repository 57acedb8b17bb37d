//! The internet's names, as the tests want them: `localhost` leads here, others lead nowhere until told.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr},
    pin::Pin,
    sync::Mutex,
    time::Duration,
};

use appgrant::outbound::{Found, Lookup, LookupError};

/// What a name service answers, one after the other; the last one goes on.
#[derive(Clone)]
pub struct Answers(Vec<(Duration, Found)>);

impl Answers {
    /// Those addresses.
    pub fn of(addresses: &[&str]) -> Self {
        Self(vec![(Duration::ZERO, Ok(parsed(addresses)))])
    }

    /// Then those.
    pub fn then(mut self, addresses: &[&str]) -> Self {
        self.0.push((Duration::ZERO, Ok(parsed(addresses))));
        self
    }

    /// No answer to the question.
    pub fn none() -> Self {
        Self(vec![(Duration::ZERO, Err(LookupError::Unanswered))])
    }

    /// All of it, each time after that time.
    pub fn slowly(mut self, time: Duration) -> Self {
        self.0.iter_mut().for_each(|(wait, _)| *wait = time);
        self
    }
}

fn parsed(addresses: &[&str]) -> Vec<IpAddr> {
    addresses.iter().map(|address| address.parse().unwrap()).collect()
}

/// A name service of the tests' own.
#[derive(Default)]
pub struct TestNames {
    answers: Mutex<HashMap<String, Answers>>,
    asked: Mutex<Vec<String>>,
}

impl TestNames {
    /// From now on the name leads there.
    pub fn set(&self, name: &str, answers: Answers) {
        self.answers.lock().unwrap().insert(name.to_owned(), answers);
    }

    /// How often a name was asked for.
    pub fn asked(&self, name: &str) -> usize {
        self.asked.lock().unwrap().iter().filter(|asked| *asked == name).count()
    }

    fn next(&self, name: &str) -> (Duration, Found) {
        self.asked.lock().unwrap().push(name.to_owned());
        let mut answers = self.answers.lock().unwrap();
        match answers.get_mut(name) {
            Some(Answers(list)) if list.len() > 1 => list.remove(0),
            Some(Answers(list)) => list[0].clone(),
            None if name == "localhost" => (Duration::ZERO, Ok(vec![Ipv4Addr::LOCALHOST.into()])),
            None => (Duration::ZERO, Err(LookupError::NotFound)),
        }
    }
}

impl Lookup for TestNames {
    fn lookup<'a>(&'a self, name: &'a str) -> Pin<Box<dyn Future<Output = Found> + Send + 'a>> {
        let (wait, found) = self.next(name);
        Box::pin(async move {
            tokio::time::sleep(wait).await;
            found
        })
    }
}
