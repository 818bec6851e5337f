//! What an item is about: named by the delivery that is kept with it, or kept in the item itself.
//!
//! A delivery's items hold only their lanes; what they touch is read out of the delivery again when their turn comes.

use crate::delivery::{Delivery, unpack};
use crate::store::{Loaded, NewItem, Source};
use crate::subject::{self, Touch};

/// An item for each thing that a delivery touches.
pub fn items(touches: &[&Touch], source: Source) -> Vec<NewItem> {
    let item = |touch: &&Touch| item(touch, source);
    touches.iter().filter_map(item).collect()
}

/// An item about what no delivery names. `None` for what does not wait.
pub fn listed(touch: &Touch, source: Source) -> Option<NewItem> {
    let kept = serde_json::to_vec(touch).expect("names, numbers and texts always serialize");
    Some(NewItem {
        subject: Some(kept),
        whose: touch.repository().map(subject::Repository::full_name),
        ..item(touch, source)?
    })
}

fn item(touch: &Touch, source: Source) -> Option<NewItem> {
    let merges = match touch {
        Touch::Subject(subject) => subject.is_read_anew() && !subject.gone,
        Touch::Chore(_) => false,
    };
    Some(NewItem {
        lane: touch.lane()?,
        source,
        organization: touch.organization(),
        repository: touch.repository().map(|repository| repository.id),
        merges,
        fresh: false,
        force: false,
        plugins: None,
        delivery: None,
        subject: None,
        whose: None,
    })
}

impl Loaded {
    /// What an item of this lane is about, and the delivery that led to it.
    pub fn about(&self, lane: &str) -> Result<(Option<Delivery>, Touch), String> {
        let delivery = match &self.delivery {
            None => None,
            Some(kept) => {
                let payload = unpack(&kept.payload).map_err(|failed| failed.to_string())?;
                let delivery = Delivery::kept(&kept.guid, &kept.event, payload);
                Some(delivery.map_err(|refused| refused.to_string())?)
            }
        };
        if let Some(json) = &self.subject {
            let touch = serde_json::from_slice(json).map_err(|failed| failed.to_string())?;
            return Ok((delivery, touch));
        }
        let touches = match &delivery {
            Some(delivery) => subject::touches(delivery).map_err(|failed| failed.to_string())?,
            None => Vec::new(),
        };
        let mut touches = touches.into_iter();
        match touches.find(|touch| touch.lane().as_deref() == Some(lane)) {
            Some(touch) => Ok((delivery, touch)),
            None => Err(format!("nothing that is kept says what {lane} is")),
        }
    }
}
