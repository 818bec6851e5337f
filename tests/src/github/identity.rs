//! Who is asking: the app by a JWT, or an installation by a token. Makes tokens and judges them.

use jiff::SignedDuration;
use jsonwebtoken::{Algorithm, Validation};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::key;
use super::routes::Refusal;
use super::shapes;
use super::world::{Repo, Token, World, time};

/// "The time must be no more than 10 minutes into the future" (GitHub docs, "Generating a JSON Web Token").
const LONGEST_JWT: i64 = 600;

pub(super) enum Caller {
    App,
    Installation(Token),
}

impl World {
    pub(super) fn identify(&mut self, bearer: Option<&str>) -> Result<Caller, Refusal> {
        let Some(bearer) = bearer else {
            return Err(Refusal::new(401, "Requires authentication"));
        };
        let now = self.now();
        if let Some(token) = self.tokens.get_mut(bearer) {
            if token.refusals_left > 0 {
                token.refusals_left -= 1;
                return Err(Refusal::new(401, "Bad credentials"));
            }
            if token.expires <= now {
                return Err(Refusal::new(401, "Bad credentials"));
            }
            let token = token.clone();
            let Some(account) = self.installation(token.installation) else {
                return Err(Refusal::new(401, "Bad credentials"));
            };
            if account.suspended {
                return Err(Refusal::new(403, "This installation has been suspended"));
            }
            return Ok(Caller::Installation(token));
        }
        if bearer.starts_with("ghs_") {
            return Err(Refusal::new(401, "Bad credentials"));
        }
        self.check_jwt(bearer)?;
        Ok(Caller::App)
    }

    fn check_jwt(&self, jwt: &str) -> Result<(), Refusal> {
        // Times are judged below, by this GitHub's own clock and in its own words.
        let mut validation = Validation::new(Algorithm::RS256);
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        validation.validate_aud = false;
        let Ok(jwt) = jsonwebtoken::decode::<Value>(jwt, &key::public(), &validation) else {
            return Err(Refusal::new(401, "A JSON web token could not be decoded"));
        };
        let claims = jwt.claims;
        let now = self.now().as_second();
        let (issued, expires) = (claims["iat"].as_i64(), claims["exp"].as_i64());
        if issued.is_none_or(|issued| issued > now) {
            let message = "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued";
            return Err(Refusal::new(401, message));
        }
        if expires.is_none_or(|expires| expires <= now) {
            let message = "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires";
            return Err(Refusal::new(401, message));
        }
        if expires.is_some_and(|expires| expires > now + LONGEST_JWT) {
            let message = "'Expiration time' claim ('exp') is too far in the future";
            return Err(Refusal::new(401, message));
        }
        let app = self.app.id;
        if claims["iss"] != json!(app) && claims["iss"] != json!(app.to_string()) {
            return Err(Refusal::new(404, "Integration not found"));
        }
        Ok(())
    }

    /// `POST /app/installations/{id}/access_tokens`.
    pub(super) fn make_token(&mut self, installation: u64, body: &Value) -> Result<Value, Refusal> {
        let Some(account) = self.installation(installation) else {
            return Err(Refusal::missing());
        };
        if account.suspended {
            return Err(Refusal::new(403, "This installation has been suspended"));
        }
        let repositories = self.narrowed_repositories(&account.login, body)?;
        let permissions = match body["permissions"].as_object() {
            None => account.permissions.clone(),
            Some(wanted) => {
                for (name, level) in wanted {
                    if !grants(&account.permissions, name, level.as_str().unwrap_or("read")) {
                        let message =
                            "The permissions requested are not granted to this installation.";
                        return Err(Refusal::new(422, message));
                    }
                }
                // Metadata can always be read.
                let metadata = ("metadata".to_owned(), json!("read"));
                wanted.clone().into_iter().chain([metadata]).collect()
            }
        };
        self.tokens_made += 1;
        let seed = format!("{installation} {} {}", self.tokens_made, std::process::id());
        // Longer than the 40 characters that tokens once had (GitHub changelog, stateless installation tokens).
        let secret = format!("ghs_{}_{}", self.app.id, hex::encode(Sha256::digest(seed)));
        let token = Token {
            installation,
            repositories,
            permissions,
            // Without lifetime left a token is expired as soon as it is made.
            expires: self.now() + self.token_lifetime.max(SignedDuration::ZERO),
            refusals_left: self.fresh_refusals,
        };
        let mut answer = json!({
            "token": secret, "expires_at": time(token.expires), "permissions": token.permissions,
            "repository_selection": if token.repositories.is_some() { "selected" } else { "all" },
        });
        if let Some(ids) = &token.repositories {
            let repositories = ids.iter().filter_map(|id| self.repo(*id));
            answer["repositories"] = repositories
                .map(|repo| shapes::repository(self, repo))
                .collect();
        }
        self.tokens.insert(secret, token);
        Ok(answer)
    }

    fn narrowed_repositories(
        &self,
        login: &str,
        body: &Value,
    ) -> Result<Option<Vec<u64>>, Refusal> {
        let list = |key: &str| body[key].as_array().filter(|list| !list.is_empty());
        let names = list("repositories").into_iter().flatten();
        let ids = list("repository_ids").into_iter().flatten();
        let by_name = names.map(|name| self.find(login, name.as_str().unwrap_or_default()));
        let by_id = ids.map(|id| self.repo(id.as_u64().unwrap_or_default()));
        let mut found = Vec::new();
        for repo in by_name.chain(by_id) {
            match repo.filter(|repo| repo.installed && repo.owner == login) {
                Some(repo) => found.push(repo.id),
                None => {
                    let message = "There is at least one repository that does not exist or is not accessible to the parent installation.";
                    return Err(Refusal::new(422, message));
                }
            }
        }
        Ok((!found.is_empty()).then_some(found))
    }

    /// Whether a token's reach includes the repository.
    pub(super) fn reaches(&self, token: &Token, repo: &Repo) -> bool {
        let within = self.is_of(token.installation, &repo.owner) && repo.installed;
        let narrowed = token.repositories.as_ref();
        within && narrowed.is_none_or(|ids| ids.contains(&repo.id))
    }
}

impl Token {
    pub(super) fn needs(&self, permission: &str, level: &str) -> Result<(), Refusal> {
        if grants(&self.permissions, permission, level) {
            return Ok(());
        }
        Err(Refusal::new(403, "Resource not accessible by integration"))
    }
}

fn grants(granted: &Map<String, Value>, permission: &str, level: &str) -> bool {
    let rank = |level: &str| {
        ["read", "write", "admin"]
            .iter()
            .position(|name| *name == level)
    };
    let granted = granted.get(permission).and_then(Value::as_str);
    match (granted.and_then(rank), rank(level)) {
        (Some(granted), Some(wanted)) => granted >= wanted,
        _ => false,
    }
}
