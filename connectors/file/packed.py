"""Text inside an archive: gzip, or the one member of a zip that is meant. Nothing is ever unpacked to disk.

An archive inside an archive is refused, and so is one with a password: both are asked for by their first bytes and
flags, whatever they are called.
"""

from __future__ import annotations

import gzip
import io
import zipfile
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import BinaryIO, cast

from connectors.file.limit import MEBIBYTE, Bounded, Limits
from goldbridge.errors import Halt

ENDINGS = (".gz", ".zip")
_ARCHIVES = {
    b"PK\x03\x04": "zip", b"\x1f\x8b": "gzip", b"7z\xbc\xaf\x27\x1c": "7z", b"Rar!": "rar",
    b"BZh": "bzip2", b"\xfd7zXZ\x00": "xz", b"\x28\xb5\x2f\xfd": "zstd",
}  # fmt: skip
_UTF8_NAME, _ENCRYPTED = 0x800, 0x1
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)


def unpacked(file: BinaryIO, size: int, ending: str, member: str | None, limits: Limits) -> BinaryIO:
    """The text inside; closing it closes `file`, too."""
    if ending == ".gz":
        inside = gzip.GzipFile(fileobj=file)
        stream: BinaryIO = io.BufferedReader(Bounded(inside, size, limits, (file,)), MEBIBYTE)
    else:
        stream = _member(file, size, member, limits)
    nested = next((kind for magic, kind in _ARCHIVES.items() if _peek(stream).startswith(magic)), None)
    if nested is not None:
        stream.close()
        text = f"{limits.where} holds another archive ({nested}), which is not opened; deliver the file packed once"
        raise Halt("CON332", text)
    return stream


def _peek(stream: BinaryIO) -> bytes:
    return cast(io.BufferedReader, stream).peek(8)[:8]


def _member(file: BinaryIO, size: int, pattern: str | None, limits: Limits) -> BinaryIO:
    archive = zipfile.ZipFile(file)
    entry = _chosen([each for each in archive.infolist() if _is_file(each)], pattern, limits.where)
    where = f"{limits.where}: {name_of(entry)}"
    if entry.flag_bits & _ENCRYPTED:
        raise locked(where)
    if entry.compress_type not in _METHODS:
        text = f"{where} is packed by method {entry.compress_type}, which is not read; pack it with deflate"
        raise Halt("CON332", text)
    packed = min(entry.compress_size, size)
    limits.check(entry.file_size, packed)
    try:
        stream = archive.open(entry)
    except NotImplementedError as error:
        raise Halt("CON332", f"{where} is packed in a way that is not read ({error}); pack it with deflate") from None
    return io.BufferedReader(Bounded(stream, packed, limits, (archive, file)), MEBIBYTE)


def locked(where: str) -> Halt:
    """A file that only a password opens."""
    return Halt("CON331", f"{where} is encrypted with a password; deliver it without one, over a channel that is safe")


def _is_file(entry: zipfile.ZipInfo) -> bool:
    """Not a folder, nor what a Mac adds to every archive."""
    name = PurePosixPath(entry.filename)
    return not (entry.is_dir() or name.parts[:1] == ("__MACOSX",) or name.name in (".DS_Store", "Thumbs.db"))


def name_of(entry: zipfile.ZipInfo) -> str:
    """The name as people know it: Chinese Windows writes it in its own encoding without saying so."""
    if not entry.flag_bits & _UTF8_NAME:
        try:
            return entry.filename.encode("cp437").decode("gb18030")
        except UnicodeError:
            pass
    return entry.filename


def _chosen(entries: list[zipfile.ZipInfo], pattern: str | None, where: str) -> zipfile.ZipInfo:
    found = entries
    if pattern is not None:
        found = [each for each in entries if fnmatchcase(name_of(each), pattern)]
    if len(found) == 1:
        return found[0]
    if not entries:
        raise Halt("CON332", f"{where} is an empty archive; deliver it again with its file inside")
    if not found:
        names = ", ".join(name_of(each) for each in entries[:5])
        raise Halt("CON332", f"{where} holds no file that matches '{pattern}'; it holds {names}; correct `member`")
    names = ", ".join(name_of(each) for each in found[:5])
    what = f"that match '{pattern}'" if pattern else "and `member` does not say which one is meant"
    raise Halt("CON332", f"{where} holds {len(found)} files {what}: {names}; name one with `member`")
