//! Where a file is mounted. File systems that other machines share: locks and syncs cannot be relied on
//! there. And a file that is mounted by itself: what is beside it is somewhere else.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Names of network file systems, as the table of mounts has them. `fuse.` stands before those that
/// a program of its own serves.
const NETWORK: [&str; 27] = [
    "9p",
    "afs",
    "beegfs",
    "ceph",
    "cifs",
    "coda",
    "davfs",
    "fuse.ceph-fuse",
    "fuse.davfs2",
    "fuse.gcsfuse",
    "fuse.glusterfs",
    "fuse.gvfsd-fuse",
    "fuse.rclone",
    "fuse.s3fs",
    "fuse.sshfs",
    "fuse.vmhgfs-fuse",
    "glusterfs",
    "gpfs",
    "lustre",
    "ncpfs",
    "nfs",
    "nfs4",
    "prl_fs",
    "smb3",
    "smbfs",
    "vboxsf",
    "virtiofs",
];

/// The name of the network file system that a file is on; `None` if it is on a local one, and where
/// the system does not tell. Linux alone does, in `/proc/self/mountinfo` (proc(5)).
#[must_use]
pub fn network_file_system(path: &Path) -> Option<String> {
    let device = std::fs::metadata(path).ok()?.dev();
    let table = table()?;
    let device = format!(
        "{}:{}",
        rustix::fs::major(device),
        rustix::fs::minor(device)
    );
    let kind = kind_of(&device, &table)?;
    NETWORK.contains(&kind).then(|| kind.to_owned())
}

/// Whether a file is mounted by itself, as `docker run -v FILE:FILE` does it: its folder is another one
/// then than where it comes from.
#[must_use]
pub fn is_mounted_alone(file: &Path) -> bool {
    let path = file.canonicalize();
    let found = path.ok().zip(table());
    found.is_some_and(|(path, table)| is_mount_point(&path, &table))
}

fn table() -> Option<String> {
    let table = std::fs::read("/proc/self/mountinfo").ok()?;
    Some(String::from_utf8_lossy(&table).into_owned())
}

/// Whether something is mounted at just this path, in which the table escapes blanks.
fn is_mount_point(path: &Path, table: &str) -> bool {
    let escaped = path.to_string_lossy().replace('\\', "\\134");
    let escaped = escaped.replace(' ', "\\040").replace('\t', "\\011");
    let escaped = escaped.replace('\n', "\\012");
    let mut points = table.lines().filter_map(|line| line.split(' ').nth(4));
    points.any(|point| point == escaped)
}

/// The type of the file system with this device number. A line reads
/// `36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw`.
fn kind_of<'a>(device: &str, table: &'a str) -> Option<&'a str> {
    let line = table
        .lines()
        .find(|line| line.split(' ').nth(2) == Some(device))?;
    line.split_once(" - ")?.1.split(' ').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_mounts_tells_the_kind() {
        let table = "36 35 98:0 /mnt1 /mnt2 rw master:1 - ext3 /dev/root rw\n\
                     40 35 0:52 / /home rw - nfs4 server:/home rw,vers=4.2\n";
        assert_eq!(kind_of("98:0", table), Some("ext3"));
        assert_eq!(kind_of("0:52", table), Some("nfs4"));
        assert_eq!(kind_of("0:53", table), None);
    }

    #[test]
    fn the_table_of_mounts_tells_where() {
        let table = "36 35 98:0 /mnt1 /srv/my\\040ledger.db rw master:1 - ext3 /dev/root rw\n";
        assert!(is_mount_point(Path::new("/srv/my ledger.db"), table));
        assert!(!is_mount_point(Path::new("/srv"), table));
        assert!(!is_mount_point(Path::new("/mnt1"), table));
    }

    #[test]
    fn file_systems_of_other_machines_are_known_and_local_ones_are_not_among_them() {
        for kind in ["nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "vboxsf"] {
            assert!(NETWORK.contains(&kind), "{kind}");
        }
        for kind in ["ext4", "xfs", "btrfs", "zfs", "tmpfs", "overlay", "fuseblk"] {
            assert!(!NETWORK.contains(&kind), "{kind}");
        }
        assert!(NETWORK.is_sorted());
    }

    #[test]
    fn a_temporary_folder_is_local() {
        assert_eq!(network_file_system(&std::env::temp_dir()), None);
    }
}
