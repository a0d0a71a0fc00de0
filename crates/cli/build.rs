//! The examples are part of the executable: it is built again when one of them changes.

fn main() {
    println!("cargo::rerun-if-changed=../../examples");
    println!("cargo::rerun-if-changed=starter");
}
