//! Links `wane` into a library without std; see `Cargo.toml` beside this folder.
#![no_std]

use core::alloc::{GlobalAlloc, Layout};
use core::panic::PanicInfo;

/// Has no memory to give: this library is linked, never run.
struct NoMemory;

// SAFETY: a null pointer is the documented answer when memory is exhausted, and nothing is ever handed out that
// could come back.
unsafe impl GlobalAlloc for NoMemory {
    unsafe fn alloc(&self, _layout: Layout) -> *mut u8 {
        core::ptr::null_mut()
    }

    unsafe fn dealloc(&self, _pointer: *mut u8, _layout: Layout) {}
}

#[global_allocator]
static ALLOCATOR: NoMemory = NoMemory;

#[panic_handler]
fn halt(_info: &PanicInfo<'_>) -> ! {
    loop {}
}

/// Reaches into the library, so that linking it cannot be skipped.
#[unsafe(no_mangle)]
pub extern "C" fn is_key(byte: u8) -> bool {
    wane::PublicKey::from_bytes(&[byte; 32]).is_ok()
}
