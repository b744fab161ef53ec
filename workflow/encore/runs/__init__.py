"""The stages of a run, a module each, and the loop, checkpoints, device and arguments that they share."""
