//! The consent page's buttons: the first press decides, whoever else presses how often.

use appgrant::{
    db::outcomes::{ApproveOutcome, Decided},
    domain::{consent::Decision, failure::Failure, timestamp::Timestamp},
};

use super::{
    TestDatabase, at_once,
    samples::{approval, at, claim, consent, make_approver, question, record},
};

on_each_database!(
    fifty_approvals_of_one_page_make_one_key,
    approve_and_deny_at_once_give_one_decision,
    a_denied_page_cannot_be_approved,
    a_question_approved_lately_is_remembered_while_it_lives,
    a_session_that_has_ended_approves_nothing,
);

/// The decision of a session that is there.
fn decided(outcome: ApproveOutcome) -> Decided {
    match outcome {
        ApproveOutcome::Decided(decided) => decided,
        ApproveOutcome::SessionEnded => panic!("the session is there"),
    }
}

async fn fifty_approvals_of_one_page_make_one_key(db: TestDatabase) {
    let user = make_approver(&db).await;
    let all = at_once(&db, 50, |db, number| async move {
        let new = approval(user, "page", number);
        decided(write!(db, approvals::approve(at(0), new)))
    })
    .await;
    let first = &all[0];
    assert!(first.decision == Decision::Approved && first.grant_id.is_some());
    assert!(all.iter().all(|other| other == first), "{all:?}");
    for table in ["consents", "grants", "keys", "deliveries"] {
        assert_eq!(db.count(table).await, 1, "{table}");
    }
    let grant_id = first.grant_id.as_deref().unwrap();
    assert_eq!(db.count(&format!("grants WHERE id = '{grant_id}'")).await, 1);
}

async fn approve_and_deny_at_once_give_one_decision(db: TestDatabase) {
    let user = make_approver(&db).await;
    for round in 0..10 {
        let page = format!("page {round}");
        let all = at_once(&db, 8, |db, number| {
            let page = page.clone();
            async move {
                if number % 4 < 2 {
                    write!(db, approvals::deny(at(0), &consent(&page)))
                } else {
                    let new = approval(user, &page, round * 8 + number);
                    decided(write!(db, approvals::approve(at(0), new)))
                }
            }
        })
        .await;
        assert!(all.iter().all(|other| *other == all[0]), "{all:?}");
    }
    let approved = db.count("consents WHERE decision = 'approved'").await;
    for table in ["grants", "keys", "deliveries"] {
        assert_eq!(db.count(table).await, approved, "{table}");
    }
}

async fn a_denied_page_cannot_be_approved(db: TestDatabase) {
    let user = make_approver(&db).await;
    let denied = Decided { decision: Decision::Denied, grant_id: None };
    assert_eq!(write!(db, approvals::deny(at(0), &consent("page"))), denied);
    assert_eq!(decided(write!(db, approvals::approve(at(1), approval(user, "page", 1)))), denied);
    assert_eq!(db.count("grants").await, 0);
}

async fn a_question_approved_lately_is_remembered_while_it_lives(db: TestDatabase) {
    let asked = question("page");
    let recent = async |now: Timestamp| read!(db, approvals::recent_grant(now, &asked));
    let user = make_approver(&db).await;
    write!(db, approvals::deny(at(0), &consent("denied")));
    assert_eq!(recent(at(0)).await, None);
    let first = || Some("grant-1".to_owned());
    decided(write!(db, approvals::approve(at(0), approval(user, "page", 1))));
    assert_eq!(recent(at(1)).await, first());

    let mut in_another_tab = approval(user, "another page", 2);
    in_another_tab.consent.question = question("page");
    let same = decided(write!(db, approvals::approve(at(2), in_another_tab)));
    assert_eq!((same.grant_id, db.count("keys").await), (first(), 1));
    let mut on_purpose = approval(user, "a third page", 3);
    on_purpose.consent.question = question("page");
    on_purpose.again_after = first();
    decided(write!(db, approvals::approve(at(5), on_purpose)));
    assert_eq!(recent(at(5)).await.as_deref(), Some("grant-3"));
    assert_eq!(read!(db, approvals::recent_grant(at(5), b"another")), None);

    assert!(write!(db, deliveries::cancel(at(6), "grant-3")));
    assert_eq!(recent(at(6)).await, first());
    assert_eq!(recent(at(15 * 60 - 1)).await, first());
    assert_eq!(recent(at(15 * 60)).await, None);

    let claimed = claim(&db, at(7)).await;
    record(&db, at(8), &claimed, Some(Failure::CannotOpen)).await;
    assert_eq!(recent(at(8)).await, None, "its delivery failed");
}

async fn a_session_that_has_ended_approves_nothing(db: TestDatabase) {
    let user = make_approver(&db).await;
    assert!(write!(db, users::set_password(at(0), user, "another hash", None)));
    let outcome = write!(db, approvals::approve(at(0), approval(user, "page", 1)));
    assert_eq!(outcome, ApproveOutcome::SessionEnded);
    for table in ["consents", "grants", "keys", "deliveries"] {
        assert_eq!(db.count(table).await, 0, "{table}");
    }
}
