"""Whether the files of a bundle are those that were written."""

from pathlib import Path

from nas_service.artifacts.digest import file_sha256
from workers.bundle.card_format import FilePart
from workers.bundle.checks.report import Check
from workers.bundle.write import CHECKSUMS, FILES


def check_files(bundle: Path) -> Check:
    """Every file is there and has its checksum. Raises ValueError for a list of checksums that is none."""
    if not (bundle / CHECKSUMS).is_file():
        return Check("files", False, f"{bundle} is no bundle: it has no {CHECKSUMS}")
    stated = _checksums(bundle / CHECKSUMS)
    wrong = [problem for name in sorted({*FILES, *stated}) if (problem := _problem(bundle, name, stated.get(name)))]
    detail = "; ".join(wrong) or f"{len(stated)} files are as they were written"
    return Check("files", not wrong, detail, stated=len(stated), found=len(stated) - len(wrong))


def check_export(bundle: Path, stated: FilePart) -> Check:
    """An exported file is the one that the card speaks of."""
    path = bundle / stated.name
    found = {"sha256": file_sha256(path), "size_bytes": path.stat().st_size}
    wanted = stated.model_dump(include=set(found))
    agrees = found == wanted
    detail = f"{found['size_bytes']:,} bytes" if agrees else f"it is not the file on the card: {found}, not {wanted}"
    return Check(stated.name, agrees, detail, wanted, found)


def _checksums(path: Path) -> dict[str, str]:
    """File name to sha256."""
    stated = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        sha256, separator, name = line.partition("  ")
        if not separator or name in ("", ".", "..") or Path(name).name != name:
            raise ValueError(f"{CHECKSUMS} has a line that names no file of the bundle: {line!r}")
        stated[name] = sha256
    return stated


def _problem(bundle: Path, name: str, sha256: str | None) -> str | None:
    if not (bundle / name).is_file():
        return f"{name} is missing"
    if sha256 is None:
        return f"{name} has no checksum in {CHECKSUMS}"
    return None if file_sha256(bundle / name) == sha256 else f"{name} was changed"
