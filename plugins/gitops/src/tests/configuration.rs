use portolan_sdk::test::{Failure, Run};
use portolan_sdk::{Mapper, Owner, Question, Severity, WriteOptions};

use super::{identifiers, said, shop};
use crate::Gitops;

const REPOSITORY: &str = ".github/port-app-config.yml";
const ORGANIZATION: &str = "port-app-config.yml";

fn configured(text: &str) -> Run<Gitops> {
    shop().configuration(Owner::Repository, REPOSITORY, text)
}

fn options(run: &Run<Gitops>) -> WriteOptions {
    run.open()
        .unwrap_or_else(|failure| panic!("{failure}"))
        .options()
}

fn notes(run: &Run<Gitops>) -> Vec<String> {
    said(
        &run.open()
            .unwrap_or_else(|failure| panic!("{failure}"))
            .notes(),
        Severity::Warning,
    )
}

fn mistakes(text: &str) -> Vec<String> {
    match configured(text).open() {
        Err(Failure::Configuration(mistakes)) => mistakes.iter().map(ToString::to_string).collect(),
        other => panic!("{text:?} opens: {:?}", other.map(|_| ())),
    }
}

#[test]
fn without_a_file_the_documented_defaults_hold() {
    assert_eq!(options(&shop()), WriteOptions::default());
    assert_eq!(shop().map().asked, [Question::files("**/port.yml")]);
    assert_eq!(options(&configured("")), WriteOptions::default());
}

#[test]
fn every_flag_is_obeyed() {
    let run = configured(
        "resources: []
repositoryType: all
specPath: ['./services/**/port.yml', /catalog/*.yaml]
enableMergeEntity: false
createMissingRelatedEntities: false
deleteDependentEntities: true
entityDeletionThreshold: 0.25
",
    )
    .file(
        "services/cart/port.yml",
        "identifier: cart\nblueprint: service\n",
    )
    .file(
        "catalog/teams.yaml",
        "identifier: payments\nblueprint: team\n",
    )
    .file("port.yml", "identifier: not-me\nblueprint: service\n");
    assert_eq!(
        options(&run),
        WriteOptions {
            merge: false,
            create_missing_related: false,
            delete_dependents: true,
            deletion_threshold: Some(0.25)
        }
    );
    assert!(notes(&run).is_empty(), "{:?}", notes(&run));
    assert_eq!(identifiers(&run.map()), ["payments", "cart"]);
}

#[test]
fn one_glob_needs_no_list_and_a_file_that_two_globs_match_comes_once() {
    let file = "identifier: cart\nblueprint: service\n";
    let one = configured("specPath: catalog.yml\n").file("catalog.yml", file);
    assert_eq!(identifiers(&one.map()), ["cart"]);
    let two = configured("specPath: ['*.yml', catalog.yml]\n")
        .file("catalog.yml", file)
        .map();
    assert_eq!(identifiers(&two), ["cart"]);
    assert!(two.notes().is_empty(), "{:?}", two.notes());
}

#[test]
fn the_repositorys_own_file_replaces_the_organizations_whole() {
    let global = shop().configuration(
        Owner::Organization,
        ORGANIZATION,
        "enableMergeEntity: false\ndeleteDependentEntities: true\n",
    );
    assert!(options(&global).delete_dependents);
    let granular =
        global.configuration(Owner::Repository, REPOSITORY, "enableMergeEntity: false\n");
    assert_eq!(
        options(&granular),
        WriteOptions {
            merge: false,
            ..WriteOptions::default()
        }
    );
}

/// What may be deleted where an organization and a repository have a file each, and what is said about it.
fn both(organizations: &str, own: &str) -> (bool, Option<f64>, Vec<String>) {
    let run = shop()
        .configuration(Owner::Organization, ORGANIZATION, organizations)
        .configuration(Owner::Repository, REPOSITORY, own);
    let options = options(&run);
    let said = notes(&run);
    (options.delete_dependents, options.deletion_threshold, said)
}

#[test]
fn a_repository_may_delete_less_than_its_organization_allows_but_not_more() {
    let stricter = both(
        "deleteDependentEntities: true\nentityDeletionThreshold: 0.5\n",
        "entityDeletionThreshold: 0.1\n",
    );
    assert_eq!(stricter, (false, Some(0.1), vec![]));
    let as_lax = both(
        "deleteDependentEntities: true\n",
        "deleteDependentEntities: true\nentityDeletionThreshold: 0.9\n",
    );
    assert_eq!(as_lax, (true, Some(0.9), vec![]));
    let silent = both(
        "entityDeletionThreshold: 0.5\n",
        "enableMergeEntity: true\n",
    );
    assert_eq!(
        silent,
        (false, Some(0.5), vec![]),
        "its default would be laxer"
    );
    let laxer = both(
        "entityDeletionThreshold: 0.5\n",
        "deleteDependentEntities: true\nentityDeletionThreshold: 1\n",
    );
    assert_eq!(
        laxer,
        (
            false,
            Some(0.5),
            vec![
                "warning: .github/port-app-config.yml:1:26: deleteDependentEntities: `deleteDependentEntities` stays \
                 false, because the organization's `port-app-config.yml` does not set it to true. A repository may only \
                 be stricter."
                    .to_owned(),
                "warning: .github/port-app-config.yml:2:26: entityDeletionThreshold: `entityDeletionThreshold` stays \
                 0.5, as the organization's `port-app-config.yml` has it. A repository may only be stricter: write a \
                 lower number, or remove the key."
                    .to_owned()
            ]
        )
    );
    let (_, share, said) = both("resources: []\n", "entityDeletionThreshold: 0.95\n");
    assert_eq!(share, None, "the host's own");
    assert!(
        said[0].contains("stays 0.9, because the organization's"),
        "{said:?}"
    );
}

#[test]
fn what_an_organizations_broken_file_allows_to_delete_is_not_known_and_so_nothing_is() {
    let (dependents, share, said) = both("resources: [\n", "deleteDependentEntities: true\n");
    assert_eq!((dependents, share), (false, Some(0.0)));
    assert!(
        said[0].starts_with("warning: port-app-config.yml:1:12: What the organization's"),
        "{said:?}"
    );
    let (_, share, said) = both(
        "entityDeletionThreshold: little\n",
        "entityDeletionThreshold: 0.5\n",
    );
    assert_eq!(share, Some(0.0));
    assert!(
        said[1]
            .contains("stays 0, because the organization's `port-app-config.yml` has a mistake."),
        "{said:?}"
    );
    let (_, share, _) = both(
        "entityDeletionThreshold: 0.5\nenableMergeEntity: maybe\n",
        "resources: []\n",
    );
    assert_eq!(share, Some(0.5), "this much it says");
}

#[test]
fn a_yaml_ending_is_read_where_there_is_no_yml() {
    let yaml = shop().configuration(
        Owner::Repository,
        ".github/port-app-config.yaml",
        "enableMergeEntity: false\n",
    );
    assert!(!options(&yaml).merge);
    assert!(notes(&yaml).is_empty());
    let both = yaml.configuration(Owner::Repository, REPOSITORY, "enableMergeEntity: true\n");
    assert!(options(&both).merge);
    assert_eq!(
        notes(&both),
        [
            "warning: .github/port-app-config.yml: `.github/port-app-config.yaml` lies beside it and is not read. \
          Keep one of the two."
        ]
    );
}

#[test]
fn historic_and_unknown_keys_are_warned_about() {
    let run =
        configured("specPath: port.yml\ndefaultBlueprint: service\nenableMergeEntities: true\n");
    let notes = notes(&run);
    assert_eq!(notes.len(), 2, "{notes:?}");
    assert!(
        notes[0].starts_with("warning: .github/port-app-config.yml:2:1: defaultBlueprint: "),
        "{notes:?}"
    );
    assert!(
        notes[1].starts_with("warning: .github/port-app-config.yml:3:1: enableMergeEntities: "),
        "{notes:?}"
    );
}

#[test]
fn a_mistake_keeps_the_configuration_from_opening() {
    for (text, complaint) in [
        (
            "specPath: {a: b}\n",
            ":1:11: specPath: `specPath` must be a glob or a list of globs",
        ),
        (
            "specPath: [port.yml, 3]\n",
            ":1:22: specPath: `specPath` must be a glob or a list of globs",
        ),
        (
            "specPath: ['**/port.yml', '!test/**']\n",
            ":1:27: specPath: `!test/**` would exclude files, but exclusions are not supported: name the folders",
        ),
        (
            "enableMergeEntity: yes\n",
            ":1:20: enableMergeEntity: `enableMergeEntity` must be true or false, but text",
        ),
        (
            "createMissingRelatedEntities: 1\n",
            ":1:31: createMissingRelatedEntities: ",
        ),
        (
            "deleteDependentEntities: []\n",
            ":1:26: deleteDependentEntities: ",
        ),
        (
            "enrichEntitiesWithGitopsMetadata: ''\n",
            ":1:35: enrichEntitiesWithGitopsMetadata: ",
        ),
        (
            "gitopsMetadataProperty: 7\n",
            ":1:25: gitopsMetadataProperty: ",
        ),
        (
            "entityDeletionThreshold: 90\n",
            ":1:26: entityDeletionThreshold: ",
        ),
        (
            "- a\n",
            ":1:1: The configuration is an object of settings, but a list stands here.",
        ),
        ("a: 1\na: 2\n", ":2:1: `a` stands twice"),
        (
            "specPath:\n\t- a\n",
            ":2:2: A tab stands where YAML wants spaces.",
        ),
        (
            "specPath: a\n---\nspecPath: b\n",
            ":3:1: A second document stands here.",
        ),
    ] {
        let [mistake] = mistakes(text)
            .try_into()
            .unwrap_or_else(|mistakes| panic!("{text:?}: {mistakes:?}"));
        let expected = format!("error: .github/port-app-config.yml{complaint}");
        assert!(mistake.starts_with(&expected), "{text:?}: {mistake}");
    }
    assert_eq!(
        mistakes("enableMergeEntity: 1\ndeleteDependentEntities: 2\n").len(),
        2,
        "all at once"
    );
}
