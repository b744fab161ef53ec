"""What is wrong with a dataset's files."""

from encore.script import UserError


class DataError(UserError, ValueError):
    """A dataset's file, or a split, that is broken or does not fit; the message is one sentence."""
