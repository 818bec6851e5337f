//! Where deliveries are found: at the host that runs on this data directory, else in its store.

use std::io;
use std::path::Path;

use anyhow::{Context, anyhow, bail};

use super::running::{Reached, Running};
use super::stopped::Stopped;
use crate::admin::pass::Pass;
use crate::admin::wire::{Counted, Deletions, Delivery, Filter, Order, Shown};
use crate::store::OpenError;

/// The store's file: opening a store that is not there would make one.
const STORE: &str = "portolan.db";

pub(super) enum Door {
    Running(Running),
    Stopped(Stopped),
}

impl Door {
    pub(super) async fn open(data_dir: &Path) -> anyhow::Result<Self> {
        let shown = data_dir.display();
        match data_dir.join(STORE).try_exists() {
            Ok(true) => {}
            Ok(false) => bail!(
                "there is no store in {shown} yet: no host has run there; set DATA_DIR to what the host's is"
            ),
            Err(error) => return Err(unreadable(data_dir, &error)),
        }
        let pass = Pass::read(data_dir).map_err(|error| unreadable(data_dir, &error))?;
        let unreached = match pass {
            None => "no admin.json tells where it is".to_owned(),
            Some(pass) => match Running::reach(&pass).await? {
                Reached::Host(running) => return Ok(Self::Running(running)),
                Reached::Other(why) => why,
            },
        };
        match Stopped::open(data_dir) {
            Ok(store) => Ok(Self::Stopped(store)),
            Err(OpenError::Locked { who, .. }) => bail!(
                "{shown} is in use ({who}), but no host answers there: {unreached}. It is starting or stopping, so try \
                 again in a moment; or it runs in another container, so run this in there (docker exec)"
            ),
            Err(error) => {
                Err(error).context("the host does not run, and its store cannot be opened")
            }
        }
    }

    /// Leaves a store that was opened in order.
    pub(super) async fn close(self) {
        if let Self::Stopped(store) = self {
            store.close().await;
        }
    }

    pub(super) fn is_running(&self) -> bool {
        matches!(self, Self::Running(_))
    }

    pub(super) async fn list(&self, filter: &Filter) -> anyhow::Result<Vec<Delivery>> {
        match self {
            Self::Running(host) => host.list(filter).await,
            Self::Stopped(store) => store.list(filter).await,
        }
    }

    pub(super) async fn show(&self, id: &str) -> anyhow::Result<Shown> {
        match self {
            Self::Running(host) => host.show(id).await,
            Self::Stopped(store) => store.show(id).await,
        }
    }

    pub(super) async fn deletions(&self) -> anyhow::Result<Deletions> {
        match self {
            Self::Running(host) => host.deletions().await,
            Self::Stopped(store) => store.deletions().await,
        }
    }

    pub(super) async fn replay(&self, order: &Order) -> anyhow::Result<Counted> {
        match self {
            Self::Running(host) => host.order("replay", order).await,
            Self::Stopped(store) => store.replay(order).await,
        }
    }

    pub(super) async fn forget(&self, order: &Order) -> anyhow::Result<Counted> {
        match self {
            Self::Running(host) => host.order("drop", order).await,
            Self::Stopped(store) => store.forget(order).await,
        }
    }
}

fn unreadable(data_dir: &Path, error: &io::Error) -> anyhow::Error {
    let shown = data_dir.display();
    match error.kind() {
        io::ErrorKind::PermissionDenied => anyhow!(
            "what the host keeps in {shown} may be read by its own user alone: run this as that user"
        ),
        _ => anyhow!("{shown} cannot be read: {error}"),
    }
}
