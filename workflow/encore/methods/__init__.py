"""The methods: one file each, in the order of its paper's algorithm, equation numbers beside the lines.

A method is a class with the literals SETTINGS (name -> description with unit), DETERMINISTIC and ON_GPU,
and offers `step(images)` and, where it can, `score`, `reconstruct` and `sample`. Its state is one flat
dict of tensors, so that checkpoints, resume and audit know nothing about methods.
"""
