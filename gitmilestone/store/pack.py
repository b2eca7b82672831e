"""Thousands of new objects as one pack: one file to sync instead of one for each."""

from __future__ import annotations

import os
import zlib
from binascii import crc32
from hashlib import sha1, sha256
from typing import BinaryIO

from gitmilestone.store.locks import refuse_unwritable
from gitmilestone.store.objects import Objects, remove_if_present

_TYPES = {"commit": 1, "tree": 2, "blob": 3}


class PackWriter:
    """Collects objects in a temporary pack; `finish` gives it its name. O(1) memory but for 28 bytes an object."""

    def __init__(self, objects: Objects) -> None:
        self.objects = objects
        self._hash = sha256 if objects.oid_length == 32 else sha1
        self._folder = os.path.join(objects.objects_dir, "pack")
        self._temporary = os.path.join(self._folder, f"tmp_pack_milestone_{os.getpid()}")
        self._entries: dict[bytes, tuple[int, int]] = {}
        try:
            os.makedirs(self._folder, exist_ok=True)
            # Left by a killed process that had our number, and perhaps read-only.
            remove_if_present(self._temporary)
            remove_if_present(self._temporary + ".idx")
            self._file: BinaryIO = open(self._temporary, "w+b", buffering=1 << 20)  # noqa: SIM115  # outlives this call
            self._file.write(b"PACK\0\0\0\2\0\0\0\0")
        except OSError as error:
            raise refuse_unwritable(error, self._folder) from error
        self._offset = 12

    def write(self, kind: str, content: bytes) -> str:
        """Adds an object; returns its oid."""
        from dulwich.object_format import DEFAULT_OBJECT_FORMAT
        from dulwich.pack import pack_object_header

        digest = self._hash(b"%s %d\0" % (kind.encode(), len(content)) + content)
        oid = digest.digest()
        if oid not in self._entries:
            header = pack_object_header(_TYPES[kind], None, len(content), DEFAULT_OBJECT_FORMAT)
            written = bytes(header) + zlib.compress(content, 1)
            self._entries[oid] = (self._offset, crc32(written))
            try:
                self._file.write(written)
            except OSError as error:
                self.discard()
                raise refuse_unwritable(error, self._folder) from error
            self._offset += len(written)
        if kind == "tree":
            self.objects.remember_tree(digest.hexdigest(), content)
        return digest.hexdigest()

    def finish(self) -> None:
        """Syncs the pack and its index, then names them: first the pack, so that no index lacks one."""
        if not self._entries:
            self.discard()
            return
        try:
            checksum = self._seal()
            base = os.path.join(self._folder, f"pack-{checksum.hex()}")
            temporary_index = self._temporary + ".idx"
            self._write_index(temporary_index, checksum)
            self.objects.share(self._temporary)
            self.objects.share(temporary_index)
            os.rename(self._temporary, base + ".pack")
            os.rename(temporary_index, base + ".idx")
        except OSError as error:
            remove_if_present(self._temporary + ".idx")
            self.discard()
            raise refuse_unwritable(error, self._folder) from error

    def _seal(self) -> bytes:
        """Writes the object count into the header and the checksum behind the last object."""
        file = self._file
        file.seek(8)
        file.write(len(self._entries).to_bytes(4, "big"))
        file.seek(0)
        digest = self._hash()
        while piece := file.read(1 << 20):
            digest.update(piece)
        file.write(digest.digest())
        file.flush()
        os.fsync(file.fileno())
        os.fchmod(file.fileno(), 0o444)
        file.close()
        return digest.digest()

    def _write_index(self, path: str, checksum: bytes) -> None:
        from dulwich.pack import write_pack_index_v2

        entries = [(oid, offset, crc) for oid, (offset, crc) in sorted(self._entries.items())]
        with open(path, "wb") as file:
            write_pack_index_v2(file, entries, checksum)
            file.flush()
            os.fsync(file.fileno())
            os.fchmod(file.fileno(), 0o444)

    def discard(self) -> None:
        try:
            self._file.close()  # which may flush, and find the disk full again
        except OSError:
            pass
        remove_if_present(self._temporary)
