"""The report speaks Chinese: what is wrong with a delivery, and why a batch is held, has no English sentence."""

from __future__ import annotations

from tests.support.chinese import english_sentences, read_text
from tests.support.dirty_report import PEOPLE, DirtyReport


def test_an_english_sentence_is_found() -> None:
    texts = read_text("<p>空.csv: the file is empty; what to do: export it again</p><code>a b c d e</code>")
    assert english_sentences(texts) == ["csv: the file is empty; what to do: export it again"]
    assert english_sentences("公民身份号码 id_number · household_registration") == []


def test_no_page_has_an_english_sentence(dirty_report: DirtyReport) -> None:
    found = {
        name: sentences
        for name, page in dirty_report.pages.items()
        if (sentences := english_sentences(read_text(page.path.read_text(encoding="utf-8"))))
    }
    assert found == {}
    own = [page for name, page in dirty_report.pages.items() if not name.startswith("data_docs")]
    assert [page.path.name for page in own if 'lang="en"' in page.path.read_text(encoding="utf-8")] == []


def test_problems_say_what_is_wrong_and_what_to_do(dirty_report: DirtyReport) -> None:
    text = dirty_report.pages[f"sources/{PEOPLE}.html"].text
    assert "空.csv：文件是空的；处理办法：请重新导出；至少要有一行表头" in text
    assert "缺列.csv，第 3 行：该行有 1或5 个单元格，表头有 6 个（2 行，此为第一行）；处理办法：含分隔符" in text
