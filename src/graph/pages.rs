//! Huge pages for what searches read at random: with 4 KiB pages every row costs a page walk as well.
//!
//! A request to the kernel, made before the memory is first touched; refusal changes speed only.

/// Below this a buffer has too few whole huge pages to gain from them.
#[cfg(target_os = "linux")]
const WORTHWHILE: usize = 4 << 20;

/// Asks for huge pages under `memory`, which should not be touched yet.
pub(super) fn advise<T>(memory: &[T]) {
    #[cfg(target_os = "linux")]
    {
        const PAGE: usize = 4096;
        let length = std::mem::size_of_val(memory);
        if length >= WORTHWHILE {
            let start = memory.as_ptr().cast::<u8>().cast_mut();
            let skip = start.addr().next_multiple_of(PAGE) - start.addr();
            // SAFETY: MADV_HUGEPAGE changes no contents, and the range is inside an allocation of ours;
            // a page size above 4 KiB makes the kernel refuse an unaligned start.
            let _ = unsafe {
                rustix::mm::madvise(
                    start.add(skip).cast(),
                    (length - skip) / PAGE * PAGE,
                    rustix::mm::Advice::LinuxHugepage,
                )
            };
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = memory;
}
