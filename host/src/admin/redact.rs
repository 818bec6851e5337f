//! What of a delivery people may see: no secrets, no e-mail addresses, nothing that a terminal would obey.
//!
//! GitHub puts no secret of the App into a payload. But payloads hold what users wrote (messages, descriptions, inputs of
//! workflows), addresses of commits' authors, and links that let in whoever has them. In doubt it is hidden.

mod text;

use serde_json::{Map, Value};

pub(crate) use text::{line, scrubbed};

/// Stands where something was.
const HIDDEN: &str = "[redacted]";

/// A field whose name, without its separators, has one of these in it holds a secret …
const SECRET: [&str; 13] = [
    "token",
    "secret",
    "password",
    "passwd",
    "passphrase",
    "authorization",
    "credential",
    "cookie",
    "privatekey",
    "apikey",
    "accesskey",
    "signingkey",
    "encryptionkey",
];

/// … unless it ends with one of these words: it tells about one, as `secret_type` and `tokens_url` do.
const ABOUT: [&str; 11] = [
    "url",
    "type",
    "name",
    "id",
    "at",
    "count",
    "status",
    "request",
    "alert",
    "scanning",
    "protection",
];

/// A field that ends with one of these words does too.
const SECRET_WORDS: [&str; 6] = ["auth", "pass", "pwd", "email", "emails", "mail"];

/// Whatever users put there: what a workflow or a dispatch is given, what a deployment carries.
const USERS: [&str; 3] = ["client_payload", "inputs", "payload"];

/// A payload to be shown.
pub(crate) fn payload(json: &str) -> Result<Value, String> {
    let payload = serde_json::from_str(json).map_err(|error| error.to_string())?;
    Ok(redacted(payload))
}

/// What the host says of itself, which may quote others: every text cleaned, nothing hidden for its name.
pub(crate) fn texts(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let field = |(name, value): (String, Value)| (line(&name), texts(value));
            Value::Object(fields.into_iter().map(field).collect())
        }
        Value::Array(values) => values.into_iter().map(texts).collect(),
        Value::String(text) => line(&scrubbed(&text)).into(),
        other => other,
    }
}

fn redacted(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let field = |(name, value): (String, Value)| {
                let hide = is_secret(&name) || USERS.contains(&name.as_str());
                let value = if hide { hidden(value) } else { redacted(value) };
                (line(&name), value)
            };
            Value::Object(fields.into_iter().map(field).collect())
        }
        Value::Array(values) => values.into_iter().map(redacted).collect(),
        Value::String(text) => scrubbed(&text).into(),
        other => other,
    }
}

/// Its shape, and none of its values: whether there is one at all may be told.
fn hidden(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let field = |(name, value): (String, Value)| (line(&name), hidden(value));
            Value::Object(fields.into_iter().map(field).collect::<Map<_, _>>())
        }
        Value::Array(values) => values.into_iter().map(hidden).collect(),
        Value::String(_) | Value::Number(_) => HIDDEN.into(),
        other => other,
    }
}

/// Whether what goes by this name must not be shown.
fn is_secret(name: &str) -> bool {
    let words = words(name);
    let last = words.last().map_or("", String::as_str);
    if SECRET_WORDS.contains(&last) {
        return true;
    }
    let whole = words.concat();
    SECRET.iter().any(|secret| whole.contains(secret)) && !ABOUT.contains(&last)
}

/// `clientSecret`, `client_secret` and `CLIENT-SECRET` are the same two words.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before_is_lower = false;
    for c in name.chars() {
        let begins = !c.is_alphanumeric() || (c.is_uppercase() && before_is_lower);
        if begins && words.last().is_some_and(|word| !word.is_empty()) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| c.is_alphanumeric()) {
            word.extend(c.to_lowercase());
        }
        before_is_lower = c.is_lowercase() || c.is_numeric();
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(value: &Value) -> Value {
        payload(&value.to_string()).unwrap()
    }

    #[test]
    fn what_is_called_a_secret_is_hidden_however_it_is_written() {
        for name in [
            "token",
            "access_token",
            "accessToken",
            "ACCESS-TOKEN",
            "tokens",
            "secret",
            "client_secret",
            "webhookSecret",
            "password",
            "db_passwd",
            "Authorization",
            "private_key",
            "privateKey",
            "api_key",
            "apikey",
            "AWS_ACCESS_KEY",
            "credentials",
            "set-cookie",
            "hashed_token",
            "email",
            "notification_email",
            "billingEmail",
            "basic_auth",
        ] {
            let shown = shown(&json!({name: "hunter2", "kept": "so"}));
            assert_eq!(shown, json!({name: HIDDEN, "kept": "so"}), "{name}");
        }
    }

    #[test]
    fn what_only_tells_about_a_secret_is_shown() {
        for name in [
            "secret_type",
            "access_tokens_url",
            "secret_scanning",
            "token_name",
            "author",
            "author_association",
            "key",
            "secret_scanning_alert",
            "keys_url",
            "login",
            "token_expires_at",
            "emailer",
        ] {
            let value = json!({name: "shown"});
            assert_eq!(shown(&value), value, "{name}");
        }
    }

    #[test]
    fn what_users_hand_to_workflows_and_deployments_keeps_its_shape_alone() {
        let value = json!({
            "client_payload": {"env": "prod", "parts": [1, {"a": "b"}], "dry": true, "none": null},
            "inputs": {"version": "1.2"},
            "deployment": {"payload": "{\"k\":1}", "ref": "main"},
        });
        assert_eq!(
            shown(&value),
            json!({
                "client_payload": {"env": HIDDEN, "parts": [HIDDEN, {"a": HIDDEN}], "dry": true, "none": null},
                "inputs": {"version": HIDDEN},
                "deployment": {"payload": HIDDEN, "ref": "main"},
            })
        );
    }

    #[test]
    fn names_and_values_are_cleaned_wherever_they_are() {
        let value = json!({"a\u{1b}[2J": [{"b": "x\u{9b}31m ada@example.com"}]});
        assert_eq!(shown(&value), json!({"a[2J": [{"b": "x31m [e-mail]"}]}));
    }

    #[test]
    fn what_is_no_json_is_not_shown_at_all() {
        let said = payload("{\"token\": \"hunter2\"").unwrap_err();
        assert!(!said.contains("hunter2"), "{said}");
        let deep = format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000));
        assert!(payload(&deep).is_err());
    }
}
