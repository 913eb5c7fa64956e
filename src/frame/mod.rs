//! The bytes of the log and of snapshots: LHL1 and LHV1, to and from plain structs.
