//! How GitHub is asked: as whom, for one answer or for all pages of a list.
//!
//! Knows neither what the answers mean nor how a request is sent, retried and kept within limits.

use std::collections::HashSet;

use reqwest::Method;

use super::endpoint::Endpoint;
use super::reply::Reply;
use super::rest::{JSON, Request};
use super::{Error, GitHub, Scope};

/// A recursive tree has at most 7 MB (GitHub docs, Get a tree), a page of repositories far less.
const ANSWER: usize = 32 << 20;
/// Of 100 each: whoever has more than 100,000 of anything is told instead of waited for.
const PAGES: usize = 1000;

impl GitHub {
    /// One endpoint of the table, as an installation or (`None`) as the App.
    pub(super) async fn ask(
        &self,
        endpoint: &Endpoint,
        values: &[&str],
        installation: Option<u64>,
    ) -> Result<Reply, Error> {
        let scope = installation.map(|installation| Scope::Whole { installation });
        let request = self.request(&endpoint.fill(values), scope)?;
        let reply = self.call(&request, scope).await?;
        reply.success(endpoint.permission)
    }

    /// All pages of one endpoint of the table.
    pub(super) async fn list(
        &self,
        endpoint: &Endpoint,
        installation: Option<u64>,
        take: impl FnMut(Reply) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let scope = installation.map(|installation| Scope::Whole { installation });
        let request = self.request(&endpoint.fill(&[]), scope)?;
        self.pages(request, scope, endpoint.permission, true, take)
            .await
    }

    pub(super) async fn pages(
        &self,
        mut request: Request<'_>,
        scope: Option<Scope>,
        permission: Option<&str>,
        follow: bool,
        mut take: impl FnMut(Reply) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut seen = HashSet::new();
        while seen.len() < PAGES {
            if !seen.insert(request.url.clone()) {
                return Err(endless(
                    &request,
                    "the pages of this list link back to themselves",
                ));
            }
            let page = self.call(&request, scope).await?.success(permission)?;
            let next = self.0.rest.next(&page, request.within)?;
            let length = page.body.len();
            take(page)?;
            match next.filter(|_| follow) {
                Some(next) => request.url = next,
                None => return Ok(()),
            }
            if scope.is_some_and(|scope| matches!(scope, Scope::Reading { .. })) {
                // What a mapper asks is bounded in all, not by the page.
                request.limit = request.limit.saturating_sub(length);
            }
        }
        Err(endless(&request, "this list has more than 1000 pages"))
    }

    pub(super) async fn call(
        &self,
        request: &Request<'_>,
        scope: Option<Scope>,
    ) -> Result<Reply, Error> {
        match scope {
            Some(scope) => self.0.app.send_as(&self.0.rest, scope, request).await,
            None => self.0.app.send(&self.0.rest, request).await,
        }
    }

    pub(super) fn request(
        &self,
        path: &str,
        scope: Option<Scope>,
    ) -> Result<Request<'static>, Error> {
        Ok(Request {
            method: Method::GET,
            url: self.0.rest.url(path).ok_or_else(|| Error::Unexpected {
                what: format!("GET {path}"),
                status: 0,
                message: "not asked, because it is no plain path".to_owned(),
            })?,
            accept: JSON,
            bucket: scope.map(Scope::installation),
            body: None,
            limit: ANSWER,
            within: &|_| true,
        })
    }
}

fn endless(request: &Request<'_>, message: &str) -> Error {
    Error::Unexpected {
        what: format!("GET {}", request.url.path()),
        status: 200,
        message: message.to_owned(),
    }
}
