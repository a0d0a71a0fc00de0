//! A bounded map that forgets what is not used: two generations of entries. New and used ones are in the young one; when that
//! is full the old one goes, and the young one becomes the old. No entry is moved to be found, and memory has a limit in
//! entries and in bytes. Pure.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hash, Hasher};

/// Keys are keyed hashes already: they only have to be folded.
#[derive(Clone, Copy, Debug, Default)]
pub struct Folded(u64);

impl Hasher for Folded {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        }
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = self.0.rotate_left(23) ^ word;
    }

    fn write_u128(&mut self, word: u128) {
        self.write_u64((word >> 64) as u64);
        self.write_u64(word as u64);
    }

    fn finish(&self) -> u64 {
        // Small numbers beside the hash must reach the high bits, which the map looks at too.
        self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}

type Map<K, V> = HashMap<K, (V, usize), BuildHasherDefault<Folded>>;

/// The map.
#[derive(Debug)]
pub struct Generations<K, V> {
    young: Map<K, V>,
    old: Map<K, V>,
    /// Bytes of the young ones.
    bytes: usize,
    /// Entries and bytes of one generation at most.
    entries_max: usize,
    bytes_max: usize,
}

impl<K: Hash + Eq + Copy, V: Clone> Generations<K, V> {
    /// For that many entries and bytes in both generations together.
    pub fn new(entries_max: usize, bytes_max: usize) -> Self {
        Self {
            young: Map::default(),
            old: Map::default(),
            bytes: 0,
            entries_max: (entries_max / 2).max(1),
            bytes_max: bytes_max / 2,
        }
    }

    /// What is kept under a key; it stays for another generation.
    pub fn get(&mut self, key: &K) -> Option<V> {
        if let Some((value, _)) = self.young.get(key) {
            return Some(value.clone());
        }
        let (value, bytes) = self.old.remove(key)?;
        self.insert(*key, value.clone(), bytes);
        Some(value)
    }

    /// Keeps a value that takes so many bytes; one that is greater than a generation is not kept.
    pub fn insert(&mut self, key: K, value: V, bytes: usize) {
        if bytes > self.bytes_max {
            return;
        }
        if self.young.len() >= self.entries_max || self.bytes + bytes > self.bytes_max {
            self.old = std::mem::take(&mut self.young);
            self.bytes = 0;
        }
        self.old.remove(&key);
        if let Some((_, before)) = self.young.insert(key, (value, bytes)) {
            self.bytes -= before;
        }
        self.bytes += bytes;
    }

    /// Forgets the entries of these keys.
    pub fn forget(&mut self, which: impl Fn(&K) -> bool) {
        self.old.retain(|key, _| !which(key));
        self.young.retain(|key, _| !which(key));
        self.bytes = self.young.values().map(|(_, bytes)| bytes).sum();
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.young.len() + self.old.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_stays_and_the_rest_goes() {
        let mut map = Generations::new(8, 1000);
        map.insert(0_u64, "used", 1);
        for key in 1..100 {
            map.insert(key, "once", 1);
            assert_eq!(map.get(&0), Some("used"), "{key}");
            assert!(map.len() <= 8);
        }
        assert_eq!(map.get(&50), None);
        assert_eq!(map.get(&99), Some("once"));
    }

    #[test]
    fn bytes_have_a_limit() {
        let mut map = Generations::new(1000, 100);
        map.insert(1_u64, (), 51);
        assert!(map.is_empty(), "greater than a generation");
        for key in 0..100 {
            map.insert(key, (), 20);
            assert!(map.len() <= 4);
        }
        for _ in 0..100 {
            map.insert(7, (), 20);
        }
        assert_eq!(map.get(&7), Some(()), "the same key again is not counted twice");
        map.forget(|key| *key == 7);
        assert_eq!(map.get(&7), None);
    }
}
