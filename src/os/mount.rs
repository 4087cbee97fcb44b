//! File systems that other machines share: locks and syncs cannot be relied on there.

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
    let table = std::fs::read_to_string("/proc/self/mountinfo").ok()?;
    let device = format!(
        "{}:{}",
        rustix::fs::major(device),
        rustix::fs::minor(device)
    );
    let kind = kind_of(&device, &table)?;
    NETWORK.contains(&kind).then(|| kind.to_owned())
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
