"""Protocols, a module each: how a dataset becomes normal and anomalous, train and test.

`split(images, unit, rng, folds_rng)` gives indices into the one index space of `images`, from its labels or
attributes. `unit` is an index into `images.classes`: the normal class, the anomalous class or attribute, or
the attribute that is edited. `rng` is the unit's own, `folds_rng` the same for all units. A dataset that does
not fit is a DataError. A paper names a protocol by its file: every module here is one. VALIDATES says that
its splits hold out a validation part; it is read from the source as text.
"""
