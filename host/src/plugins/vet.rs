//! A plugin's bytes, looked at before anything of them is compiled or run:
//! is this WebAssembly, does it ask for nothing but `log`, does it offer the contract's `mapping`?
//!
//! A core module, as `cargo build --target wasm32-unknown-unknown` leaves it, becomes a component here.

use std::borrow::Cow;
use std::collections::BTreeSet;

use wasmparser::{Encoding, Parser, Payload};
use wasmtime::Engine;
use wit_component::ComponentEncoder;

use super::contract::CONTRACT;
use super::journal::clean;

/// Why a file is no plugin, in a sentence for the one who built it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct Refusal(pub String);

/// The component in these bytes.
pub(super) fn component(bytes: &[u8]) -> Result<Cow<'_, [u8]>, Refusal> {
    is_webassembly(bytes)?;
    let surface = Surface::read(bytes)?;
    surface.check()?;
    if surface.component {
        return Ok(Cow::Borrowed(bytes));
    }
    let encode = || {
        ComponentEncoder::default()
            .validate(true)
            .module(bytes)?
            .encode()
    };
    match encode() {
        Ok(component) => Ok(Cow::Owned(component)),
        Err(error) => Err(refuse(format!(
            "it cannot be made a component: {}",
            clean(&format!("{error:#}"), 1_000)
        ))),
    }
}

fn is_webassembly(bytes: &[u8]) -> Result<(), Refusal> {
    let what = match bytes {
        [] => "it is empty",
        [0x00, b'a', b's', b'm', ..] => return Ok(()),
        _ if Engine::detect_precompiled(bytes).is_some() => {
            "it is precompiled native code, which would run outside of the sandbox; use the .wasm file it was made from"
        }
        [0x7f, b'E', b'L', b'F', ..] => {
            "it is a native program; build with --target wasm32-unknown-unknown"
        }
        [0x00, ..] if b"\0asm".starts_with(bytes) => "it is cut short",
        _ if str::from_utf8(bytes).is_ok() => "it is text, not WebAssembly",
        _ => "it is not WebAssembly",
    };
    Err(refuse(what))
}

/// What a module or component asks for and offers, by name.
#[derive(Default)]
struct Surface {
    component: bool,
    imports: BTreeSet<String>,
    exports: BTreeSet<String>,
}

impl Surface {
    fn read(bytes: &[u8]) -> Result<Self, Refusal> {
        let mut surface = Self::default();
        let mut depth = 0;
        for payload in Parser::new(0).parse_all(bytes) {
            let payload = payload.map_err(damaged)?;
            // Of a component only its own surface counts, not that of the modules within.
            match payload {
                Payload::Version { encoding, .. } => {
                    depth += 1;
                    if depth == 1 {
                        surface.component = encoding == Encoding::Component;
                    }
                }
                Payload::End(_) => depth -= 1,
                Payload::ImportSection(section) if depth == 1 => {
                    for import in section.into_imports() {
                        let import = import.map_err(damaged)?;
                        surface.imports.insert(import.module.to_owned());
                    }
                }
                Payload::ExportSection(section) if depth == 1 => {
                    for export in section {
                        let name = export.map_err(damaged)?.name;
                        let interface = name.split_once('#').map_or(name, |(before, _)| before);
                        surface.exports.insert(interface.to_owned());
                    }
                }
                Payload::ComponentImportSection(section) if depth == 1 => {
                    for import in section {
                        let name = import.map_err(damaged)?.name.name;
                        surface.imports.insert(name.to_owned());
                    }
                }
                Payload::ComponentExportSection(section) if depth == 1 => {
                    for export in section {
                        let name = export.map_err(damaged)?.name.name;
                        surface.exports.insert(name.to_owned());
                    }
                }
                _ => {}
            }
        }
        Ok(surface)
    }

    fn check(&self) -> Result<(), Refusal> {
        let (package, served) = contract();
        let foreign: Vec<_> = (self.imports.iter())
            .map(|name| name.as_str())
            .filter(|name| !name.trim_start_matches("[export]").starts_with(package))
            .collect();
        if !foreign.is_empty() {
            return Err(refuse(unwelcome(&foreign)));
        }
        let mapping = format!("{package}/mapping@");
        let mut versions = (self.exports.iter()).filter_map(|name| name.strip_prefix(&mapping));
        match versions.next() {
            Some(version) if track(version) == track(served) => Ok(()),
            Some(version) => Err(refuse(format!(
                "it is built for version {} of {package}, this host serves {served}; rebuild it with a portolan-sdk for {served}",
                clean(version, 50)
            ))),
            None => Err(refuse(format!(
                "it does not export {package}/mapping@{served}, so it is no mapper; a Rust crate exports it by portolan_sdk::export_mapper!, with crate-type = [\"cdylib\"]"
            ))),
        }
    }
}

fn contract() -> (&'static str, &'static str) {
    CONTRACT
        .split_once('@')
        .expect("the contract's name carries its version")
}

/// Versions 0.1.0 and 0.1.7 understand each other, 0.1 and 0.2 do not; from 1.0 on the major version counts.
fn track(version: &str) -> (&str, &str) {
    let mut parts = version.split('.');
    match (parts.next().unwrap_or(""), parts.next().unwrap_or("")) {
        ("0", minor) => ("0", minor),
        (major, _) => (major, ""),
    }
}

fn unwelcome(foreign: &[&str]) -> String {
    let names = clean(&foreign.join(", "), 500);
    if foreign.iter().any(|name| name.starts_with("wasi")) {
        format!(
            "it imports {names}; Portolan links no WASI, a mapper has no files, clocks or network: build with --target wasm32-unknown-unknown"
        )
    } else if foreign.iter().any(|name| name.starts_with("__wbindgen")) {
        format!(
            "it imports {names}: some crate in it expects a browser (wasm-bindgen); switch off that crate's `js` or `wasmbind` feature"
        )
    } else {
        format!(
            "it imports {names}; a plugin may import portolan:mapper/log and nothing else, what a mapper lacks it asks for"
        )
    }
}

fn damaged(error: wasmparser::BinaryReaderError) -> Refusal {
    refuse(format!(
        "it is cut short or damaged at byte {}: {}",
        error.offset(),
        clean(error.message(), 300)
    ))
}

fn refuse(text: impl Into<String>) -> Refusal {
    Refusal(text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        let bytes = wat::parse_str(text).unwrap();
        component(&bytes).unwrap_err().to_string()
    }

    #[test]
    fn what_is_no_webassembly_is_named() {
        let refusal = |bytes: &[u8]| component(bytes).unwrap_err().to_string();
        assert_eq!(refusal(b""), "it is empty");
        assert_eq!(refusal(b"\0as"), "it is cut short");
        assert_eq!(refusal(b"(module)"), "it is text, not WebAssembly");
        assert_eq!(refusal(b"\xff\xfe\x00"), "it is not WebAssembly");
        assert!(refusal(b"\x7fELF\x02\x01\x01").contains("native program"));
    }

    #[test]
    fn every_truncation_is_refused() {
        let whole = wat::parse_str(r#"(module (func (export "run")) (memory 1))"#).unwrap();
        for length in 0..whole.len() {
            assert!(component(&whole[..length]).is_err());
        }
    }

    #[test]
    fn imports_beyond_log_are_named() {
        let wasi = refusal(r#"(module (import "wasi_snapshot_preview1" "fd_write" (func)))"#);
        assert!(
            wasi.contains("wasi_snapshot_preview1") && wasi.contains("links no WASI"),
            "{wasi}"
        );
        let wasi = refusal(r#"(component (import "wasi:clocks/wall-clock@0.2.6" (instance)))"#);
        assert!(wasi.contains("wasi:clocks/wall-clock@0.2.6"), "{wasi}");
        let browser = refusal(r#"(module (import "__wbindgen_placeholder__" "now" (func)))"#);
        assert!(browser.contains("wasm-bindgen"), "{browser}");
        let other = refusal(r#"(module (import "env" "launch" (func)))"#);
        assert!(other.contains("imports env"), "{other}");
    }

    #[test]
    fn a_module_without_the_contract_is_told_how_to_get_it() {
        let plain = refusal(r#"(module (func (export "main")))"#);
        assert!(plain.contains("export_mapper!"), "{plain}");
    }

    #[test]
    fn another_version_of_the_contract_names_both() {
        let newer = refusal(r#"(module (func (export "portolan:mapper/mapping@0.2.0#describe")))"#);
        assert!(
            newer.contains("version 0.2.0") && newer.contains("serves 0.1.0"),
            "{newer}"
        );
        assert_eq!(track("0.1.9"), track("0.1.0"));
        assert_ne!(track("0.1.0"), track("1.1.0"));
    }
}
