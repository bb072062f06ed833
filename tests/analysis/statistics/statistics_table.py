"""Asks statistics_table (its head has the questions). One process answers all questions of a test."""
import atexit
import functools
import subprocess


@functools.lru_cache(maxsize=None)
def process(program):
    started = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
    atexit.register(started.communicate)
    return started


def answer(program, line):
    """The numbers of its line."""
    table = process(program)
    table.stdin.write(line + "\n")
    words = table.stdout.readline().split()
    assert words, f"no answer to {line[:80]}"
    return [float(word) for word in words]
