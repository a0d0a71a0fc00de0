//! Takes the fields of a message out of its body, without copying.

use super::Violation;

/// What is left of a body.
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(body: &'a [u8]) -> Self {
        Self { rest: body }
    }

    pub(crate) fn take(&mut self, bytes: usize) -> Result<&'a [u8], Violation> {
        let (taken, rest) = self.rest.split_at_checked(bytes).ok_or(Violation::Short)?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Violation> {
        let (taken, rest) = self.rest.split_first_chunk::<N>().ok_or(Violation::Short)?;
        self.rest = rest;
        Ok(*taken)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, Violation> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(crate) fn i16(&mut self) -> Result<i16, Violation> {
        self.array().map(i16::from_be_bytes)
    }

    pub(crate) fn i32(&mut self) -> Result<i32, Violation> {
        self.array().map(i32::from_be_bytes)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, Violation> {
        self.array().map(u32::from_be_bytes)
    }

    /// Bytes up to a NUL, which is taken too.
    pub(crate) fn text(&mut self) -> Result<&'a [u8], Violation> {
        let end = self.rest.iter().position(|byte| *byte == 0).ok_or(Violation::Text)?;
        let text = self.take(end)?;
        self.take(1)?;
        Ok(text)
    }

    pub(crate) fn rest(self) -> &'a [u8] {
        self.rest
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Nothing may be left.
    pub(crate) fn end(self) -> Result<(), Violation> {
        if self.rest.is_empty() { Ok(()) } else { Err(Violation::Format) }
    }
}
