"""The houses' border: an upward or sideways include fails here."""
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
KNOWS = {
    "base": {"base"},
    "render": {"base", "render"},
    "sync": {"base", "sync"},
    "agent": {"base", "render", "sync", "agent"},
    # The API server in memory: beside the houses, above base and render's YAML and RE2.
    "fixtures/kube": {"base", "kube", "render"},
}
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)


def sources(house):
    return [p for p in (ROOT / house).rglob("*") if p.suffix in {".c", ".h", ".cc"}]


def test_no_house_knows_one_above_it():
    wrong = []
    for house, allowed in KNOWS.items():
        for path in sources(house):
            for name in INCLUDE.findall(path.read_text()):
                other = name.split("/")[0]
                if other == "render" and house == "fixtures/kube" and name not in ("render/yaml.h", "render/regex.h"):
                    wrong.append(f"{path.relative_to(ROOT)}: of render only yaml.h and regex.h ({name})")
                if other not in allowed:
                    wrong.append(f"{path.relative_to(ROOT)}: {house} must not know {other} ({name})")
    assert not wrong, "\n".join(wrong)


def test_includes_name_their_folder():
    bare = [
        f"{path.relative_to(ROOT)}: {name}"
        for house in KNOWS
        for path in sources(house)
        for name in INCLUDE.findall(path.read_text())
        if "/" not in name
    ]
    assert not bare, "\n".join(bare)


def test_only_mem_knows_malloc():
    pattern = re.compile(r"(?<![\w.>])(malloc|calloc|realloc)\s*\(")
    wrong = [
        str(path.relative_to(ROOT))
        for house in KNOWS
        for path in sources(house)
        if path.name != "mem.c" and pattern.search(path.read_text())
    ]
    assert not wrong, "use base/mem.h: " + ", ".join(wrong)
