//! Tells the arena that loom watches it.

fn main() {
    println!("cargo::rustc-check-cfg=cfg(vectord_loom)");
    println!("cargo::rustc-cfg=vectord_loom");
    println!("cargo::rerun-if-changed=build.rs");
}
