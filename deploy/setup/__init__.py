"""Setting up an installation: migrations and grants, keys, topics, founding. Run once; harmless when run again."""
