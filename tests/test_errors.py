import builtins
import pickle
import re

import pytest

from truckkit import errors
from truckkit.errors import TruckkitError, UnknownName, listed, unknown

TREE = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, TruckkitError)]
LEAVES = [kind for kind in TREE if kind is not TruckkitError]


@pytest.mark.parametrize("kind", LEAVES, ids=lambda kind: kind.__name__)
def test_every_error_is_also_the_builtin_it_resembles(kind):
    ours, builtin = kind.__bases__
    assert issubclass(ours, TruckkitError)
    assert getattr(builtins, builtin.__name__) is builtin


@pytest.mark.parametrize("kind", TREE, ids=lambda kind: kind.__name__)
def test_an_error_says_its_sentence_and_nothing_else(kind):
    assert str(kind('no truck "T70" in mine.')) == 'no truck "T70" in mine.'
    assert str(kind()) == ""


@pytest.mark.parametrize("kind", LEAVES, ids=lambda kind: kind.__name__)
def test_an_error_passes_from_process_to_process(kind):
    copy = pickle.loads(pickle.dumps(kind("a sentence.")))
    assert type(copy) is kind
    assert str(copy) == "a sentence."


def test_the_tree_at_the_top_of_the_module_is_the_tree():
    drawn = dict(re.findall(r"[├└]── (\w+) \((\w+)\)", errors.__doc__))
    assert drawn == {kind.__name__: kind.__bases__[1].__name__ for kind in LEAVES}


def test_an_unknown_name_comes_with_the_nearest_one_that_is_there():
    assert str(unknown("truck", "T70", ["T07", "T01"], "mine")) == (
        'no truck "T70" in mine; did you mean "T07"? It has "T01", "T07".'
    )


def test_a_name_like_no_other_gets_no_guess():
    error = unknown("shift", "zzz", ["2026-11-22 night"], "mine")
    assert isinstance(error, UnknownName)
    assert str(error) == 'no shift "zzz" in mine. It has "2026-11-22 night".'


def test_where_nothing_is_there_the_error_says_so():
    assert str(unknown("truck", "T01", [], "mine")) == 'no truck "T01" in mine. It has none.'


def test_a_long_list_of_names_is_cut():
    assert listed([str(number) for number in range(50)], most=3) == '"0", "1", "2" and 47 more'
