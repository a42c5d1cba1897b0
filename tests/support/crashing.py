"""A disk that forgets: stands in for ``os`` in ``storage``, remembers every effect, fails or dies at any one of them.

``Disk`` performs each call on a real folder and keeps a model beside it of what a power cut leaves: the content that a
file had and the names that a folder held when it was last synced. ``Disk.after_a_power_cut`` yields the folders that
may be found then. What was not synced may be there or not: every name change for itself, content as
nothing, as half, as zeros of the right length or whole (Pillai et al., All File Systems Are Not Created Equal, 2014).
A rename between two folders may have happened in one of them only, which is worse than any journal does.
"""

import errno
import itertools
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

Tree = dict[str, bytes | None]  # path under the root -> content, None for a folder


class Killed(BaseException):
    """The process is gone: nothing of it runs any more, not even what cleans up."""


@dataclass(eq=False)
class File:
    now: bytes = b""
    synced: bytes = b""

    def may_be(self, kind: str) -> bytes:
        """The content after a power cut; ``kind`` says what became of what was not synced."""
        if self.now == self.synced or kind == "whole":
            return self.now
        shared = len(os.path.commonprefix([self.now, self.synced]))
        if kind == "nothing":
            return self.synced
        if kind == "half":
            return self.now[: shared + (len(self.now) - shared) // 2]
        return self.now[:shared] + bytes(len(self.now) - shared)


@dataclass(eq=False)
class Folder:
    now: dict[str, Any] = field(default_factory=dict)
    synced: dict[str, Any] = field(default_factory=dict)
    changes: list[dict[str, Any]] = field(default_factory=list)  # since the last sync: name -> File, Folder or None

    def change(self, names: dict[str, Any]) -> None:
        self.changes.append(names)
        for name, value in names.items():
            self.now[name] = value
            if value is None:
                del self.now[name]


class Disk:
    """In place of the module ``os``. ``fail_at`` counts from 1; ``code`` is the errno, None kills the process there.

    With ``lasting`` everything that needs room fails from there on (ENOSPC) or everything at all (another code).
    """

    POINTS = "open write fsync replace rename unlink mkdir rmdir posix_fallocate ftruncate".split()
    UNUSED = "link symlink remove removedirs makedirs renames truncate pwrite writev sendfile chmod fchmod".split()

    def __init__(self, root: Path, *, fail_at: int = 0, code: int | None = None, lasting: bool = False) -> None:
        self.root, self.fail_at, self.code, self.lasting = root.absolute(), fail_at, code, lasting
        self.num_points, self.failed, self.dead = 0, "", False
        self.tree = _read(self.root)
        self.open_files: dict[int, Any] = {}
        self.after_each: Callable[[], None] = lambda: None

    def restart(self) -> None:
        """Another process: what was open is closed, nothing fails any more. The disk stays as it is."""
        for descriptor in list(self.open_files):
            os.close(descriptor)
        self.open_files.clear()
        self.fail_at, self.code, self.lasting, self.dead, self.num_points = 0, None, False, False, 0

    def __getattr__(self, name: str) -> Any:
        assert name not in self.UNUSED, f"storage calls os.{name}, which the disk of the tests does not know"
        return getattr(os, name)

    # What storage calls.

    def open(self, path: Any, flags: int, mode: int = 0o777) -> int:
        self._point("open", path, needs_room=bool(flags & os.O_CREAT))
        folder, name = self._at(path)
        is_new = bool(flags & os.O_CREAT) and not os.path.exists(path)
        assert not flags & os.O_TRUNC
        if flags & os.O_WRONLY:
            flags ^= os.O_WRONLY ^ os.O_RDWR  # to see what is in it
        descriptor = os.open(path, flags, mode)
        if folder is not None:
            if is_new:
                folder.change({name: File()})
            self.open_files[descriptor] = folder.now[name] if name else folder
        else:
            self.open_files[descriptor] = None
        self.after_each()
        return descriptor

    def close(self, descriptor: int) -> None:
        if descriptor in self.open_files:  # a dead process closes nothing; restart() does
            if self.dead:
                return
            self._notice(descriptor)
            del self.open_files[descriptor]
        os.close(descriptor)

    def write(self, descriptor: int, data: Any) -> int:
        data, was_dead = memoryview(data), self.dead
        try:
            self._point("write", descriptor, needs_room=True)
        except (OSError, Killed):
            if not was_dead:
                os.write(descriptor, data[: len(data) // 2])  # a full disk takes a part first
                self._notice(descriptor)
            raise
        written = os.write(descriptor, data[: max(1, len(data) - len(data) // 3)])  # and a slow one takes it in parts
        self._notice(descriptor)
        self.after_each()
        return written

    def _notice(self, descriptor: int) -> None:
        """What the file holds now, also through a memory map."""
        file = self.open_files[descriptor]
        if isinstance(file, File):
            file.now = os.pread(descriptor, os.fstat(descriptor).st_size, 0)

    def fsync(self, descriptor: int) -> None:
        if not self.dead and isinstance(self.open_files[descriptor], File):
            self._notice(descriptor)
            self.after_each()  # a power cut just before
        self._point("fsync", descriptor)
        item = self.open_files[descriptor]
        if item is not None:
            item.synced = item.now if isinstance(item, File) else dict(item.now)
        if isinstance(item, Folder):
            item.changes.clear()
        self.after_each()

    def posix_fallocate(self, descriptor: int, offset: int, length: int) -> None:
        self._point("posix_fallocate", descriptor, needs_room=True)
        os.posix_fallocate(descriptor, offset, length)
        self._notice(descriptor)
        self.after_each()

    def mkdir(self, path: Any, mode: int = 0o777) -> None:
        self._point("mkdir", path, needs_room=True)
        os.mkdir(path, mode)
        folder, name = self._at(path)
        assert folder is not None, f"{path} is outside the disk"
        folder.change({name: Folder()})
        self.after_each()

    def unlink(self, path: Any) -> None:
        self._remove("unlink", os.unlink, path)

    def rmdir(self, path: Any) -> None:
        self._remove("rmdir", os.rmdir, path)

    def _remove(self, what: str, call: Callable[[Any], None], path: Any) -> None:
        self._point(what, path)
        call(path)
        folder, name = self._at(path)
        assert folder is not None, f"{path} is outside the disk"
        folder.change({name: None})
        self.after_each()

    def rename(self, source: Any, target: Any) -> None:
        self._point("rename", source)
        os.rename(source, target)
        (start, old), (end, new) = self._at(source), self._at(target)
        assert start is not None and end is not None, f"{source} or {target} is outside the disk"
        moved = start.now[old]
        if start is end:
            start.change({old: None, new: moved})
        else:
            start.change({old: None})
            end.change({new: moved})
        self.after_each()

    replace = rename

    # What the tests ask.

    def learn(self, folder: Path) -> None:
        """Take up what was written under ``folder`` without us: nothing of it is synced."""
        parent, name = self._at(folder)
        assert parent is not None
        known = parent.now[name] if name else parent
        for path in folder.iterdir():
            if path.name not in known.now:
                known.change({path.name: Folder() if path.is_dir() else File(path.read_bytes())})
            if path.is_dir():
                self.learn(path)

    def _at(self, path: Any) -> tuple[Folder | None, str]:
        """The folder that holds ``path`` and its name there; the root itself has no name."""
        path = Path(os.path.abspath(path))
        if not path.is_relative_to(self.root):
            return None, ""
        folder, parts = self.tree, path.relative_to(self.root).parts
        for part in parts[:-1]:
            folder = folder.now[part]
        return folder, parts[-1] if parts else ""

    def _point(self, what: str, where: Any, needs_room: bool = False) -> None:
        if self.dead:
            raise Killed
        self.num_points += 1
        again = self.lasting and self.failed and (needs_room or self.code != errno.ENOSPC)
        if self.num_points == self.fail_at or again:
            self.failed = self.failed or f"{what} {where}"
            if self.code is None:
                self.dead = True
                raise Killed
            raise OSError(self.code, os.strerror(self.code), os.fspath(where) if not isinstance(where, int) else None)

    def now(self) -> Tree:
        """What the model says is there now."""
        for descriptor in self.open_files:  # of a process that was killed: its memory maps
            self._notice(descriptor)
        return dict(_walk(self.tree, lambda folder: folder.now, lambda file: file.now))

    def after_a_power_cut(self) -> Iterator[Tree]:
        """What may be found: no, all, each single and all but each single change of names; four kinds of content."""
        changes = [(folder, number) for folder in _folders(self.tree) for number in range(len(folder.changes))]
        choices: list[set[Any]] = [set(), set(changes)]
        for change in changes:
            choices += [{change}, set(changes) - {change}]
        for kept, kind in itertools.product(choices, ("nothing", "half", "zeros", "whole")):
            yield dict(_walk(self.tree, partial(_entries, kept=kept), partial(File.may_be, kind=kind)))


def _entries(folder: Folder, kept: set[Any]) -> dict[str, Any]:
    found = dict(folder.synced)
    for number, change in enumerate(folder.changes):
        if (folder, number) in kept:
            found |= change
    return {name: value for name, value in found.items() if value is not None}


def _folders(folder: Folder, seen: set[int] | None = None) -> Iterator[Folder]:
    """Every folder that may be found, each once: also one that is only in the past of its parent."""
    seen = set() if seen is None else seen
    if id(folder) in seen:
        return
    seen.add(id(folder))
    yield folder
    past = [value for change in folder.changes for value in change.values()]
    for value in [*folder.synced.values(), *folder.now.values(), *past]:
        if isinstance(value, Folder):
            yield from _folders(value, seen)


def _walk(folder: Folder, entries: Any, content: Any, prefix: str = "") -> Iterator[tuple[str, bytes | None]]:
    for name, value in entries(folder).items():
        if isinstance(value, Folder):
            yield prefix + name, None
            yield from _walk(value, entries, content, f"{prefix}{name}/")
        else:
            yield prefix + name, content(value)


def _read(folder: Path) -> Folder:
    found: dict[str, Any] = {}
    for path in folder.iterdir():
        content = b"" if path.is_dir() else path.read_bytes()
        found[path.name] = _read(path) if path.is_dir() else File(content, content)
    return Folder(found, dict(found))


def read_tree(folder: Path) -> Tree:
    """What really is under ``folder``."""
    return {str(path.relative_to(folder)): None if path.is_dir() else path.read_bytes() for path in folder.rglob("*")}


def write_tree(folder: Path, tree: Tree) -> None:
    folder.mkdir()
    for name, content in sorted(tree.items()):
        (folder / name).mkdir() if content is None else (folder / name).write_bytes(content)
