//! Entities held against their blueprints.

use serde_json::json;

use super::{configured, entity, resource, told};

fn service() -> serde_json::Value {
    json!({
        "identifier": "service",
        "schema": {
            "properties": {
                "language": {"type": "string"},
                "stars": {"type": "number"},
                "tier": {"type": "string", "enum": ["gold", "silver"]},
                "tags": {"type": "array", "items": {"type": "string", "enum": ["a", "b"]}},
                "live": {"type": "boolean"},
                "customBranchPolicies": {"type": "boolean"},
            },
            "required": ["language"],
        },
        "relations": {
            "system": {"target": "system", "required": true, "many": false},
            "teams": {"target": "team", "required": false, "many": true},
        },
        "calculationProperties": {"age": {}},
    })
}

/// What does not fit, as it is told below the mapping's own first two lines.
fn misfits(members: &str) -> Vec<String> {
    let mappings = format!("identifier: .name\nblueprint: '\"service\"'\n{members}");
    let text = resource("repository", "{query: 'true'}", &mappings);
    let done = configured("repository", &text)
        .blueprint("service", service())
        .map();
    assert_eq!(
        entity(&done).blueprint,
        "service",
        "it is sent all the same"
    );
    let told = told(done.notes());
    let short = |note: &String| {
        note.trim_start_matches("warning: port-app-config.yml:")
            .to_owned()
    };
    told.iter().map(short).collect()
}

#[test]
fn what_fits_is_not_spoken_of() {
    let fits = "properties:\n  language: '\"Rust\"'\n  stars: 3\n  tier: '\"gold\"'\n  tags: '[\"a\"]'\n  live: null\nrelations:\n  system: '\"shop\"'\n  teams: '[]'\n";
    assert_eq!(misfits(fits), [""; 0]);
}

#[test]
fn every_misfit_is_told_where_it_is_mapped() {
    assert_eq!(
        misfits(
            "properties:\n  language: .nope\n  stars: '\"3\"'\n  tier: '\"bronze\"'\n  tags: '[\"a\", \"c\"]'\n  live: .name\n  customBranchesPolicies: true\n  \
             age: 3\n  teams: '[]'\n  nothing: 1\nrelations:\n  system: .nope\n  team: '[]'\n"
        ),
        [
            "10:23: properties.language: The blueprint requires it, but it is null here. Write a default, such as `… // \"none\"`.",
            "11:20: properties.stars: The blueprint wants a `number`, but it is a text: \"3\". Write `… | tonumber`.",
            "12:19: properties.tier: \"bronze\" is not among the values that the blueprint allows: \"gold\", \"silver\".",
            "13:19: properties.tags: \"c\" is not among the values that the blueprint allows: \"a\", \"b\".",
            "14:19: properties.live: The blueprint wants a `boolean`, but it is a text: \"Hello-World\".",
            "15:37: properties.customBranchesPolicies: The blueprint `service` has no property `customBranchesPolicies`. Did you mean `customBranchPolicies`?",
            "16:18: properties.age: The blueprint `service` calculates `age` itself; remove it from the mapping.",
            "17:20: properties.teams: The blueprint `service` has no property `teams`. It has a relation of that name: move it below `relations`.",
            "18:22: properties.nothing: The blueprint `service` has no property `nothing`.",
            "20:21: relations.system: The blueprint requires the relation (to `system`), but it is null here.",
            "21:19: relations.team: The blueprint `service` has no relation `team`. Did you mean `teams`?",
        ]
    );
    assert_eq!(
        misfits("relations:\n  system: '[\"a\", \"b\"]'\n"),
        [
            "10:21: relations.system: The blueprint relates to one `system`, but a list stands here. Take one of it, such as `… | first`."
        ]
    );
}

#[test]
fn a_blueprint_that_is_written_out_costs_no_round_of_its_own() {
    let literal = resource(
        "repository",
        "{query: 'true'}",
        "identifier: .name\nblueprint: '\"service\"'",
    );
    let done = configured("repository", &literal)
        .file("README.md", "x")
        .map();
    assert_eq!(done.rounds, 2, "{:?}", done.asked);
    let computed = resource(
        "repository",
        "{query: 'true'}",
        "identifier: .name\nblueprint: '\"ser\" + \"vice\"'\nproperties: {nope: 1}",
    );
    let done = configured("repository", &computed)
        .blueprint("service", service())
        .map();
    assert!(
        told(done.notes())[0].contains("has no property `nope`"),
        "{:?}",
        done.notes()
    );
}
