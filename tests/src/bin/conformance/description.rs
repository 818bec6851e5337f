//! GitHub's description of its API, with its one mistake mended.

use anyhow::Context;
use serde_json::Value;

use crate::node;

const DESCRIPTION: &str = "node_modules/@octokit/openapi/generated/ghes-3.19.json";
const MENDED: &str = "ghes-3.19.json";

/// The file that Prism is to read, beside the packages.
///
/// `GET /app/installations` wants accounts that are a user and an enterprise at once (`allOf`), which its own example
/// is not; the description's schema `installation` says either (`anyOf`).
pub(crate) fn mended() -> anyhow::Result<&'static str> {
    let folder = node::folder()?;
    let text = std::fs::read(folder.join(DESCRIPTION)).context("GitHub's description")?;
    let mut description: Value = serde_json::from_slice(&text)?;
    let mended = mend(&mut description);
    println!(
        "    mended in GitHub's description: {mended} accounts that were a user and an enterprise at once (`allOf`) are either"
    );
    std::fs::write(folder.join(MENDED), description.to_string())?;
    Ok(MENDED)
}

fn mend(schema: &mut Value) -> usize {
    let mut mended = 0;
    if let Some(fields) = schema.as_object_mut() {
        let titles = fields.get("allOf").and_then(Value::as_array);
        let titles = titles.map(|all| all.iter().filter_map(|one| one["title"].as_str()));
        if titles.is_some_and(|titles| titles.eq(["Simple User", "Enterprise"]))
            && let Some(both) = fields.remove("allOf")
        {
            fields.insert("anyOf".into(), both);
            mended += 1;
        }
        mended += fields.values_mut().map(mend).sum::<usize>();
    }
    if let Some(items) = schema.as_array_mut() {
        mended += items.iter_mut().map(mend).sum::<usize>();
    }
    mended
}
