"""The ZIP package that a workbook is: its parts as streams of bytes, and what is refused before any is read."""

from __future__ import annotations

import lzma
import posixpath
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipelines.readers.delivery import Problem, UnreadableFile

CHUNK = 256 * 1024
_UNPACKED_LIMIT = 4 * 1024**3
_OLE2 = bytes.fromhex("d0cf11e0a1b11ae1")
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_LOCKED_ENTRY = 0x1
# What zipfile and the decompressors raise over bytes that are no ZIP archive, whatever they claim to be.
_BROKEN = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, OSError, EOFError, ValueError, LookupError,
    OverflowError, AttributeError, TypeError,
)  # fmt: skip


@dataclass(frozen=True)
class Part:
    """One part of the package, `xl/worksheets/sheet1.xml` for instance."""

    package: Package
    name: str
    entry: zipfile.ZipInfo

    def chunks(self) -> Iterator[bytes]:
        """The part's bytes; their checksum is looked at when the last of them is read. Raises UnreadableFile."""
        try:
            with zipfile.ZipFile(self.package.path) as archive, archive.open(self.entry) as content:
                while chunk := content.read(CHUNK):
                    yield chunk
        except (NotImplementedError, RuntimeError) as error:
            raise self.package.unsupported(str(error)) from error
        except _BROKEN as error:
            raise self.damaged("it cannot be unpacked") from error

    def damaged(self, what: str, row: int | None = None) -> UnreadableFile:
        return damaged(self.package.path.name, f" ({self.name}: {what})", row)


class Package:
    """A workbook's parts by name; the names' case and the kind of slash do not count, as in Excel.

    Raises UnreadableFile, each with its own message, for what is no readable package.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        _check_start(path)
        self._entries: dict[str, zipfile.ZipInfo] = {}
        for entry in self._listed():
            name = _plain(entry.filename)
            if name in self._entries:
                raise damaged(path.name, f" ({name} stands in it twice)")
            self._entries[name] = entry
        if any(entry.flag_bits & _LOCKED_ENTRY for entry in self._entries.values()):
            raise _locked(path.name)
        if sum(entry.file_size for entry in self._entries.values()) > _UNPACKED_LIMIT:
            raise UnreadableFile(
                Problem(
                    path.name,
                    "the workbook unpacks to more than 4 GB",
                    "deliver such tables as CSV or Parquet",
                    zh=("工作簿解压后超过 4 GB", "这样大的表请用 CSV 或 Parquet 报送"),
                )
            )

    def find(self, name: str) -> Part | None:
        entry = self._entries.get(_plain(name))
        return None if entry is None else Part(self, _plain(name), entry)

    def part(self, name: str) -> Part:
        """The part of that name; raises UnreadableFile where the package has none."""
        found = self.find(name)
        if found is None:
            raise damaged(self.path.name, f" ({_plain(name)} is missing)")
        return found

    def unsupported(self, what: str) -> UnreadableFile:
        return UnreadableFile(
            Problem(
                self.path.name,
                f"the workbook's ZIP archive is of a kind that Excel does not write ({what})",
                "open it in Excel, save it again and send that",
                zh=("工作簿的 ZIP 压缩方式不是 Excel 所用的", "请在 Excel 中打开、重新保存再报送"),
            )
        )

    def _listed(self) -> list[zipfile.ZipInfo]:
        try:
            with zipfile.ZipFile(self.path) as archive:
                return [entry for entry in archive.infolist() if not entry.is_dir()]
        except (NotImplementedError, RuntimeError) as error:
            raise self.unsupported(str(error)) from error
        except _BROKEN as error:
            raise damaged(self.path.name) from error


def damaged(file: str, where: str = "", row: int | None = None) -> UnreadableFile:
    """The refusal of a broken workbook; `where` is said in brackets."""
    return UnreadableFile(
        Problem(
            file,
            f"the workbook is damaged or truncated{where}",
            "compare its size with the sender's, check that Excel opens it, and send it again",
            row,
            zh=("工作簿已损坏或不完整", "请与报送方核对文件大小，确认 Excel 能打开，再重新报送"),
        )
    )


def no_workbook(file: str) -> UnreadableFile:
    return UnreadableFile(
        Problem(
            file,
            "the file is a ZIP archive, no Excel workbook",
            "unpack it and deliver what is in it",
            zh=("文件是 ZIP 压缩包，不是 Excel 工作簿", "请解压后报送其中的文件"),
        )
    )


def _plain(name: str) -> str:
    return posixpath.normpath(name.replace("\\", "/")).lstrip("/").lower()


def _check_start(path: Path) -> None:
    with path.open("rb") as content:
        start = content.read(512).lstrip()
        if start.startswith(_OLE2):
            content.seek(0)
            raise _locked(path.name) if _ENCRYPTED in content.read(64 * 1024 * 1024) else _old(path.name)
    if not start.startswith(b"PK"):
        raise UnreadableFile(
            Problem(
                path.name,
                "the file is no Excel workbook, whatever its suffix says"
                + (" (it is a web page or XML)" if start.startswith(b"<") else ""),
                "open it in Excel and save it as .xlsx, or deliver text as .csv",
                zh=(
                    "文件不是 Excel 工作簿，与后缀不符" + ("（是网页或 XML）" if start.startswith(b"<") else ""),
                    "请在 Excel 中打开并另存为 .xlsx；文本请用 .csv 报送",
                ),
            )
        )


def _locked(file: str) -> UnreadableFile:
    return UnreadableFile(
        Problem(
            file,
            "the workbook is protected by a password",
            "remove the password in Excel and send it again",
            zh=("工作簿设有密码", "请在 Excel 中取消密码再报送"),
        )
    )


def _old(file: str) -> UnreadableFile:
    return UnreadableFile(
        Problem(
            file,
            "the file is in the old Excel format (.xls)",
            "open it in Excel, save it as .xlsx and send that",
            zh=("文件是旧的 Excel 格式（.xls）", "请在 Excel 中打开并另存为 .xlsx 再报送"),
        )
    )
