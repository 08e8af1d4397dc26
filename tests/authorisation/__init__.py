"""The one table role × verb × relation, tried over HTTP: every cell by an account that sits there."""
