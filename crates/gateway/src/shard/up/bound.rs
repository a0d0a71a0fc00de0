//! Values of parameters that settings get: `SELECT set_config('myapp.user_id', $1, false)`.

use std::sync::Arc;

use super::Message;
use crate::shard::decide::{Course, Effects};
use crate::shard::frame::{self, SHORT_BYTES};

/// Types of parameters whose values are texts in either format: not told (then it is one), `text`, `unknown`, `varchar`.
const TEXTS: [u32; 4] = [0, 25, 705, 1043];

/// The types behind the text of a Parse are known now: what gets the value of a parameter of another type can't be followed.
pub(super) fn keep_texts(effects: &mut Effects, behind: &[u8]) {
    let Some(course) = effects.course.as_ref().filter(|course| course.parameters().next().is_some()) else {
        return;
    };
    // Its NUL, and how many there are.
    let types = behind.get(3..).unwrap_or_default();
    let is_text = |parameter: usize| {
        let bytes = types.get((parameter - 1) * 4..).and_then(|rest| rest.first_chunk());
        TEXTS.contains(&bytes.map_or(0, |bytes| u32::from_be_bytes(*bytes)))
    };
    if !course.parameters().all(is_text) {
        effects.is_dirty = true;
        effects.course = course.without_parameters();
    }
}

/// What is to be followed of a portal. None: more of the message has to come. A course whose values can't be told stays as it
/// is: then its session is cleaned.
#[expect(
    clippy::option_option,
    reason = "a course that is not there, and one that can't be told yet, are two things"
)]
pub(super) fn course(course: Option<Arc<Course>>, bind: &Message<'_>) -> Option<Option<Arc<Course>>> {
    let Some(course) = course else { return Some(None) };
    if course.parameters().next().is_none() {
        return Some(Some(course));
    }
    if !bind.is_whole() {
        return if bind.head.bytes <= SHORT_BYTES { None } else { Some(Some(course)) };
    }
    let values = values(bind.body()).unwrap_or_default();
    let value = |parameter: usize| match values.get(parameter.checked_sub(1)?)? {
        None => Some(None),
        Some(bytes) => std::str::from_utf8(bytes).ok().map(|text| Some(text.to_owned())),
    };
    Some(Some(course.bound(value).unwrap_or(course)))
}

/// The parameters of a Bind, NULL ones as none.
fn values(body: &[u8]) -> Option<Vec<Option<&[u8]>>> {
    let (_, rest) = frame::text(body)?;
    let (_, rest) = frame::text(rest)?;
    let (formats, rest) = count(rest)?;
    let (count, mut rest) = count(rest.get(2 * formats..)?)?;
    let mut values = Vec::new();
    for _ in 0..count {
        let length = i32::from_be_bytes(*rest.first_chunk()?);
        rest = &rest[4..];
        let Ok(length) = usize::try_from(length) else {
            values.push(None);
            continue;
        };
        let (value, behind) = rest.split_at_checked(length)?;
        values.push(Some(value));
        rest = behind;
    }
    Some(values)
}

fn count(rest: &[u8]) -> Option<(usize, &[u8])> {
    let bytes: &[u8; 2] = rest.first_chunk()?;
    Some((u16::from_be_bytes(*bytes).into(), &rest[2..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_of_a_bind() {
        let body = b"portal\0name\0\0\x01\0\0\0\x03\0\0\0\x02ab\xff\xff\xff\xff\0\0\0\0\0\0";
        assert_eq!(values(body), Some(vec![Some(&b"ab"[..]), None, Some(&b""[..])]));
        for cut in 0..body.len() - 2 {
            assert_eq!(values(&body[..cut]), None, "{cut}");
        }
        assert_eq!(values(b"\0\0\xff\xff"), None);
    }
}
