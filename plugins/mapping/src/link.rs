//! Targets of relations, and teams: what Port takes, and what is made of the rest.

use std::collections::HashSet;

use portolan_sdk::Severity;
use serde_json::{Number, Value as Json};

/// Something to be told: its cause in a word, how much it matters, and the sentence.
pub(crate) type Problem = (&'static str, Severity, String);

/// A value in a form that Port takes: text, a list of texts, null, or a search. `None`: it is left out.
pub(crate) fn checked(value: Json) -> (Option<Json>, Vec<Problem>) {
    let mut problems = Vec::new();
    let target = match value {
        Json::Array(items) => {
            let items = items.into_iter().filter_map(|item| match item {
                Json::Null => {
                    let message = "A null in the list is left out: Port takes texts alone. Write `[… | select(.)]`.";
                    problems.push(("null in a list", Severity::Warning, message.to_owned()));
                    None
                }
                item => one(item, &mut problems),
            });
            let items = Json::Array(items.collect());
            // A list is one object's, however many of its items are alike.
            let mut told = HashSet::new();
            problems.retain(|(cause, ..)| told.insert(*cause));
            Some(items)
        }
        Json::Null => Some(Json::Null),
        Json::Object(_) if is_search(&value) => match check_search(&value) {
            Ok(()) => Some(value),
            Err(why) => {
                problems.push((
                    "search",
                    Severity::Warning,
                    format!("{why} It is left out."),
                ));
                None
            }
        },
        value => one(value, &mut problems),
    };
    (target, problems)
}

fn one(value: Json, problems: &mut Vec<Problem>) -> Option<Json> {
    match value {
        Json::String(text) if text.is_empty() => {
            let message = "An empty text names nothing and is left out. Write `… | select(. != \"\")`, or null to clear it.";
            problems.push(("empty", Severity::Warning, message.to_owned()));
            None
        }
        Json::String(text) => Some(Json::String(text)),
        Json::Number(number) => {
            let text = digits(&number);
            let message = format!(
                "The number {text} is taken as the text \"{text}\". Write `… | tostring` to say so."
            );
            problems.push(("number", Severity::Note, message));
            Some(Json::String(text))
        }
        other => {
            let message = format!(
                "{} is neither an identifier nor a list of them nor a search, and is left out.",
                noun(&other)
            );
            problems.push(("form", Severity::Warning, capitalized(&message)));
            None
        }
    }
}

/// Port resolves an object with these two keys to entities (Port docs, "Mapping using search queries").
pub(crate) fn is_search(value: &Json) -> bool {
    value.get("combinator").is_some() && value.get("rules").is_some_and(Json::is_array)
}

/// A rule that compares with null would find what lacks the property, which nobody means; one without rules finds all.
pub(crate) fn check_search(search: &Json) -> Result<(), String> {
    let mut searches = vec![search];
    while let Some(search) = searches.pop() {
        let rules = search["rules"].as_array().map_or(&[][..], Vec::as_slice);
        if rules.is_empty() {
            return Err("The search has no rules.".to_owned());
        }
        for rule in rules {
            if rule.get("rules").is_some() {
                searches.push(rule);
            } else if compares_with_null(rule) {
                let property = rule["property"].as_str().unwrap_or("?");
                return Err(format!(
                    "The search compares `{property}` with null, which finds the wrong entities."
                ));
            }
        }
    }
    Ok(())
}

fn compares_with_null(rule: &Json) -> bool {
    let compares = matches!(
        rule["operator"].as_str(),
        Some("=" | "in" | "contains" | "containsAny")
    );
    let mut values = rule["value"].as_array().into_iter().flatten();
    compares && (rule["value"].is_null() || values.any(Json::is_null))
}

/// A number as people write it: an integer without a point.
pub(crate) fn digits(number: &Number) -> String {
    match number.as_f64() {
        Some(float)
            if !number.is_i64()
                && !number.is_u64()
                && float.fract() == 0.0
                && float.abs() < 1e15 =>
        {
            format!("{float:.0}")
        }
        _ => number.to_string(),
    }
}

/// What it is, for a sentence.
pub(crate) fn noun(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "true or false",
        Json::Number(_) => "a number",
        Json::String(_) => "a text",
        Json::Array(_) => "a list",
        Json::Object(_) => "an object",
    }
}

fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_ascii_uppercase());
    first.into_iter().chain(chars).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn port_gets_what_it_takes() {
        let cases = [
            (json!("shop"), Some(json!("shop")), 0),
            (json!(null), Some(json!(null)), 0),
            (json!(["a", null, "", 7]), Some(json!(["a", "7"])), 3),
            (json!([]), Some(json!([])), 0),
            (json!(""), None, 1),
            (json!(7.0), Some(json!("7")), 1),
            (json!(true), None, 1),
            (json!({"name": "shop"}), None, 1),
            (json!([["a"]]), Some(json!([])), 1),
            (json!([null, null, null]), Some(json!([])), 1),
        ];
        for (value, target, problems) in cases {
            let (found, told) = checked(value.clone());
            assert_eq!((found, told.len()), (target, problems), "{value}: {told:?}");
        }
    }

    #[test]
    fn a_search_that_compares_with_null_is_left_out() {
        let search = |value: Json| {
            json!({"combinator": "and", "rules": [{"combinator": "or", "rules": [
                {"property": "login", "operator": "=", "value": value}
            ]}]})
        };
        assert_eq!(checked(search(json!("ann"))).0, Some(search(json!("ann"))));
        for value in [json!(null), json!(["ann", null])] {
            assert_eq!(checked(search(value.clone())).0, None, "{value}");
        }
        let empty = json!({"combinator": "or", "rules": []});
        let nested = json!({"combinator": "and", "rules": [empty]});
        for search in [empty, nested] {
            assert_eq!(checked(search.clone()).0, None, "{search}");
        }
    }
}
