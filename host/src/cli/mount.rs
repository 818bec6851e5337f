//! Whether `DATA_DIR` outlives the container that this runs in, told from the kernel's list of mounts.

use std::path::Path;

/// A sentence for the log where what is kept goes with the container.
pub(super) fn warning(data_dir: &Path) -> Option<String> {
    if !is_what_a_container_runs() {
        return None;
    }
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").ok()?;
    let absolute = std::fs::canonicalize(data_dir).or_else(|_| std::path::absolute(data_dir));
    if outlives(&mounts, &absolute.ok()?) {
        return None;
    }
    Some(format!(
        "DATA_DIR ({}) is no mount that outlives this container: each new one begins with a first start; \
         mount a volume there (docker run -v portolan-data:{0})",
        data_dir.display()
    ))
}

/// The first process, or below an init (`docker run --init`). Whoever starts the host by hand in a container for
/// development knows that it is one.
fn is_what_a_container_runs() -> bool {
    let marks = ["/.dockerenv", "/run/.containerenv"];
    std::process::id() == 1
        || (std::os::unix::process::parent_id() == 1
            && marks.iter().any(|mark| Path::new(mark).exists()))
}

/// Whether a folder lies on a mount that somebody named. `mounts` is in the form of proc_pid_mountinfo(5).
fn outlives(mounts: &str, folder: &Path) -> bool {
    let mounts = mounts.lines().filter_map(|line| {
        let mut fields = line.split(' ').skip(3);
        let (root, at) = (fields.next()?, Path::new(fields.next()?));
        folder.starts_with(at).then_some((at, root))
    });
    // The longest path is where it lies; of two at one path the later one covers the other.
    let Some((at, root)) = mounts.max_by_key(|(at, _)| at.as_os_str().len()) else {
        return true;
    };
    // What a container engine makes for an image's VOLUME by itself has 64 digits for a name.
    let unnamed =
        |part: &str| part.len() == 64 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    at != Path::new("/") && !root.split('/').any(unnamed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = "577 480 0:52 / / rw,relatime - overlay overlay rw,lowerdir=/l\n";

    #[test]
    fn a_folder_outlives_its_container_on_a_mount_with_a_name() {
        let volume = |name: &str| {
            format!(
                "{ROOT}590 577 8:1 /var/lib/docker/volumes/{name}/_data /data rw - ext4 /dev/sda1 rw\n"
            )
        };
        let (data, other) = (Path::new("/data"), Path::new("/database"));
        assert!(!outlives(ROOT, data));
        assert!(outlives(&volume("portolan-data"), data));
        assert!(outlives(&volume("portolan-data"), &data.join("portolan")));
        assert!(!outlives(&volume("portolan-data"), other));
        assert!(!outlives(&volume(&"0a".repeat(32)), data));
    }

    #[test]
    fn where_mounts_are_not_told_nothing_is_warned_about() {
        assert!(outlives("", Path::new("/data")));
    }
}
