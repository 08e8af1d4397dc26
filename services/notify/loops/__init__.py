"""What the process `worker` does, side by side: relay, intake of sealed entries, delivery, probes."""
