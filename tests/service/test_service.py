"""Rows pushed over HTTP: accepted once and durably, or refused with row, reason and what to do."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import threading
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from pipelines.database.tables import TOKENS
from pipelines.project.catalog import read_catalog
from pipelines.readers.header import same
from pipelines.service.deliver import deliver_pushed
from pipelines.service.refusals import Refusal
from pipelines.service.rows import Rows
from pipelines.service.server import server_of
from tests.support.place import PROJECT
from tests.support.pushing import JSON_LINES, SOURCE, Answer, Pushed, death, lines_of, name_of

# Stands in refused bodies, paths and headers, and must stand in no answer and no line of the log.
SECRET = name_of(77) + "机密"
TABLE = "table: {connection: exchange, name: public.marriage, watermark: updated_at}\n"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pushed]:
    folder = tmp_path_factory.mktemp("service")
    project = folder / "project"
    for part in ("catalog", "foundation_dbs", "theme_dbs", "expectations"):
        shutil.copytree(PROJECT / part, project / part)
    with (project / "foundation_dbs/person/sources/marriage_registration.yml").open("a") as contract:
        contract.write(TABLE)
    pushed = Pushed(folder, project=project, limits={"push_bytes": 3_000_000})
    pushed.start()
    yield pushed
    if pushed.process:
        pushed.end()


@pytest.fixture(scope="module")
def token(service: Pushed) -> str:
    return service.token()


def key() -> str:
    return uuid.uuid4().hex


def test_rows_are_accepted_as_array_as_object_and_as_lines(service: Pushed, token: str) -> None:
    array = service.push([death(1), death(2)], key(), token=token)
    single = service.push(death(3), key(), token=token)
    lines = service.push(
        lines_of([death(4), death(5), death(6)]) + b"\r\n", key(), token=token, content_type=JSON_LINES
    )
    typed = service.push(lines_of([death(7)]), key(), token=token, content_type='application/jsonl; charset="UTF-8"')
    answers = (array, single, lines, typed)
    assert [(answer.status, answer.body["accepted"]) for answer in answers] == [(202, 2), (202, 1), (202, 3), (202, 1)]
    assert len({answer.body["receipt"] for answer in answers}) == 4


def test_a_request_that_is_sent_again_gets_the_same_answer(service: Pushed, token: str) -> None:
    same = key()
    first = service.push([death(10)], same, token=token)
    again = service.push([death(10)], same, token=token)
    assert (first.status, first.body) == (again.status, again.body) == (202, first.body)
    other = service.push([death(11, 姓名=SECRET)], same, token=token)
    assert other.error == (409, "key_reused", None)
    another = service.push([death(10)], same, token=service.token("public_security"))
    assert another.status == 202
    assert another.body["receipt"] != first.body["receipt"]


def test_rows_reach_the_landing_folder_as_they_were_sent(service: Pushed, token: str) -> None:
    written = (
        '{"死亡证编号": "D9", "公民身份号码" : "1", "姓名":"\\u4e2d\\uD83D\\uDE00",\r\n "死亡日期":null,'
        ' "死亡原因": 1.50, "另": 12345678901234567890.10e+5}'
    )
    assert service.push(f"\ufeff [ {written}\n ,{written}] ".encode(), key(), token=token).status == 202
    deliver_pushed(service.settings)
    landed = "".join(file.read_text() for file in (service.settings.landing / SOURCE).iterdir())
    assert landed.count(written.replace("\r\n", "  ") + "\n") == 2


def test_health(service: Pushed) -> None:
    assert service.ask("GET", "/health").body == {"status": "good"}


Spoilt = dict[str, Any]
ROW = {**death(20), "死亡地点": SECRET}
WITHOUT_KEY = {header: cell for header, cell in ROW.items() if header != "死亡证编号"}
WITHOUT_NAME = {header: cell for header, cell in ROW.items() if header != "姓名"}
TWICE = json.dumps(ROW, ensure_ascii=False)[:-1] + ',"姓名":"x"}'
LONG = {**ROW, "死亡原因": "x" * 1_000_000}
BAD_BODIES: dict[str, tuple[Any, tuple[str, int | None], str]] = {
    "cut off": (json.dumps([ROW, ROW]).encode()[:-9], ("broken_json", 2), "not valid JSON"),
    "no comma": (json.dumps([ROW, ROW]).replace("}, {", "} {").encode(), ("broken_json", 1), "not valid JSON"),
    "comma too many": (json.dumps([ROW])[:-1].encode() + b",]", ("broken_json", 2), "not valid JSON"),
    "something behind": (json.dumps([ROW]).encode() + b"[]", ("broken_json", 1), "not valid JSON"),
    "lines sent as JSON": (lines_of([ROW, ROW]), ("broken_json", 1), "not valid JSON"),
    "NaN": (json.dumps([ROW, {**ROW, "年": float("nan")}]).encode(), ("broken_json", 2), "not valid JSON"),
    "nested without end": (b"[" * 100_000, ("broken_json", 1), "not valid JSON"),
    "not UTF-8": (json.dumps([ROW], ensure_ascii=False).encode("gb18030"), ("not_utf8", None), "not UTF-8"),
    "half a character": ([ROW, json.loads(json.dumps(ROW)) | {"姓名": "SURROGATE"}], ("bad_character", 2), "half"),
    "NUL in a header": ([{**ROW, f"{SECRET}\0": "x"}], ("bad_character", 1), "NUL"),
    "a list as row": ([ROW, [SECRET]], ("not_an_object", 2), "no JSON object"),
    "a text": (json.dumps(SECRET).encode(), ("not_an_object", 1), "no JSON object"),
    "nothing": (b" \n", ("no_rows", None), "no rows"),
    "an empty array": (b"[ ]", ("no_rows", None), "no rows"),
    "without key column": ([ROW, ROW, WITHOUT_KEY], ("missing_column", 3), "死亡证编号"),
    "key is null": ([ROW, {**ROW, "死亡证编号": None}], ("missing_column", 2), "死亡证编号"),
    "without required column": ([WITHOUT_NAME], ("missing_column", 1), "姓名"),
    "column twice": (TWICE.encode(), ("doubled_column", 1), "姓名"),
    "column beside its alias": ([{**ROW, "身份证号": "x"}], ("doubled_column", 1), "公民身份号码"),
    "a long row": ([ROW, LONG], ("row_too_long", 2), "1,000,000 bytes"),
}


@pytest.mark.parametrize("bad", BAD_BODIES)
def test_bad_bodies_are_refused_with_row_and_reason(service: Pushed, token: str, bad: str) -> None:
    body, (error, row), reason = BAD_BODIES[bad]
    if bad == "half a character":
        body = json.dumps(body).replace("SURROGATE", "\\ud800").encode()
    answer = service.push(body, key(), token=token)
    assert answer.error == (400, error, row)
    assert reason in answer.body["reason"]
    assert_nothing_is_told(answer)


def test_lines_are_counted_as_the_sender_sees_them(service: Pushed, token: str) -> None:
    body = b"\n" + lines_of([ROW]) + b"\r\n" + lines_of([WITHOUT_KEY])
    answer = service.push(body, key(), token=token, content_type=JSON_LINES)
    assert answer.error == (400, "missing_column", 4)
    assert_nothing_is_told(answer)


def test_an_alias_stands_for_its_column(service: Pushed, token: str) -> None:
    aliased = {"死亡证明编号" if header == "死亡证编号" else header: cell for header, cell in death(30).items()}
    assert service.push([aliased], key(), token=token).status == 202


REFUSED: dict[str, tuple[Spoilt, tuple[int, str], str]] = {
    "no token": ({"token": None}, (401, "token_unknown"), "Authorization: Bearer"),
    "no bearer": ({"token": None, "Authorization": "Basic abc"}, (401, "token_unknown"), "Authorization: Bearer"),
    "invented token": ({"token": f"huiliu_000000000000_{'x' * 43}"}, (401, "token_unknown"), "as it was issued"),
    "odd token": ({"token": "中".encode().decode("latin-1")}, (401, "token_unknown"), "as it was issued"),
    "no such source": ({"source": "deaths"}, (404, "no_such_source"), "correct the name"),
    "source of a table": ({"source": "marriage_registration"}, (404, "no_such_source"), "correct the name"),
    "somebody else's source": ({"source": "market_entity"}, (403, "no_provider"), "providers"),
    "no key": ({"key": None}, (400, "no_key"), "UUID"),
    "long key": ({"key": "x" * 201}, (400, "bad_key"), "UUID"),
    "other content": ({"content_type": "text/csv"}, (415, "content_type"), "application/x-ndjson"),
    "other characters": ({"content_type": "application/json; charset=gbk"}, (415, "content_type"), "application/json"),
    "compressed": ({"Content_Encoding": "gzip"}, (415, "content_encoding"), "as it is"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_requests_that_may_not_be_are_refused(service: Pushed, token: str, case: str) -> None:
    spoilt, (status, error), todo = REFUSED[case]
    answer = service.push([ROW], **{"key": key(), "token": token, **spoilt})
    assert answer.error == (status, error, None)
    assert todo in answer.body["todo"]
    assert ("www-authenticate" in answer.headers) == (status == 401)
    assert_nothing_is_told(answer)


@pytest.mark.parametrize("changed", [{"expires_at": 1.0}, {"revoked_at": 1.0}], ids=["expired", "revoked"])
def test_a_token_that_is_past_is_named_as_such(service: Pushed, changed: dict[str, float]) -> None:
    past = service.token()
    assert service.push([death(40)], key(), token=past).status == 202
    service.change(TOKENS, TOKENS.c.id == past.split("_")[1], **changed)
    answer = service.push([ROW], key(), token=past)
    state = "expired" if "expires_at" in changed else "revoked"
    assert answer.error == (401, f"token_{state}", None)
    assert state in answer.body["reason"]
    assert past not in json.dumps(answer.body)


def test_a_token_with_the_right_id_and_a_wrong_secret_is_unknown(service: Pushed, token: str) -> None:
    wrong = token[:-1] + ("A" if token[-1] != "A" else "B")
    assert service.push([ROW], key(), token=wrong).error == (401, "token_unknown", None)


@pytest.mark.parametrize("announced", [True, False], ids=["announced", "in chunks"])
def test_a_body_that_is_too_long_is_refused_and_its_sender_reads_why(
    service: Pushed, token: str, announced: bool
) -> None:
    body = json.dumps([ROW] * 20_000).encode()
    assert len(body) > service.settings.push_bytes
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", "Idempotency-Key": key()}
    content: Any = body if announced else iter([body[:1_000_000], body[1_000_000:]])
    answer = service.ask("POST", f"/ingest/{SOURCE}", content, headers)
    assert answer.error == (413, "body_too_long", None)
    assert "3,000,000 bytes" in answer.body["reason"]


def test_a_path_with_a_slash_too_many_leads_nowhere_else(service: Pushed, token: str) -> None:
    headers = {"Host": "elsewhere.example", "Authorization": f"Bearer {token}"}
    for method, path in (("GET", "/health/"), ("POST", f"/ingest/{SOURCE}/")):
        answer = service.ask(method, path, b"[]", headers)
        assert answer.error == (404, "no_such_path", None)
        assert "elsewhere" not in str(answer.headers) + json.dumps(answer.body)


def test_the_log_says_where_a_request_comes_from(service: Pushed, token: str) -> None:
    assert service.push([death(60)], key(), token=token, X_Forwarded_For="192.0.2.7").status == 202
    assert service.push([death(61)], key(), token=token, X_Forwarded_For=SECRET.encode().hex()).status == 202
    assert "192.0.2.7 POST 202 " in service.log
    assert SECRET.encode().hex() not in service.log


@pytest.mark.parametrize("body", ["one row", "one key", "many rows"])
def test_how_many_columns_a_body_names_costs_nothing(body: str, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at = Counter[str]()

    def counted(header: str) -> str:
        looked_at["headers"] += 1
        return same(header)

    rows = Rows(read_catalog(PROJECT).contracts[SOURCE])
    monkeypatch.setattr("pipelines.service.rows.same", counted)
    sent = {
        "one row": json.dumps({f"列{number}": "1" for number in range(600_000)}),
        "one key": "{" + ",".join('"列":1' for _ in range(600_000)) + "}",
        "many rows": json.dumps([{**ROW, **{f"列{n}": "1" for n in range(10 * m, 10 * m + 2000)}} for m in range(300)]),
    }[body]
    with pytest.raises(Refusal) as refused:
        rows.lines(sent.encode(), "application/json")
    assert refused.value.error == "too_many_columns"
    assert looked_at["headers"] < 10_000


@pytest.fixture
def bounded(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The port of a server with room for two connections and little time for headers."""
    monkeypatch.setattr("pipelines.service.connections.CONNECTIONS", 2)

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]})
            await send({"type": "http.response.body", "body": b"good"})

    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = server_of(answer)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        yield listening.getsockname()[1]
        server.should_exit = True
        thread.join()


def test_headers_that_do_not_arrive_close_their_connection(bounded: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.service.connections.HEADERS_WITHIN", 0.2)
    for begun in (b"", b"GET /health HTTP/1.1\r\nHost: x\r\nX-Long: "):
        with socket.create_connection(("127.0.0.1", bounded), timeout=60) as slow:
            slow.sendall(begun)
            assert slow.recv(100) == b""
    with socket.create_connection(("127.0.0.1", bounded), timeout=60) as long:
        long.sendall(b"GET /health HTTP/1.1\r\nX-Long: " + b"x" * 17_000)
        assert b" 400 " in long.recv(100)


def test_more_connections_than_there_is_room_for_are_closed(bounded: int) -> None:
    with ExitStack() as open_ones:
        first, second, third = (
            open_ones.enter_context(socket.create_connection(("127.0.0.1", bounded), timeout=60)) for _ in range(3)
        )
        assert third.recv(100) == b""
        for connection in (first, second):
            connection.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
            assert b" 200 " in connection.recv(1000)


def test_other_paths_and_methods(service: Pushed) -> None:
    assert service.ask("GET", "/openapi.json").error == (404, "no_such_path", None)
    assert service.ask("GET", f"/ingest/{SOURCE}").error == (405, "method", None)


def test_nothing_that_was_refused_is_kept_and_no_log_line_quotes_a_request(service: Pushed, token: str) -> None:
    assert service.push([death(50), death(51)], key(), token=token).status == 202
    assert service.push([ROW, WITHOUT_KEY], key(), token=token).status == 400
    answer = service.ask("POST", "/ingest/%E6%9C%BA%E5%AF%86?who=secret-query", json.dumps([ROW]).encode())
    assert answer.status == 401
    deliver_pushed(service.settings)
    landed = service.landed()
    assert landed
    assert SECRET not in json.dumps(landed, ensure_ascii=False)
    log = service.log
    assert "POST 202 " in log
    assert f"health {SOURCE} 2 rows" in log
    for secret in (SECRET, "机密", "secret-query", "%E6", token, token.split("_")[2], "Traceback"):
        assert secret not in log


def test_the_server_holds_no_engine(service: Pushed) -> None:
    assert service.process
    loaded = Path(f"/proc/{service.process.pid}/maps").read_text()
    assert "sqlite" in loaded
    assert not [engine for engine in ("duckdb", "deltalake") if engine in loaded]


def test_the_application_needs_no_engine() -> None:
    program = "import sys, pipelines.service.server; print([m for m in sys.argv[1:] if m in sys.modules])"
    engines = ("duckdb", "deltalake", "great_expectations", "pyspark", "pipelines.lake.lake")
    done = subprocess.run(
        [sys.executable, "-c", program, *engines], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def assert_nothing_is_told(answer: Answer) -> None:
    text = json.dumps(answer.body, ensure_ascii=False)
    assert not [value for value in (SECRET, "机密", *map(str, ROW.values())) if value in text]
