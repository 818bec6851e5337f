//! What may be a plugin, and what is said of the rest.

use std::path::Path;

use portolan::plugins::Plugins;

use crate::guest::Guest;

async fn refusal(path: &Path, dir: &Path) -> String {
    let loaded = Plugins::load(path, &dir.join("compiled")).await;
    loaded.unwrap_err().to_string()
}

#[tokio::test]
async fn a_core_module_and_a_component_are_both_taken() {
    let dir = tempfile::tempdir().unwrap();
    let (file, cache) = (dir.path().join("tiny.wasm"), dir.path().join("compiled"));
    Guest::default().write(&file);
    let plugin = Plugins::load(&file, &cache).await.unwrap();
    assert_eq!((plugin.name.as_str(), plugin.version.len()), ("tiny", 12));
    assert_eq!(plugin.description.kinds, ["pull-request"]);
    let component = wit_component::ComponentEncoder::default();
    let component = component
        .module(&Guest::default().module())
        .unwrap()
        .encode();
    std::fs::write(&file, component.unwrap()).unwrap();
    Plugins::load(&file, &cache).await.unwrap();
}

#[tokio::test]
async fn what_cannot_be_a_plugin_is_told_why() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("odd.wasm");
    let whole = Guest::default().module();
    for (bytes, why) in [
        (whole[..whole.len() / 2].to_vec(), "cut short or damaged"),
        (vec![7; 1_000], "text, not WebAssembly"),
        (vec![0xff; 1_000], "not WebAssembly"),
        (wat::parse_str("(module)").unwrap(), "export_mapper!"),
        (wat::parse_str("(component)").unwrap(), "export_mapper!"),
    ] {
        std::fs::write(&file, bytes).unwrap();
        let said = refusal(&file, dir.path()).await;
        assert!(said.contains(why), "{said}");
    }
    assert!(refusal(dir.path(), dir.path()).await.contains("a folder"));
}

#[tokio::test]
async fn a_native_entry_of_the_cache_is_no_plugin() {
    let dir = tempfile::tempdir().unwrap();
    let (file, cache) = (dir.path().join("tiny.wasm"), dir.path().join("compiled"));
    Guest::default().write(&file);
    Plugins::load(&file, &cache).await.unwrap();
    let entry = std::fs::read_dir(&cache).unwrap().next().unwrap().unwrap();
    std::fs::copy(entry.path(), &file).unwrap();
    let said = refusal(&file, dir.path()).await;
    assert!(said.contains("precompiled native code"), "{said}");
}

#[tokio::test]
async fn more_than_a_slot_holds_is_refused_before_it_runs() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("large.wasm");
    let large = Guest {
        more: "(table 300000 funcref)",
        ..Guest::default()
    };
    large.write(&file);
    let said = refusal(&file, dir.path()).await;
    assert!(
        said.contains("300000 which exceeds the limit of 200000"),
        "{said}"
    );
    let large = Guest {
        memory: 2_000,
        ..Guest::default()
    };
    large.write(&file);
    let said = refusal(&file, dir.path()).await;
    assert!(said.contains("memory"), "{said}");
}

#[tokio::test]
async fn proposals_that_are_off_are_named() {
    let threads = Guest {
        more: "(func (drop (i32.atomic.load (i32.const 0))))",
        ..Guest::default()
    };
    let said = threads.load().await.unwrap_err().to_string();
    assert!(said.contains("threads"), "{said}");
}

#[tokio::test]
async fn a_trap_in_describe_refuses_the_plugin() {
    let broken = Guest {
        describe: "unreachable",
        ..Guest::default()
    };
    let said = broken.load().await.unwrap_err().to_string();
    assert!(
        said.contains("fails when asked to describe itself"),
        "{said}"
    );
    let endless = Guest {
        describe: "(loop br 0)",
        ..Guest::default()
    };
    let said = endless.load().await.unwrap_err().to_string();
    assert!(said.contains("did not finish within 2 s"), "{said}");
}

#[tokio::test]
async fn a_cache_that_others_could_write_is_emptied_and_shut() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let (file, cache) = (dir.path().join("tiny.wasm"), dir.path().join("compiled"));
    Guest::default().write(&file);
    std::fs::create_dir(&cache).unwrap();
    std::fs::write(cache.join("planted.compiled"), "").unwrap();
    std::fs::set_permissions(&cache, std::fs::Permissions::from_mode(0o2775)).unwrap();
    Plugins::load(&file, &cache).await.unwrap();
    let mode = std::fs::metadata(&cache).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    assert!(!cache.join("planted.compiled").exists());
    assert_eq!(std::fs::read_dir(&cache).unwrap().count(), 1);
}

#[tokio::test]
async fn a_damaged_cache_entry_is_compiled_anew() {
    let dir = tempfile::tempdir().unwrap();
    let (file, cache) = (dir.path().join("tiny.wasm"), dir.path().join("compiled"));
    Guest::default().write(&file);
    Plugins::load(&file, &cache).await.unwrap();
    let entry = std::fs::read_dir(&cache)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let mut bytes = std::fs::read(&entry).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0xff;
    std::fs::write(&entry, &bytes).unwrap();
    Plugins::load(&file, &cache).await.unwrap();
    assert_ne!(std::fs::read(&entry).unwrap(), bytes);
}
