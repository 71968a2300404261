"""The commands that people, pre-commit and CI share: `nox -l` lists them."""

from __future__ import annotations

import os

import nox

nox.needs_version = ">=2024.4"
nox.options.sessions = ["tests", "checks"]

LOCKED = {"PIP_CONSTRAINT": os.path.abspath("requirements.lock")}  # noqa: PTH100 - nox runs before anything is installed
PARALLEL = ("-n", "auto", "--maxprocesses", "4")


@nox.session
def tests(session: nox.Session) -> None:
    """Run the suite as the README does."""
    session.install(".[test]", env=LOCKED)
    session.run("pytest", *PARALLEL, *session.posargs)


@nox.session
def slow(session: nox.Session) -> None:
    """Run the tests that take long."""
    session.install("--upgrade", "pip>=25.1")  # knows dependency groups
    session.install(".[test]", "--group", "browser", env=LOCKED)
    session.run("pytest", *PARALLEL, "-m", "slow", *session.posargs)


@nox.session
def checks(session: nox.Session) -> None:
    """Run all static checks."""
    session.install("--editable", ".[dev]", env=LOCKED)
    session.run("pre-commit", "run", "--all-files")


@nox.session
def docs(session: nox.Session) -> None:
    """Build the site into site/, strictly; `nox -s docs -- serve` shows it while it is written."""
    session.install("--upgrade", "pip>=25.1")  # knows dependency groups
    session.install("--editable", ".[test]", "--group", "docs", env=LOCKED)
    session.run("python", "tests/house/reference.py")
    session.run("zensical", *(session.posargs or ("build", "--strict", "--clean")))


@nox.session
def wheel(session: nox.Session) -> None:
    """Run the suite against the built wheel, from a project that has folders of our names."""
    session.install("build", env=LOCKED)
    session.run(
        "tests/wheel/run", session.create_tmp(), external=True, env={"PYTHON": f"{session.bin}/python", **LOCKED}
    )


@nox.session
def lowest(session: nox.Session) -> None:
    """Run the suite with the oldest versions that pyproject.toml allows."""
    session.install("uv")
    session.run(
        "uv",
        "pip",
        "install",
        "--resolution",
        "lowest-direct",
        ".[test]",
        env={"VIRTUAL_ENV": session.virtualenv.location},
    )
    session.run("pytest", *PARALLEL, *session.posargs)


@nox.session
def newest(session: nox.Session) -> None:
    """Run the suite with the newest versions of everything."""
    session.install("--upgrade", ".[test]")
    session.run("pytest", *PARALLEL, *session.posargs)


@nox.session
def fuzz(session: nox.Session) -> None:
    """Fuzz the fake for ten minutes under a seed of the day, and draw new examples everywhere."""
    session.install(".[test]", env=LOCKED)
    search = {"DIARKIT_FUZZ_SECONDS": "600", "DIARKIT_TEST_LOAD": "full", "DIARKIT_TEST_HYPOTHESIS": "search"}
    session.run("pytest", "-m", "slow or not slow", *session.posargs, env=search)


@nox.session
def promises(session: nox.Session) -> None:
    """Measure what is promised of durations."""
    session.install(".[test]", env=LOCKED)
    session.run("python", "tests/benchmarks/promises.py", *session.posargs)


@nox.session
def lock(session: nox.Session) -> None:
    """Write requirements.lock anew, with the newest versions."""
    session.install("pip-tools")
    flags = ("--no-annotate", "--no-emit-find-links", "--no-emit-index-url", "--no-emit-trusted-host", "--strip-extras")
    session.run(
        "pip-compile",
        "--extra=dev",
        *flags,
        "--unsafe-package=diarkit",
        "--upgrade",
        "--output-file=requirements.lock",
        "pyproject.toml",
    )
