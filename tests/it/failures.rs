//! Every way an attempt can fail, made to happen: each has its own words on the page, and none gets
//! further than it may.

use std::time::Duration;

use futures_util::future::join_all;

use crate::support::{
    Answers, Manner, Reaction, Receiver, RoughApp, TestApp, approve_in_vain, every_trouble,
    request, server_config,
};

/// What the page says about an attempt at that address.
async fn told(app: &TestApp, callback_url: &str) -> String {
    let (_, page) = approve_in_vain(&app.logged_in("max").await, callback_url).await;
    page.text("ol.timeline")
}

/// Tells of an attempt, and that the page holds each of those words.
async fn assert_told(app: &TestApp, callback_url: &str, words: &[&str]) {
    let timeline = told(app, callback_url).await;
    for word in words {
        assert!(timeline.contains(word), "{callback_url}: no {word:?} in: {timeline}");
    }
}

/// The words for each way to fail, and the step where it ends.
const WORDS: [(&str, &str, &str); 17] = [
    ("name_not_found", "was not found on the internet.", "No address for this name"),
    ("name_unanswered", "It could not be found out where", "No answer from the name service"),
    ("timeout_name", "could not be found out in time where", "Waited for the name’s addresses"),
    ("name_refused", "is a name for the inside of one machine or network.", "Name refused"),
    ("address_refused", " an address inside a private or reserved network.", "Address refused: 1"),
    ("cannot_connect", "did not accept a connection.", ": connection refused"),
    ("timeout_connection", "did not accept a connection in time.", ": no answer"),
    ("certificate_expired", "showed a certificate that has expired.", "ends 3 February 2021"),
    ("certificate_not_yet_valid", "that is not valid yet.", "it begins 1 January 2090"),
    ("certificate_wrong_name", "a certificate for another name.", "it is for elsewhere.example"),
    ("certificate_untrusted", "that this store does not trust.", "issued by The app’s own"),
    ("not_tls", "does not speak TLS at that port.", "No TLS"),
    ("tls", "A secure connection to", "TLS handshake failed: connection reset"),
    ("timeout_tls", "was not made in time. Nothing was sent.", "Waited for the TLS handshake"),
    ("timeout", "did not answer in time.", "Waited for an answer"),
    ("broken_answer", "broke off without a proper answer.", "No proper answer"),
    ("status", "(HTTP status ", "Answered with status "),
];

#[tokio::test]
async fn each_has_its_words() {
    let app = TestApp::start().await;
    let troubles = every_trouble(&app.names).await;
    let met = async |code: &str, what: &str, step: &str| {
        let mut met = 0;
        for trouble in troubles.iter().filter(|trouble| trouble.code == code) {
            let words = [code, what, step, "For the app’s developer:"];
            assert_told(&app, &trouble.url, &words).await;
            assert!(!trouble.was_told_anything(), "{code}");
            met += 1;
        }
        assert!(met > 0, "{code}");
    };
    let (slow, others): (Vec<_>, Vec<_>) =
        WORDS.into_iter().partition(|(code, ..)| code.starts_with("timeout"));
    for (code, what, step) in others {
        met(code, what, step).await;
    }
    // These wait out their time, and can do so together.
    join_all(slow.iter().map(|(code, what, step)| met(code, what, step))).await;
}

#[tokio::test]
async fn what_answers_rubbish_has_broken_off() {
    let app = TestApp::start().await;
    for text in ["rubbish\r\n\r\n", "HTTP/1.1 200", "HTTP/9.9 200 OK\r\n\r\n", "\0\u{16}\u{3}"] {
        let tls = Some(server_config(&["localhost"]));
        let rough = RoughApp::start(tls, Manner::says(text)).await;
        assert_told(&app, &rough.url(), &["broke off without", "broken_answer"]).await;
    }
    let rough = RoughApp::start(None, Manner::says("SSH-2.0-OpenSSH_9.2\r\n")).await;
    assert_told(&app, &rough.url(), &["does not speak TLS", "not_tls"]).await;
}

#[tokio::test]
async fn answers_that_would_never_end_are_cut() {
    // What comes fast meets the limit long before its time is over, on a busy machine too.
    let patient = TestApp::with(&[("CALLBACK_TIMEOUT_SECONDS", "20")]).await;
    let app = TestApp::start().await;
    let none = Duration::ZERO;
    let a_while = Duration::from_millis(50);
    let more = Manner::repeats("HTTP/1.1 200 OK\r\n", "X-More: and more\r\n", none);
    let long = Manner::repeats("HTTP/1.1 200 OK\r\nX-Long: ", &"x".repeat(4096), none);
    let drip = Manner::repeats("HTTP/1.1 200 OK\r\nX-Drip: ", "x", a_while);
    let again = Manner::repeats("", "HTTP/1.1 100 Continue\r\n\r\n", a_while);
    for (app, manner, words) in [
        (&patient, more, "broken_answer"),
        (&patient, long, "broken_answer"),
        (&app, drip, "timeout"),
        (&app, again, "timeout"),
    ] {
        let rough = RoughApp::start(Some(server_config(&["localhost"])), manner).await;
        assert_told(app, &rough.url(), &[words]).await;
    }
}

/// The status decides; what comes after it is read a little, and never unpacked.
#[tokio::test]
async fn a_taken_delivery_stays_taken_whatever_follows() {
    let (app, receiver) = (TestApp::start().await, Receiver::start().await);
    receiver.will([Reaction::Body(50_000_000)]);
    let manager = app.logged_in("max").await;
    let drip = Manner::repeats(
        "HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n",
        "x",
        Duration::from_millis(50),
    );
    let bomb = Manner::repeats(
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n",
        "400\r\n",
        Duration::ZERO,
    );
    let drip = RoughApp::start(Some(server_config(&["localhost"])), drip).await;
    let bomb = RoughApp::start(Some(server_config(&["localhost"])), bomb).await;
    for url in [receiver.url(), drip.url(), bomb.url()] {
        let page = manager.consent(&request(&url)).await;
        let answer = manager.approve(&page).await;
        assert!(answer.location().contains("success=1"), "{url}: {}", answer.location());
    }
}

#[tokio::test]
async fn an_answer_other_than_2xx() {
    let (app, receiver) = (TestApp::start().await, Receiver::start().await);
    for (status, advice) in [
        (301, "Give the final address"),
        (400, "read the raw body"),
        (401, "A firewall or login"),
        (403, "A firewall or login"),
        (404, "Check the path"),
        (405, "must take a POST"),
        (413, "less than 10 kB"),
        (415, "read the raw body"),
        (418, "Look into the app’s own log"),
        (422, "read the raw body"),
        (429, "limit on requests"),
        (500, "Look into the app’s own log"),
        (502, "A proxy stands before the app"),
    ] {
        receiver.will([Reaction::Status(status)]);
        let (what, answered) =
            (format!("(HTTP status {status})"), format!("Answered with status {status} "));
        assert_told(&app, &receiver.url(), &[&what, &answered, advice]).await;
    }
}

#[tokio::test]
async fn without_an_opened_network_nothing_private_is_reached() {
    let app = TestApp::with(&[("CALLBACK_ALLOW_NETWORKS", "")]).await;
    let receiver = Receiver::start().await;
    app.names.set("rebound.example", Answers::of(&["127.0.0.1"]));
    for host in [
        "localhost",
        "localhost.",
        "LOCALHOST",
        "127.0.0.1",
        "127.1",
        "0x7f000001",
        "2130706433",
        "0177.0.0.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "１２７.0.0.1",
        "%31%32%37.0.0.1",
        "rebound.example",
    ] {
        let timeline = told(&app, &format!("https://{host}:{}/callback", receiver.port())).await;
        assert!(timeline.contains("_refused"), "{host}: {timeline}");
    }
    assert!(receiver.received().is_empty());
    assert_eq!(app.names.asked("localhost"), 0, "a refused name is not even looked up");
}

/// What was vetted is what is dialled: a name that answers differently the second time gains nothing.
#[tokio::test]
async fn a_name_that_flips_its_answer_gains_nothing() {
    let app = TestApp::with(&[("CALLBACK_ALLOW_NETWORKS", "127.7.0.1/32")]).await;
    let good = RoughApp::at(
        "127.7.0.1:0",
        Some(server_config(&["flip.example"])),
        Manner::says("HTTP/1.1 204 No Content\r\n\r\n"),
    )
    .await;
    let inside = RoughApp::at(
        &format!("127.0.0.1:{}", good.port()),
        Some(server_config(&["flip.example"])),
        Manner::says("HTTP/1.1 204 No Content\r\n\r\n"),
    )
    .await;
    let url = format!("https://flip.example:{}/", good.port());
    let manager = app.logged_in("max").await;
    // The early word is the first to ask, the delivery the second.
    app.names
        .set("flip.example", Answers::of(&["127.7.0.1"]).then(&["127.7.0.1"]).then(&["127.0.0.1"]));
    let page = manager.consent(&request(&url)).await;
    assert!(manager.approve(&page).await.location().contains("success=1"));
    assert!(good.heard() > 0);
    assert_eq!(app.names.asked("flip.example"), 2, "once for the page, once for the delivery");
    app.clock.advance(Duration::from_hours(1));
    let timeline = told(&app, &url).await;
    assert!(timeline.contains("leads to 127.0.0.1"), "{timeline}");
    assert_eq!(inside.heard(), 0);
}
