use super::*;

/// xorshift64* (Marsaglia 2003; Vigna 2016): the same numbers in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    /// One to four mutations: a bit, a byte, a length that lies, bytes taken out, doubled, cut off or put in.
    fn mutate(&mut self, bytes: &mut Vec<u8>) {
        for _ in 0..=self.below(4) {
            let at = self.below(bytes.len());
            let end = at + self.below(bytes.len() - at.min(bytes.len())).min(12);
            match self.below(8) {
                0 if at < bytes.len() => bytes[at] ^= 1 << self.below(8),
                1 if at < bytes.len() => bytes[at] = self.next() as u8,
                2 if at + 4 <= bytes.len() => {
                    let lie = [0, 3, 4, 5, 0x7fff_ffff, 0x8000_0000, u32::MAX][self.below(7)];
                    bytes[at..at + 4].copy_from_slice(&lie.to_be_bytes());
                }
                3 => drop(bytes.drain(at..end)),
                4 => {
                    let doubled = bytes[at..end].to_vec();
                    bytes.splice(at..at, doubled);
                }
                5 => bytes.truncate(at),
                6 => bytes.insert(at, 0),
                _ => {
                    let word = self.next().to_be_bytes();
                    bytes.splice(at..at, word);
                }
            }
        }
    }
}

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
    let mut random = Random(seed);
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
