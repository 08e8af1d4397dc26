"""`make demo`: the main job from a fresh checkout, in plain words, on the same stack that serves and tests."""
