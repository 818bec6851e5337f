//! The examples of files and folders in Port's documentation.

use serde_json::json;

use super::{configured, sent};

#[test]
fn packages_out_of_package_json() {
    let text = r#"
resources:
  - kind: file
    selector:
      query: 'true'
      files:
        - path: package.json
          repos: [Hello-World]
    port:
      itemsToParse: .file.content.dependencies | to_entries
      entity:
        mappings:
          identifier: '"npm-" + (.item.key | gsub("/"; "_"))'
          title: .item.key
          blueprint: '"library"'
          properties: { version: .item.value }
          relations: { usedBy: '[.repo.name]' }
"#;
    let done = configured("tree", text)
        .file(
            "package.json",
            r#"{"name": "web", "dependencies": {"react": "^19", "@acme/ui": "2.1.0"}}"#,
        )
        .map();
    let sent: Vec<_> = done.entities().iter().map(sent).collect();
    assert_eq!(
        sent,
        [
            json!({"blueprint": "library", "identifier": "npm-react", "title": "react",
                "properties": {"version": "^19"}, "relations": {"usedBy": ["Hello-World"]}}),
            json!({"blueprint": "library", "identifier": "npm-@acme_ui", "title": "@acme/ui",
                "properties": {"version": "2.1.0"}, "relations": {"usedBy": ["Hello-World"]}}),
        ]
    );
}

#[test]
fn folders_of_a_monorepo_as_services() {
    let text = r#"
resources:
  - kind: folder
    selector:
      query: 'true'
      folders: [{path: 'apps/*', repos: [Hello-World]}]
    port:
      entity:
        mappings:
          identifier: .folder.name
          title: .folder.name
          blueprint: '"service"'
          properties:
            url: .repo.html_url + "/tree/" + .repo.default_branch + "/" + .folder.path
            readme: file://README.md
          relations: { repository: .repo.name }
"#;
    let folder = |path: &str, sha: &str| json!({"path": path, "mode": "040000", "type": "tree", "sha": sha, "url": "https://api.github.com/x"});
    let tree = |sha: &str| format!("/repos/Codertocat/Hello-World/git/trees/{sha}");
    let done = configured("tree", text)
        .api(
            tree(super::COMMIT),
            json!({"tree": [folder("apps", "aa"), folder("docs", "bb")], "truncated": false}),
        )
        .api(
            tree("aa"),
            json!({"tree": [
                folder("cart", "cc"), folder("web", "dd"),
                {"path": "README.md", "mode": "100644", "type": "blob", "sha": "ee"},
            ]}),
        )
        .file("apps/cart/README.md", "# Cart")
        .map();
    let sent: Vec<_> = done.entities().iter().map(sent).collect();
    let page = "https://github.com/Codertocat/Hello-World/tree/master/apps";
    assert_eq!(
        sent,
        [
            json!({"blueprint": "service", "identifier": "cart", "title": "cart",
                "properties": {"url": format!("{page}/cart"), "readme": "# Cart"},
                "relations": {"repository": "Hello-World"}}),
            json!({"blueprint": "service", "identifier": "web", "title": "web",
                "properties": {"url": format!("{page}/web"), "readme": null},
                "relations": {"repository": "Hello-World"}}),
        ]
    );
}

#[test]
fn a_port_yml_through_the_kind_file() {
    let text = r#"
resources:
  - kind: file
    selector: { query: 'true', files: [{ path: '**/port.yml' }] }
    port:
      itemsToParse: .file.content
      entity:
        mappings:
          identifier: .item.identifier
          blueprint: .item.blueprint
          properties: { tier: .item.properties.tier }
          relations: { system: .item.relations.system }
"#;
    let done = configured("tree", text)
        .file(
            "cart/port.yml",
            "- identifier: cart\n  blueprint: service\n  properties: {tier: gold}\n  relations: {system: shop}\n\
             - identifier: shop\n  blueprint: system\n",
        )
        .map();
    let sent: Vec<_> = done.entities().iter().map(sent).collect();
    assert_eq!(
        sent,
        [
            json!({"blueprint": "service", "identifier": "cart", "properties": {"tier": "gold"},
                "relations": {"system": "shop"}}),
            json!({"blueprint": "system", "identifier": "shop", "properties": {"tier": null},
                "relations": {"system": null}}),
        ]
    );
}
