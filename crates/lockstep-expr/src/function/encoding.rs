//! Bytes as texts and back: `base64.*`.

use base64::Engine as _;
use base64::alphabet::STANDARD as ALPHABET;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};

use crate::error::code;
use crate::fault::{Fault, Outcome, shown_text};
use crate::meter::Meter;
use crate::value::Value;

/// Reads with and without `=` at the end, whatever the bits beyond the last byte.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &ALPHABET,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// A function of texts that stand for bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// Bytes to base64.
    Encode,
    /// Base64 to bytes.
    Decode,
}

/// Computes a function; `None` if it is not defined for such values.
pub(super) fn call(
    encoding: Encoding,
    arguments: &[Value],
    meter: &mut Meter,
) -> Outcome<Option<Value>> {
    match (encoding, arguments) {
        (Encoding::Encode, [Value::Bytes(bytes)]) => {
            meter.make(bytes.len().saturating_add(2) / 3 * 4)?;
            Ok(Some(STANDARD.encode(bytes).into()))
        }
        (Encoding::Decode, [Value::String(text)]) => {
            meter.make(text.len())?;
            let bytes = LENIENT.decode(text.as_bytes()).map_err(|_| {
                Fault::new(code::CONVERSION, format!("{} is not base64", shown_text(text)))
            })?;
            Ok(Some(Value::Bytes(bytes.into())))
        }
        _ => Ok(None),
    }
}
