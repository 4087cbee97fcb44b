//! Signals that whoever started the program wants it to ignore, as `nohup` does.

/// Whether a signal was ignored when the program was started. Linux alone tells, in
/// `/proc/self/status`, where the line `SigIgn` has a bit for each signal, the lowest for number 1
/// (proc(5)). To be asked before the signal is listened to.
#[must_use]
pub fn is_ignored(number: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status");
    status.is_ok_and(|text| is_ignored_by(&text, number))
}

fn is_ignored_by(status: &str, number: i32) -> bool {
    let mut lines = status.lines();
    let mask = lines.find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|text| u64::from_str_radix(text.trim(), 16).ok());
    let bit = number.checked_sub(1).and_then(|it| u32::try_from(it).ok());
    let bit = bit.and_then(|place| 1_u64.checked_shl(place));
    mask.zip(bit).is_some_and(|(mask, bit)| mask & bit != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mask_has_a_bit_for_each_signal() {
        // As `nohup` leaves it: SIGHUP (1) and SIGPIPE (13).
        let status = "Name:\tccbatch\nSigBlk:\t0000000000000002\nSigIgn:\t0000000000001001\n";
        let ignored = (0..70).filter(|number| is_ignored_by(status, *number));
        assert_eq!(ignored.collect::<Vec<_>>(), [1, 13]);
        assert!(!is_ignored_by("", 1));
    }
}
