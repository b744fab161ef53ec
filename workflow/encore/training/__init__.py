"""The loop, checkpoints, seeds, precision and progress that every method shares."""
