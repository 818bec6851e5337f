//! The sandbox: the engine, its pool of slots, and one instance of a guest in it.
//!
//! Every step of a guest goes through [`Guest::call`], which arms the limits before
//! and puts what went wrong into words after. What a guest means is not known here.

use std::sync::Arc;
use std::thread::available_parallelism;

use anyhow::{Context as _, anyhow};
use tokio::sync::Semaphore;
use wasmtime::component::{HasSelf, Linker, ResourceAny};
use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig, Store,
};

use super::cache::Cache;
use super::contract::{Configuration, Description, Event, File, Outcome, World, WorldPre};
use super::fault::Fault;
use super::journal::{Journal, clean, clean_all, clean_place};
use super::kept::Kept;
use super::limits::{self, Accounts, Budget};
use super::opened::Opened;
use super::pulse::{Pulse, TICK};

/// Instances that can exist at once: those in use, those kept, and some to spare for loading.
const SLOTS: u32 = 64;
/// Of those, in use at most.
const IN_USE: usize = 32;
/// Pages of a slot that are cleared by hand instead of being given back to the kernel, in bytes.
const RESIDENT: usize = 256 << 10;

/// Everything that guests share. One per process.
pub(super) struct Sandbox {
    pub engine: Engine,
    pub linker: Linker<Accounts>,
    pub cache: Cache,
    pub kept: Kept,
    /// One for every guest that may run now.
    pub permits: Arc<Semaphore>,
    /// What one plugin may have of them: half, so that one that loops leaves the others room.
    pub share: usize,
    pulse: Pulse,
}

/// One instance.
pub(super) struct Guest {
    store: Store<Accounts>,
    world: World,
    mapper: Option<ResourceAny>,
    pub calls: u32,
}

impl Sandbox {
    pub(super) fn new(cache: Cache) -> anyhow::Result<Arc<Self>> {
        let engine = engine()?;
        let mut linker = Linker::new(&engine);
        World::add_to_linker::<_, HasSelf<Journal>>(&mut linker, |accounts: &mut Accounts| {
            &mut accounts.journal
        })
        .map_err(|error| anyhow!("the contract cannot be linked: {error:#}"))?;
        let cores = available_parallelism().map_or(2, usize::from);
        let permits = (cores * 2).clamp(4, IN_USE);
        Ok(Arc::new(Self {
            cache,
            pulse: Pulse::start(&engine).context("no thread for the sandbox's clock")?,
            kept: Kept::default(),
            permits: Arc::new(Semaphore::new(permits)),
            share: permits / 2,
            linker,
            engine,
        }))
    }

    /// A fresh instance, nothing called yet.
    pub(super) fn instantiate(
        &self,
        world: &WorldPre<Accounts>,
        journal: Journal,
        budget: &Budget,
    ) -> Result<Guest, Fault> {
        let mut store = Store::new(&self.engine, Accounts::new(journal));
        store.limiter(|accounts| accounts);
        store.set_hostcall_fuel(limits::CROSSING);
        arm(&mut store, budget);
        let running = self.pulse.run();
        let world = world.instantiate(&mut store);
        drop(running);
        match world {
            Ok(world) => Ok(Guest {
                store,
                world,
                mapper: None,
                calls: 0,
            }),
            Err(error) => Err(Fault::of(&error, store.data(), budget)),
        }
    }
}

impl Guest {
    pub(super) fn describe(&mut self, sandbox: &Sandbox) -> Result<Description, Fault> {
        self.call(sandbox, &Budget::describe(), |world, store| {
            world.portolan_mapper_mapping().call_describe(store)
        })
    }

    pub(super) fn open(
        &mut self,
        sandbox: &Sandbox,
        configuration: &Configuration,
    ) -> Result<(), Fault> {
        let files: &[File] = configuration.files();
        let budget = Budget::open(configuration);
        let opened = self.call(sandbox, &budget, |world, store| {
            let mapping = world.portolan_mapper_mapping();
            mapping.mapper().call_open(store, files)
        })?;
        match opened {
            Ok(mapper) => {
                self.mapper = Some(mapper);
                Ok(())
            }
            Err(mut diagnostics) => {
                self.fits(limits::diagnostics_size(&diagnostics), &budget)?;
                clean_all(&mut diagnostics);
                Err(Fault::Configuration(diagnostics))
            }
        }
    }

    /// What the opened mapper says of its configuration.
    pub(super) fn read(
        &mut self,
        sandbox: &Sandbox,
        configuration: &Configuration,
    ) -> Result<Opened, Fault> {
        let (mapper, budget) = (self.mapper()?, Budget::open(configuration));
        let mut opened = self.call(sandbox, &budget, |world, store| {
            let guest = world.portolan_mapper_mapping().mapper();
            Ok(Opened {
                wants: guest.call_wants(&mut *store, mapper)?,
                options: guest.call_options(&mut *store, mapper)?,
                notes: guest.call_notes(&mut *store, mapper)?,
            })
        })?;
        let size = limits::diagnostics_size(&opened.notes) + limits::wants_size(&opened.wants);
        self.fits(size, &budget)?;
        clean_all(&mut opened.notes);
        Ok(opened)
    }

    pub(super) fn map(
        &mut self,
        sandbox: &Sandbox,
        configuration: &Configuration,
        event: &Event,
    ) -> Result<Outcome, Fault> {
        let (mapper, budget) = (self.mapper()?, Budget::map(configuration, event));
        self.calls += 1;
        let outcome = self.call(sandbox, &budget, |world, store| {
            let guest = world.portolan_mapper_mapping().mapper();
            guest.call_map_event(store, mapper, event)
        })?;
        match outcome {
            Ok(mut outcome) => {
                self.fits(limits::outcome_size(&outcome), &budget)?;
                if let Outcome::Mapped(mapped) = &mut outcome {
                    clean_all(&mut mapped.notes);
                    let places = mapped.entities.iter_mut().map(|entity| &mut entity.place);
                    places.for_each(clean_place);
                }
                Ok(outcome)
            }
            Err(reason) => Err(Fault::Refused(clean(&reason, 2_000))),
        }
    }

    /// Bytes of linear memory that this instance holds.
    pub(super) fn memory(&self) -> usize {
        self.store.data().memory
    }

    fn mapper(&self) -> Result<ResourceAny, Fault> {
        self.mapper
            .ok_or_else(|| Fault::Host("a mapper was called before it was opened".to_owned()))
    }

    /// After an error nobody may enter this instance again.
    fn call<T>(
        &mut self,
        sandbox: &Sandbox,
        budget: &Budget,
        call: impl FnOnce(&World, &mut Store<Accounts>) -> wasmtime::Result<T>,
    ) -> Result<T, Fault> {
        arm(&mut self.store, budget);
        let running = sandbox.pulse.run();
        let answer = call(&self.world, &mut self.store);
        drop(running);
        self.store.data_mut().journal.end();
        answer.map_err(|error| Fault::of(&error, self.store.data(), budget))
    }

    fn fits(&self, size: usize, budget: &Budget) -> Result<(), Fault> {
        match size > budget.output {
            true => Err(Fault::output(self.store.data(), budget.output)),
            false => Ok(()),
        }
    }
}

fn arm(store: &mut Store<Accounts>, budget: &Budget) {
    let accounts = store.data_mut();
    accounts.denied = None;
    accounts.journal.begin();
    let ticks = budget.time.as_nanos().div_ceil(TICK.as_nanos());
    store.set_epoch_deadline(u64::try_from(ticks).unwrap_or(u64::MAX));
}

/// The pool makes an instance in microseconds, but wants 0.4 TB of address space, which some machines do not give.
fn engine() -> anyhow::Result<Engine> {
    let pool = InstanceAllocationStrategy::Pooling(pool());
    let pooled = Engine::new(config().allocation_strategy(pool));
    pooled.or_else(|error| {
        tracing::warn!("plugins run without a pool of instances, each event costs more: {error:#}");
        let strategy = InstanceAllocationStrategy::OnDemand;
        Engine::new(config().allocation_strategy(strategy))
            .map_err(|error| anyhow!("the sandbox does not start on this machine: {error:#}"))
    })
}

fn config() -> Config {
    let mut config = Config::new();
    config
        .wasm_component_model(true)
        .epoch_interruption(true)
        .max_wasm_stack(limits::STACK)
        .cranelift_opt_level(OptLevel::Speed)
        .parallel_compilation(true)
        .memory_init_cow(true)
        // What no toolchain emits unasked: the less there is, the less there is to break.
        .wasm_memory64(false)
        .wasm_multi_memory(false)
        .wasm_relaxed_simd(false)
        .wasm_custom_page_sizes(false)
        .wasm_wide_arithmetic(false)
        .wasm_tail_call(false)
        .wasm_stack_switching(false)
        .wasm_shared_everything_threads(false);
    config
}

fn pool() -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    let many = SLOTS * u32::try_from(limits::INSTANCES / 2).expect("a small constant");
    pool.total_component_instances(SLOTS)
        .total_core_instances(many)
        .total_memories(SLOTS)
        .total_tables(many)
        .max_memories_per_component(u32::try_from(limits::MEMORIES).expect("a small constant"))
        .max_core_instances_per_component(
            u32::try_from(limits::INSTANCES).expect("a small constant"),
        )
        .max_tables_per_component(u32::try_from(limits::INSTANCES).expect("a small constant"))
        // A JavaScript engine as a guest needs more than the default of 1 MiB.
        .max_core_instance_size(4 << 20)
        .max_component_instance_size(4 << 20)
        .table_elements(limits::TABLE_ELEMENTS)
        .max_memory_size(limits::MEMORY)
        .linear_memory_keep_resident(RESIDENT)
        .table_keep_resident(64 << 10)
        .pagemap_scan(Enabled::Auto);
    // Not in batches: what waits to be given back is still resident, up to 64 MiB for every guest that died.
    pool
}
