//! How what is no plain column type is written in one.

use std::collections::BTreeSet;

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::store::{NewItem, Source};

impl ToSql for Source {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok((*self as i16).into())
    }
}

impl FromSql for Source {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value.as_i64()? {
            1 => Ok(Self::Webhook),
            2 => Ok(Self::Recovered),
            3 => Ok(Self::Listed),
            4 => Ok(Self::Refresh),
            other => Err(FromSqlError::OutOfRange(other)),
        }
    }
}

/// A value as JSON text.
pub(super) struct Json<T>(pub(super) T);

impl<T: Serialize> ToSql for Json<T> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let text = serde_json::to_string(&self.0);
        let text =
            text.map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
        Ok(text.into())
    }
}

impl<T: DeserializeOwned> FromSql for Json<T> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let value = serde_json::from_str(value.as_str()?);
        value.map(Self).map_err(FromSqlError::other)
    }
}

/// Which plugins: NULL where all are meant.
pub(super) fn plugins(plugins: &Option<BTreeSet<String>>) -> Option<Json<&BTreeSet<String>>> {
    plugins.as_ref().map(Json)
}

pub(super) fn plugins_of(
    row: &rusqlite::Row<'_>,
    column: &str,
) -> rusqlite::Result<Option<BTreeSet<String>>> {
    let plugins: Option<Json<_>> = row.get(column)?;
    Ok(plugins.map(|Json(plugins)| plugins))
}

/// GitHub's numbers: SQL has no unsigned ones.
pub(super) fn id(id: u64) -> i64 {
    id.cast_signed()
}

pub(super) fn id_of(row: &rusqlite::Row<'_>, column: &str) -> rusqlite::Result<u64> {
    row.get(column).map(i64::cast_unsigned)
}

pub(super) fn id_if_any(row: &rusqlite::Row<'_>, column: &str) -> rusqlite::Result<Option<u64>> {
    let id: Option<i64> = row.get(column)?;
    Ok(id.map(i64::cast_unsigned))
}

/// An item as its delivery brought it, for whoever wants it again once its row is gone.
#[derive(Serialize, Deserialize)]
pub(super) struct Touched {
    lane: String,
    organization: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    repository: Option<u64>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    merges: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    force: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    plugins: Option<BTreeSet<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    subject: Option<Vec<u8>>,
}

impl From<&NewItem> for Touched {
    fn from(item: &NewItem) -> Self {
        Self {
            lane: item.lane.clone(),
            organization: item.organization,
            repository: item.repository,
            merges: item.merges,
            force: item.force,
            plugins: item.plugins.clone(),
            subject: item.subject.clone(),
        }
    }
}

impl From<Touched> for NewItem {
    /// Its state is read anew: what was brought is old by now.
    fn from(touched: Touched) -> Self {
        Self {
            lane: touched.lane,
            source: Source::Refresh,
            organization: touched.organization,
            repository: touched.repository,
            merges: touched.merges,
            fresh: true,
            force: touched.force,
            plugins: touched.plugins,
            delivery: None,
            subject: touched.subject,
            whose: None,
        }
    }
}
