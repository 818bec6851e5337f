//! The store of a host that does not run. What is queued here, the next start finds.

use std::path::Path;

use crate::admin::wire::{Counted, Deletions, Delivery, Filter, Order, Shown};
use crate::admin::{deliveries, when};
use crate::store::{OpenError, SqliteStore};

pub(super) struct Stopped(SqliteStore);

impl Stopped {
    pub(super) fn open(data_dir: &Path) -> Result<Self, OpenError> {
        SqliteStore::open(data_dir).map(Self)
    }

    pub(super) async fn close(self) {
        // What was asked for is on disk already; the next start looks through a store that was not left in order.
        let _ = self.0.close();
    }

    pub(super) async fn list(&self, filter: &Filter) -> anyhow::Result<Vec<Delivery>> {
        Ok(deliveries::list(&self.0, filter, when::now()).await?)
    }

    pub(super) async fn show(&self, id: &str) -> anyhow::Result<Shown> {
        Ok(deliveries::show(&self.0, id).await?)
    }

    pub(super) async fn deletions(&self) -> anyhow::Result<Deletions> {
        Ok(deliveries::deletions(&self.0).await?)
    }

    pub(super) async fn replay(&self, order: &Order) -> anyhow::Result<Counted> {
        let (counted, _) = deliveries::replay(&self.0, order, when::now()).await?;
        Ok(counted)
    }

    pub(super) async fn forget(&self, order: &Order) -> anyhow::Result<Counted> {
        Ok(deliveries::forget(&self.0, order, when::now()).await?)
    }
}
