"""PURE: what custody may record. One module per noun holds its commands, its state, its decisions and its folding."""
