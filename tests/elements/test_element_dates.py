"""Dates and times: every spelling that agencies use, against Python's own calendar."""

from __future__ import annotations

import datetime
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines import elements
from tests.support.element_values import CATALOG, UTC, Each, Normalised


class TestDates:
    SPELLINGS: tuple[Callable[[datetime.date], str], ...] = (
        lambda d: d.isoformat(),
        lambda d: f"{d.year:04}-{d.month}-{d.day}",
        lambda d: f"{d.year:04}/{d.month}/{d.day}",
        lambda d: f"{d.year:04}/{d.month:02}/{d.day:02}",
        lambda d: f"{d.year:04}.{d.month}.{d.day}",
        lambda d: f"{d.year:04}{d.month:02}{d.day:02}",
        lambda d: f"{d.year:04}年{d.month}月{d.day}日",
        lambda d: f"{d.year:04}年{d.month:02}月{d.day:02}日",
        lambda d: d.isoformat() + " 23:59:59",
        lambda d: d.isoformat() + "T00:00",
        lambda d: f"{d.year:04}/{d.month}/{d.day} 8:05",
        lambda d: f"{d.year:04}{d.month:02}{d.day:02}235959",
        lambda d: f" {d.isoformat()}\u3000",
        lambda d: d.isoformat().translate(str.maketrans("0123456789-", "０１２３４５６７８９－")),
    )

    @settings(max_examples=12, deadline=None)
    @given(days=st.lists(st.dates(datetime.date(1000, 1, 1), datetime.date(9998, 12, 31)), min_size=1, max_size=30))
    def test_every_spelling_of_every_day(self, normalised: Normalised, days: list[datetime.date]) -> None:
        cells = [spell(day) for day in days for spell in self.SPELLINGS]
        assert normalised("date", cells) == [day for day in days for _ in self.SPELLINGS]

    @settings(max_examples=8, deadline=None)
    @given(serials=st.lists(st.integers(10_000, 99_999), min_size=1, max_size=60))
    def test_excel_serials(self, normalised: Normalised, serials: list[int]) -> None:
        days = [datetime.date(1899, 12, 30) + datetime.timedelta(days=serial) for serial in serials]
        assert normalised("date", [str(serial) for serial in serials]) == days
        assert normalised("date", [f"{serial}.0" for serial in serials]) == days

    @settings(max_examples=12, deadline=None)
    @given(
        parts=st.lists(
            st.tuples(st.integers(1000, 9998), st.integers(0, 99), st.integers(0, 99)), min_size=1, max_size=99
        )
    )
    def test_only_days_of_the_calendar_are_dates(
        self, normalised: Normalised, parts: list[tuple[int, int, int]]
    ) -> None:
        def real(year: int, month: int, day: int) -> datetime.date | None:
            try:
                return datetime.date(year, month, day)
            except ValueError:
                return None

        expected = [real(*part) for part in parts]
        cells = [f"{y:04}-{m:02}-{d:02}" for y, m, d in parts]
        cells += [f"{y:04}{m:02}{d:02}" for y, m, d in parts] + [f"{y:04}年{m}月{d}日" for y, m, d in parts]
        assert normalised("date", cells) == expected * 3

    def test_unreadable_dates_are_null_though_sent(self, each: Each, normalised: Normalised) -> None:
        cells = ["2024-13-45", "不详", "2023-02-29", "31/01/2024", "24-1-5", "infinity", "epoch", "0000-01-01", "1234"]
        cells += [
            "2024-01-31 25:00",
            "长期",
            "2024-01-31x",
            "9999-13-45",
            "2024",
            "202401",
            "-5-01-01",
            "2024-01-31 (BC)",
        ]
        for name in ("date", "datetime"):
            assert normalised(name, cells) == [None] * len(cells)
            assert each(lambda cell, name=name: elements.sent_value(cell, CATALOG.elements[name]), cells) == cells

    def test_years_before_1000_cannot_be_read(self, each: Each, normalised: Normalised) -> None:
        cells = ["0020-01-01", "0999-12-31", "0001-01-02", "0000-01-01", "00200101", "0002/1/1 00:00:00"]
        for name in ("date", "end_date", "datetime"):
            assert normalised(name, cells) == [None] * len(cells)
            element = CATALOG.elements[name]
            assert each(lambda cell, element=element: elements.sent_value(cell, element), cells) == cells

    def test_what_systems_write_for_an_empty_date_counts_as_not_sent(self, each: Each, normalised: Normalised) -> None:
        cells = ["0001-01-01", "0001-1-1", "00010101", "0001/01/01 00:00:00", "0001-01-01T00:00:00Z", "0001年1月1日"]
        cells += ["0000-00-00", "0000-00-00 00:00:00", "00000000", "0001-01-01 00:00:00.000", "00010101000000"]
        cells += ["０００１－０１－０１", "\u200e0001-01-01\u202c", "0001-\u200b01-01 08:05:43"]
        for name in ("date", "end_date", "datetime"):
            assert normalised(name, cells) == [None] * len(cells)
            element = CATALOG.elements[name]
            assert each(lambda cell, element=element: elements.sent_value(cell, element), cells) == [None] * len(cells)

    @settings(max_examples=10, deadline=None)
    @given(
        times=st.lists(
            st.tuples(
                st.datetimes(datetime.datetime(1000, 1, 2), datetime.datetime(9998, 12, 30)),
                st.integers(-12 * 4, 14 * 4),
            ),
            min_size=1,
            max_size=30,
        )
    )
    def test_written_offsets_give_the_day_in_beijing(
        self, normalised: Normalised, times: list[tuple[datetime.datetime, int]]
    ) -> None:
        cells: list[str] = []
        due: list[datetime.datetime] = []
        for time, quarters in times:
            offset = datetime.timedelta(minutes=15 * quarters)
            sign, minutes = "-" if quarters < 0 else "+", abs(15 * quarters)
            written = (f"{sign}{minutes // 60:02}:{minutes % 60:02}", f" {sign}{minutes // 60:02}{minutes % 60:02}")
            cells += [time.isoformat() + offset for offset in written]
            due += [time - offset] * len(written)
            cells += [time.isoformat(" ") + offset for offset in ("Z", "+00:00", " UTC", "+0000", "+00")]
            due += [time] * 5
        assert normalised("date", cells) == [(moment + datetime.timedelta(hours=8)).date() for moment in due]
        assert normalised("datetime", cells) == [moment.replace(tzinfo=UTC) for moment in due]
        plain = [time.isoformat() for time, _ in times]
        assert normalised("date", plain) == [time.date() for time, _ in times]

    def test_fractions_count_to_the_microsecond(self, normalised: Normalised) -> None:
        cells = [f"2024-01-01 08:00:00.{digits}" for digits in ("1", "12", "123456", "1234569", "999999999")]
        due = [100000, 120000, 123456, 123456, 999999]
        assert normalised("datetime", cells) == [
            datetime.datetime(2024, 1, 1, 0, 0, 0, microsecond, UTC) for microsecond in due
        ]

    def test_unseen_characters_and_other_spaces_in_dates(self, normalised: Normalised) -> None:
        cells = [
            "\u202a2024-01-31\u202c",
            "2024\u200b-01-31",
            "2024年\u00a01月31日",
            "2024/1/31\u00a08:05",
            "\ufeff20240131",
        ]
        assert normalised("date", cells) == [datetime.date(2024, 1, 31)] * len(cells)

    def test_dates_that_say_no_end_count_as_not_sent(self, each: Each, normalised: Normalised) -> None:
        cells = ["9999-12-31", "9999-9-9", "99991231", "9999/12/31", "9999年12月31日", " ９９９９－１２－３１ "]
        cells += ["9999-12-31 23:59:59", "99991231235959"]
        for name in ("date", "past_date", "datetime"):
            assert normalised(name, cells) == [None] * len(cells)
            element = CATALOG.elements[name]
            assert each(lambda cell, element=element: elements.sent_value(cell, element), cells) == [None] * len(cells)

    def test_where_an_end_is_meant_words_say_no_end_too(self, each: Each, normalised: Normalised) -> None:
        never = [
            "长期",
            "长期有效",
            "永久",
            " 永久有效\u3000",
            "无期限",
            "无固定期限",
            *["长久", "长年", "无限期", "不限期", "永续", "永续经营", "长期（有效）", "长期(有效)", "永续（经营）"],
            *["至长期", "长\u3000期", "\u202a长期\u202c", "9999-12-31T16:00:00Z", "0001-01-01"],
            *[
                "终身",
                "終身有效",
                "長期",
                "永久性",
                "永久期限",
                "长期有效期",
                "长期有效。",
                "（长期）",
                "长期居留",
                "永远",
            ],
            *[
                "2024-01-01至长期",
                "2010年5月1日-长期",
                "—长期",
                "无固定期",
                "无明确期限",
                "無固定期限",
                "不限",
                "无限期有效",
            ],
            *["未约定", "未约定期限", "9999-99-99", "99999999"],
            "9999-12-31",
            "99991231",
            "",
            "无",
        ]
        unreadable = ["短期", "长期至2030年", "不详", "不定期", "直至注销", "长期2030", "终身制"]
        assert normalised("end_date", ["2030-01-31", *never, *unreadable]) == [
            datetime.date(2030, 1, 31), *[None] * (len(never) + len(unreadable)),
        ]  # fmt: skip
        values = each(lambda cell: elements.sent_value(cell, CATALOG.elements["end_date"]), [*never, *unreadable])
        assert values == [None] * len(never) + unreadable

    @settings(max_examples=10, deadline=None)
    @given(
        times=st.lists(
            st.datetimes(datetime.datetime(1992, 1, 1), datetime.datetime(2100, 1, 1)), min_size=1, max_size=30
        )
    )
    def test_times_are_beijing_time(self, normalised: Normalised, times: list[datetime.datetime]) -> None:
        times = [time.replace(microsecond=0) for time in times]
        expected = [time.replace(tzinfo=UTC) - datetime.timedelta(hours=8) for time in times]
        formats = [
            "%Y-%m-%d %H:%M:%S",
            "%Y-%m-%dT%H:%M:%S",
            "%Y/%m/%d %H:%M:%S",
            "%Y%m%d%H%M%S",
            "%Y年%m月%d日 %H:%M:%S",
        ]
        cells = [time.strftime(pattern) for pattern in formats for time in times]
        assert normalised("datetime", cells) == expected * len(formats)

    def test_times_with_parts_left_out(self, normalised: Normalised) -> None:
        midnight = datetime.datetime(2024, 1, 30, 16, tzinfo=UTC)
        days = ["2024-01-31", "2024/1/31", "20240131", "2024年1月31日", "45322", "45322.0", "２０２４－１－３１"]
        assert normalised("datetime", days) == [midnight] * len(days)
        later = ["2024-1-31 8:30", "20240131 08:30", "2024.1.31T08:30:00", "45322.3541666667", "2024-01-31T00:30:00Z"]
        assert normalised("datetime", later) == [midnight + datetime.timedelta(hours=8.5)] * len(later)


def test_months_are_their_first_days(normalised: Normalised) -> None:
    cells = [
        "202009",
        "2020-09",
        "2020年9月",
        "2020.9",
        "2020/09",
        "２０２００９",
        " 2020-9 ",
        "2020-09-15",
        "2020年9月30日",
    ]
    assert normalised("enrolment_month", cells) == [datetime.date(2020, 9, 1)] * len(cells)
    unreadable = ["202013", "2020091", "2020年", "九月", "2020-00", "0001-01-01", "9999-12-31", "", None]
    assert normalised("enrolment_month", unreadable) == [None] * len(unreadable)
