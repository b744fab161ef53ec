"""Readers of datasets' files, a module a format: `read(data, folder)` gives the images in one index space.

`data` is the dataset's entry in the catalogue, `folder` holds its files. A file that is broken or missing is
a DataError with one sentence. The catalogue names a reader by its file: every module here is one.
"""
