"""What became of pushed rows is read by their receipt: accepted, quarantined with the rules, held."""

from __future__ import annotations

from pathlib import Path

from tests.service.test_push_delivery import one_source
from tests.support.place import Place
from tests.support.pushing import SOURCE, Answer, Pushed, death


def test_a_receipt_tells_what_became_of_its_rows(tmp_path: Path) -> None:
    place = Place(tmp_path, project=one_source(tmp_path / "project"))
    pushed = Pushed(tmp_path, project=place.project)
    place.landing.mkdir()
    token, other = pushed.token(), pushed.token("civil_affairs")
    pushed.start()

    def became(receipt: str, of: str = token) -> Answer:
        return pushed.ask("GET", f"/receipts/{receipt}", headers={"Authorization": f"Bearer {of}"})

    try:
        good = pushed.push([death(n) for n in range(40)], "a", token=token).body["receipt"]
        mixed = pushed.push([death(40), death(41, 公民身份号码="12345")], "b", token=token).body["receipt"]
        assert became(good).body["state"] == "waiting"
        assert place.huiliu("run").returncode == 0
        whole = {"source": SOURCE, "rows": 40, "state": "taken", "accepted": 40, "quarantined": 0, "broken": []}
        assert became(good).body == {"receipt": good, **whole}
        body = became(mixed).body
        assert (body["state"], body["accepted"], body["quarantined"]) == ("taken", 1, 1)
        ((row, rules),) = [(broken["row"], broken["rules"]) for broken in body["broken"]]
        assert row == 2
        assert all(rule.startswith("id_number.") for rule in rules)

        first = pushed.push([death(50, 公民身份号码="12345"), death(51)], "c", token=token).body["receipt"]
        place.huiliu("run")
        assert [broken["row"] for broken in became(first).body["broken"]] == [1]

        swollen = [death(60 + n, 公民身份号码="1.50102E+17") for n in range(5)]
        held = pushed.push([*swollen, death(70)], "d", token=token).body["receipt"]
        place.huiliu("run")
        assert became(held).body["state"] == "held"
        batch = place.huiliu("gate", "list").stdout.split()[0]
        assert place.huiliu("gate", "release", batch, "--reason", "as drawn").returncode == 0
        assert became(held).body["state"] == "held"
        place.huiliu("run")
        body = became(held).body
        assert (body["state"], body["accepted"], body["quarantined"]) == ("taken", 1, 5)

        assert became(good, of=other).error == (404, "no_such_receipt", None)
        assert became("none").error == (404, "no_such_receipt", None)
        assert pushed.ask("GET", f"/receipts/{good}").error == (401, "token_unknown", None)
    finally:
        pushed.end()
