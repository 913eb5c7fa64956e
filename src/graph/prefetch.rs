//! Asking the memory for what the search will read next. A hint: it never changes a result.
//!
//! On processors without an instruction for it nothing is done.

/// Cache lines of a row asked for at once; beyond them the processor's streaming prefetcher takes over.
const LINES: usize = 24;

/// Bytes in a cache line.
const LINE: usize = 64;

/// Asks for the first lines of a row.
#[inline(always)]
pub(super) fn lines<T>(row: &[T]) {
    for line in 0..size_of_val(row).div_ceil(LINE).min(LINES) {
        address(row.as_ptr().cast::<u8>().wrapping_add(line * LINE));
    }
}

/// Asks for the line that holds `pointer`.
#[inline(always)]
pub(super) fn address<T>(pointer: *const T) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: prefetching reads nothing the program can see and cannot fault, whatever the address.
    unsafe {
        std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(pointer.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = pointer;
}
