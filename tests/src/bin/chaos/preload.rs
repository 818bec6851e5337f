//! The library that watches the host's disk: where it is, and the log that it and this program write together.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::Context;
use portolan_tests::host::TestHost;

use crate::disk::log;

/// A log that grows while a host runs.
pub(crate) struct Watch {
    shim: PathBuf,
    path: PathBuf,
    file: Mutex<File>,
}

impl Watch {
    /// Into a new file in this folder.
    pub(crate) fn into(folder: &Path) -> anyhow::Result<Self> {
        let shim = std::env::current_exe()?.with_file_name("libportolan_disk.so");
        anyhow::ensure!(
            shim.is_file(),
            "there is no {}: `make chaos` builds it",
            shim.display()
        );
        let path = folder.join("disk.log");
        let file = OpenOptions::new().create(true).append(true).open(&path);
        Ok(Self {
            shim,
            file: Mutex::new(file.with_context(|| path.display().to_string())?),
            path,
        })
    }

    /// The host writes its calls into the log.
    pub(crate) fn over(&self, host: TestHost) -> TestHost {
        let variables = self.variables().into_iter();
        variables.fold(host, |host, (name, value)| host.env(name, value))
    }

    pub(crate) fn variables(&self) -> [(&'static str, String); 2] {
        [
            ("LD_PRELOAD", self.shim.display().to_string()),
            ("PORTOLAN_DISK_LOG", self.path.display().to_string()),
        ]
    }

    /// A 2xx for this delivery was read: what the host did for it is in the log before this.
    pub(crate) fn acknowledged(&self, guid: &str) {
        let record = log::acknowledged(guid);
        let mut file = self.file.lock().expect("nothing panics while it is held");
        file.write_all(&record).expect("there is room for the log");
    }

    pub(crate) fn read(&self) -> anyhow::Result<Vec<u8>> {
        std::fs::read(&self.path).with_context(|| self.path.display().to_string())
    }
}
