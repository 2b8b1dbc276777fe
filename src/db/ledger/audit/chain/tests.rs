//! Chains, and what can be done to them.

use super::*;

/// A chain of so many events, each with its hash.
fn chain(events: i64) -> Vec<(StoredEvent, Hash)> {
    let mut chain: Vec<(StoredEvent, Hash)> = Vec::new();
    for event_id in 1..=events {
        let previous_hash = chain.last().map_or_else(Hash::none, |(_, hash)| hash.clone());
        let event = StoredEvent {
            event_id,
            happened_at: "2026-04-06T14:30:00.000001Z".to_owned(),
            run_id: (event_id > 1).then_some(7),
            event: "run started".to_owned(),
            who: Doer {
                database_role: "job".to_owned(),
                operator: Some("größe".to_owned()),
                ticket: None,
                reason: Some(String::new()),
                host: None,
                pod: None,
            },
            detail: "{}".to_owned(),
            previous_hash,
        };
        let hash = event.hash();
        chain.push((event, hash));
    }
    chain
}

fn head(chain: &[(StoredEvent, Hash)]) -> Head {
    chain.last().map_or(Head { event_id: 0, hash: Hash::none() }, |(event, hash)| Head {
        event_id: event.event_id,
        hash: hash.clone(),
    })
}

fn check(chain: &[(StoredEvent, Hash)], mark: &Head, noted: Option<Head>) -> Vec<Finding> {
    let mut checker = Checker::new(noted);
    for (event, hash) in chain {
        checker.next(event, hash.clone());
    }
    checker.finish(Some(mark))
}

#[test]
fn the_canonical_form_is_as_described() {
    let (first, _) = &chain(1)[0];
    assert_eq!(
        first.canonical_form(),
        format!(
            "reseal audit event 1\nevent_id=1:1\nhappened_at=27:2026-04-06T14:30:00.000001Z\nrun_id=\n\
             event=11:run started\ndatabase_role=3:job\noperator=7:größe\nticket=\nreason=0:\nhost=\npod=\n\
             detail=2:{{}}\nprevious_hash=64:{}\n",
            "0".repeat(64)
        )
    );
}

#[test]
fn a_whole_chain_has_no_findings() {
    for length in [0, 1, 5] {
        let chain = chain(length);
        assert_eq!(check(&chain, &head(&chain), None), []);
        for noted in &chain {
            let noted = Head { event_id: noted.0.event_id, hash: noted.1.clone() };
            assert_eq!(check(&chain, &head(&chain), Some(noted)), []);
        }
    }
}

#[test]
fn every_edited_field_is_found() {
    type Edit = fn(&mut StoredEvent);
    let edits: [Edit; 11] = [
        |e| e.happened_at.replace_range(0..4, "2027"),
        |e| e.run_id = None,
        |e| e.event.push(' '),
        |e| e.who.database_role = "another".to_owned(),
        |e| e.who.operator = None,
        |e| e.who.ticket = Some(String::new()),
        |e| e.who.reason = None,
        |e| e.who.host = Some("h".to_owned()),
        |e| e.who.pod = Some("p".to_owned()),
        |e| e.detail = "{ }".to_owned(),
        |e| e.previous_hash = Hash::none(),
    ];
    for edit in edits {
        let mut chain = chain(5);
        let mark = head(&chain);
        edit(&mut chain[2].0);
        assert_eq!(check(&chain, &mark, None), [Finding::Edited { event_id: 3 }]);
    }
}

#[test]
fn an_edited_hash_is_found() {
    for at in [0, 2, 4] {
        let mut chain = chain(5);
        let mark = head(&chain);
        chain[at].1 = Hash::none();
        let event_id = chain[at].0.event_id;
        assert_eq!(check(&chain, &mark, None), [Finding::Edited { event_id }]);
    }
}

#[test]
fn an_event_rewritten_with_its_hash_is_found() {
    for at in [0, 2, 4] {
        let mut chain = chain(5);
        let mark = head(&chain);
        chain[at].0.who.operator = None;
        chain[at].1 = chain[at].0.hash();
        let event_id = chain[at].0.event_id;
        assert_eq!(check(&chain, &mark, None), [Finding::Rewritten { event_id }]);
    }
}

#[test]
fn removed_rows_are_named() {
    let mut chain = chain(9);
    let mark = head(&chain);
    chain.retain(|(event, _)| !matches!(event.event_id, 1 | 4 | 5));
    let findings = check(&chain, &mark, None);
    let removed = |first, last| Finding::Removed { first, last };
    assert_eq!(findings, [removed(1, 1), removed(4, 5)]);
    assert_eq!(findings[1].to_string(), "events 4 to 5 were removed");
}

#[test]
fn an_end_that_was_cut_off_is_named() {
    let mut chain = chain(9);
    let mark = head(&chain);
    chain.truncate(6);
    let cut_off = [Finding::CutOff { first: 7, last: 9 }];
    assert_eq!(check(&chain, &mark, None), cut_off);
    // … and the mark set back: only a head from elsewhere knows
    let set_back = head(&chain);
    assert_eq!(check(&chain, &set_back, None), []);
    assert_eq!(check(&chain, &set_back, Some(mark.clone())), cut_off);
    assert_eq!(check(&[], &head(&[]), Some(mark)), [Finding::CutOff { first: 1, last: 9 }]);
}

#[test]
fn a_chain_that_was_written_anew_is_told_from_the_one_that_was_noted() {
    let mut chain = chain(5);
    let noted = head(&chain);
    chain[1].0.who.operator = None;
    for at in 1..5 {
        chain[at].0.previous_hash = chain[at - 1].1.clone();
        chain[at].1 = chain[at].0.hash();
    }
    assert_eq!(check(&chain, &head(&chain), None), []);
    let another = [Finding::AnotherChain { event_id: 5 }];
    assert_eq!(check(&chain, &head(&chain), Some(noted)), another);
}

#[test]
fn rows_beside_the_chain_are_named() {
    let mut chain = chain(5);
    let mark = head(&chain[..3]);
    assert_eq!(check(&chain, &mark, None), [Finding::Foreign { first: 4, last: 5 }]);
    let mark = head(&chain);
    chain[0].0.event_id = -4;
    let found = check(&chain, &mark, None);
    let expected =
        [Finding::Foreign { first: -4, last: -4 }, Finding::Removed { first: 1, last: 1 }];
    assert_eq!(found, expected);
    let mut checker = Checker::new(None);
    for (event, hash) in super::tests::chain(1) {
        checker.next(&event, hash);
    }
    assert_eq!(checker.finish(None), [Finding::HeadRemoved]);
}

#[test]
fn heads_are_read_as_they_are_written() {
    let head = head(&chain(3));
    assert_eq!(head.to_string().parse(), Ok(head.clone()));
    assert_eq!(head.to_string().to_uppercase().parse(), Ok(head.clone()));
    let hash = head.hash.to_string();
    for text in ["", "3", "3:", &hash, &format!("0:{hash}"), &format!("3:{}", &hash[1..])] {
        assert_eq!(text.parse::<Head>(), Err(MalformedHead), "{text}");
    }
}
