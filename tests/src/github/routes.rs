//! The REST API's front door: what every request needs, and the paths that belong to no single repository.

use serde_json::{Value, json};

use super::identity::Caller;
use super::world::{Token, World};
use super::{BASE, repository_routes, shapes};
use crate::wire::{Answer, Call, segments};

/// A request refused, as GitHub words it.
#[derive(Debug)]
pub(super) struct Refusal {
    status: u16,
    message: String,
}

impl Refusal {
    pub(super) fn new(status: u16, message: &str) -> Self {
        Self {
            status,
            message: message.into(),
        }
    }

    pub(super) fn missing() -> Self {
        Self::new(404, "Not Found")
    }

    pub(super) fn answer(self) -> Answer {
        let body = json!({
            "message": self.message, "documentation_url": "https://docs.github.com/rest", "status": self.status.to_string(),
        });
        Answer::json(self.status, &body)
    }
}

pub(super) fn answer(world: &mut World, call: &Call) -> Answer {
    let date = world
        .now()
        .strftime("%a, %d %b %Y %H:%M:%S GMT")
        .to_string();
    let Some(path) = call.path.strip_prefix(BASE) else {
        // Outside its API a GitHub answers pages.
        return Answer::bytes(404, "text/html", "<h1>Page not found</h1>".into());
    };
    let mut limits = Vec::new();
    let answer =
        admit(world, call, &mut limits).and_then(|caller| route(world, &caller, path, call));
    let answer = answer.unwrap_or_else(Refusal::answer);
    let answer = limits
        .into_iter()
        .fold(answer, |answer, (name, value): (&str, String)| {
            answer.with(name, value)
        });
    answer
        .with("date", date)
        .with("x-github-enterprise-version", "3.19.0")
        .with("x-github-media-type", "github.v3; format=json")
}

/// What every request needs, whatever it asks for.
fn admit(
    world: &mut World,
    call: &Call,
    limits: &mut Vec<(&'static str, String)>,
) -> Result<Caller, Refusal> {
    if call.header("user-agent").is_empty() {
        let message = "Request forbidden by administrative rules. Please make sure your request has a User-Agent header.";
        return Err(Refusal::new(403, message));
    }
    let accept = call.header("accept");
    if !accept.starts_with("application/vnd.github") && !accept.starts_with("application/json") {
        let message =
            format!("Unsupported 'Accept' header: '{accept}'. Must accept 'application/json'.");
        return Err(Refusal::new(415, &message));
    }
    if call.header("x-github-api-version") != "2022-11-28" {
        // The real one falls back to a default; a client that forgets it breaks some day, so here it breaks today.
        return Err(Refusal::new(
            400,
            "\"X-GitHub-Api-Version\" must be 2022-11-28",
        ));
    }
    let caller = world.identify(call.bearer())?;
    if let (Caller::Installation(token), Some(quota)) = (&caller, world.quota.as_mut()) {
        let left = quota.spend();
        limits.extend(quota.headers());
        limits.push(("x-ratelimit-resource", "core".into()));
        if !left {
            let message = format!(
                "API rate limit exceeded for installation ID {}.",
                token.installation
            );
            return Err(Refusal::new(403, &message));
        }
    }
    Ok(caller)
}

fn route(world: &mut World, caller: &Caller, path: &str, call: &Call) -> Result<Answer, Refusal> {
    if let Some((status, to)) = world.redirects.get(path) {
        return Ok(redirect(*status, to).on_demand());
    }
    let segments = segments(path);
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let method = call.method.as_str();
    match caller {
        Caller::App => app(world, method, &segments, call),
        Caller::Installation(token) => installation(world, token, method, path, &segments, call),
    }
}

/// Paths that want the app's JWT.
fn app(world: &mut World, method: &str, path: &[&str], call: &Call) -> Result<Answer, Refusal> {
    match (method, path) {
        ("GET", ["app"]) => {
            let installed = world
                .organizations
                .iter()
                .filter(|account| account.installed);
            ok(&json!({
                "id": world.app.id, "slug": "portolan", "name": "Portolan", "node_id": "A_1",
                "client_id": "Iv1.0123456789abcdef", "owner": shapes::account(world, "acme"),
                "description": "", "external_url": world.web, "html_url": format!("{}/github-apps/portolan", world.web),
                "permissions": world.app.permissions, "events": world.app.events,
                "created_at": "2026-01-02T10:00:00Z", "updated_at": "2026-01-02T10:00:00Z",
                "installations_count": installed.count(),
            }))
        }
        ("GET", ["app", "installations"]) => {
            let installed = world
                .organizations
                .iter()
                .filter(|account| account.installed);
            let all = installed
                .map(|account| shapes::installation(world, account))
                .collect();
            page(world, call, all, None)
        }
        ("GET", ["app", "installations", id]) => {
            let account = id.parse().ok().and_then(|id| world.installation(id));
            ok(&shapes::installation(
                world,
                account.ok_or_else(Refusal::missing)?,
            ))
        }
        ("POST", ["app", "installations", id, "access_tokens"]) => {
            let body = body(call)?;
            let token = world.make_token(id.parse().unwrap_or_default(), &body)?;
            Ok(Answer::json(201, &token))
        }
        ("GET", ["orgs" | "users", login, "installation"]) => {
            let account = world.account(login).filter(|account| account.installed);
            ok(&shapes::installation(
                world,
                account.ok_or_else(Refusal::missing)?,
            ))
        }
        ("GET", ["repos", owner, name, "installation"]) => {
            let repo = world.find(owner, name).filter(|repo| repo.installed);
            let account = repo.and_then(|repo| world.account(&repo.owner));
            let account = account.filter(|account| account.installed);
            ok(&shapes::installation(
                world,
                account.ok_or_else(Refusal::missing)?,
            ))
        }
        ("GET", ["app", "hook", "deliveries"]) => world.deliveries(call),
        ("GET", ["app", "hook", "deliveries", id]) => world.delivery(id),
        ("GET", ["rate_limit"]) => Err(Refusal::new(404, "Rate limiting is not enabled.")),
        _ => Err(Refusal::new(401, "Requires authentication")),
    }
}

/// Paths that want an installation's token.
fn installation(
    world: &mut World,
    token: &Token,
    method: &str,
    path: &str,
    segments: &[&str],
    call: &Call,
) -> Result<Answer, Refusal> {
    match (method, segments) {
        (_, ["app", ..]) | (_, ["orgs", _, "installation"]) => {
            Err(Refusal::new(401, "A JSON web token could not be decoded"))
        }
        ("DELETE", ["installation", "token"]) => {
            let bearer = call.bearer().unwrap_or_default();
            world.tokens.remove(bearer);
            Ok(Answer::empty(204))
        }
        ("GET", ["installation", "repositories"]) => {
            let reached = world
                .repositories
                .iter()
                .filter(|repo| world.reaches(token, repo));
            let reached = reached
                .map(|repo| shapes::repository(world, repo))
                .collect();
            page(world, call, reached, Some("repositories"))
        }
        ("GET", ["rate_limit"]) => match &world.quota {
            None => Err(Refusal::new(404, "Rate limiting is not enabled.")),
            Some(_) => ok(&json!({"resources": {}})),
        },
        ("GET", ["orgs", login, rest @ ..]) => organization(world, token, login, rest, path, call),
        (_, ["repos", owner, name, rest @ ..]) => {
            let Some(repo) = world.find(owner, name) else {
                let Some(repo) = world.find_former(owner, name) else {
                    return Err(Refusal::missing());
                };
                // "301 Permanent redirection" to the numeric address (GitHub docs, REST best practices).
                let below: String = rest.iter().map(|part| format!("/{part}")).collect();
                let query = if call.query.is_empty() {
                    String::new()
                } else {
                    format!("?{}", call.query)
                };
                let to = format!("{}/repositories/{}{below}{query}", world.api(), repo.id);
                return Ok(redirect(301, &to));
            };
            repository_routes::answer(world, token, repo, path, rest, call)
        }
        (_, ["repositories", id, rest @ ..]) => {
            let repo = id.parse().ok().and_then(|id| world.repo(id));
            let repo = repo.ok_or_else(Refusal::missing)?;
            repository_routes::answer(world, token, repo, path, rest, call)
        }
        _ => Err(Refusal::missing()),
    }
}

fn organization(
    world: &World,
    token: &Token,
    login: &str,
    rest: &[&str],
    path: &str,
    call: &Call,
) -> Result<Answer, Refusal> {
    let account = world.account(login).ok_or_else(Refusal::missing)?;
    if account.installation != token.installation {
        return Err(Refusal::new(403, "Resource not accessible by integration"));
    }
    let permission = if matches!(rest, ["teams" | "members", ..]) {
        "members"
    } else {
        "metadata"
    };
    token.needs(permission, "read")?;
    if let Some(canned) = world.canned.get(path) {
        return canned_answer(world, call, canned);
    }
    match rest {
        [] => ok(&shapes::organization(world, account)),
        ["teams"] => page(world, call, account.teams.clone(), None),
        ["teams", slug, rest @ ..] => {
            let team = account.teams.iter().find(|team| team["slug"] == *slug);
            let team = team.ok_or_else(Refusal::missing)?;
            match rest {
                [] => ok(team),
                ["members" | "repos"] => page(world, call, Vec::new(), None),
                _ => Err(Refusal::missing()),
            }
        }
        ["members"] => page(world, call, vec![shapes::account(world, "mona")], None),
        ["repos"] => {
            let reached = world
                .repositories
                .iter()
                .filter(|repo| world.reaches(token, repo));
            page(
                world,
                call,
                reached
                    .map(|repo| shapes::repository(world, repo))
                    .collect(),
                None,
            )
        }
        _ => Err(Refusal::missing()),
    }
}

/// One page of a list, with a `Link` to the next one (GitHub docs, "Using pagination in the REST API").
pub(super) fn page(
    world: &World,
    call: &Call,
    all: Vec<Value>,
    wrapped_in: Option<&str>,
) -> Result<Answer, Refusal> {
    page_of(world, call, all.into_iter(), wrapped_in)
}

/// The same of what is only made for the page that was asked for.
pub(super) fn page_of(
    world: &World,
    call: &Call,
    all: impl ExactSizeIterator<Item = Value>,
    wrapped_in: Option<&str>,
) -> Result<Answer, Refusal> {
    let number = |name: &str| {
        call.parameter(name)
            .and_then(|text| text.parse::<usize>().ok())
    };
    let size = number("per_page").unwrap_or(30).clamp(1, 100);
    let current = number("page").unwrap_or(1).max(1);
    let last = all.len().div_ceil(size).max(1);
    let total = all.len();
    let items: Vec<Value> = all.skip((current - 1) * size).take(size).collect();
    let body = match wrapped_in {
        None => json!(items),
        Some(key) => {
            let mut body = json!({"total_count": total});
            body[key] = json!(items);
            body
        }
    };
    let answer = Answer::json(200, &body);
    if current >= last {
        return Ok(answer);
    }
    let kept = call
        .query
        .split('&')
        .filter(|pair| !pair.is_empty() && !pair.starts_with("page="));
    let kept: String = kept.map(|pair| format!("{pair}&")).collect();
    let link = |page: usize| format!("<{}{}?{kept}page={page}>", world.web, call.path);
    let links = format!(
        "{}; rel=\"next\", {}; rel=\"last\"",
        link(current + 1),
        link(last)
    );
    Ok(answer.with("link", links))
}

/// What a scenario laid there: lists are paged, anything else is given as it is.
pub(super) fn canned_answer(world: &World, call: &Call, canned: &Value) -> Result<Answer, Refusal> {
    let answer = match canned.as_array() {
        Some(list) => page(world, call, list.clone(), None),
        None => ok(canned),
    };
    answer.map(Answer::on_demand)
}

pub(super) fn ok(body: &Value) -> Result<Answer, Refusal> {
    Ok(Answer::json(200, body))
}

fn redirect(status: u16, to: &str) -> Answer {
    let body = json!({"message": "Moved Permanently", "url": to});
    Answer::json(status, &body).with("location", to)
}

fn body(call: &Call) -> Result<Value, Refusal> {
    if call.body.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(&call.body).map_err(|_| Refusal::new(400, "Problems parsing JSON"))
}
