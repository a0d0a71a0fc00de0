//! Mutations of bytes, the same in every run.

/// xorshift64* (Marsaglia 2003; Vigna 2016): the same numbers in every run.
pub struct Random(u64);

impl Random {
    /// From a seed, which must not be 0.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    /// One to four mutations: a bit, a byte, a length that lies, bytes taken out, doubled, cut off or put in.
    pub fn mutate(&mut self, bytes: &mut Vec<u8>) {
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
