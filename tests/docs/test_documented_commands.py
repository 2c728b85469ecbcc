"""Every command of the documentation exists: ``turnout`` with all its flags, and the targets of ``make``."""

from __future__ import annotations

import re

import pytest

from gateway.cli.commands import command_line

PLACEHOLDER = "COMMAND"  # `turnout COMMAND --help` stands for all of them


def parse(words):
    """What the command line makes of the words, up to the moment before it would act; the last command's context."""
    command, context = command_line(), None
    name, rest = "turnout", list(words)
    while True:
        if context is not None and not rest:
            return context  # a command that is only named: it exists, whatever it wants to be given
        context = command.make_context(name, rest, parent=context)
        rest = [*getattr(context, "_protected_args", []), *context.args]
        if not hasattr(command, "resolve_command"):
            return context
        name, command, rest = command.resolve_command(context, rest)


@pytest.mark.parametrize(
    "words", ["runs --stat done", "nosuch", "services enable a b", "run storyboard --input a --shots many"]
)
def test_the_look_at_commands_would_find_a_wrong_one(words):
    with pytest.raises(Exception, match=r"No such|no command|unexpected extra|valid integer"):
        parse(words.split())


def test_every_command_of_a_page_is_understood(page, read):
    wrong = []
    for command in read.commands(page):
        if PLACEHOLDER in command.words:
            continue
        try:
            parse(command.words)
        except Exception as error:  # noqa: BLE001 - whatever the parser says of it
            wrong.append(f"{command.place}: turnout {' '.join(command.words)}: {error}")
    assert not wrong


def test_the_flags_named_beside_a_command_are_its_own(root, read):
    told = 0
    for _, line in read.prose(root / "README.md"):
        command, *cells = line.strip("| ").split(" | ")
        flags = re.findall(r"`(--[a-z-]+)`", " ".join(cells))
        if not command.startswith("`turnout ") or not flags:
            continue
        context = parse(command.strip("`").split()[1:])
        known = {name for param in context.command.params for name in param.opts}
        assert set(flags) <= known, command
        told += len(flags)
    assert told


def test_every_make_target_that_is_named_is_there(pages, read, root):
    targets = set(re.findall(r"^([a-z]+):", (root / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    lines = [line for page in pages for _, line in read.prose(page)]
    lines += [f"`{line}`" for page in pages for block in read.blocks(page) for line in block.text.splitlines()]
    named = {target for line in lines for target in re.findall(r"`make ([a-z]+)`", line)}
    assert {"run", "test", "setup"} <= named
    assert named <= targets
