"""The way of all registers: made from the world, planted with defects, delivered as files, and what stands of them."""

from __future__ import annotations

from dataclasses import replace
from zlib import crc32

import numpy as np

from simulation.delivery import Landing
from simulation.planting import carry_out
from simulation.relations import relations
from simulation.source import About, Source
from simulation.sources import first_sources, later_sources, sources
from simulation.subjects import OwnRows, Register, Subjects
from simulation.truth.certificates import licenses_of_people
from simulation.truth.credit import publications_due
from simulation.truth.due import registers_due
from simulation.truth.licenses import license_findings_due, licenses_held
from simulation.truth.livelihood import livelihood_due
from simulation.truth.standing import Standing, standing
from simulation.world.block import World

CHECK = "credit_code_check"


def plain_people(block: Subjects) -> list[int]:
    """Those who are at home, of whom the first registers say what is so: nothing is planted in what is held of them."""
    people = block.free & block.within("household_registration") & ~block.within("residence_permit")
    people &= block.world.people.alive | block.within("death_registration")
    return np.flatnonzero(people).tolist()


class Registers:
    """Delivers registers to a landing zone; `seed` is the simulation's."""

    def __init__(self, seed: int, landing: Landing) -> None:
        self.seed = seed
        self.landing = landing

    def deliver(self, about: About, subjects: Subjects) -> list[Standing]:
        """The first sources about these subjects, which share them, and then every later one by itself."""
        for source in first_sources(about):
            subjects.add(source)
        carry_out(subjects, relations(about))
        self._write([subjects[name] for name in sources() if name in subjects.registers])
        standings = [standing(subjects[name].table) for name in sources() if name in subjects.registers]
        world = (
            replace(subjects.world, plain_people=plain_people(subjects)) if about is About.PEOPLE else subjects.world
        )
        return standings + [self._standing_of(source, world, subjects.each) for source in later_sources(about)]

    def deliver_about_others(self, around: Subjects) -> list[Standing]:
        """Every register of other organisations, each with what the check list holds of them.

        `around` are the organisations of the first registers, some of which have trade unions.
        """
        return [
            found for source in later_sources(About.OTHER_ORGANISATIONS) for found in self._with_check(source, around)
        ]

    def _with_check(self, source: Source, around: Subjects) -> list[Standing]:
        assert source.found
        rng = np.random.default_rng([self.seed, 7, crc32(source.name.encode())])
        others = source.found(rng, around.world.people, around.world.total)
        hosts, ended = (around.untouched(state) for state in "13")
        world = replace(around.world, organisations=others, employers=hosts, ended=ended)
        subjects = Subjects(rng, world, len(others), around.each, self.landing.truth)
        subjects.add(source)
        subjects.add(replace(sources()[CHECK], plan=()))
        carry_out(subjects, [])
        self._write([subjects[source.name]])
        self.landing.deliver_beside(subjects[CHECK].table, source.title)
        return [standing(register.table) for register in subjects.registers.values()]

    def deliver_about_anyone(self, world: World, each: int) -> list[Standing]:
        """Every source whose records are about anyone, and all that is due of it."""
        standings = [self._standing_of(source, world, each, [self.seed, 3]) for source in first_sources(About.ANYONE)]
        known = replace(
            world,
            licenses=[license for at in standings for license in licenses_held(at)],
            personal_licenses=[license for at in standings for license in licenses_of_people(at)],
        )
        standings += [self._standing_of(source, known, each) for source in later_sources(About.ANYONE)]
        registers_due(self.landing.truth, standings)
        publications_due(self.landing.truth, standings, known)
        license_findings_due(self.landing.truth, standings, known)
        livelihood_due(self.landing.truth, standings, known)
        return standings

    def _standing_of(self, source: Source, world: World, each: int, seed: list[int] | None = None) -> Standing:
        """A source whose rows are subjects by themselves, with a random generator of its own."""
        rng = np.random.default_rng(seed or [self.seed, 6, crc32(source.name.encode()), world.number])
        subjects = OwnRows(rng, world, source, each, self.landing.truth)
        carry_out(subjects, [])
        self._write([subjects[source.name]])
        stands = standing(subjects[source.name].table)
        if source.due:
            source.due(self.landing.truth, stands)
        return stands

    def _write(self, registers: list[Register]) -> None:
        number = registers[0].of.world.number
        for register in registers:
            self.landing.deliver(register.table, number)
        if number == 0:
            odd = [(file.turn, file, register) for register in registers for file in register.source.odd_files]
            for _, file, register in sorted(odd, key=lambda file: file[0]):
                file.deliver(register, self.landing)
