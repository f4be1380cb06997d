"""Chaos: runs are killed, and their writes fail, around every commit; the next run must make good all of it.

`python benchmarks/chaos.py --seed S --count N` strikes N runs. Each experiment takes a random sequence of deliveries
through two lakes: one is never disturbed, the other is struck once or several times before each of its runs. After
every run all tables of both must hold the same rows. Exit code 1 where they do not, with what repeats it.
"""

from __future__ import annotations

import argparse
import random
import shutil
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import kernel, strikes
from benchmarks.forked import Ended, Marks, forked, import_everything
from benchmarks.sequences import AS_BEFORE, DECLARED, Deliveries, Step
from tests.support.tiny_project import tiny_project

Meddle = Callable[[Path], None]


@dataclass(frozen=True)
class Place:
    """A lake and its landing folder, in which the declarations of `project` hold."""

    folder: Path
    project: Path

    @property
    def landing(self) -> Path:
        return self.folder / "landing"

    @property
    def lake(self) -> Path:
        return self.folder / self.folder.name


@dataclass(frozen=True)
class Struck:
    """A struck run: where it was to be struck, what met it, and in which step it was then."""

    planned: strikes.Strike
    ended: Ended

    @property
    def point(self) -> str:
        return self.planned.point

    @property
    def reached(self) -> str:
        return self.ended.step if self.ended.struck_at and self.ended.how != "finished" else "(ran through)"


@dataclass
class Report:
    """What all experiments of one call came to."""

    struck: list[Struck] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    compared: int = 0
    seconds: dict[str, list[float]] = field(default_factory=dict)

    @property
    def hits(self) -> int:
        """Runs that a strike ended; one that was to be struck later than it went on does not count."""
        return sum(experiment.ended.how != "finished" for experiment in self.struck)

    def timed(self, kind: str, ended: Ended) -> Ended:
        self.seconds.setdefault(kind, []).append(ended.seconds)
        return ended


def main(arguments: Sequence[str] | None = None, meddle: Meddle | None = None) -> int:
    """`meddle` damages the struck lake before it is compared: so tests see that damage is found."""
    options = _arguments(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that its disks are unmounted
    import_everything()
    report = Report()
    with tempfile.TemporaryDirectory(prefix="huiliu-chaos-") as folder:
        work = Path(folder)
        filled = _Filled(work, report)
        number = options.only or 0
        while report.hits < options.count and not (report.failures and options.stop):
            try:
                with _disk(work / "disk") as disk:
                    _Experiment(options.seed, number, disk, filled, report, meddle).go(options.count)
            except _FailedError as failed:
                report.failures.append(
                    f"{failed}\n  again: --seed {options.seed} --only {number} --count {options.count}"
                )
                print(f"FAILED {report.failures[-1]}", flush=True)
            if options.only is not None:
                break
            number += 1
    _print(report)
    return 1 if report.failures else 0


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seed", type=int, default=1, help="the same seed draws the same experiments")
    parser.add_argument("--count", type=int, default=20, help="how many runs are struck")
    parser.add_argument("--only", type=int, help="this experiment alone, counted from 0")
    parser.add_argument("--stop", action="store_true", help="stop at the first failure")
    return parser.parse_args(arguments)


class _FailedError(Exception):
    """The struck lake is not what the undisturbed one is, or does not run any more."""


@dataclass
class _Filled:
    """A lake with the first deliveries in it, run once and copied for the experiments that begin with one."""

    folder: Path
    report: Report
    place: Place | None = None
    deliveries: Deliveries | None = None

    def project(self, declared: str) -> Path:
        """The small project, with one of the changes that `DECLARED` names."""
        project = self.folder / declared
        if not project.exists():
            DECLARED[declared](tiny_project(project))
        return project

    def copied(self, chance: random.Random, *places: Place) -> Deliveries:
        """Copies of the lake at `places`, and the agencies that filled it."""
        if self.place is None:
            self.place = Place(self.folder / "filled", self.project(AS_BEFORE))
            deliveries = Deliveries(random.Random("filled"))
            deliveries.first().write(self.place.landing)
            ended = self.report.timed("first run", _run(self.place, self.folder / "scratch"))
            if ended.how != "finished":
                raise SystemExit(f"the first run, which nobody struck, {ended.how}:\n{ended.error}")
            self.deliveries = deliveries
        assert self.deliveries
        for place in places:
            shutil.copytree(self.place.landing, place.landing)
            shutil.copytree(self.place.lake, place.lake)
        delivered = self.deliveries
        known = {source: [*numbers] for source, numbers in delivered.known.items()}
        return Deliveries(chance, known, [*delivered.sent], delivered.files, delivered.hours)


class _Experiment:
    """One sequence of deliveries through two lakes."""

    def __init__(
        self, seed: int, number: int, disk: Path, filled: _Filled, report: Report, meddle: Meddle | None
    ) -> None:
        self.number, self.report, self.filled, self.meddle = number, report, filled, meddle
        self.chance = random.Random(f"{seed}/{number}")
        self.disk = disk if disk.is_mount() else None
        self.sound, self.struck = (Place(disk / name, filled.project(AS_BEFORE)) for name in ("undisturbed", "struck"))
        self.scratch = filled.folder / "scratch"
        self.story: list[str] = []
        self.held: dict[str, bool] = {}

    def go(self, count: int) -> None:
        deliveries = Deliveries(self.chance)
        begins_empty = self.chance.random() < 0.2
        if not begins_empty:
            deliveries = self.filled.copied(self.chance, self.sound, self.struck)
        for place in range(self.chance.randint(2, 4)):
            if self.report.hits >= count:
                return
            self._step(deliveries.first() if begins_empty and place == 0 else deliveries.step())

    def _step(self, step: Step) -> None:
        if step.declared:
            project = self.filled.project(step.declared)
            self.sound, self.struck = (replace(place, project=project) for place in (self.sound, self.struck))
        for place in (self.sound, self.struck):
            step.write(place.landing)
        decided = self._decided(step.verdict)
        undisturbed = self.report.timed("undisturbed", _run(self.sound, self.scratch, decided))
        self.story.append(str(step))
        self._expect(undisturbed, "the undisturbed run")
        self.held |= undisturbed.result["held"]
        drawn: list[Ended] = []
        writes, originals = undisturbed.result["writes"], undisturbed.result["originals"]
        for _ in range(self.chance.choice([1, 1, 2, 3])):
            strike = strikes.draw(self.chance, writes, originals)
            ended = _run(self.struck, self.scratch, decided, strike, self.disk, undisturbed.seconds)
            if self.disk:
                kernel.resize_memory(self.disk)
            self.report.struck.append(Struck(strike, ended))
            self.story[-1] += f" | {strike} → {ended.how} in {ended.step or 'nothing'}"
            drawn.append(ended)
            if ended.how == "finished":
                break
            # What came before is done, and no point of the next run.
            writes -= strike.nth - 1 if strike.point in strikes.AT_WRITES else 0
            originals = originals if ended.step in ("", "(opening)", "gate") else 0
            if ended.how == "hung":
                raise _FailedError(f"experiment {self.number}: a struck run hung: {self._events()}")
        self._expect(self.report.timed("after strikes", _run(self.struck, self.scratch, decided)), "the next run")
        self._compare(drawn)

    def _decided(self, verdict: str | None) -> dict[str, str]:
        """The verdict on every batch that is held; what holds no readable rows can only be rejected."""
        if verdict is None:
            return {}
        decided = {batch: verdict if readable else "rejected" for batch, readable in sorted(self.held.items())}
        self.held = {}
        return decided

    def _expect(self, ended: Ended, what: str) -> None:
        if ended.how != "finished":
            raise _FailedError(f"experiment {self.number}: {what} {ended.how}: {self._events()}\n{ended.error}")

    def _compare(self, drawn: Sequence[Ended]) -> None:
        if self.meddle:
            forked(lambda _: self.meddle(self.struck.lake) if self.meddle else None, self.scratch)
        ended = self.report.timed("comparing", forked(self._found, self.scratch))
        self._expect(ended, "comparing")
        self.report.compared += sum(strike.how != "finished" for strike in drawn) if not ended.result else 0
        if ended.result:
            errors = "\n".join(strike.error.splitlines()[-1] for strike in drawn if strike.error)
            raise _FailedError(
                f"experiment {self.number}: {self._events()}\n  " + "\n  ".join(ended.result) + f"\n  {errors}".rstrip()
            )
        print(f"experiment {self.number}: {self.story[-1]}: equal", flush=True)

    def _found(self, marks: Marks) -> list[str]:
        from tests.support.whole_lakes import lake_differences, lake_faults

        found = lake_faults(self.struck.lake, self.struck.landing)
        if found:  # a fault that strikes have no part in is one too, but must be told apart
            found += [f"undisturbed too: {fault}" for fault in lake_faults(self.sound.lake, self.sound.landing)]
        return found + lake_differences(self.sound.lake, self.struck.lake)

    def _events(self) -> str:
        return "".join(f"\n  {number}. {event}" for number, event in enumerate(self.story, 1))


def _run(
    place: Place,
    scratch: Path,
    decided: dict[str, str] | None = None,
    strike: strikes.Strike | None = None,
    disk: Path | None = None,
    usual: float = 0.0,
) -> Ended:
    """`huiliu gate` for what is decided and `huiliu run`, in one process. `usual` is how long it takes, in seconds."""
    shutil.rmtree(scratch, ignore_errors=True)
    kill_after = strike.share * usual if strike and strike.point == strikes.AT_RANDOM else None

    def work(marks: Marks) -> dict[str, Any]:
        from pipelines.project.workspace import open_workspace
        from pipelines.rules.gate import READABLE
        from pipelines.rules.verdicts import decide, verdicts_of
        from pipelines.settings import Settings
        from pipelines.steps.run import run
        from pipelines.tables.verdict import Verdict

        if strike:
            strikes.arm(strike, marks, disk)
        counted = strikes.count()
        marks.step = "(opening)"
        with open_workspace(_settings(Settings, place)) as workspace:
            for batch, verdict in (decided or {}).items():
                marks.step = "gate"
                if verdicts_of(workspace.lake).get(batch) == "held":
                    decide(workspace.lake, batch, Verdict(verdict), "decided by chance")
            done = run(workspace, lambda step, table: setattr(marks, "step", step))
        held = {
            judged.batch: READABLE not in judged.rules
            for s in done.standardised.values()
            for judged in s.judged
            if judged.batch in done.held
        }
        return {"held": held, **counted}

    return forked(work, scratch, kill_after)


def _settings(kind: type[Any], place: Place) -> Any:
    return kind(project=place.project, landing=place.landing, lake=place.lake, settle=0, lease_wait=5, memory="4GB")


@contextmanager
def _disk(folder: Path) -> Iterator[Path]:
    """A disk of memory where that is allowed, or else a folder."""
    folder.mkdir()
    mounted = kernel.mount_memory(folder)
    try:
        yield folder
    finally:
        if mounted:
            kernel.unmount(folder)
        shutil.rmtree(folder)


def _print(report: Report) -> None:
    order = ["(opening)", "gate", "ingest", "standardise", "integrate", "derive", "find", "return_flow", "release"]
    steps = sorted(
        {struck.reached for struck in report.struck}, key=lambda name: (name not in order, *_places(order, name))
    )
    ends = ["killed", "failed", "finished", "hung"]
    counts = Counter((struck.point, name) for struck in report.struck for name in (struck.reached, struck.ended.how))
    width = max(map(len, strikes.POINTS))
    print(
        f"\n{'struck':{width}} " + "".join(f"{name:>13}" for name in steps) + " | " + "".join(f"{e:>9}" for e in ends)
    )
    for point in strikes.POINTS:
        reached = "".join(f"{counts[point, name] or '':>13}" for name in steps)
        print(f"{point:{width}} {reached} | " + "".join(f"{counts[point, end] or '':>9}" for end in ends))
    print(f"\n{report.hits} runs struck, {report.compared} made good, {len(report.failures)} failures")
    for kind, seconds in report.seconds.items():
        print(f"{kind}: {len(seconds)} × {sum(seconds) / len(seconds):.1f} s")


def _places(order: list[str], name: str) -> list[int]:
    return [place for place, step in enumerate(order) if step == name]


if __name__ == "__main__":
    raise SystemExit(main())
