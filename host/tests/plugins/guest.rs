//! Guests written by hand, so that each can do the one wrong thing that it is about.
//!
//! The smallest mapper there is: it wants `pull-request`, opens any configuration, maps every event to `unchanged`.
//! A test replaces the instructions of one of these.

use std::path::Path;
use std::sync::Arc;

use portolan::plugins::contract::{Configuration, Event};
use portolan::plugins::{Plugin, Plugins};
use wit_parser::Resolve;

/// A module's instructions, in the text format, by function. Each may use `$say` (level, address, length).
#[derive(Clone, Copy)]
pub(crate) struct Guest<'a> {
    pub(crate) describe: &'a str,
    pub(crate) open: &'a str,
    pub(crate) map: &'a str,
    /// More functions, globals and data (from address 2048 on).
    pub(crate) more: &'a str,
    /// Pages of memory to begin with.
    pub(crate) memory: u32,
}

impl Default for Guest<'_> {
    fn default() -> Self {
        Self {
            describe: "",
            open: "",
            map: "",
            more: "",
            memory: 2,
        }
    }
}

impl Guest<'_> {
    /// A core module like cargo's, with the contract's types in a section of its own.
    pub(crate) fn module(&self) -> Vec<u8> {
        let mut module = wat::parse_str(self.text()).unwrap();
        let mut resolve = Resolve::default();
        let contract = concat!(env!("CARGO_MANIFEST_DIR"), "/../wit/mapper.wit");
        let contract = std::fs::read_to_string(contract).unwrap();
        let package = resolve.push_str("mapper.wit", &contract).unwrap();
        let world = resolve.select_world(&[package], Some("plugin")).unwrap();
        let utf8 = wit_component::StringEncoding::UTF8;
        wit_component::embed_component_metadata(&mut module, &resolve, world, utf8).unwrap();
        module
    }

    pub(crate) fn write(&self, path: &Path) {
        std::fs::write(path, self.module()).unwrap();
    }

    /// Loaded outside of any set.
    pub(crate) async fn load(&self) -> anyhow::Result<Arc<Plugin>> {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("tiny.wasm");
        self.write(&file);
        Plugins::load(&file, &dir.path().join("compiled")).await
    }

    fn text(&self) -> String {
        let Self {
            describe,
            open,
            map,
            more,
            memory,
        } = self;
        format!(
            r#"(module
  (import "[export]portolan:mapper/mapping@0.1.0" "[resource-new]mapper" (func $new (param i32) (result i32)))
  (import "portolan:mapper/log@0.1.0" "log" (func $say (param i32 i32 i32)))
  (memory (export "memory") {memory})
  (global $top (mut i32) (i32.const 65536))
  (global $calls (mut i32) (i32.const 0))
  ;; describe: one kind, no files, no blueprints
  (data (i32.const 64) "\00\04\00\00\01\00\00\00")
  (data (i32.const 1024) "\10\04\00\00\0c\00\00\00")
  (data (i32.const 1040) "pull-request")
  ;; map-event: ok(unchanged)
  (data (i32.const 256) "\00\00\00\00\02\00\00\00")
  {more}
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $top) (i32.const 7)) (i32.const -8)))
    (global.set $top (i32.add (local.get $at) (local.get 3)))
    (if (i32.gt_u (global.get $top) (i32.shl (memory.size) (i32.const 16)))
      (then (drop (memory.grow (i32.add (i32.const 1) (i32.sub (i32.shr_u (global.get $top) (i32.const 16)) (memory.size)))))))
    (local.get $at))
  (func (export "portolan:mapper/mapping@0.1.0#describe") (result i32) {describe} (i32.const 64))
  (func (export "portolan:mapper/mapping@0.1.0#[static]mapper.open") (param i32 i32) (result i32) {open}
    (i32.store8 (i32.const 128) (i32.const 0))
    (i32.store (i32.const 132) (call $new (i32.const 7)))
    (i32.const 128))
  (func (export "portolan:mapper/mapping@0.1.0#[method]mapper.notes") (param i32) (result i32) (i32.const 512))
  (func (export "portolan:mapper/mapping@0.1.0#[method]mapper.wants") (param i32) (result i32) (i32.const 512))
  (func (export "portolan:mapper/mapping@0.1.0#[method]mapper.options") (param i32) (result i32) (i32.const 512))
  (func (export "portolan:mapper/mapping@0.1.0#[method]mapper.map-event") (param i32) (result i32)
    (global.set $top (i32.const 65536))
    (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
    {map} (i32.const 256)))"#
        )
    }
}

pub(crate) fn configuration() -> Configuration {
    Configuration::new("acme", Vec::new())
}

/// The same in a repository.
pub(crate) fn event_of(repository: u64) -> Event {
    let repository = format!(r#"{{"id":{repository},"name":"shop"}}"#);
    Event {
        repository: Some(repository),
        ..event()
    }
}

pub(crate) fn event() -> Event {
    Event {
        kind: "pull-request".to_owned(),
        time: "2026-11-22T12:00:00Z".to_owned(),
        organization: r#"{"login":"acme","id":1}"#.to_owned(),
        repository: None,
        subject: Some(r#"{"number":1}"#.to_owned()),
        webhook: None,
        answers: Vec::new(),
        explain: false,
    }
}
