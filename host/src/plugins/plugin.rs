//! One version of one plugin, ready to be called.

use std::borrow::Borrow;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use globset::GlobSet;
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;
use tracing::Span;

use super::breaker::{Breaker, Cause, REST, Resting};
use super::call::{Call, taken};
use super::contract::{
    CONTRACT, Configuration, Description, Event, File, Outcome, Owner, WorldPre,
};
use super::described;
use super::fault::{Fault, why_it_rests};
use super::journal::{Journal, Share, clean};
use super::kept::Key;
use super::limits::{Accounts, Budget};
use super::opened::{self, Opened, Openings};
use super::operator;
use super::sandbox::{Guest, Sandbox};
use super::vet::{self, Refusal};

/// One version of one plugin.
pub struct Plugin {
    /// The file's name without `.wasm`.
    pub name: String,
    /// The first 12 hexadecimal digits of the file's SHA-256.
    pub version: String,
    pub description: Description,
    doubts: Vec<String>,
    operator_patterns: GlobSet,
    operator_files: Vec<File>,
    world: WorldPre<Accounts>,
    sandbox: Arc<Sandbox>,
    label: Arc<str>,
    share: Arc<Share>,
    /// Tells this plugin's kept instances from all others'.
    number: u64,
    permits: Arc<Semaphore>,
    breaker: Breaker,
    opened: Openings,
    took: Duration,
    from_cache: bool,
}

impl Plugin {
    /// The files beside the plugin that it asked for; part of every configuration it is opened with.
    pub fn operator_files(&self) -> &[File] {
        &self.operator_files
    }

    /// Whether one file may configure it for every repository of an organization.
    pub fn reads_an_organizations_files(&self) -> bool {
        let mut files = self.description.files.iter();
        files.any(|pattern| pattern.owner == Owner::Organization)
    }

    /// What the mapper makes of a configuration. Answered from memory for one that was opened before.
    pub async fn open(
        self: &Arc<Self>,
        configuration: &Configuration,
    ) -> Result<Arc<Opened>, Fault> {
        let open = async {
            let call = Call::<Event> {
                configuration: configuration.clone(),
                event: None,
            };
            self.run(call, |plugin, call| {
                Ok(Arc::new(plugin.open_here(&call.configuration)?))
            })
            .await
        };
        self.opened.get_with(configuration.digest(), open).await
    }

    /// One round: map the event as it stands, with the answers it carries.
    ///
    /// The event goes to another thread: an `Arc` of it is shared, an event itself is copied.
    pub async fn map<E: Borrow<Event> + Clone + Send + Sync + 'static>(
        self: &Arc<Self>,
        configuration: &Configuration,
        event: &E,
    ) -> Result<Outcome, Fault> {
        let call = Call {
            configuration: configuration.clone(),
            event: Some(event.clone()),
        };
        self.run(call, |plugin, call| {
            let event = call.event.as_ref().expect("given above");
            plugin.map_here(&call.configuration, event.borrow())
        })
        .await
    }

    /// [`Plugin::open`] on the caller's own thread: in nobody's turn, whether it rests or not, and not remembered.
    pub fn open_here(&self, configuration: &Configuration) -> Result<Opened, Fault> {
        let mut guest = self.fresh(configuration)?;
        let opened = guest.read(&self.sandbox, configuration)?;
        self.sandbox.kept.put(self.key(configuration), guest);
        Ok(opened)
    }

    /// [`Plugin::map`] on the caller's own thread. What fails in an instance that mapped before is tried once more in
    /// a fresh one, which may fare better; what fails in a fresh one would fail again.
    pub fn map_here(&self, configuration: &Configuration, event: &Event) -> Result<Outcome, Fault> {
        let (sandbox, key) = (&self.sandbox, self.key(configuration));
        let map = |mut guest: Guest| {
            let outcome = guest.map(sandbox, configuration, event);
            // A refusal is an answer; after everything else the instance is not to be trusted.
            if matches!(outcome, Ok(_) | Err(Fault::Refused(_))) {
                sandbox.kept.put(key, guest);
            }
            outcome
        };
        if let Some(guest) = sandbox.kept.take(key) {
            let used = guest.calls > 0;
            match map(guest) {
                Err(fault) if used && fault.is_a_failure() => {}
                outcome => return outcome,
            }
        }
        map(self.fresh(configuration)?)
    }

    /// An instance of one's own, called on the caller's thread, in nobody's turn: to measure what one costs.
    pub fn instance(&self) -> Result<Instance<'_>, Fault> {
        let journal = Journal::new(self.label.clone(), self.share.clone());
        let guest = (self.sandbox).instantiate(&self.world, journal, &Budget::describe())?;
        Ok(Instance {
            guest,
            plugin: self,
        })
    }

    /// Vet, compile, and ask what it is. `beside` is where the operator's files lie.
    pub(super) fn load(
        sandbox: &Arc<Sandbox>,
        name: &str,
        bytes: &[u8],
        beside: &Path,
    ) -> Result<Self, Refusal> {
        let began = Instant::now();
        let version = hex::encode(&Sha256::digest(bytes)[..6]);
        let label: Arc<str> = format!("{name} {version}").into();
        let refuse = |what: &str, error: &wasmtime::Error| {
            Refusal(format!("{what}: {}", clean(&format!("{error:#}"), 1_000)))
        };
        let component = vet::component(bytes)?;
        let (component, from_cache) = (sandbox.cache.component(&sandbox.engine, &component))
            .map_err(|error| refuse("it does not compile", &error))?;
        let world = (sandbox.linker.instantiate_pre(&component))
            .and_then(WorldPre::new)
            .map_err(|error| {
                refuse(&format!("its types are not those of {CONTRACT}; rebuild it with the portolan-sdk of that version"), &error)
            })?;
        let share = Arc::<Share>::default();
        let journal = Journal::new(label.clone(), share.clone());
        let description = sandbox
            .instantiate(&world, journal, &Budget::describe())
            .and_then(|mut guest| guest.describe(sandbox))
            .map_err(|fault| Refusal(format!("it fails when asked to describe itself: {fault}")))?;
        let doubts = described::check(&description)?;
        let operator_patterns = operator::patterns(&description)?;
        let operator_files = operator::read(beside, &operator_patterns);
        Ok(Self {
            name: name.to_owned(),
            version,
            description,
            doubts,
            operator_patterns,
            operator_files,
            world,
            sandbox: sandbox.clone(),
            label,
            share,
            number: number(),
            permits: Arc::new(Semaphore::new(sandbox.share)),
            breaker: Breaker::default(),
            opened: opened::none(),
            took: began.elapsed(),
            from_cache,
        })
    }

    /// The operator's files as they are now, if they are not those it was loaded with.
    pub(super) fn changed_files(&self, beside: &Path) -> Option<Vec<File>> {
        let files = operator::read(beside, &self.operator_patterns);
        (files != self.operator_files).then_some(files)
    }

    /// The same plugin with other files beside it.
    pub(super) fn beside(&self, operator_files: Vec<File>) -> Self {
        Self {
            name: self.name.clone(),
            version: self.version.clone(),
            description: self.description.clone(),
            doubts: self.doubts.clone(),
            operator_patterns: self.operator_patterns.clone(),
            operator_files,
            world: self.world.clone(),
            sandbox: self.sandbox.clone(),
            label: self.label.clone(),
            share: self.share.clone(),
            number: number(),
            permits: self.permits.clone(),
            breaker: Breaker::default(),
            opened: opened::none(),
            took: Duration::ZERO,
            from_cache: true,
        }
    }

    /// How it was loaded, for the log.
    pub(super) fn story(&self) -> String {
        let how = match self.from_cache {
            true => "from cache",
            false => "compiled",
        };
        format!("{} ms ({how})", self.took.as_millis())
    }

    /// What its author should hear when it is loaded.
    pub(super) fn doubts(&self) -> &[String] {
        &self.doubts
    }

    fn key(&self, configuration: &Configuration) -> Key {
        Key {
            plugin: self.number,
            configuration: configuration.digest(),
        }
    }

    /// A new instance with the configuration opened.
    fn fresh(&self, configuration: &Configuration) -> Result<Guest, Fault> {
        let journal = Journal::new(self.label.clone(), self.share.clone());
        let budget = Budget::open(configuration);
        let mut guest = self.sandbox.instantiate(&self.world, journal, &budget)?;
        guest.open(&self.sandbox, configuration)?;
        Ok(guest)
    }

    /// Off the async threads, in turn with the other plugins, unless this one rests. A guest that was begun runs to
    /// its end or its deadline, even if nobody waits for it any more, and holds its place until then.
    async fn run<T: Send + 'static, E: Borrow<Event> + Send + Sync + 'static>(
        self: &Arc<Self>,
        call: Call<E>,
        work: impl FnOnce(&Self, &Call<E>) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let closed = "semaphores of the sandbox are never closed";
        self.breaker
            .check(|| call.whose(), call.goes_on(), Instant::now())
            .map_err(|rest| self.rests(rest))?;
        let own = self.permits.clone().acquire_owned().await.expect(closed);
        // Again: it may have begun to rest while this one waited for its turn.
        self.breaker
            .admit(|| call.whose(), call.goes_on(), Instant::now())
            .map_err(|rest| self.rests(rest))?;
        let any = self
            .sandbox
            .permits
            .clone()
            .acquire_owned()
            .await
            .expect(closed);
        let (plugin, span) = (self.clone(), Span::current());
        let work = move || {
            let result = span.in_scope(|| {
                let began = taken();
                let result = work(&plugin, &call);
                let took = taken().saturating_sub(began);
                plugin.remember(&call, result.as_ref().err(), took);
                result
            });
            drop((own, any));
            result
        };
        (tokio::task::spawn_blocking(work).await)
            .unwrap_or_else(|error| Err(Fault::Host(clean(&error.to_string(), 1_000))))
    }

    /// How a call ended, for the breaker.
    fn remember<E: Borrow<Event>>(&self, call: &Call<E>, fault: Option<&Fault>, took: Duration) {
        let now = Instant::now();
        match fault {
            Some(fault) if fault.is_a_failure() => {
                let why = fault.to_string();
                if let Some(cause) = self.breaker.failed(call.whose(), why.clone(), now) {
                    self.begins_to_rest(cause, &why);
                }
            }
            Some(Fault::Host(_) | Fault::Resting { .. }) => {}
            // A refusal and a mistake found in a configuration are answers too.
            _ if call.is_slow(took) => {
                let what = format!("it took {:.1} s for one event", took.as_secs_f32());
                self.breaker.took_long(call.whose(), took, what, now);
            }
            _ => match self.breaker.answered(|| call.whose()) {
                Some(Cause::Sick) => {
                    tracing::info!(plugin = self.name, "plugin {self} answers again");
                }
                Some(_) => tracing::info!(plugin = self.name, "plugin {self} answers again here"),
                None => {}
            },
        }
    }

    fn begins_to_rest(&self, cause: Cause, why: &str) {
        let what_to_do = match cause {
            Cause::Sick => "drop",
            _ => "those of other repositories go on: mend the configuration, or drop",
        };
        tracing::error!(
            plugin = self.name,
            "plugin {self} {} and rests {} s at a time until it answers again, last: {why}; its events wait, {what_to_do} a mended version into the plugin folder",
            why_it_rests(cause),
            REST.as_secs()
        );
    }

    fn rests(&self, resting: Resting) -> Fault {
        let Resting { cause, last, left } = resting;
        let plugin = self.label.to_string();
        Fault::Resting {
            plugin,
            cause,
            last,
            left,
        }
    }
}

/// One instance, outside of the turns and of what is kept between events. Blocks.
pub struct Instance<'a> {
    guest: Guest,
    plugin: &'a Plugin,
}

impl Instance<'_> {
    /// The smallest call there is.
    pub fn describe(&mut self) -> Result<Description, Fault> {
        self.guest.describe(&self.plugin.sandbox)
    }

    pub fn open(&mut self, configuration: &Configuration) -> Result<(), Fault> {
        self.guest.open(&self.plugin.sandbox, configuration)
    }

    pub fn map(&mut self, configuration: &Configuration, event: &Event) -> Result<Outcome, Fault> {
        (self.guest).map(&self.plugin.sandbox, configuration, event)
    }
}

impl Drop for Plugin {
    fn drop(&mut self) {
        self.sandbox.kept.forget(self.number);
    }
}

/// `name version`.
impl fmt::Display for Plugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.label)
    }
}

impl fmt::Debug for Plugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Plugin({self})")
    }
}

fn number() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}
