//! Signatures of webhooks: whether a request was sent by who knows the secret.
//!
//! Two forms, both HMAC-SHA256:
//!
//! * Standard Webhooks: `webhook-signature: v1,BASE64` over `ID.TIMESTAMP.BODY`, with the headers
//!   `webhook-id` and `webhook-timestamp`; a secret that begins with `whsec_` is base64 behind that.
//! * That of GitHub: `x-hub-signature-256: sha256=HEX` over the body. It signs no time and no
//!   identity: what was caught can be sent again later.
//!
//! Invariants:
//!
//! * Comparisons take the same time wherever two signatures differ.
//! * A request with a header twice is not signed.
//! * What was signed in one form is not signed in the other, although the key is the same: an
//!   identity has no characters with which a body of GitHub's begins, and a body in GitHub's form
//!   does not begin as what the standard signs.
//!
//! Absent by design: the clock; the present time is handed in.
//!
//! Source: Standard Webhooks, <https://github.com/standard-webhooks/standard-webhooks>.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ring::hmac;

/// How far the time of a request may be from the present, in seconds.
const TOLERANCE: u64 = 300;

/// Longest identity of a delivery, in bytes.
const MAX_ID: usize = 200;

/// Signatures of one request that are compared: a sender that changes its secret sends several.
const MAX_SIGNATURES: usize = 8;

/// The headers of a request, by name in lower case.
pub(super) type Headers = BTreeMap<String, Vec<String>>;

/// Returns what identifies a delivery that is signed with the secret; `None` if it is not. `now` is
/// in seconds since 1970.
pub(super) fn verified(secret: &str, headers: &Headers, body: &[u8], now: i64) -> Option<String> {
    if headers.contains_key("webhook-signature") {
        return standard(secret, headers, body, now);
    }
    if is_of_the_standard(body) {
        return None;
    }
    let given = single(headers, "x-hub-signature-256")?.strip_prefix("sha256=")?;
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    hmac::verify(&key, body, &bytes_of_hex(given)?).ok()?;
    Some(match headers.get("x-github-delivery") {
        Some(_) => {
            let id = single(headers, "x-github-delivery")?;
            (!id.is_empty() && id.len() <= MAX_ID).then(|| format!("id {id}"))?
        }
        None => format!("body {}", digest(body)),
    })
}

fn standard(secret: &str, headers: &Headers, body: &[u8], now: i64) -> Option<String> {
    let id = single(headers, "webhook-id")?;
    let timestamp = single(headers, "webhook-timestamp")?;
    let signatures = single(headers, "webhook-signature")?;
    let seconds: i64 = timestamp.parse().ok()?;
    if seconds.abs_diff(now) > TOLERANCE || !is_identity(id.as_bytes()) {
        return None;
    }
    let key = match secret.strip_prefix("whsec_") {
        Some(encoded) => BASE64.decode(encoded).ok()?,
        None => secret.as_bytes().to_vec(),
    };
    let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
    let mut signed = format!("{id}.{timestamp}.").into_bytes();
    signed.extend_from_slice(body);
    let is_right = |signature: &str| {
        let tag = signature.strip_prefix("v1,").and_then(|tag| BASE64.decode(tag).ok());
        tag.is_some_and(|tag| hmac::verify(&key, &signed, &tag).is_ok())
    };
    let is_signed = signatures.split(' ').take(MAX_SIGNATURES).any(is_right);
    is_signed.then(|| format!("id {id}"))
}

/// Returns whether bytes begin as what the standard signs: `ID.TIMESTAMP.`
fn is_of_the_standard(body: &[u8]) -> bool {
    let mut parts = body.splitn(3, |byte| *byte == b'.');
    let (Some(id), Some(time), Some(_)) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    is_identity(id) && !time.is_empty() && time.iter().all(u8::is_ascii_digit)
}

/// Returns whether bytes may be the identity of a delivery.
fn is_identity(id: &[u8]) -> bool {
    let fits = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    !id.is_empty() && id.len() <= MAX_ID && id.iter().all(fits)
}

fn single<'h>(headers: &'h Headers, name: &str) -> Option<&'h str> {
    match headers.get(name)?.as_slice() {
        [one] => Some(one),
        _ => None,
    }
}

/// Returns the SHA-256 of bytes in hexadecimal digits.
pub(super) fn digest(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(64);
    for byte in ring::digest::digest(&ring::digest::SHA256, bytes).as_ref() {
        write!(text, "{byte:02x}").expect("a string takes everything");
    }
    text
}

fn bytes_of_hex(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let byte = |[high, low]: &[u8; 2]| Some(digit(*high)? << 4 | digit(*low)?);
    rest.is_empty().then(|| pairs.iter().map(byte).collect()).flatten()
}

#[cfg(test)]
mod tests;
