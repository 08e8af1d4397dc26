"""Audit's routes: the log as C2SP tlog-tiles asks for it, and convenience reads beside it."""
