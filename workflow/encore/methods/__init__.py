"""The methods: one file each, in the order of its paper's algorithm, equation numbers beside the lines.

What they share, and what each must have, is in `encore.methods.base`.
"""
