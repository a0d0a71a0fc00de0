use super::*;

fn client(asked: Asked) -> Fate {
    Fate::new(asked, To::Client)
}

#[test]
fn an_answer_ends_its_question() {
    let mut fates = Fates::default();
    for asked in [Asked::Parse, Asked::Bind, Asked::Describe, Asked::Execute, Asked::Sync] {
        assert!(fates.push(client(asked)));
    }
    for (tag, ends) in [(b'1', true), (b'2', true), (b'T', true), (b'D', false), (b'C', true)] {
        assert_eq!(fates.answer(tag).unwrap().ended.is_some(), ends, "{}", char::from(tag));
    }
    assert!(!fates.is_settled());
    assert_eq!(fates.ready(), Ok(To::Client));
    assert!(fates.is_settled());
}

#[test]
fn what_nobody_asked_is_a_violation() {
    let mut fates = Fates::default();
    assert_eq!(fates.ready(), Err(Violation::Unasked(b'Z')));
    assert!(fates.answer(b'C').is_err());
    fates.push(client(Asked::Parse));
    for tag in *b"23TnDCIsGHdcVt" {
        assert!(fates.answer(tag).is_err(), "{}", char::from(tag));
    }
    assert!(fates.ready().is_err());
}

#[test]
fn an_error_drops_up_to_sync_or_skips_until_it() {
    let mut fates = Fates::default();
    for asked in [Asked::Parse, Asked::Bind, Asked::Sync, Asked::Query] {
        fates.push(client(asked));
    }
    let mut dropped = Vec::new();
    fates.fail(|fate| dropped.push(fate.asked));
    assert_eq!(dropped, [Asked::Parse, Asked::Bind]);
    assert_eq!(fates.ready(), Ok(To::Client));
    assert_eq!(fates.ready(), Ok(To::Client));
    fates.push(client(Asked::Parse));
    fates.fail(drop);
    assert!(!fates.push(client(Asked::Bind)) && !fates.push(client(Asked::Query)));
    assert!(!fates.is_settled());
    assert!(fates.push(client(Asked::Sync)));
    assert_eq!(fates.ready(), Ok(To::Client));
    assert!(fates.is_settled());
}

#[test]
fn an_error_at_sync_leaves_its_ready() {
    let mut fates = Fates::default();
    fates.push(client(Asked::Sync));
    fates.fail(|fate| panic!("{fate:?} was dropped"));
    assert_eq!(fates.ready(), Ok(To::Client));
}

#[test]
fn a_copy_swallows_every_sync_before_its_data_ends() {
    let mut fates = Fates::default();
    fates.push(client(Asked::Execute));
    fates.push(client(Asked::Sync));
    fates.answer(b'G').unwrap();
    assert!(!fates.push(client(Asked::Sync)));
    fates.push(client(Asked::CopyEnd));
    fates.push(client(Asked::Sync));
    assert!(fates.answer(b'C').unwrap().ended.is_some());
    assert_eq!(fates.ready(), Ok(To::Client));
    assert!(fates.is_settled());
}

#[test]
fn doubt_lasts() {
    let mut fates = Fates::default();
    fates.push(client(Asked::Execute));
    fates.push(client(Asked::Sync));
    fates.answer(b'G').unwrap();
    fates.fail(drop);
    fates.push(client(Asked::Sync));
    fates.ready().unwrap();
    assert!(!fates.is_settled());
    assert_eq!(fates.ready(), Ok(To::Client), "a second one may come");
}
