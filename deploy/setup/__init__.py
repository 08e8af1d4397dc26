"""Setting up an installation: migrations and grants, keys, founding. Run once; harmless when run again."""
