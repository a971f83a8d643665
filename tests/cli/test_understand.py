"""``autoreply understand``."""

from .conftest import Call


def test_a_line_in_gives_a_line_out(autoreply: Call) -> None:
    ran = autoreply("understand", "--jsonl", stdin="请问能开发票吗\n乌鲁木齐包邮吗\n\n")
    invoice, freight, empty = ran.lines
    assert set(invoice) == {"text", "tokens", "intents", "slots", "decision", "answered"}
    assert (invoice["decision"], invoice["answered"]) == ("answer", ["invoice"])
    assert invoice["intents"][0]["slug"] == "invoice"
    confidences = [i["confidence"] for i in invoice["intents"]]
    assert confidences == sorted(confidences, reverse=True)
    assert "".join(invoice["tokens"]) == "请问能开发票吗"
    assert freight["slots"]["city"] == "乌鲁木齐"
    assert (empty["text"], empty["decision"], empty["intents"]) == ("", "silent", [])


def test_bytes_that_are_no_text_are_shown_escaped(autoreply: Call) -> None:
    ran = autoreply("understand", "有货吗\udcff")
    assert ran.code == 0
    assert "有货吗\\udcff" in ran.out


def test_arguments_give_a_table(invoke: Call) -> None:
    ran = invoke("understand", "能开发票吗", "转人工")
    assert ran.code == 0
    assert "invoice" in ran.out
    assert "human" in ran.out


def test_neither_text_nor_jsonl_is_a_mistake(invoke: Call) -> None:
    assert invoke("understand").code == 2
    assert invoke("understand", "--jsonl", "在吗").code == 2
