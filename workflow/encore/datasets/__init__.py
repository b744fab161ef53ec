"""Datasets: from a publisher's file to the images and the split that a run works on.

- catalogue: what is known about each dataset, read from catalogue.yaml (no numpy: the Snakefile imports it).
- download: brings the files into the data folder, verifies them, lists them.
- readers: the files in one index space, the train part first, the test part last.
- lazy: images that stay packed until one of them is asked for.
- images: the images at the size that the networks see.
- protocols: which images train, which are tested, which of those are anomalous.
"""
