//! Preconditions: which version a request presumes, as headers of RFC 9110 tell it, or the body.
//!
//! Invariants:
//!
//! * What cannot be understood is refused, never taken for no precondition.

use axum::http::{HeaderMap, HeaderName, header};

use crate::problem::Problem;

/// What a change presumes of the object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presumed {
    /// Nothing is said.
    Nothing,
    /// There is one, of whichever version.
    Any,
    /// It has this version.
    Version(i64),
    /// There is none.
    Absent,
}

impl Presumed {
    /// Reads what the headers and the body of a change say.
    pub(super) fn read(headers: &HeaderMap, in_body: Option<i64>) -> Result<Self, Problem> {
        let said = match (text(headers, header::IF_MATCH)?, text(headers, header::IF_NONE_MATCH)?) {
            (None, None) => in_body.map_or(Self::Nothing, Self::Version),
            (Some("*"), None) => Self::Any,
            (None, Some("*")) => Self::Absent,
            (Some(tag), None) => {
                let version = version(tag).ok_or_else(|| {
                    Problem::unusable("If-Match is an ETag as it was received, such as \"3\", or *")
                })?;
                if in_body.is_some_and(|in_body| in_body != version) {
                    return Err(Problem::unusable("If-Match and metadata.version differ"));
                }
                Self::Version(version)
            }
            (None, Some(_)) => {
                return Err(Problem::unusable("If-None-Match of a change can only be *"));
            }
            (Some(_), Some(_)) => {
                return Err(Problem::unusable("If-Match and If-None-Match do not go together"));
            }
        };
        Ok(said)
    }

    /// Returns the version to be compared, of a change that must name one.
    pub(super) fn required(self) -> Result<Option<i64>, Problem> {
        match self {
            Self::Version(version) => Ok(Some(version)),
            Self::Any => Ok(None),
            Self::Nothing | Self::Absent => {
                let told = "name the version that you have seen, in If-Match or metadata.version, \
                    so that nobody's change is overwritten unseen; If-Match: * takes any";
                Err(Problem::new(428, "data.version_required", told))
            }
        }
    }

    /// Returns the version to be compared, of a change that may name one.
    pub(super) fn allowed(self) -> Result<Option<i64>, Problem> {
        match self {
            Self::Nothing => Ok(None),
            Self::Any | Self::Version(_) | Self::Absent => self.required(),
        }
    }
}

/// Returns whether a reader knows a version already.
pub(super) fn is_known(headers: &HeaderMap, present: i64) -> bool {
    let tags = headers.get_all(header::IF_NONE_MATCH).iter();
    let tags = tags.filter_map(|tags| tags.to_str().ok()).flat_map(|tags| tags.split(','));
    tags.map(str::trim)
        .any(|tag| tag == "*" || version(tag.strip_prefix("W/").unwrap_or(tag)) == Some(present))
}

fn text(headers: &HeaderMap, name: HeaderName) -> Result<Option<&str>, Problem> {
    let told = format!("{name} cannot be read");
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    match value.to_str() {
        Ok(text) if values.next().is_none() => Ok(Some(text.trim())),
        Ok(_) | Err(_) => Err(Problem::unusable(told)),
    }
}

/// Returns the version that an `ETag` names.
fn version(tag: &str) -> Option<i64> {
    let digits = tag.strip_prefix('"')?.strip_suffix('"')?;
    let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|version| is_plain && *version >= 1)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn read(headers: &[(HeaderName, &'static str)], in_body: Option<i64>) -> Option<Presumed> {
        let headers = headers.iter().cloned();
        let headers = headers.map(|(name, value)| (name, HeaderValue::from_static(value)));
        Presumed::read(&headers.collect(), in_body).ok()
    }

    #[test]
    fn a_precondition_is_understood_or_refused() {
        use header::{IF_MATCH, IF_NONE_MATCH};
        for (headers, in_body, expected) in [
            (vec![], None, Some(Presumed::Nothing)),
            (vec![], Some(2), Some(Presumed::Version(2))),
            (vec![(IF_MATCH, "\"3\"")], None, Some(Presumed::Version(3))),
            (vec![(IF_MATCH, "\"3\"")], Some(3), Some(Presumed::Version(3))),
            (vec![(IF_MATCH, "\"3\"")], Some(2), None),
            (vec![(IF_MATCH, "*")], Some(2), Some(Presumed::Any)),
            (vec![(IF_NONE_MATCH, "*")], None, Some(Presumed::Absent)),
            (vec![(IF_NONE_MATCH, "\"3\"")], None, None),
            (vec![(IF_MATCH, "*"), (IF_NONE_MATCH, "*")], None, None),
            (vec![(IF_MATCH, "3")], None, None),
            (vec![(IF_MATCH, "W/\"3\"")], None, None),
            (vec![(IF_MATCH, "\"+3\"")], None, None),
            (vec![(IF_MATCH, "\"0\"")], None, None),
            (vec![(IF_MATCH, "\"1\", \"2\"")], None, None),
            (vec![(IF_MATCH, "")], None, None),
        ] {
            let told = format!("{headers:?} {in_body:?}");
            assert_eq!(read(&headers, in_body), expected, "{told}");
        }
    }

    #[test]
    fn a_reader_knows_one_of_its_tags() {
        for (tags, expected) in [
            ("\"3\"", true),
            ("W/\"3\"", true),
            ("\"1\", \"3\"", true),
            ("*", true),
            ("\"4\"", false),
            ("3", false),
        ] {
            let headers = [(header::IF_NONE_MATCH, HeaderValue::from_static(tags))];
            assert_eq!(is_known(&headers.into_iter().collect(), 3), expected, "{tags}");
        }
    }
}
