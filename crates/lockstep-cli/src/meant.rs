//! What is probably meant by the name of a workflow or an entity that there is none of.

use lockstep_expr::nearest;

/// Most names that are told.
const MAX_TOLD: usize = 20;

/// What has a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Workflow,
    Entity,
}

/// Returns what to do about a name; `None` if there is one of this name.
pub(crate) fn help(
    kind: Kind,
    name: &str,
    names: impl IntoIterator<Item = impl AsRef<str>>,
) -> Option<String> {
    let names: Vec<_> = names.into_iter().collect();
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    if names.contains(&name) {
        return None;
    }
    let kinds = match kind {
        Kind::Workflow => "workflow",
        Kind::Entity => "entity",
    };
    if names.is_empty() {
        return Some(format!(
            "no {kinds} is published: --workflows names files, of the daemon or of a command on a \
             store"
        ));
    }
    if let Some(meant) = nearest(name, names.iter().copied()) {
        return Some(format!("is `{meant}` meant?"));
    }
    let more = names.len().saturating_sub(MAX_TOLD);
    let told = names.into_iter().take(MAX_TOLD).collect::<Vec<&str>>().join(", ");
    let more = if more > 0 { format!(", and {more} more") } else { String::new() };
    Some(format!("there are: {told}{more}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_meant_or_all_are_told() {
        let known = ["last-place", "order"];
        for (name, expected) in [
            ("order", None),
            ("lastplace", Some("is `last-place` meant?")),
            ("payment", Some("there are: last-place, order")),
        ] {
            assert_eq!(help(Kind::Workflow, name, known).as_deref(), expected);
        }
        let none = help(Kind::Entity, "Contact", [""; 0]).unwrap();
        assert!(none.starts_with("no entity is published"), "{none}");
        let many: Vec<String> = (0..30).map(|n| format!("workflow-{n}")).collect();
        let told = help(Kind::Workflow, "x", many.iter().map(String::as_str)).unwrap();
        assert!(told.ends_with("workflow-19, and 10 more"), "{told}");
    }
}
