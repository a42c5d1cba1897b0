"""The whole error tree. What a user can meet is a FashionError; its text is one sentence fit for a page.

FashionError                 exit code 1
├── PhotoError               one photo cannot be read
├── SourceError              an import source cannot be used
├── DatasetError             a dataset is unknown, changed or incomplete
├── RunError                 a run is unknown, unfinished or does not fit
├── DeviceError              a device is not there
├── ReadOnlyError            this is a review copy, which changes nothing
├── RoomError                the lab cannot be opened to the room
├── DiskError                something cannot be written; an OSError too, with its errno
└── WrongUse                 exit code 2: the caller asked for something that does not exist
    └── SettingsError        a setting is unknown or out of range
"""


class FashionError(Exception):
    """Something a user can meet. ``str(error)`` names the thing, the value and the next step."""

    exit_code = 1


class PhotoError(FashionError):
    """One photo cannot be read."""


class SourceError(FashionError):
    """An import source cannot be used."""


class DatasetError(FashionError):
    """A dataset is unknown, changed or incomplete."""


class BeingMade(DatasetError):
    """Another process makes this dataset just now; a moment later it is there."""


class RunError(FashionError):
    """A run is unknown, unfinished or does not fit what is asked of it."""


class DeviceError(FashionError):
    """A device is not there."""


class ReadOnlyError(FashionError):
    """This is a review copy, which changes nothing."""


class RoomError(FashionError):
    """The lab cannot be opened to other machines."""


class DiskError(FashionError, OSError):
    """Something cannot be written. An OSError too, so that ``errno``, ``strerror`` and ``filename`` can be asked."""

    def __str__(self) -> str:
        return str(self.args[0])


class WrongUse(FashionError):
    """The caller asked for something that does not exist."""

    exit_code = 2


class SettingsError(WrongUse):
    """A setting is unknown or out of range."""
