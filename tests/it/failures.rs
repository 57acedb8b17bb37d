//! Every way an attempt can fail, made to happen: each has its own words on the page, and none gets
//! further than it may.

use std::{net::TcpListener, time::Duration};

use rcgen::{CertificateParams, date_time_ymd};

use crate::support::{
    Answers, Manner, Reaction, Receiver, RoughApp, TestApp, approve_in_vain, certified,
    self_signed, server_config,
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

#[tokio::test]
async fn names_that_lead_nowhere() {
    let app = TestApp::start().await;
    app.names.set("unanswered.example", Answers::none());
    app.names.set("slow.example", Answers::of(&["8.8.8.8"]).slowly(Duration::from_mins(1)));
    app.names.set("inside.internal", Answers::of(&["8.8.8.8"]));
    app.names.set("mixed.example", Answers::of(&["8.8.8.8", "10.0.0.1"]));
    app.names.set("mapped.example", Answers::of(&["::ffff:127.0.0.1"]));
    for (url, words) in [
        ("https://nowhere.example/", ["was not found on the internet", "name_not_found"]),
        ("https://unanswered.example/", ["could not be found out where", "name_unanswered"]),
        ("https://slow.example/", ["could not be found out in time where", "timeout_name"]),
        ("https://inside.internal/", ["a name for the inside of one machine", "name_refused"]),
        ("https://mixed.example/", ["leads to 10.0.0.1", "address_refused: 10.0.0.1"]),
        ("https://mapped.example/", ["private or reserved", "address_refused: ::ffff:127.0.0.1"]),
        ("https://10.0.0.1/", ["private or reserved network", "address_refused: 10.0.0.1"]),
        ("https://[::ffff:7f00:1]/", ["private or reserved", "address_refused"]),
        ("https://169.254.169.254/latest", ["leads to 169.254.169.254", "address_refused"]),
    ] {
        assert_told(&app, url, &words).await;
    }
}

#[tokio::test]
async fn connections_that_do_not_come_about() {
    let app = TestApp::start().await;
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("https://localhost:{closed}/");
    let words = ["did not accept a connection.", "cannot_connect: ", "No connection to 127.0.0.1:"];
    assert_told(&app, &url, &words).await;

    let full = full_queue();
    let url = format!("https://localhost:{}/", full.0.local_addr().unwrap().port());
    let words = ["did not accept a connection in time.", "timeout_connection", "no firewall drops"];
    assert_told(&app, &url, &words).await;
}

/// A listener that accepts nobody, with its queue full: what comes now gets no answer at all.
fn full_queue() -> (TcpListener, Vec<std::net::TcpStream>) {
    use socket2::{Domain, Socket, Type};
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&"127.0.0.1:0".parse::<std::net::SocketAddr>().unwrap().into()).unwrap();
    socket.listen(0).unwrap();
    let listener = TcpListener::from(socket);
    let address = listener.local_addr().unwrap();
    let patience = Duration::from_millis(200);
    let connect = || std::net::TcpStream::connect_timeout(&address, patience).ok();
    let waiting = std::iter::from_fn(connect).take(16).collect();
    (listener, waiting)
}

#[tokio::test]
async fn certificates_that_are_no_good() {
    let app = TestApp::start().await;
    let named = |names: &[&str]| {
        CertificateParams::new(names.iter().map(ToString::to_string).collect::<Vec<_>>()).unwrap()
    };
    let mut expired = named(&["localhost"]);
    expired.not_before = date_time_ymd(2020, 1, 1);
    expired.not_after = date_time_ymd(2021, 2, 3);
    let mut early = named(&["localhost"]);
    early.not_before = date_time_ymd(2090, 1, 1);
    early.not_after = date_time_ymd(2099, 1, 1);
    for (tls, words) in [
        (certified(expired), ["that has expired.", "certificate_expired", "ends 3 February 2021"]),
        (certified(early), ["not valid yet.", "certificate_not_yet_valid", "1 January 2099"]),
        (
            server_config(&["elsewhere.example"]),
            ["for another name.", "certificate_wrong_name", "elsewhere.example"],
        ),
        (
            self_signed(&["localhost"]),
            ["does not trust.", "certificate_untrusted", "Certificate issued by"],
        ),
    ] {
        let rough = RoughApp::start(Some(tls), Manner::Silent).await;
        assert_told(&app, &rough.url(), &words).await;
        assert_told(&app, &rough.url(), &["Nothing was sent.", "Certificate refused"]).await;
        assert_eq!(rough.heard(), 0, "{words:?}");
    }
}

#[tokio::test]
async fn what_does_not_speak_tls() {
    let app = TestApp::start().await;
    let fine = || server_config(&["localhost"]);
    for (tls, manner, words) in [
        (None, Manner::says("HTTP/1.1 400 Bad Request\r\n\r\n"), ["does not speak TLS", "not_tls"]),
        (None, Manner::says("SSH-2.0-OpenSSH_9.2\r\n"), ["does not speak TLS", "not_tls"]),
        (None, Manner::Closes, ["A secure connection to", "tls: "]),
        (None, Manner::Silent, ["was not made in time", "timeout_tls"]),
        (Some(fine()), Manner::Closes, ["broke off without a proper answer", "broken_answer"]),
        (Some(fine()), Manner::says("rubbish\r\n\r\n"), ["broke off without", "broken_answer"]),
        (Some(fine()), Manner::says("HTTP/1.1 200"), ["broke off without", "broken_answer"]),
        (Some(fine()), Manner::Silent, ["did not answer in time", "Waited for an answer"]),
    ] {
        let rough = RoughApp::start(tls, manner).await;
        assert_told(&app, &rough.url(), &words).await;
    }
}

#[tokio::test]
async fn answers_that_would_never_end_are_cut() {
    let app = TestApp::start().await;
    let none = Duration::ZERO;
    let a_while = Duration::from_millis(50);
    for (manner, words) in [
        (Manner::repeats("HTTP/1.1 200 OK\r\n", "X-More: and more\r\n", none), "broken_answer"),
        (Manner::repeats("HTTP/1.1 200 OK\r\nX-Long: ", &"x".repeat(4096), none), "broken_answer"),
        (Manner::repeats("HTTP/1.1 200 OK\r\nX-Drip: ", "x", a_while), "timeout"),
        (Manner::repeats("", "HTTP/1.1 100 Continue\r\n\r\n", a_while), "timeout"),
    ] {
        let rough = RoughApp::start(Some(server_config(&["localhost"])), manner).await;
        assert_told(&app, &rough.url(), &[words]).await;
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
        let page = manager.consent(&crate::support::request(&url)).await;
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
        let (word, answered) = (format!("status: {status}"), format!("with status {status}"));
        assert_told(&app, &receiver.url(), &[&word, &answered, advice]).await;
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
    let page = manager.consent(&crate::support::request(&url)).await;
    assert!(manager.approve(&page).await.location().contains("success=1"));
    assert!(good.heard() > 0);
    assert_eq!(app.names.asked("flip.example"), 2, "once for the page, once for the delivery");
    app.clock.advance(Duration::from_hours(1));
    let timeline = told(&app, &url).await;
    assert!(timeline.contains("address_refused: 127.0.0.1"), "{timeline}");
    assert_eq!(inside.heard(), 0);
}
