"""What notify may record, and about whom: one module per noun with its commands, state, decide and apply. PURE."""
