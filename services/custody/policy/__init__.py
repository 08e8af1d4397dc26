"""PURE: computes dates. Whether a date permits anything is for rules/ to say."""
