use super::random::Random;
use super::*;

fn startups() -> Vec<Vec<u8>> {
    let packet = |word: u32, body: &[u8]| {
        [&(body.len() as u32 + 8).to_be_bytes()[..], &word.to_be_bytes(), body].concat()
    };
    vec![
        packet(196_608, b"user\0acme\0database\0main\0client_encoding\0UTF8\0\0"),
        packet(196_610, b"user\0app\0options\0-c app.current_tenant=acme --search-path=public\0\0"),
        packet(196_707, b"_pq_.x\x001\0user\0readonly.acme\0replication\0off\0\0"),
        packet(80_877_102, &[0, 0, 0, 7, 1, 2, 3, 4]),
        packet(80_877_102, &[5; 36]),
        packet(80_877_103, b""),
        packet(80_877_104, b""),
        b"\x16\x03\x01\x02\0\x01".to_vec(),
    ]
}

fn frames() -> Vec<Vec<u8>> {
    let mut frontend = vec![0, 6];
    frontend::parse(&mut frontend, frontend::Parse { name: b"s", sql: b"select $1", types: &[0, 0, 0, 23] });
    frontend.extend(b"B\0\0\0\x13\0s\0\0\0\0\x01\0\0\0\x01x\0\0");
    frontend::sync(&mut frontend);
    frontend::query(&mut frontend, "select 1");
    let mut backend = vec![1, 6];
    backend::plain(&mut backend, backend::Plain::ParseComplete);
    backend::data_row(&mut backend, &[Some("1"), None]);
    backend::command_complete(&mut backend, "SELECT 1");
    backend::ready_for_query(&mut backend, crate::wire::status::Status::Idle);
    vec![frontend, backend]
}

fn run(seed: u64, rounds: usize, seeds: &[Vec<u8>], target: fn(&[u8])) {
    let mut random = Random::new(seed);
    for seed in seeds {
        target(seed);
    }
    for round in 0..rounds {
        let mut bytes = seeds[round % seeds.len()].clone();
        random.mutate(&mut bytes);
        target(&bytes);
    }
}

#[test]
fn a_hundred_thousand_mutations() {
    run(1, 40_000, &startups(), fuzz_startup);
    run(2, 35_000, &frames(), fuzz_frames);
    let bodies: Vec<Vec<u8>> = vec![
        b"s\0select 1\0\0\0".to_vec(),
        b"Sname\0".to_vec(),
        b"SERROR\0VERROR\0C42501\0Mno\0\0".to_vec(),
        b"SCRAM-SHA-256\0\0\0\0\x0an,,n=,r=abc".to_vec(),
        b"\0\0\0\x0aSCRAM-SHA-256\0\0".to_vec(),
    ];
    run(3, 23_000, &bodies, fuzz_messages);
    let scram =
        vec![b"\x0bn,,n=,r=abcc=biws,r=abc,p=AAAA".to_vec(), b"\x0fy,,n=user,r=abcc=eSws,r=abc,p=".to_vec()];
    run(4, 2_000, &scram, fuzz_scram);
}
