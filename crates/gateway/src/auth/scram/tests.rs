use postgres_protocol::authentication::sasl::{ChannelBinding, ScramSha256};
use postgres_protocol::password;
use proptest::prelude::*;

use super::*;

const SALT: &[u8] = b"0123456789abcdef";

/// Few rounds, so that tests are quick; the count is the verifier's own.
fn verifiers(secrets: &[&str]) -> Verifiers {
    Verifiers::new(secrets.iter().map(|secret| Verifier::of(secret.as_bytes(), SALT, 16)).collect()).unwrap()
}

fn tls() -> Channel {
    Channel { server_end_point: Some(vec![7; 32]), exporter: Some(vec![8; 32]) }
}

fn begin(first: &str, channel: &Channel) -> Result<(Exchange, String)> {
    let mechanism = if first.starts_with("p=") { SCRAM_PLUS } else { SCRAM };
    Exchange::begin(mechanism.as_bytes(), Some(first.as_bytes()), channel, verifiers(&["pencil"]))
}

/// A whole exchange with rust-postgres' client.
fn log_in(
    password: &str,
    binding: ChannelBinding,
    channel: &Channel,
    known: Verifiers,
) -> Result<usize, Denied> {
    let mut client = ScramSha256::new(password.as_bytes(), binding);
    let mechanism = if client.message().starts_with(b"p=") { SCRAM_PLUS } else { SCRAM };
    let (exchange, challenge) =
        Exchange::begin(mechanism.as_bytes(), Some(client.message()), channel, known)?;
    client.update(challenge.as_bytes()).unwrap();
    let proved = exchange.finish(client.message())?;
    client.finish(proved.message.as_bytes()).unwrap();
    Ok(proved.verifier)
}

/// RFC 7677, section 3.
#[test]
fn the_example_of_the_rfc() {
    let salt = STANDARD.decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap();
    let known = Verifiers::new(vec![Verifier::of(b"pencil", &salt, 4096)]).unwrap();
    let first = b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
    let ours = (known, "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0");
    let (exchange, challenge) =
        Exchange::begin_with(SCRAM.as_bytes(), Some(first), &Channel::default(), ours).unwrap();
    let nonce = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
    assert_eq!(challenge, format!("r={nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"));
    let last = format!("c=biws,r={nonce},p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
    let proved = exchange.finish(last.as_bytes()).unwrap();
    assert_eq!(proved.message, "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
}

#[test]
fn a_client_of_another_make_gets_in_with_and_without_binding() {
    let end_point = || ChannelBinding::tls_server_end_point(vec![7; 32]);
    assert_eq!(log_in("pencil", end_point(), &tls(), verifiers(&["pencil"])).ok(), Some(0));
    assert_eq!(log_in("pencil", ChannelBinding::unsupported(), &tls(), verifiers(&["pencil"])).ok(), Some(0));
    let plain = Channel::default();
    assert_eq!(log_in("pencil", ChannelBinding::unsupported(), &plain, verifiers(&["pencil"])).ok(), Some(0));
    assert_eq!(log_in("pencil", ChannelBinding::unrequested(), &plain, verifiers(&["pencil"])).ok(), Some(0));
    assert_eq!(plain.mechanisms(), [SCRAM]);
    assert_eq!(tls().mechanisms(), [SCRAM_PLUS, SCRAM]);
}

#[test]
fn any_secret_of_a_login_gets_in_and_no_other() {
    let known = || verifiers(&["password", "key-1", "key-2"]);
    let log_in = |secret: &str| log_in(secret, ChannelBinding::unsupported(), &Channel::default(), known());
    for (number, secret) in ["password", "key-1", "key-2"].into_iter().enumerate() {
        assert_eq!(log_in(secret).ok(), Some(number));
    }
    for wrong in ["", "Password", "key-3", "password "] {
        assert!(matches!(log_in(wrong), Err(Denied::Proof)), "{wrong}");
        assert_eq!(known().matching(wrong.as_bytes()), None);
    }
    assert_eq!(known().matching(b"key-2"), Some(2));
}

/// W30: an unknown user can't be told from a wrong password.
#[test]
fn an_unknown_user_sees_the_same_as_a_wrong_password() {
    let secret = b"of the installation";
    let challenge = |user: &str| {
        let first = b"n,,n=,r=abc";
        let ours = (Verifiers::mock(secret, user), "x");
        Exchange::begin_with(SCRAM.as_bytes(), Some(first), &Channel::default(), ours).unwrap().1
    };
    let steady = challenge("nobody");
    assert_eq!(steady, challenge("nobody"), "as of a user that exists, the salt is the same at each try");
    assert_ne!(steady, challenge("nobody2"));
    let stored = password::scram_sha_256(b"pencil");
    let known = Verifiers::new(vec![Verifier::parse(&stored).unwrap()]).unwrap();
    let ours = (known, "x");
    let genuine =
        Exchange::begin_with(SCRAM.as_bytes(), Some(b"n,,n=,r=abc"), &Channel::default(), ours).unwrap().1;
    assert_eq!(steady.len(), genuine.len());
    assert!(steady.ends_with(",i=4096") && genuine.ends_with(",i=4096"));
    let mock = || Verifiers::mock(secret, "nobody");
    let unknown = log_in("pencil", ChannelBinding::unsupported(), &Channel::default(), mock());
    assert!(matches!(unknown, Err(Denied::Proof)));
    assert_eq!(mock().matching(b"pencil"), None);
}

/// The stored keys of a mock follow from the secret, but even who knew them would not get in.
#[test]
fn no_proof_fits_a_mock() {
    let mut mock = Verifiers::mock(b"s", "nobody");
    mock.replace(vec![Verifier::of(b"pencil", SALT, 16)]);
    assert_eq!(mock.matching(b"pencil"), None);
    let result = log_in("pencil", ChannelBinding::unsupported(), &Channel::default(), mock);
    assert!(matches!(result, Err(Denied::Proof)));
}

/// W30: somebody in between strikes -PLUS from the list; the client says `y`.
#[test]
fn a_downgrade_is_refused() {
    let error = log_in("pencil", ChannelBinding::unrequested(), &tls(), verifiers(&["pencil"]));
    let Err(Denied::Message(error)) = error else { panic!("{error:?}") };
    assert_eq!(error.code().sqlstate(), "28000");
    assert_eq!(error.message(), "SCRAM channel binding negotiation error");
}

#[test]
fn a_proof_bound_to_another_channel_is_refused() {
    let other = ChannelBinding::tls_server_end_point(vec![6; 32]);
    let error = log_in("pencil", other, &tls(), verifiers(&["pencil"]));
    let Err(Denied::Message(error)) = error else { panic!("{error:?}") };
    assert_eq!((error.code().sqlstate(), error.message()), ("28000", "SCRAM channel binding check failed"));
}

#[test]
fn first_messages_that_are_refused() {
    let cases = [
        ("", "08P01"),
        ("n", "08P01"),
        ("n,,", "08P01"),
        ("n,,n=", "08P01"),
        ("n,,r=abc", "08P01"),
        ("n,,n=,r=", "08P01"),
        ("n,,n=,r=a\u{7f}", "08P01"),
        ("n,,n=,r=ä", "08P01"),
        ("n,,n=,r=a,x", "08P01"),
        ("n,,n=,r=a,1=x", "08P01"),
        ("x,,n=,r=abc", "08P01"),
        ("n,b=x,n=,r=abc", "08P01"),
        ("p=,,n=,r=abc", "08P01"),
        ("n,a=other,n=,r=abc", "0A000"),
        ("n,,m=ext,n=,r=abc", "0A000"),
        ("p=tls-unique,,n=,r=abc", "0A000"),
        ("y,,n=,r=abc", "28000"),
    ];
    for (first, state) in cases {
        let error = begin(first, &tls()).map(|_| ()).unwrap_err();
        assert_eq!(error.code().sqlstate(), state, "{first:?}: {error:?}");
    }
    for fine in
        ["n,,n=,r=abc", "n,,n=user,r=abc,x=y", "p=tls-server-end-point,,n=,r=a", "p=tls-exporter,,n=,r=a"]
    {
        assert!(begin(fine, &tls()).is_ok(), "{fine}");
    }
    assert!(begin(&format!("n,,n=,r={}", "a".repeat(1100)), &tls()).is_err());
}

#[test]
fn mechanism_and_flag_have_to_agree() {
    let begin = |mechanism: &str, first: &str, channel: &Channel| {
        Exchange::begin(mechanism.as_bytes(), Some(first.as_bytes()), channel, verifiers(&["x"])).map(|_| ())
    };
    let plain = Channel::default();
    let bound = "p=tls-server-end-point,,n=,r=a";
    assert!(begin(SCRAM_PLUS, bound, &tls()).is_ok());
    assert!(begin(SCRAM, bound, &tls()).is_err());
    assert!(begin(SCRAM_PLUS, "n,,n=,r=a", &tls()).is_err());
    assert!(begin(SCRAM_PLUS, "y,,n=,r=a", &tls()).is_err());
    assert!(begin(SCRAM_PLUS, bound, &plain).is_err(), "what was not offered can't be chosen");
    assert!(begin("SCRAM-SHA-1", "n,,n=,r=a", &tls()).is_err());
    assert!(begin("", "n,,n=,r=a", &tls()).is_err());
    let silent = Exchange::begin(SCRAM.as_bytes(), None, &plain, verifiers(&["x"]));
    assert!(silent.is_err());
}

#[test]
fn last_messages_that_are_refused() {
    let proof = STANDARD.encode([0; 32]);
    let state = |last: &dyn Fn(&str) -> String| {
        let (exchange, challenge) = begin("n,,n=,r=abc", &Channel::default()).unwrap();
        let nonce = challenge[2..].split(',').next().unwrap().to_owned();
        match exchange.finish(last(&nonce).as_bytes()) {
            Err(Denied::Message(error)) => Some(error.code().sqlstate()),
            Err(Denied::Proof) => None,
            Ok(proved) => panic!("{proved:?}"),
        }
    };
    assert_eq!(state(&|nonce| format!("c=biws,r={nonce},p={proof}")), None, "well-formed, and wrong");
    assert_eq!(state(&|nonce| format!("c=biws,r={nonce},x=y,p={proof}")), None);
    // A nonce of another exchange, the client's part alone, none.
    for nonce in ["abcdef", "abc", ""] {
        assert_eq!(state(&|_| format!("c=biws,r={nonce},p={proof}")), Some("08P01"), "{nonce}");
    }
    // The header of another flag.
    assert_eq!(state(&|nonce| format!("c=eSws,r={nonce},p={proof}")), Some("28000"));
    for layout in [
        "",
        "c=biws",
        "c=biws,r=N",
        "c=biws,r=N,p=",
        "c=biws,r=N,p=AAAA",
        "r=N,c=biws,p=P",
        "c=!,r=N,p=P",
        "c=biws,r=N,x,p=P",
        "c=biws,r=N,p=P,",
    ] {
        let filled = |nonce: &str| layout.replace('N', nonce).replace('P', &proof);
        assert_eq!(state(&filled), Some("08P01"), "{layout}");
    }
}

#[test]
fn verifiers_of_postgres_are_read() {
    let stored = password::scram_sha_256("pässword\u{a0}x".as_bytes());
    let verifier = Verifier::parse(&stored).unwrap();
    assert!(verifier.matches("pässword\u{a0}x".as_bytes()));
    assert!(verifier.matches("pässword x".as_bytes()), "SASLprep makes the same of both");
    assert!(!verifier.matches(b"password x"));
    assert_eq!(format!("{verifier:?}"), "[redacted]");
    assert!(!Verifier::of(b"", SALT, 1).matches(b""), "an empty password is none");
    let raw = Verifier::of(b"\xff\xfe", SALT, 1);
    assert!(raw.matches(b"\xff\xfe"), "what is no UTF-8 is taken as it is");
    assert!(Verifier::of(&[b'x'; 100], SALT, 2).matches(&[b'x'; 100]));
}

#[test]
fn verifiers_that_cannot_be() {
    let stored = password::scram_sha_256(b"x");
    let keys = stored.rsplit('$').next().unwrap();
    for wrong in [
        String::new(),
        "md5abc".to_owned(),
        format!("SCRAM-SHA-1$4096:AAAA${keys}"),
        format!("SCRAM-SHA-256$0:AAAA${keys}"),
        format!("SCRAM-SHA-256$100001:AAAA${keys}"),
        format!("SCRAM-SHA-256$4294967296:AAAA${keys}"),
        format!("SCRAM-SHA-256$-1:AAAA${keys}"),
        format!("SCRAM-SHA-256$4096:${keys}"),
        format!("SCRAM-SHA-256$4096:!!!!${keys}"),
        "SCRAM-SHA-256$4096:AAAA$AAAA:AAAA".to_owned(),
        format!("{stored}x"),
    ] {
        assert!(Verifier::parse(&wrong).is_err(), "{wrong}");
    }
    assert!(Verifiers::new(vec![]).is_err());
    let other_salt = vec![Verifier::of(b"a", SALT, 2), Verifier::of(b"b", b"other", 2)];
    assert!(Verifiers::new(other_salt).is_err());
    assert!(Verifiers::new(vec![Verifier::of(b"a", SALT, 2), Verifier::of(b"b", SALT, 3)]).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_password_gets_in_and_its_neighbours_do_not(password in "\\PC{1,20}", other in "\\PC{1,20}") {
        let known = || verifiers(&[&password]);
        let channel = Channel::default();
        prop_assert_eq!(log_in(&password, ChannelBinding::unsupported(), &channel, known()).ok(), Some(0));
        let prepared = |s: &str| stringprep::saslprep(s).map_or_else(|_| s.to_owned(), |p| p.into_owned());
        if prepared(&password) != prepared(&other) {
            let result = log_in(&other, ChannelBinding::unsupported(), &channel, known());
            prop_assert!(matches!(result, Err(Denied::Proof)));
        }
    }

    #[test]
    fn one_changed_byte_of_the_proof_is_enough(at in any::<usize>(), bit in 0_u8..8) {
        let mut client = ScramSha256::new(b"pencil", ChannelBinding::unsupported());
        let channel = Channel::default();
        let (exchange, challenge) =
            Exchange::begin(SCRAM.as_bytes(), Some(client.message()), &channel, verifiers(&["pencil"])).unwrap();
        client.update(challenge.as_bytes()).unwrap();
        let mut last = client.message().to_vec();
        let at = at % last.len();
        last[at] ^= 1 << bit;
        prop_assert!(exchange.finish(&last).is_err());
    }

    #[test]
    fn anything_may_be_sent(first in "\\PC{0,60}", last in prop::collection::vec(any::<u8>(), 0..80)) {
        let _ = begin(&first, &tls());
        let (exchange, _) = begin("n,,n=,r=abc", &Channel::default()).unwrap();
        prop_assert!(exchange.finish(&last).is_err());
    }
}
