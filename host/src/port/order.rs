//! In which order entities that point at each other are written.

use std::collections::HashMap;

use crate::entity::Entity;

/// The entities' indexes in layers, each of which points only at earlier ones.
///
/// Which blueprint a relation points at only Port knows, so that any entity of the identifier counts as its target.
/// What goes round in a circle comes last, as given.
pub(super) fn layers(entities: &[Entity]) -> Vec<Vec<usize>> {
    let all = || (0..entities.len()).collect();
    if entities.len() < 2
        || entities
            .iter()
            .all(|entity| entity.targets().next().is_none())
    {
        return vec![all()];
    }
    let mut named: HashMap<&str, Vec<usize>> = HashMap::with_capacity(entities.len());
    for (index, entity) in entities.iter().enumerate() {
        if let Some(identifier) = entity.identifier() {
            named.entry(identifier).or_default().push(index);
        }
    }
    let mut waits_for = vec![0_usize; entities.len()];
    let mut points_here = vec![Vec::new(); entities.len()];
    for (index, entity) in entities.iter().enumerate() {
        let targets = entity
            .targets()
            .filter_map(|target| named.get(target))
            .flatten();
        for target in targets.filter(|target| **target != index) {
            waits_for[index] += 1;
            points_here[*target].push(index);
        }
    }

    let mut layers = Vec::new();
    let mut layer: Vec<usize> = (0..entities.len())
        .filter(|index| waits_for[*index] == 0)
        .collect();
    while !layer.is_empty() {
        let mut next = Vec::new();
        for index in layer.iter().flat_map(|index| &points_here[*index]) {
            waits_for[*index] -= 1;
            if waits_for[*index] == 0 {
                next.push(*index);
            }
        }
        next.sort_unstable();
        layers.push(std::mem::replace(&mut layer, next));
    }
    let circle: Vec<usize> = (0..entities.len())
        .filter(|index| waits_for[*index] > 0)
        .collect();
    if !circle.is_empty() {
        layers.push(circle);
    }
    layers
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::tests::entity;

    fn order<const N: usize>(entities: [(&str, &str); N]) -> Vec<Vec<usize>> {
        layers(&entities.map(|(identifier, relations)| entity(identifier, relations)))
    }

    #[test]
    fn entities_without_relations_go_together() {
        assert_eq!(order([("a", "{}"), ("b", "{}")]), [vec![0, 1]]);
        assert_eq!(
            order([("a", r#"{"r":"elsewhere"}"#), ("b", r#"{"r":["b",null]}"#)]),
            [vec![0, 1]]
        );
    }

    #[test]
    fn targets_go_first() {
        let chain = [
            ("a", r#"{"r":"b"}"#),
            ("b", r#"{"r":["c","c"]}"#),
            ("c", "{}"),
            ("d", r#"{"r":"c"}"#),
        ];
        assert_eq!(order(chain), [vec![2], vec![1, 3], vec![0]]);
    }

    #[test]
    fn a_circle_goes_last_as_given() {
        let circle = [
            ("a", r#"{"r":"b"}"#),
            ("b", r#"{"r":"a"}"#),
            ("c", "{}"),
            ("d", r#"{"r":"a"}"#),
        ];
        assert_eq!(order(circle), [vec![2], vec![0, 1, 3]]);
    }
}
