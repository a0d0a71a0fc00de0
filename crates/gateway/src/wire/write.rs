//! Writes messages at the end of a caller's buffer.

/// A message of this type; `body` writes what stands in it, and the length is filled in afterwards.
pub(crate) fn message(out: &mut Vec<u8>, tag: u8, body: impl FnOnce(&mut Vec<u8>)) {
    out.push(tag);
    lengthed(out, body);
}

/// A length word that counts itself, and what it counts.
pub(crate) fn lengthed(out: &mut Vec<u8>, body: impl FnOnce(&mut Vec<u8>)) {
    let at = out.len();
    out.extend_from_slice(&[0; 4]);
    body(out);
    let length = u32::try_from(out.len() - at).unwrap_or(u32::MAX);
    if let Some(place) = out.get_mut(at..at + 4) {
        place.copy_from_slice(&length.to_be_bytes());
    }
}

/// A text and its NUL. A NUL within the text would end it early and shift every field behind, so the text ends there.
pub(crate) fn text(out: &mut Vec<u8>, text: &[u8]) {
    let end = text.iter().position(|byte| *byte == 0).unwrap_or(text.len());
    out.extend_from_slice(&text[..end]);
    out.push(0);
}
