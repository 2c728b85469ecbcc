"""The examples in docstrings say what they show."""

from __future__ import annotations

import doctest
from importlib import import_module


def test_the_examples_of_a_module_are_true(module_with_examples):
    told = []
    module = import_module(module_with_examples)
    runner = doctest.DocTestRunner(verbose=False)
    for test in doctest.DocTestFinder().find(module, module_with_examples):
        runner.run(test, out=told.append)
    assert not runner.failures, "".join(told)
    assert runner.tries
