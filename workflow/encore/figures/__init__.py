"""Plots of tables, training curves and sweeps, and grids of images and their reconstructions."""
