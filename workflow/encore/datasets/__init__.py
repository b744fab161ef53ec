"""Datasets: from a publisher's file to the images and the split that a run works on.

- catalogue: what is known about each dataset, read from catalogue.yaml (no numpy: the Snakefile imports it).
- download: brings the files into the data folder, verifies them, lists them.
- inventory: the list of those files, and that what is read is what it recorded.
- read, readers/: the files in one index space, the train part first, the test part last; a module a format.
- lazy: images that stay packed until one of them is asked for.
- images: the images at the size that the networks see.
- divide, protocols/: which images train and which are tested; a module a protocol. split: what they give.
- labels: what attribute methods train with.
- count: the images of a dataset, by class or attribute.
"""
