//! What lies behind the simulation: objects that are read when they are needed, and never written.

use std::sync::Arc;

use lockstep_core::{Failure, Object, ObjectKey};

/// A source of objects. What the simulation has touched is not asked for again.
pub trait Background {
    /// Returns an object, `None` if there is none.
    ///
    /// # Errors
    ///
    /// Why it cannot be read; the instance that asked fails with it.
    fn load(&mut self, key: &ObjectKey) -> Result<Option<Arc<Object>>, Failure>;

    /// Returns all objects of an entity.
    ///
    /// # Errors
    ///
    /// Why they cannot be read; the instance that asked fails with it.
    fn query(&mut self, entity: &Arc<str>) -> Result<Vec<Arc<Object>>, Failure>;
}

/// The background without objects.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nothing;

impl Background for Nothing {
    fn load(&mut self, _key: &ObjectKey) -> Result<Option<Arc<Object>>, Failure> {
        Ok(None)
    }

    fn query(&mut self, _entity: &Arc<str>) -> Result<Vec<Arc<Object>>, Failure> {
        Ok(Vec::new())
    }
}
