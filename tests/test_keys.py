"""The keys of a store: what is on disk, what is found, and the verbs of the command line."""

from __future__ import annotations

import json
import re
import stat
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from stores import write
from typer.testing import CliRunner

from truckkit.cli import app
from truckkit.errors import BadRequest, DamagedStore, NoStore, UnknownName
from truckkit.store import Facts, check, keys, layout, repair


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    return write(tmp_path / "mine", Facts(name="mine"), trucks=[{"truck": "T01", "given": True}])


def verb(*said: object) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, [str(each) for each in said])
    return done.exit_code, done.stdout, done.stderr


def test_a_key_is_found_by_its_secret_and_by_nothing_else(mine: Path) -> None:
    secret = keys.add(mine, "planner", "read")
    ring = keys.Ring(mine)
    found = ring.find(secret)
    assert found is not None
    assert (found.name, found.role, found.expired) == ("planner", "read", False)
    for wrong in (
        secret[:-1],
        secret + "x",
        secret.upper(),
        "",
        "tk_",
        found.sha256,
        "é\udcff",
        "x" * 100_000,
    ):
        assert ring.find(wrong) is None


def test_the_secret_is_written_nowhere(mine: Path) -> None:
    secret = keys.add(mine, "planner", "write", timedelta(days=90))
    for file in mine.rglob("*"):
        assert not file.is_file() or secret.encode() not in file.read_bytes()
    assert stat.S_IMODE((mine / layout.KEYS).stat().st_mode) == 0o600


def test_two_keys_are_never_alike_and_hold_256_random_bits(mine: Path) -> None:
    secrets = {keys.add(mine, f"k{number}", "read") for number in range(20)}
    assert len(secrets) == 20
    assert all(len(secret) == len(keys.PREFIX) + 43 for secret in secrets)


def test_a_change_is_known_to_a_ring_that_is_open(mine: Path) -> None:
    ring = keys.Ring(mine)
    assert not ring.wanted
    secret = keys.add(mine, "planner", "read")
    assert ring.wanted
    assert ring.find(secret)
    keys.revoke(mine, "planner")
    assert ring.find(secret) is None


def test_who_revokes_the_last_key_opens_nothing(mine: Path) -> None:
    keys.add(mine, "planner", "read")
    keys.revoke(mine, "planner")
    assert keys.Ring(mine).wanted
    assert keys.held(mine) == []


def test_a_key_expires(mine: Path) -> None:
    secret = keys.add(mine, "guest", "read", timedelta(seconds=1))
    file = mine / layout.KEYS
    said = json.loads(file.read_text())
    said["keys"][0]["expires"] = "2026-01-01T00:00:00+00:00"
    file.write_text(json.dumps(said))
    found = keys.Ring(mine).find(secret)
    assert found is not None
    assert found.expired


@pytest.mark.parametrize("name", ["", " ", "a b", "a\nb", "-a", "x" * 61, "🚚", "<b>", "../x", "a\x00"])
def test_a_name_that_a_log_could_not_hold_is_refused(mine: Path, name: str) -> None:
    with pytest.raises(BadRequest, match="cannot be named"):
        keys.add(mine, name, "read")


def test_what_cannot_be_meant_is_refused_in_a_sentence(mine: Path, tmp_path: Path) -> None:
    keys.add(mine, "planner", "read")
    with pytest.raises(BadRequest, match="is a key already"):
        keys.add(mine, "planner", "write")
    with pytest.raises(BadRequest, match='no role "admin"'):
        keys.add(mine, "boss", "admin")
    with pytest.raises(BadRequest, match="a second or more"):
        keys.add(mine, "boss", "read", timedelta(0))
    with pytest.raises(UnknownName, match='did you mean "planner"'):
        keys.revoke(mine, "planer")
    with pytest.raises(NoStore):
        keys.add(tmp_path / "nothing", "planner", "read")
    assert not (tmp_path / "nothing").exists()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b'{"keys": 5}',
        b'{"keys": [{"name": "a"}]}',
        b'{"keys": ["a"]}',
        b"\xff\xfe",
    ],
)
def test_keys_that_cannot_be_read_let_nobody_in(mine: Path, content: bytes) -> None:
    (mine / layout.KEYS).write_bytes(content)
    ring = keys.Ring(mine)
    with pytest.raises(DamagedStore, match="take the file away"):
        ring.find("tk_x")
    with pytest.raises(DamagedStore):
        assert ring.wanted


def test_a_key_of_a_role_or_a_hash_that_is_none_makes_the_whole_file_unreadable(mine: Path) -> None:
    keys.add(mine, "planner", "read")
    whole = json.loads((mine / layout.KEYS).read_text())
    for field, value in (
        ("role", "admin"),
        ("sha256", "é"),
        ("expires", "2026-01-01T00:00:00"),
        ("made", None),
    ):
        bent = {"keys": [{**whole["keys"][0], field: value}]}
        (mine / layout.KEYS).write_text(json.dumps(bent))
        with pytest.raises(DamagedStore):
            keys.held(mine)


def test_keys_made_at_once_are_all_there(mine: Path) -> None:
    names = [f"k{number}" for number in range(12)]
    threads = [threading.Thread(target=keys.add, args=(mine, name, "read")) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(key.name for key in keys.held(mine)) == sorted(names)


def test_a_key_can_be_revoked_while_the_store_is_being_written(mine: Path) -> None:
    secret = keys.add(mine, "planner", "read")
    with layout.lock(mine):
        keys.revoke(mine, "planner")
    assert keys.Ring(mine).find(secret) is None


def test_a_link_that_lies_where_the_keys_are_made_is_not_written_through(mine: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("untouched")
    (mine / layout.KEYS_PART).symlink_to(victim)
    keys.add(mine, "planner", "read")
    assert victim.read_text() == "untouched"
    assert not (mine / layout.KEYS).is_symlink()


def test_the_rest_of_the_store_does_not_mind_the_keys(mine: Path) -> None:
    keys.add(mine, "planner", "read")
    assert check(mine) == []
    repair(mine)
    (mine / layout.CURRENT).unlink()
    repair(mine)
    assert [key.name for key in keys.held(mine)] == ["planner"]


def test_the_verbs_make_list_and_revoke(mine: Path) -> None:
    code, secret, told = verb("keys", "add", mine, "planner", "--role", "write", "--expires", "90d")
    assert (code, "not shown again" in told) == (0, True)
    found = keys.Ring(mine).find(secret.strip())
    assert found is not None
    assert found.expires is not None
    assert found.expires - found.made == timedelta(days=90)
    code, listed, _ = verb("keys", "list", mine)
    assert (code, "planner" in listed, "write" in listed, secret.strip() in listed) == (0, True, True, False)
    code, _, told = verb("keys", "revoke", mine, "planner")
    assert (code, "nobody can ask" in told) == (0, True)
    assert verb("keys", "revoke", mine, "planner")[0] == 2
    assert verb("keys", "add", mine, "planner", "--expires", "soon")[0] == 2


# Serving beyond this machine ----------------------------------------------------------------------------


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    """The environments of the servers that the verb would have become."""
    begun: list[dict[str, str]] = []
    monkeypatch.setattr(
        "os.execve", lambda _, command, environment: begun.append({**environment, "": str(command)})
    )
    return begun


def test_a_store_without_keys_is_not_served_beyond_this_machine(
    mine: Path, started: list[dict[str, str]]
) -> None:
    for asked in (["--address", "0.0.0.0"], ["--address", "::"], ["--allow-origin", "mine.example:443"]):
        code, _, told = verb("serve", mine, *asked)
        assert (code, "has no keys" in told, "--open-to-all" in told) == (2, True, True)
    assert started == []


def test_who_says_so_serves_it_to_all_and_is_warned(mine: Path, started: list[dict[str, str]]) -> None:
    code, _, told = verb("serve", mine, "--address", "0.0.0.0", "--open-to-all")
    assert (code, "warning: whoever reaches" in told) == (0, True)
    assert started[0]["TRUCKKIT_REST_OPEN"] == "1"


def test_on_this_machine_alone_nothing_is_opened_by_chance(mine: Path, started: list[dict[str, str]]) -> None:
    code, _, told = verb("serve", mine, "--allow-origin", "localhost:8080")
    assert (code, "warning" in told) == (0, False)
    assert "TRUCKKIT_REST_OPEN" not in started[0]
    assert "localhost:8080" in started[0][""]


def test_a_free_port_is_told_before_anybody_listens_on_it(mine: Path, started: list[dict[str, str]]) -> None:
    code, said, _ = verb("serve", mine, "--port", "0")
    port = re.search(r"http://127\.0\.0\.1:(\d+)/", said)
    assert (code, port is not None) == (0, True)
    assert port
    assert port[1] != "0"
    assert f"127.0.0.1:{port[1]}" in started[0][""]


def test_with_keys_it_is_served_and_the_dashboards_are_named(
    mine: Path, started: list[dict[str, str]]
) -> None:
    keys.add(mine, "planner", "read")
    code, _, told = verb("serve", mine, "--address", "0.0.0.0")
    assert (code, "dashboards have no login" in told) == (0, True)
    assert "TRUCKKIT_REST_OPEN" not in started[0]
