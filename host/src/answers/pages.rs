//! GitHub's lists come in pages; a mapper gets them whole.

use bytes::Bytes;
use serde::de::IgnoredAny;
use serde_json::Value;

/// Whether the query asks for one page alone.
pub(super) fn names_page(path_and_query: &str) -> bool {
    let (_, query) = path_and_query.split_once('?').unwrap_or_default();
    let mut parameters = query.split('&');
    parameters.any(|parameter| parameter.split('=').next() == Some("page"))
}

/// The pages of a list as one answer: lists are joined, and so is the one list inside of an object
/// (`{"total_count": 2, "workflows": [..]}`).
pub(super) fn join(pages: Vec<Bytes>) -> Result<String, String> {
    let not_json = |error: serde_json::Error| format!("GitHub's answer is not JSON: {error}");
    if let [page] = &*pages {
        if page.is_empty() {
            return Ok("null".to_owned());
        }
        serde_json::from_slice::<IgnoredAny>(page).map_err(not_json)?;
        return String::from_utf8(page.to_vec()).map_err(|_| "GitHub's answer is not UTF-8".into());
    }
    let mut all: Option<Value> = None;
    for page in pages.iter().filter(|page| !page.is_empty()) {
        let page: Value = serde_json::from_slice(page).map_err(not_json)?;
        all = Some(match all {
            None => page,
            Some(mut all) => {
                let (Some(list), Some(more)) = (list(&mut all), list_of(page)) else {
                    return Err(
                        "GitHub's answer comes in pages that are no single list: ask for each by `page`"
                            .to_owned(),
                    );
                };
                list.extend(more);
                all
            }
        });
    }
    Ok(all.unwrap_or(Value::Null).to_string())
}

fn list(page: &mut Value) -> Option<&mut Vec<Value>> {
    match page {
        Value::Array(list) => Some(list),
        Value::Object(fields) => {
            let mut lists = fields.values_mut().filter_map(Value::as_array_mut);
            let one = lists.next()?;
            lists.next().is_none().then_some(one)
        }
        _ => None,
    }
}

fn list_of(mut page: Value) -> Option<Vec<Value>> {
    list(&mut page).map(std::mem::take)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pages(texts: &[&str]) -> Vec<Bytes> {
        texts
            .iter()
            .map(|text| Bytes::from((*text).to_owned()))
            .collect()
    }

    #[test]
    fn the_pages_of_a_list_are_one_answer() {
        assert_eq!(join(pages(&["[1, 2]"])).as_deref(), Ok("[1, 2]"));
        assert_eq!(
            join(pages(&["[1]", "[2]", "", "[3]"])).as_deref(),
            Ok("[1,2,3]")
        );
        assert_eq!(
            join(pages(&[
                r#"{"total_count":2,"workflows":[1]}"#,
                r#"{"total_count":2,"workflows":[2]}"#
            ]))
            .as_deref(),
            Ok(r#"{"total_count":2,"workflows":[1,2]}"#)
        );
        assert_eq!(join(pages(&[""])).as_deref(), Ok("null"));
        assert!(join(pages(&[r#"{"a":[],"b":[]}"#, r#"{"a":[],"b":[]}"#])).is_err());
        assert!(join(pages(&["<html>"])).is_err());
    }

    #[test]
    fn a_query_that_names_a_page_wants_that_page_alone() {
        assert!(names_page("/repos/a/b/issues?state=all&page=2"));
        assert!(!names_page("/repos/a/b/issues?per_page=100"));
        assert!(!names_page("/repos/a/b/issues?q=page"));
        assert!(!names_page("/repos/a/page=2"));
    }
}
