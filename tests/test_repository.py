"""What holds for the repository as a whole: names, pins, pages, files."""

import ast
import importlib.util
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent

# The few things that conda-forge calls by another name.
CONDA_NAMES = {
    "duckdb": "python-duckdb",
    "ibis-framework": "ibis-duckdb",
    "playwright": "playwright-python",
    "prometheus-client": "prometheus_client",
    "tzdata": "python-tzdata",
}

# What is needed and never imported by name.
NOT_IMPORTED = {
    "tzdata": "the standard library reads it",
    "hvplot": "notebooks plot with it",
    "uvicorn": "its command serves REST alone",
    "panel-material-ui": "the pages are set in its typeface",
}
IMPORT_NAMES = {"pillow": "PIL", "ibis-framework": "ibis"}


def tracked(*endings: str) -> list[Path]:
    """The files of the repository, with some endings or all."""
    try:
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            capture_output=True,
            check=True,
            text=True,
        )
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout")
    files = [ROOT / name for name in listed.stdout.split("\0") if name]
    return [file for file in files if file.is_file() and (not endings or file.suffix in endings)]


def pyproject() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def requirements() -> dict[str, Requirement]:
    """Everything that pyproject.toml asks for, by name; truckkit itself left out."""
    project = pyproject()["project"]
    lines = project["dependencies"] + [
        line for extra in project["optional-dependencies"].values() for line in extra
    ]
    asked = [Requirement(line) for line in lines]
    return {canonicalize_name(one.name): one for one in asked if one.name != "truckkit"}


def imports(file: Path) -> set[str]:
    """The modules that a Python file imports, wherever it does."""
    return imported_by(ast.parse(file.read_text(encoding="utf-8")))


def imported_by(tree: ast.AST) -> set[str]:
    """The modules that a piece of Python imports."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


# Environments ------------------------------------------------------------------------------------


def test_conda_and_pip_ask_for_the_same():
    by_conda = {}
    for line in yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]:
        if isinstance(line, str) and line != "pip":
            asked = Requirement(line)
            by_conda[asked.name] = asked.specifier
    by_pip = {CONDA_NAMES.get(name, name): asked.specifier for name, asked in requirements().items()}
    by_pip["python"] = Requirement("python" + pyproject()["project"]["requires-python"]).specifier
    assert by_conda == by_pip


def test_every_upper_bound_has_its_reason_in_the_line_above():
    lines = (ROOT / "pyproject.toml").read_text(encoding="utf-8").splitlines()
    bounded = [number for number, line in enumerate(lines) if re.match(r'\s*"[\w\[\]-]+[^"]*<', line)]
    assert bounded
    for number in bounded:
        assert lines[number - 1].strip().startswith("#"), f"no reason above {lines[number].strip()}"


def test_every_exception_from_warnings_has_a_date_and_a_reason():
    block = re.search(
        r"^filterwarnings = \[\n(.*?)^\]", (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.M | re.S
    )
    lines = [line.strip() for line in block[1].splitlines()]
    assert lines[0] == '"error",'
    for number, line in enumerate(lines):
        if line.startswith('"ignore'):
            reason = next(above for above in reversed(lines[:number]) if not above.startswith('"ignore'))
            assert re.match(r"# \d{4}-\d\d-\d\d: \S", reason), f"no date and reason above {line}"


def test_the_pinned_versions_are_the_ones_asked_for():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = dict(line.split("==") for line in lines if not line.startswith("#"))
    versions = {canonicalize_name(name): version for name, version in pinned.items()}
    for name, asked in requirements().items():
        assert name in versions, f"{name} is not in constraints.txt: run make constraints"
        assert asked.specifier.contains(versions[name]), (
            f"{asked} against {versions[name]} in constraints.txt"
        )


def test_every_dependency_is_imported_somewhere():
    imported = {name.split(".")[0] for file in (ROOT / "truckkit").rglob("*.py") for name in imports(file)}
    for line in pyproject()["project"]["dependencies"]:
        name = canonicalize_name(Requirement(line).name)
        module = IMPORT_NAMES.get(name, name.replace("-", "_"))
        assert module in imported or name in NOT_IMPORTED, f"nothing in truckkit imports {name}"


# Files -------------------------------------------------------------------------------------------


def test_no_file_is_long():
    lengths = {
        file.relative_to(ROOT): len(file.read_text(encoding="utf-8").splitlines())
        for file in tracked(".py", ".js", ".css", ".toml", ".md", ".yml", ".ipynb", ".html")
    }
    assert {name: length for name, length in lengths.items() if length > 1000} == {}


def test_nothing_is_named_utils():
    named = [file.relative_to(ROOT) for file in tracked()]
    assert [name for name in named if {"utils", "util", "helpers", "misc"} & {*name.parts, name.stem}] == []


def test_no_file_knows_this_machine_or_a_package_registry():
    # In pieces, so that this file does not hold what it looks for.
    unwanted = [f"{ROOT.parent}/", f"{Path.home()}/", "index" + "-url", "find" + "-links"]
    for file in tracked():
        content = file.read_bytes().decode("utf-8", errors="replace")
        assert [text for text in unwanted if text in content] == [], file.relative_to(ROOT)


# Floors that import-linter cannot see ------------------------------------------------------------


def test_apps_and_notebooks_read_the_store_alone():
    notebooks = "\n".join(file.read_text(encoding="utf-8") for file in tracked(".ipynb"))
    assert "truckkit.sources" not in notebooks
    assert "truckkit.ingest" not in notebooks
    for app in (ROOT / "apps").glob("*.py"):
        assert not {name for name in imports(app) if re.match(r"truckkit\.(sources|ingest|store)\b", name)}, (
            app.name
        )


def test_what_detects_cannot_see_the_truth():
    package = ROOT / "truckkit"
    needs = {
        ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): imports(file)
        for file in package.rglob("*.py")
        if file != package / "__init__.py"  # what it hands out it imports when asked
    }
    reached = {
        name
        for name in needs
        if re.match(r"truckkit\.(cycles|derive|detection|places|quality|states)\b", name)
    }
    while more := {name for each in reached for name in needs.get(each, ()) if name in needs} - reached:
        reached |= more
    hidden = re.compile(r"truckkit\.(score|scoring|simulated|truth|sources\.simulator)\b")
    assert {name for name in reached if hidden.match(name)} == set()
    assert {"truckkit.states", "truckkit.schema"} <= reached


def test_only_the_store_opens_duckdb_through_ibis():
    for file in (ROOT / "truckkit").rglob("*.py"):
        if "store" in file.relative_to(ROOT).parts:
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            assert not (isinstance(node, ast.Attribute) and ast.unparse(node) == "ibis.duckdb"), file.name


def test_no_function_imports_another_module_of_truckkit():
    for file in (ROOT / "truckkit").rglob("*.py"):
        for function in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                inside = {name for node in function.body for name in imported_by(node)}
                assert not {name for name in inside if name.startswith("truckkit")}, (
                    f"{file.name}: {function.name}"
                )


# Pages -------------------------------------------------------------------------------------------


def test_the_page_of_tables_is_the_one_that_the_schema_makes():
    script = ROOT / "docs" / "make_reference.py"
    spec = importlib.util.spec_from_file_location("make_reference", script)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.PAGE.read_text(encoding="utf-8") == module.page(), "run make docs"


def test_decisions_are_numbered_without_gaps_and_listed():
    folder = ROOT / "docs" / "adr"
    decisions = sorted(file.name for file in folder.glob("[0-9]*.md"))
    assert [int(name[:4]) for name in decisions] == list(range(1, len(decisions) + 1))
    assert re.findall(r"\]\((.*?)\)", (folder / "README.md").read_text(encoding="utf-8")) == decisions


def test_the_changelog_tells_of_this_version():
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(rf"^## {re.escape(pyproject()['project']['version'])}\b", changelog, re.M)


def test_links_between_pages_lead_somewhere():
    for page in tracked(".md"):
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.relative_to(ROOT)} links to {target}"
