//! `admin.json` in the data directory: where a running host is administered, and what opens it.
//!
//! Whoever may read the host's files may administer it, and nobody else: no password to set up, none to leak.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

const FILE: &str = "admin.json";

/// A token of this start. Does not print.
#[derive(Debug, Clone)]
pub(crate) struct Token(SecretString);

/// Where a host is, and its token.
#[derive(Debug, Clone)]
pub(crate) struct Pass {
    pub(crate) address: SocketAddr,
    pub(crate) token: Token,
}

/// The file, removed when this is dropped.
pub(super) struct Written(PathBuf);

#[derive(Serialize, Deserialize)]
struct OnDisk {
    address: SocketAddr,
    token: String,
}

impl Token {
    /// 256 bits from the system.
    pub(super) fn random() -> io::Result<Self> {
        let mut bytes = [0; 32];
        File::open("/dev/urandom")?.read_exact(&mut bytes)?;
        Ok(Self(hex::encode(bytes).into()))
    }

    /// Whether an `Authorization` header gives it. Digests are compared, so that the time it takes tells nothing.
    pub(super) fn is_given_by(&self, header: Option<&[u8]>) -> bool {
        let given = header.and_then(|header| header.strip_prefix(b"Bearer "));
        let own = Sha256::digest(self.0.expose_secret());
        given.is_some_and(|given| Sha256::digest(given) == own)
    }

    pub(crate) fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl Pass {
    /// Writes it where only this process' user can read it.
    pub(super) fn write(&self, folder: &Path) -> io::Result<Written> {
        let (path, part) = (folder.join(FILE), folder.join("admin.json.part"));
        let on_disk = OnDisk {
            address: self.address,
            token: self.token.expose().to_owned(),
        };
        match fs::remove_file(&part) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        // Created anew, so that the mode is certainly this one.
        let mut options = OpenOptions::new();
        let mut file = options
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&part)?;
        file.write_all(serde_json::to_string(&on_disk)?.as_bytes())?;
        drop(file);
        fs::rename(&part, &path)?;
        Ok(Written(path))
    }

    /// The pass of a host that runs, or did until it was killed. `None`: there is none.
    pub(crate) fn read(folder: &Path) -> io::Result<Option<Self>> {
        let text = match fs::read_to_string(folder.join(FILE)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            text => text?,
        };
        // One that cannot be understood leads nowhere.
        let on_disk = serde_json::from_str::<OnDisk>(&text).ok();
        Ok(on_disk.map(|OnDisk { address, token }| Self {
            address: reachable(address),
            token: Token(token.into()),
        }))
    }
}

/// What listens on all addresses is asked on the loopback.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    address
}

impl Drop for Written {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.0) {
            tracing::debug!("{} cannot be removed: {error}", self.0.display());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn pass(address: &str) -> Pass {
        Pass {
            address: address.parse().unwrap(),
            token: Token::random().unwrap(),
        }
    }

    #[test]
    fn the_pass_lies_there_for_its_owner_alone_until_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        // What a crash left, readable by all.
        fs::write(folder.path().join("admin.json.part"), "{").unwrap();
        fs::write(&path, "{").unwrap();
        assert!(Pass::read(folder.path()).unwrap().is_none());

        let pass = pass("127.0.0.1:9");
        let written = pass.write(folder.path()).unwrap();

        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        let read = Pass::read(folder.path()).unwrap().unwrap();
        assert_eq!(read.address, pass.address);
        assert_eq!(read.token.expose(), pass.token.expose());
        drop(written);
        assert!(Pass::read(folder.path()).unwrap().is_none() && !path.exists());
    }

    #[test]
    fn a_host_on_all_addresses_is_asked_on_the_loopback() {
        let folder = tempfile::tempdir().unwrap();
        for (bound, asked) in [
            ("0.0.0.0:9", "127.0.0.1:9"),
            ("[::]:9", "[::1]:9"),
            ("10.0.0.1:9", "10.0.0.1:9"),
        ] {
            let _written = pass(bound).write(folder.path()).unwrap();
            let read = Pass::read(folder.path()).unwrap().unwrap();
            assert_eq!(read.address.to_string(), asked);
        }
    }

    #[test]
    fn only_the_token_itself_opens_and_it_does_not_print() {
        let (token, other) = (Token::random().unwrap(), Token::random().unwrap());
        let header = |text: String| text.into_bytes();
        assert!(token.is_given_by(Some(&header(format!("Bearer {}", token.expose())))));
        for wrong in [
            format!("Bearer {}", other.expose()),
            format!("Bearer {}0", token.expose()),
            format!("bearer{}", token.expose()),
            token.expose().to_owned(),
            "Bearer ".to_owned(),
            String::new(),
        ] {
            assert!(!token.is_given_by(Some(&header(wrong))));
        }
        assert!(!token.is_given_by(None));
        assert!(!format!("{token:?}").contains(token.expose()));
    }
}
