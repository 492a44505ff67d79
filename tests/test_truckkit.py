import subprocess
import sys

import pytest

import truckkit as tk


@pytest.mark.parametrize("name", tk.__all__)
def test_every_public_name_is_there(name):
    assert getattr(tk, name) is not None
    assert name in dir(tk)


@pytest.mark.parametrize("name", ["ingest", "sample"])
def test_a_function_stays_one_when_the_module_of_its_name_is_imported(name):
    says = f"import truckkit as tk, truckkit.{name}; print(callable(tk.{name}), truckkit.{name} is tk.{name})"
    said = subprocess.run([sys.executable, "-c", says], capture_output=True, text=True, check=True)
    assert said.stdout.split() == ["True", "True"]


def test_importing_truckkit_brings_neither_panel_nor_a_source():
    says = (
        "import sys, truckkit; print([m for m in sys.modules if m.startswith(('panel', 'truckkit.sources'))])"
    )
    said = subprocess.run([sys.executable, "-c", says], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'replay'"):
        _ = tk.replay


def test_who_asks_a_store_for_arrow_does_not_wait_for_pandas():
    folder = str(tk.sample().opened.folder)
    asks = "site.states.limit(3).to_pyarrow(), site.states.count().to_pyarrow()"
    says = f"import sys, truckkit as tk; site = tk.open({folder!r}); {asks}; print('pandas' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", says], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "False"
