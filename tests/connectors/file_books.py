"""Workbooks for tests: .xlsx by a library, the other formats byte by byte from their specifications."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import xlsxwriter

NA, DIV0 = 0x2A, 0x07
TYPES = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


class Error(int):
    """A cell with an error, by its code in the binary formats."""


def xlsx(
    *rows: Sequence[Any], touch: Callable[[Any, Any], None] | None = None, **sheets: Sequence[Sequence[Any]]
) -> bytes:
    """A workbook with the rows on its first sheet; `touch` gets the workbook and that sheet, `sheets` come after it."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    first = book.add_worksheet("Kunden")
    _fill(first, rows)
    for name, more in sheets.items():
        _fill(book.add_worksheet(name), more)
    if touch is not None:
        touch(book, first)
    book.close()
    return out.getvalue()


def _fill(sheet: Any, rows: Sequence[Sequence[Any]]) -> None:
    for at, row in enumerate(rows):
        for column, value in enumerate(row):
            if isinstance(value, Error):
                sheet.write_formula(at, column, "=NA()", None, "#N/A" if value == NA else "#DIV/0!")
            elif value != "":
                sheet.write(at, column, value)


def rewritten(book: bytes, change: Mapping[str, Callable[[bytes], bytes]]) -> bytes:
    """The archive with some parts changed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, change.get(name, lambda content: content)(old.read(name)))
    return out.getvalue()


def ods(content: str, **parts: str) -> bytes:
    """An OpenDocument sheet; `content` is what stands inside of office:spreadsheet."""
    spaces = {
        "office": "urn:oasis:names:tc:opendocument:xmlns:office:1.0",
        "table": "urn:oasis:names:tc:opendocument:xmlns:table:1.0",
        "text": "urn:oasis:names:tc:opendocument:xmlns:text:1.0",
        "calcext": "urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0",
    }
    names = " ".join(f"xmlns:{name}={quoteattr(uri)}" for name, uri in spaces.items())
    body = f"<office:body><office:spreadsheet>{content}</office:spreadsheet></office:body>"
    manifest = parts.get("manifest", "")
    return packed(
        {
            "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
            "META-INF/manifest.xml": f'<m:manifest xmlns:m="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
            f"{manifest}</m:manifest>",
            "content.xml": f'<?xml version="1.0"?><office:document-content {names}>{body}</office:document-content>',
        }
    )


def ods_table(*rows: Sequence[Any], name: str = "Kunden") -> str:
    return f"<table:table table:name={quoteattr(name)}>{''.join(map(_ods_row, rows))}</table:table>"


def _ods_row(row: Sequence[Any]) -> str:
    return f"<table:table-row>{''.join(map(_ods_cell, row))}</table:table-row>"


def _ods_cell(value: Any) -> str:
    if value == "":
        return "<table:table-cell/>"
    if isinstance(value, Error):
        kind = 'table:formula="of:=NA()" office:value-type="string" office:string-value="" calcext:value-type="error"'
        return f"<table:table-cell {kind}><text:p>#N/A</text:p></table:table-cell>"
    if isinstance(value, str):
        return f'<table:table-cell office:value-type="string"><text:p>{escape(value)}</text:p></table:table-cell>'
    return f'<table:table-cell office:value-type="float" office:value="{value}"><text:p>x</text:p></table:table-cell>'


def packed(parts: Mapping[str, str | bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


# .xlsb: [MS-XLSB], records of a number and a length in groups of seven bits


def xlsb(*rows: Sequence[Any]) -> bytes:
    relation = f'<Relationship Id="rId1" Type="{TYPES}/worksheet" Target="worksheets/sheet1.bin"/>'
    sheet = _brt(156, struct.pack("<II", 0, 1) + _wide("rId1") + _wide("Kunden"))
    cells = b""
    for at, row in enumerate(rows):
        cells += _brt(0, struct.pack("<I", at) + bytes(13))
        cells += b"".join(_xlsb_cell(column, value) for column, value in enumerate(row) if value != "")
    size = struct.pack("<IIII", 0, max(len(rows) - 1, 0), 0, max(map(len, rows)) - 1)
    return packed(
        {
            "xl/_rels/workbook.bin.rels": f'<Relationships xmlns="x">{relation}</Relationships>',
            "xl/workbook.bin": _brt(131) + _brt(143) + sheet + _brt(144) + _brt(132),
            "xl/worksheets/sheet1.bin": _brt(129) + _brt(148, size) + _brt(145) + cells + _brt(146) + _brt(130),
        }
    )


def _xlsb_cell(column: int, value: Any) -> bytes:
    head = struct.pack("<II", column, 0)
    if isinstance(value, Error):
        return _brt(3, head + bytes([value]))
    if isinstance(value, str):
        return _brt(6, head + _wide(value))
    return _brt(5, head + struct.pack("<d", value))


def _wide(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def _brt(number: int, content: bytes = b"") -> bytes:
    head = bytes([number]) if number < 128 else bytes([number & 0x7F | 0x80, number >> 7])
    size, length = b"", len(content)
    while length > 127:
        size, length = size + bytes([length & 0x7F | 0x80]), length >> 7
    return head + size + bytes([length]) + content


# .xls: [MS-XLS] records in the stream "Workbook" of a compound file, [MS-CFB]


def xls(*rows: Sequence[Any], small: bool = False, lock: bool = False, stream: str = "Workbook") -> bytes:
    """`small`: the stream is short enough to stand in the mini stream."""
    name = "Kunden"
    globals_ = _biff(0x809, struct.pack("<HHHHII", 0x600, 5, 0, 0, 0, 0))
    globals_ += _biff(0x2F, bytes(6)) if lock else b""
    place = len(globals_) + 4 + 8 + len(name) + 4
    globals_ += _biff(0x85, struct.pack("<IBBBB", place, 0, 0, len(name), 0) + name.encode()) + _biff(0x0A)
    cells = b"".join(
        _biff_cell(at, column, value) for at, row in enumerate(rows) for column, value in enumerate(row) if value != ""
    )
    sheet = _biff(0x809, struct.pack("<HHHHII", 0x600, 0x10, 0, 0, 0, 0)) + cells + _biff(0x0A)
    return compound(stream, globals_ + sheet, small=small)


def _biff_cell(row: int, column: int, value: Any) -> bytes:
    head = struct.pack("<HHH", row, column, 0)
    if isinstance(value, Error):
        if value == NA:
            return _biff(0x205, head + bytes([value, 1]))
        return _biff(0x06, head + bytes([2, 0, value, 0, 0, 0, 255, 255]) + bytes(6) + struct.pack("<H", 0))
    if isinstance(value, str):
        return _biff(0x204, head + struct.pack("<HB", len(value), 1) + value.encode("utf-16-le"))
    return _biff(0x203, head + struct.pack("<d", value))


def _biff(kind: int, content: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, len(content)) + content


def compound(name: str, stream: bytes, *, small: bool = False) -> bytes:
    """A compound file with one stream: FAT, directory, then the stream, or mini FAT and mini stream."""
    size = len(stream) if small else max(len(stream), 4096)
    body = stream.ljust(-(-size // 512) * 512, b"\0")
    count = len(body) // 512
    first = 3 if small else 2
    end, free = 0xFFFFFFFE, 0xFFFFFFFF
    fat = [0xFFFFFFFD, end, *([end] if small else [])]
    fat += [*range(first + 1, first + count), end]
    assert len(fat) <= 128, "one sector of the table is enough for tests"
    minis = -(-size // 64)
    mini_fat = struct.pack(f"<{minis}I", *range(1, minis), end).ljust(512, b"\xff") if small else b""
    root = _entry("Root Entry", 5, first if small else end, len(body) if small else 0, child=1)
    directory = root + _entry(name, 2, 0 if small else first, size) + 2 * bytes(128)
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    header += struct.pack("<IIIII", 0, 1, 1, 0, 4096)
    header += struct.pack("<IIII", 2 if small else end, 1 if small else 0, end, 0)
    header += struct.pack("<109I", 0, *[free] * 108)
    return header + struct.pack("<128I", *fat, *[free] * (128 - len(fat))) + directory + mini_fat + body


def _entry(name: str, kind: int, start: int, size: int, child: int = 0xFFFFFFFF) -> bytes:
    text = (name + "\0").encode("utf-16-le")
    free = 0xFFFFFFFF
    head = text.ljust(64, b"\0") + struct.pack("<HBBIII", len(text), kind, 1, free, free, child)
    return head + bytes(36) + struct.pack("<III", start, size, 0)
