"""Checks what `picky-analyse -o` does to what is in its way: every format against every kind of thing, links, files that
somebody writes, the input itself, pipes and devices.

check_output.py PICKY_ANALYSE PICKY OUTPUT_TABLE [unittest arguments]

What gives way to which format is asked of OUTPUT_TABLE (output_table.c), all in one process; the program itself is run on a
thing of each kind. With PICKY_TEST_EVERY set it is run on everything, every command's output, and both with --force
(tests/long/every_output.sh).
"""
import io
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import zipfile

try:
    import h5py
    import numpy as np
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

PROGRAM, PICKY, TABLE = map(os.path.abspath, sys.argv[1:4])
PROGRESS = re.compile(r"picky-analyse: \d+ of \d+ .* left\n")  # of work that takes long

IS_EVERY = "PICKY_TEST_EVERY" in os.environ
# Name: format, words. The first of each format is tried with everything.
COMMANDS = {
    "summary": ("text", ["summary", "in.h5"]),
    "summary --csv": ("csv", ["summary", "in.h5", "--csv"]),
    "summary --json": ("json", ["summary", "in.h5", "--json"]),
    "variable": ("npy", ["export", "in.h5", "--variable", "importance"]),
    "report": ("html", ["report", "in.h5"]),
    "svg": ("svg", ["plot", "ri", "in.h5"]),
    "png": ("png", ["plot", "training", "in.h5"]),
    "pdf": ("pdf", ["plot", "ri", "in.h5"]),
    "claims": ("text", ["claims", "in.h5"]),
    "claims --csv": ("csv", ["claims", "in.h5", "--csv"]),
    "claims --json": ("json", ["claims", "in.h5", "--json"]),
    "compare": ("text", ["summary", "in.h5", "--compare", "second_task"]),
    "compare --csv": ("csv", ["summary", "in.h5", "--compare", "second_task", "--by", "context_location", "--csv"]),
    "compare --json": ("json", ["summary", "in.h5", "--compare", "second_task", "--json"]),
    "by --csv": ("csv", ["summary", "in.h5", "--by", "second_task,fraction", "--csv"]),
    "models": ("csv", ["export", "in.h5"]),
    "all keys": ("csv", ["export", "in.h5", "--keys", "all"]),
    "epochs": ("csv", ["export", "in.h5", "--each", "epoch"]),
    "neurons": ("csv", ["export", "in.h5", "--each", "neuron", "--measure", "all"]),
    "one measure": ("csv", ["export", "in.h5", "--each", "neuron", "--measure", "variance"]),
    "heatmap": ("svg", ["plot", "heatmap", "in.h5", "--statistic", "error_1"]),
    "lesion": ("svg", ["plot", "lesion", "in.h5"]),
}
SUFFIX = {"text": "", "csv": ".csv", "json": ".json", "npy": ".npy", "html": ".html", "svg": ".svg", "png": ".png",
          "pdf": ".pdf"}

# What the program itself is tried with: one of each kind.
TRIED = {"notes", "sweep", "results file (HDF5)", "empty"}
SWEEP = b'name = "a sweep";\nreplicates = 5;\nmodel = { hidden_size = 50; };\n'
SVG = b"<svg xmlns='http://www.w3.org/2000/svg'></svg>\n"
# What may be in the way: the formats that it gives way to, and its bytes.
THINGS = {
    "notes": ("text", b"Remember: the sweep with fraction 0.5 was best.\nRun it with seed = 7 or so.\n"),
    "heading": ("text", b"# Plan\n\nMore seeds.\n"),
    "C": ("text", b"/* A program. */\n#include <stdio.h>\nint seed = 5;\nint main(void) { seed = 6; return 0; }\n"),
    "gnuplot": ("text", b"output = exists('ARG1') && strlen(ARG1) ? ARG1 : 'a.svg'\nset terminal svg\n"),
    "shell": ("text", b"#!/bin/sh\nset -eu\nseed=5\n"),
    "latin-1": ("text", b"Gr\xfc\xdfe\n"),
    "blank": ("text", b"\n"),
    "text of a file called seed": ("text", b"seed: 4 conditions\n8 configurations x 5 replicates = 40 jobs: complete\n"),
    "another's CSV": ("text", b"name,seed,error\nx,1,0.5\n"),
    "like an export": ("text", b"config,replicate,score\n0,0,1\n"),
    "export with a column": ("text", b"config,replicate,seed,status,epoch,train_loss,test_error_1,mine\n"),
    "like claims": ("text", b"claim,measure,normalise\nx,y,z\n"),
    "indexed": ("text", b",config,replicate,seed,status,epoch,train_loss,test_error_1\n"),
    "claims of an older version": ("text csv", b"claim,measure,normalise,decision,n,effect,effect_low,effect_high,mean_a,"
                                               b"mean_b,configurations_a,configurations_b\n"),
    "fewer statistics": ("text csv", b"hidden_size,first_configuration,n_configurations,pending,accepted,attempts,measure,"
                                     b"normalise,unimportant_below,task_1,task_2,layer,mixed,mixed_low,mixed_high\n"),
    "header alone": ("text csv", b"config,replicate,fraction,seed,status,epoch,train_loss,test_error_1"),
    "CRLF": ("text csv", b"config,replicate,seed,status,epoch,train_loss,test_error_1,test_error_2\r\n0,0\r\n"),
    "another's JSON": ("text", b'{"a": 1, "file": "x"}\n'),
    "like a list": ("text", b'[{"file": "x", "name": "y"}]\n'),
    "coverage": ("text", b'{"file": "x.c", "line": 5}\n'),
    "compact JSON": ("text json", b'{"file":"a \\"b\\".h5","name":"x","configurations":4}'),
    "HTML": ("text html", b"<!-- mine -->\n<!doctype HTML>\n<html></html>\n"),
    "XHTML": ("text html", b"\xef\xbb\xbf<?xml version='1.0'?>\n<html xmlns='http://www.w3.org/1999/xhtml'></html>\n"),
    "XML": ("text", b"<?xml version='1.0'?>\n<sweep><svg/></sweep>\n"),
    "SVG": ("text svg", SVG),
    "Inkscape": ("text svg", b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- Created with Inkscape -->\n<svg\n id='x'></svg>\n"),
    "Illustrator": ("text svg", b"<?xml version='1.0'?>\n<!DOCTYPE svg PUBLIC 'x' 'y' [\n<!ENTITY a 'b'>]>\n<svg/>\n"),
    "PNG": ("png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"),
    "PDF": ("pdf", b"%PDF-1.5\nno control character\n"),
    "NumPy": ("npy", b"\x93NUMPY\x01\x00v\x00{}"),
    "sweep": ("", SWEEP),
    "sweep with byte order mark": ("", b"\xef\xbb\xbf" + SWEEP),
    "sweep with @include": ("", b'// all in one\n@include "common.cfg"\n'),
    "sweep with @include later": ("", b'lengths = [1, 2];\n@include "common.cfg"\n'),
    "sweep behind comments": ("", b"# mine\n/* name\n4 configurations x 2 replicates = 8 jobs: planned */\n// x\n" + SWEEP),
    "sweep with colons": ("", b'grid : { fraction : [0.1, 0.2] }\n'),
    "sweep on one line": ("", b'seed=1;replicates=2;'),
    "sweep with comments inside": ("", b'replicates /* how many */ = // five\n 5;'),
    "sweep with CRLF": ("", SWEEP.replace(b"\n", b"\r\n")),
    "sweep with a wrong key": ("", b'nmae = "x";\nreplicates = 5;\n'),
    "sweep with a wrong case": ("", b'Grid = { lr = [0.1]; };\n'),
    "sweep that ends early": ("", b'name = "x";\nmodel = { hidden_size = 5; '),
    "part of a sweep": ("", b"fraction = [0.1, 0.5];\n"),
    "sweep without a value": ("", b"replicates = ;\n"),
    "cases": ("", b'cases = ( { train_mode = "random"; } );\n'),
    "long comment, then sweep": ("", b"# " + b"x" * 100000 + b"\n" + SWEEP),
    "one long line": ("text", b"a,b " * 500000),
    "one long header": ("text", b"config," * 200000),
    "comments alone": ("", b"# nothing yet\n/* but soon */\n"),
    "HDF5 signature": ("", b"\x89HDF\r\n\x1a\n"),
    "damaged HDF5": ("", b"\0" * 2048 + b"\x89HDF\r\n\x1a\n" + b"\0" * 100),
    "CSV with HDF5 behind it": ("", b"config,replicate,seed,status,epoch,train_loss,test_error_1\n".ljust(512) +
                                b"\x89HDF\r\n\x1a\n"),
    "SVG with HDF5 behind it": ("", SVG.ljust(1024) + b"\x89HDF\r\n\x1a\n"),
    "netCDF-3": ("", b"CDF\x01\0\0\0\0\0\0\0\x0a"),
    "hole": ("", b"\0" * 5000),
    "UTF-16": ("", "notes".encode("utf-16")),
    "gzip": ("", b"\x1f\x8b\x08\0\0\0"),
    "empty": (" ".join(SUFFIX), b""),
}


def run(*args, **options):
    done = subprocess.run([PROGRAM, *map(str, args)], stdout=options.pop("stdout", subprocess.PIPE),
                          stderr=subprocess.PIPE, timeout=200, **options)
    return done.returncode, done.stdout, PROGRESS.sub("", done.stderr.decode())


def read(path):
    with open(path, "rb") as f:
        return f.read()


def write(path, data):
    with open(path, "wb") as f:
        f.write(data)
    return path


def setUpModule():
    global MADE
    MADE = tempfile.mkdtemp(prefix="picky-output-")
    name = write(os.path.join(MADE, "in.cfg"),
                 b'replicates = 4; model = { hidden_size = 6; epochs = 2; error_threshold = 10.0; };'
                 b'grid = { second_task = ["prod", "add1.5"]; context_location = ["start", "end"]; };')
    subprocess.run([PICKY, "run", name, "-o", os.path.join(MADE, "in.h5")], check=True, stderr=subprocess.DEVNULL)


def tearDownModule():
    shutil.rmtree(MADE)


class Folder(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.start = os.getcwd()
        cls.folder = tempfile.mkdtemp(prefix="picky-output-")
        os.chdir(cls.folder)
        for name in ("in.cfg", "in.h5"):
            shutil.copy(os.path.join(MADE, name), ".")
        cls.input = read("in.h5")

    @classmethod
    def tearDownClass(cls):
        os.chdir(cls.start)
        shutil.rmtree(cls.folder)

    def tearDown(self):
        self.assertEqual([name for name in os.listdir(".") if name.endswith(".part")], [])
        self.assertEqual(read("in.h5"), self.input)

    def refused(self, result, *parts):
        """One line, exit code 2, nothing printed."""
        self.assertEqual((result[0], result[1], result[2].count("\n")), (2, b"", 1), result)
        for part in parts:
            self.assertIn(part, result[2])

    def done(self, result):
        self.assertEqual(result, (0, b"", ""))

    def fresh(self, command):
        """What the command writes where nothing is; PDF files have a date."""
        kind, words = COMMANDS[command]
        name = "fresh" + SUFFIX[kind]
        self.done(run(*words, "-o", name))
        data = read(name)
        os.remove(name)
        return data

    def same(self, command, found, expected):
        if COMMANDS[command][0] == "pdf":
            found, expected = found[:8], expected[:8]
        self.assertEqual(found, expected, command)


class InTheWay(Folder):
    def check_refusal(self, text, name, thing):
        self.assertIn(f"-o {name}: what is there is ", text)
        self.assertTrue(text.endswith("; allowed: another name, or --force"), text)
        if "sweep" in thing:
            self.assertIn("a sweep file", text)
        if "HDF5" in thing:
            self.assertIn("an HDF5 file", text)

    def check_table(self, things):
        """Each of things {name: (formats that it gives way to, bytes)} in the way of each format."""
        cases = [(kind, write(f"thing{i}", data), thing, formats) for i, (thing, (formats, data)) in enumerate(things.items())
                 for kind in SUFFIX]
        said = subprocess.run([TABLE, "in.h5"], input="".join(f"{kind} {name}\n" for kind, name, _, _ in cases),
                              capture_output=True, text=True, check=True).stdout.splitlines()
        for (kind, name, thing, formats), text in zip(cases, said, strict=True):
            with self.subTest(format=kind, thing=thing):
                if kind in formats.split():
                    self.assertEqual(text, "OK")
                else:
                    self.check_refusal(text, name, thing)
        for name in {name for _, name, _, _ in cases}:
            os.remove(name)

    def try_thing(self, command, fresh, thing, data, gives_way):
        kind, words = COMMANDS[command]
        name = write("there" + SUFFIX[kind], data)
        result = run(*words, "-o", name)
        with self.subTest(command=command, thing=thing):
            if gives_way:
                self.done(result)
                self.same(command, read(name), fresh)
                return
            self.refused(result)
            self.check_refusal(result[2].removesuffix("\n"), name, thing)
            self.assertEqual(read(name), data)
            if IS_EVERY or thing == "sweep":
                self.done(run(*words, "--force", "-o", name))
                self.same(command, read(name), fresh)

    def files(self):
        """Things that take a program to make."""
        with h5py.File("block.h5", "w", userblock_size=1024) as f:
            f["x"] = np.arange(10)
        with h5py.File("new.h5", "w", libver="latest") as f:
            f["x"] = np.arange(10)
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as z:
            z.writestr("notes.txt", "x")
        return {"results file (HDF5)": ("", self.input), "HDF5 with user block": ("", read("block.h5")),
                "HDF5 of today": ("", read("new.h5")), "zip": ("", packed.getvalue())}

    def test_every_format_and_thing(self):
        things = {**THINGS, **self.files()}
        self.check_table(things)
        first = {kind: command for command, (kind, _) in reversed(COMMANDS.items())}
        for kind, command in first.items():
            fresh = self.fresh(command)
            for thing, (formats, data) in things.items():
                if IS_EVERY or thing in TRIED:
                    self.try_thing(command, fresh, thing, data, kind in formats.split())

    def test_every_command(self):
        """Older outputs of each, and of each other command of the format, are replaced; a results file is not, and notes
        are if it is a text."""
        outputs = {command: self.fresh(command) for command in COMMANDS}
        self.check_table({"older " + command: (kind + " text" * (kind in ("csv", "json", "html", "svg")), outputs[command])
                          for command, (kind, _) in COMMANDS.items()})
        for command, (kind, _) in COMMANDS.items():
            self.try_thing(command, outputs[command], "results file (HDF5)", self.input, False)
            self.try_thing(command, outputs[command], "notes", THINGS["notes"][1], kind == "text")
            for older, data in outputs.items():
                if IS_EVERY or older == command:
                    gives_way = COMMANDS[older][0] == kind or (kind == "text" and COMMANDS[older][0] in
                                                               ("csv", "json", "html", "svg"))
                    self.try_thing(command, outputs[command], "older " + older, data, gives_way)

    def test_sweep_text(self):
        self.refused(run("export", "in.h5", "--sweep", "-o", "in.cfg"), "-o in.cfg: what is there is a sweep file")
        self.done(run("export", "in.h5", "--sweep", "-o", "two.cfg"))
        self.assertEqual(read("two.cfg"), read("in.cfg"))
        self.refused(run("export", "in.h5", "--sweep", "-o", "two.cfg"), "a sweep file")
        self.done(run("export", "in.h5", "--sweep", "-o", "two.cfg", "--force"))
        self.done(run("export", "in.h5", "--sweep", "-o", write("notes.txt", b"notes\n")))

    def test_names_do_not_matter(self):
        """What counts is what is written, not what the name ends in."""
        for name in ("table.txt", "table", "x.dat"):
            self.done(run("summary", "in.h5", "--csv", "-o", name))
            self.done(run("summary", "in.h5", "--csv", "-o", name))
            self.refused(run("summary", "in.h5", "--json", "-o", name), "no JSON")
            self.done(run("summary", "in.h5", "-o", name))
            os.remove(name)
        self.refused(run("plot", "ri", "in.h5", "-o", write("x.svg", b"%PDF-1.5\n\x01")), "no SVG")

    def test_refused_before_the_work(self):
        """Of a file in which the work would fail."""
        shutil.copy("in.h5", "broken.h5")
        with h5py.File("broken.h5", "r+") as f:
            del f["importance"]
        write("taken.svg", SWEEP)
        for words in (["summary"], ["claims"], ["export", "--each", "neuron"], ["report"], ["plot", "ri"],
                      ["plot", "lesion"], ["plot", "heatmap"], ["plot", "measures"], ["plot", "importance"],
                      ["plot", "ri-grid"]):
            self.refused(run(*words[:2 if words[0] == "plot" else 1], "broken.h5", *words[2 if words[0] == "plot" else 1:],
                             "-o", "taken.svg"), "-o taken.svg: what is there is a sweep file")
        self.assertEqual(read("taken.svg"), SWEEP)

    def test_help(self):
        for words in ("summary", "claims", "report", "export", "plot ri", "plot ri-grid", "plot training", "plot heatmap",
                      "plot measures", "plot importance", "plot lesion"):
            text = run(*words.split(), "--help")[1].decode()
            self.assertIn("--force", text)
            self.assertIn("Refused without --force", text)


class Scripts(Folder):
    """--keep-script, and the script that is left when gnuplot fails."""

    def fake_gnuplot(self, commands):
        os.makedirs("bin", exist_ok=True)
        write("bin/gnuplot", b"#!/bin/sh\n" + commands.encode())
        os.chmod("bin/gnuplot", 0o755)
        return {**os.environ, "PATH": os.path.abspath("bin") + ":/usr/bin:/bin"}

    def test_kept(self):
        plot = ["plot", "ri", "in.h5", "--keep-script", "-o", "kept.svg"]
        for thing in (SWEEP, self.input, b"set terminal svg\nplot x\n", b"notes\n"):
            write("kept.gp", thing)
            self.refused(run(*plot), "--keep-script: -o kept.gp: what is there is ", "--force")
            self.assertEqual(read("kept.gp"), thing)
            self.assertFalse(os.path.exists("kept.svg"))
        self.done(run(*plot, "--force"))
        script = read("kept.gp")
        self.assertTrue(script.startswith(b"# A figure with its data, made by picky-analyse."))
        write("kept.gp", script + b"# restyled\n")
        self.done(run(*plot))
        self.assertEqual(read("kept.gp"), script)
        shutil.copy("in.h5", "in.gp")
        self.refused(run("plot", "ri", "in.gp", "--keep-script", "--force", "-o", "in.svg"), "the results file itself")
        self.assertEqual(read("in.gp"), self.input)

    def test_failure_leaves_what_is_there(self):
        env = self.fake_gnuplot("exit 5")
        write("mine.gp", b"set terminal svg\nplot x\n")
        for force in ([], ["--force"]):
            code, _, error = run("plot", "ri", "in.h5", "-o", "mine.svg", *force, env=env)
            self.assertEqual((code, error.count("\n")), (3, 1))
            self.assertNotIn("the script is", error)
            self.assertEqual(read("mine.gp"), b"set terminal svg\nplot x\n")
        self.assertFalse(os.path.exists("mine.svg"))

    def test_taken_meanwhile(self):
        """A results file appears while gnuplot draws."""
        real = shutil.which("gnuplot")
        for older in (False, True):
            for name, options in (("late.svg", []), ("late.gp", ["--keep-script"])):
                for path in ("late.svg", "late.gp"):
                    if os.path.exists(path):
                        os.remove(path)
                if older:
                    self.done(run("plot", "ri", "in.h5", "-o", "late.svg", *options))
                env = self.fake_gnuplot(f"cp in.h5 {name}\nexec {real} \"$@\"")
                result = run("plot", "ri", "in.h5", "-o", "late.svg", *options, env=env)
                self.refused(result, f"-o {name}: what is there is an HDF5 file")
                self.assertEqual(read(name), self.input)
        os.remove("late.svg")
        env = self.fake_gnuplot(f"mkdir late.svg\nexec {real} \"$@\"")
        self.refused(run("plot", "ri", "in.h5", "-o", "late.svg", env=env), "something else")
        os.rmdir("late.svg")


class Always(Folder):
    """What --force does not change."""

    def test_input(self):
        os.makedirs("sub", exist_ok=True)
        os.link("in.h5", "hard.h5")
        os.symlink("in.h5", "soft.h5")
        os.symlink("../soft.h5", "sub/soft.h5")
        names = ("in.h5", "./in.h5", "sub/../in.h5", os.path.abspath("in.h5"), "hard.h5", "soft.h5", "sub/soft.h5",
                 "/proc/self/cwd/in.h5")
        for command in ("summary", "models", "summary --json", "report", "variable"):
            words = COMMANDS[command][1]
            for name in names if command == "summary" else names[-2:]:
                for force in ([], ["--force"]):
                    self.refused(run(*words, *force, "-o", name), f"-o {name}: this is the results file itself")
            with open("in.h5", "r+b") as f:
                for name in (f"/proc/self/fd/{f.fileno()}", f"/dev/fd/{f.fileno()}"):
                    self.refused(run(*words, "--force", "-o", name, pass_fds=[f.fileno()]), "the results file itself")
        self.refused(run("summary", "soft.h5", "--force", "-o", "hard.h5"), "the results file itself")
        os.symlink("in.h5", "soft.svg")
        self.refused(run("plot", "ri", "in.h5", "--force", "-o", "soft.svg"), "the results file itself")
        for name in ("hard.h5", "soft.h5", "sub/soft.h5", "soft.svg"):
            os.remove(name)

    def test_live_run(self):
        """The run goes on, and what it writes is right."""
        write("live.cfg", b"replicates = 100000; model = { hidden_size = 4; epochs = 1; N_train = 100; };")
        picky = subprocess.Popen([PICKY, "run", "live.cfg", "-o", "live.h5"], stderr=subprocess.PIPE)
        try:
            deadline = time.monotonic() + 60
            while not os.path.exists("live.h5") and time.monotonic() < deadline:
                time.sleep(0.02)
            os.symlink("live.h5", "live.svg")
            os.link("live.h5", "second.h5")
            before = os.stat("live.h5")
            for command, (kind, words) in COMMANDS.items():
                names = ["live.svg"] if kind in ("svg", "png", "pdf") else ["live.h5", "live.svg", "second.h5"]
                for force in ([], ["--force"]) if command == "summary" else (["--force"],):
                    for name in names if command == "summary" else names[:1]:
                        self.refused(run(*words, *force, "-o", name), f"-o {name}: somebody is writing this file; "
                                     "allowed: another name\n")
            self.assertIsNone(picky.poll(), "the run has ended too early for this test")
            after = os.stat("live.h5")
            self.assertEqual((before.st_ino, before.st_size), (after.st_ino, after.st_size))
            # While it is written it can be analysed.
            self.assertEqual(run("summary", "live.h5")[0], 0)
        finally:
            picky.terminate()
            said = picky.communicate(timeout=60)[1]
        self.assertEqual(picky.returncode, 75, said)
        subprocess.run([PICKY, "verify", "live.h5"], check=True, capture_output=True)
        self.refused(run("summary", "in.h5", "-o", "live.h5"), "an HDF5 file")  # now it is one like others
        self.done(run("summary", "in.h5", "--force", "-o", "live.h5"))
        for name in ("live.svg", "second.h5", "live.h5"):
            os.remove(name)

    def test_another_program_writes(self):
        """HDF5 itself locks what it opens for writing."""
        shutil.copy("in.h5", "other.h5")
        code = "import h5py; f = h5py.File('other.h5', 'r+'); print('open', flush=True); input()"
        env = {**os.environ, "HDF5_USE_FILE_LOCKING": "TRUE"}
        with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env) as writer:
            self.assertEqual(writer.stdout.readline(), b"open\n")
            self.refused(run("summary", "in.h5", "--force", "-o", "other.h5"), "somebody is writing this file")
            writer.communicate(b"\n")
        self.done(run("summary", "in.h5", "--force", "-o", "other.h5"))


class Places(Folder):
    def test_links(self):
        fresh = self.fresh("summary")
        os.makedirs("far/away", exist_ok=True)
        os.symlink("far/link", "near")
        os.symlink("away/target", "far/link")
        for before in (None, b"", b"older\n"):
            if before is not None:
                write("far/away/target", before)
            self.done(run("summary", "in.h5", "-o", "near"))
            self.assertEqual((os.readlink("near"), os.readlink("far/link")), ("far/link", "away/target"))
            self.assertFalse(os.path.islink("far/away/target"))
            self.assertEqual(read("far/away/target"), fresh)
        write("far/away/target", SWEEP)
        self.refused(run("summary", "in.h5", "-o", "near"), "-o near: what is there is a sweep file")
        self.assertEqual(read("far/away/target"), SWEEP)
        self.done(run("summary", "in.h5", "--force", "-o", "near"))
        self.assertTrue(os.path.islink("near"))
        os.symlink("far/away/figure.svg", "figure.svg")
        self.done(run("plot", "ri", "in.h5", "-o", "figure.svg", "--keep-script"))
        self.assertTrue(os.path.islink("figure.svg"))
        self.assertEqual(read("far/away/figure.svg"), self.fresh("svg"))
        self.assertEqual(sorted(os.listdir("far/away")), ["figure.svg", "target"])
        os.symlink("folder_link_target", "folder_link")
        os.makedirs("folder_link_target")
        self.done(run("summary", "in.h5", "-o", "folder_link/x"))
        self.refused(run("summary", "in.h5", "-o", "folder_link"), "a folder")
        os.symlink("loop_b", "loop_a")
        os.symlink("loop_a", "loop_b")
        os.symlink("loop.svg", "loop.svg")
        for force in ([], ["--force"]):
            self.refused(run("summary", "in.h5", *force, "-o", "loop_a"), "cannot write loop_a", "symbolic links")
            self.refused(run("plot", "ri", "in.h5", *force, "-o", "loop.svg"), "symbolic links")
            self.refused(run("summary", "in.h5", *force, "-o", "loop_a/x"), "symbolic links")
        os.symlink("nowhere/x", "lost")
        self.refused(run("summary", "in.h5", "-o", "lost"), "cannot write lost: No such file or directory")

    def test_folders(self):
        os.makedirs("folder.svg", exist_ok=True)
        for force in ([], ["--force"]):
            for words in (["summary"], ["report"], ["plot", "ri"]):
                self.refused(run(*words, "in.h5", *force, "-o", "folder.svg"), "-o folder.svg: a folder")
            for name in (".", "..", "/", "", "folder.svg/"):
                self.refused(run("summary", "in.h5", *force, "-o", name), "a folder")
        self.refused(run("summary", "in.h5", "-o", "absent/"), "absent/")

    def test_permissions(self):
        old = os.umask(0o027)
        try:
            self.done(run("summary", "in.h5", "-o", "mode"))
            self.assertEqual(os.stat("mode").st_mode & 0o7777, 0o640)
            for mode in (0o600, 0o664, 0o444):
                os.chmod("mode", mode)
                self.done(run("summary", "in.h5", "-o", "mode"))
                self.assertEqual(os.stat("mode").st_mode & 0o7777, mode)
            self.done(run("plot", "ri", "in.h5", "-o", "mode.svg", "--keep-script"))
            self.assertEqual({os.stat(name).st_mode & 0o7777 for name in ("mode.svg", "mode.gp")}, {0o640})
        finally:
            os.umask(old)

    @unittest.skipUnless(os.geteuid() == 0 and shutil.which("setpriv"), "needs to run as somebody else")
    def test_read_only_folder(self):
        os.makedirs("closed", exist_ok=True)
        write("closed/old", b"older\n")
        os.chmod("closed/old", 0o666)
        os.chmod(".", 0o755)
        self.addCleanup(os.chmod, "closed", 0o755)
        os.chmod("closed", 0o555)
        done = subprocess.run(["setpriv", "--reuid=65534", "--clear-groups", PROGRAM, "summary", "in.h5", "-o",
                               "closed/old"], capture_output=True)
        self.refused((done.returncode, done.stdout, done.stderr.decode()), "cannot write closed/old: Permission denied")
        self.assertEqual(read("closed/old"), b"older\n")

    def test_neighbours(self):
        """Files beside the output, whatever they are called, are nobody's business."""
        for name in ("beside.svg.part", "beside.svg.gp.part"):
            write(name, b"mine")
        self.done(run("plot", "ri", "in.h5", "-o", "beside.svg"))
        self.done(run("summary", "in.h5", "--force", "-o", "beside.svg"))
        for name in ("beside.svg.part", "beside.svg.gp.part"):
            self.assertEqual(read(name), b"mine")
            os.remove(name)

    def pour(self, name, *words):
        """What a command writes into a named pipe."""
        os.mkfifo(name)
        found = []
        reader = threading.Thread(target=lambda: found.append(read(name)))
        reader.start()
        result = run(*words, "-o", name)
        reader.join(timeout=30)
        self.done(result)
        self.assertTrue(os.path.exists(name) and not os.path.isfile(name))
        os.remove(name)
        return found[0]

    def test_pipes(self):
        for command in ("summary", "summary --csv", "variable", "report"):
            self.assertEqual(self.pour("pipe", *COMMANDS[command][1]), self.fresh(command))
        self.assertEqual(self.pour("pipe.svg", *COMMANDS["svg"][1]), self.fresh("svg"))

    def test_devices_and_descriptors(self):
        for command in ("summary", "models", "variable", "report"):
            words, fresh = COMMANDS[command][1], self.fresh(command)
            for name in ("-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1") if command == "summary" else ("/dev/stdout",):
                self.assertEqual(run(*words, "-o", name), (0, fresh, ""))
                with open("target", "wb") as f:  # >target
                    self.assertEqual(run(*words, "-o", name, stdout=f), (0, None, ""))
                self.assertEqual(read("target"), fresh)
                write("target", b"above\n")
                with open("target", "ab") as f:  # >>target
                    self.assertEqual(run(*words, "-o", name, stdout=f), (0, None, ""))
                self.assertEqual(read("target"), b"above\n" + fresh)
                with open("target", "wb") as f:  # { echo; picky-analyse; } >target
                    f.write(b"above\n")
                    f.flush()
                    self.assertEqual(run(*words, "-o", name, stdout=f), (0, None, ""))
                self.assertEqual(read("target"), b"above\n" + fresh)
            for name in ("/dev/null", "/dev/zero"):
                self.done(run(*words, "-o", name))
                self.assertFalse(os.path.isfile(name))
            self.assertEqual(run(*words, "-o", "/dev/full")[0], 3)
        self.assertFalse(os.path.exists("-"))
        for data in (SWEEP, self.input):  # 3<>kept
            with open(write("kept", data), "r+b") as f:
                self.refused(run("summary", "in.h5", "-o", f"/dev/fd/{f.fileno()}", pass_fds=[f.fileno()]), "--force")
            self.assertEqual(read("kept"), data)
        with open("kept", "ab") as f:
            self.refused(run("summary", "in.h5", "-o", f"/dev/fd/{f.fileno()}", pass_fds=[f.fileno()]), "an HDF5 file")

    def test_mktemp(self):
        descriptor, name = tempfile.mkstemp(dir=".", suffix=".svg")
        os.close(descriptor)
        self.done(run("plot", "ri", "in.h5", "-o", name))
        self.assertTrue(re.search(rb"<svg", read(name)))

    def test_endings(self):
        """A name that ends as another format's do is refused, but with --force."""
        for name, ending in (("report", ".pdf"), ("variable", ".csv"), ("summary --csv", ".json"), ("summary", ".h5"),
                             ("summary --json", ".CSV"), ("models", ".cfg")):
            code, _, err = run(*COMMANDS[name][1], "-o", f"none{ending}")
            self.assertEqual((code, err.count("\n")), (2, 1), err)
            self.assertIn("allowed: another ending, or --force", err)
            self.assertFalse(os.path.exists(f"none{ending}"))
        self.done(run("summary", "in.h5", "--csv", "-o", "none.json", "--force"))


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    unittest.main(argv=[sys.argv[0], *sys.argv[4:]])
