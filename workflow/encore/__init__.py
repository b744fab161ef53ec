"""Encore: five papers reproduced, from raw data to printed table.

Imports go one way: scripts -> tables, figures, audit, training -> methods -> networks, metrics,
datasets -> papers, digest. Nothing that the Snakefile imports may import torch: every job parses it again.
"""

__version__ = "0.1.0"
