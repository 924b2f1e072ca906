//! A part of a definition that may be absent.

/// What was read of a part that may be absent.
#[derive(Clone, Debug)]
pub(crate) enum Part<T> {
    /// It is not written.
    Absent,
    /// It is written but cannot be read; a finding says why.
    Broken,
    /// It is written.
    There(T),
}

/// A part that is written but cannot be read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Broken;

impl<T> Part<T> {
    /// Reads what is written, if anything is.
    pub(crate) fn read<N>(written: Option<N>, read: impl FnOnce(N) -> Option<T>) -> Self {
        match written.map(read) {
            None => Self::Absent,
            Some(None) => Self::Broken,
            Some(Some(value)) => Self::There(value),
        }
    }

    /// The part, or the value that stands for its absence; nothing if it is broken.
    pub(crate) fn or(self, absent: T) -> Option<T> {
        match self {
            Self::Absent => Some(absent),
            Self::Broken => None,
            Self::There(value) => Some(value),
        }
    }

    /// The part, or the default if it is absent; nothing if it is broken.
    pub(crate) fn or_default(self) -> Option<T>
    where
        T: Default,
    {
        self.or(T::default())
    }

    /// The part if it is there.
    pub(crate) fn known(self) -> Result<Option<T>, Broken> {
        match self {
            Self::Absent => Ok(None),
            Self::Broken => Err(Broken),
            Self::There(value) => Ok(Some(value)),
        }
    }

    pub(crate) fn is_written(&self) -> bool {
        !matches!(self, Self::Absent)
    }
}
