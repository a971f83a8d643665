"""With a real HTTP server in the place of the model: what it says, and all that can be wrong with it."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import ValidationError

from autoreply.testing import Shop

TALK = "recipes"


class Model:
    """A model that says what the test wants: the content of its message, or a whole response."""

    def __init__(self) -> None:
        self.content = json.dumps({"topic": "porridge"})
        self.response: Any = None
        self.status = 200
        self.wait = 0.0
        self.asked: list[dict[str, Any]] = []

    async def complete(self, request: web.Request) -> web.Response:
        self.asked.append(await request.json())
        await asyncio.sleep(self.wait)
        usual = {"choices": [{"message": {"role": "assistant", "content": self.content}}]}
        return web.json_response(usual if self.response is None else self.response, status=self.status)

    def says(self, **said: str) -> None:
        self.content = json.dumps(said, ensure_ascii=False)


@pytest.fixture
async def model(shop: Shop) -> AsyncIterator[Model]:
    """A model that the shop is connected to."""
    model = Model()
    app = web.Application()
    app.router.add_post("/v1/chat/completions", model.complete)
    async with TestServer(app) as server:
        shop.set("plugins.recipes", url=str(server.make_url("/v1")), timeout=0.5)
        yield model


async def test_a_topic_is_answered_with_the_shops_own_words(shop: Shop, model: Model) -> None:
    await shop.buyer("红枣熬粥什么时候下锅").means(TALK).replies("recipes.porridge").answers().passes_gate()
    (asked,) = model.asked
    assert asked["messages"][-1] == {"role": "user", "content": "红枣熬粥什么时候下锅"}
    assert asked["model"] == "qwen2.5:3b"


async def test_what_no_text_fits_is_a_persons_unless_the_model_may_write(shop: Shop, model: Model) -> None:
    model.says(topic="other", answer="核桃碎拌凉菜很香，您可以试试。")
    await shop.buyer("核桃能做什么菜", intent=TALK).hands_over("no text of the shop fits").never_says("凉菜")
    shop.set("plugins.recipes", write=True)
    heard = await shop.buyer("核桃能做什么菜", intent=TALK).answers().says("凉菜", "AI生成").passes_gate()
    assert heard.result.replies[0].draft.origin == "generated"


async def test_generated_words_without_a_label_do_not_leave(shop: Shop, model: Model) -> None:
    shop.set("plugins.recipes", write=True).words("recipes.generated", "{{ answer }}")
    model.says(topic="other", answer="核桃碎拌凉菜很香，您可以试试。")
    heard = await shop.buyer("核桃能做什么菜", intent=TALK).hands_over("ai-label").never_says("凉菜")
    assert heard.result.rules == ("ai-label",)


@pytest.mark.parametrize(
    "words", ["我们是全网最低价，您放心买。", "加我微信我把食谱发您。", "吃了能治失眠，您每天吃十颗。"]
)
async def test_what_the_model_makes_up_is_stopped_by_the_gate(shop: Shop, model: Model, words: str) -> None:
    shop.set("plugins.recipes", write=True)
    model.says(topic="other", answer=words)
    await shop.buyer("核桃能做什么菜", intent=TALK).hands_over("the gate stopped an answer").never_says(words[:6])


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"wait": 30.0}, "took longer than 0.5 s"),
        ({"status": 503}, "cannot be reached: ClientResponseError"),
        ({"content": "好的，这是煮粥"}, "did not answer as asked"),
        ({"content": '{"topic": "discounts"}'}, "did not answer as asked"),
        ({"content": json.dumps({"topic": "other", "answer": "好" * 101})}, "did not answer as asked"),
        ({"response": {"choices": []}}, "did not answer as asked"),
        ({"response": [1]}, "did not answer as asked"),
    ],
)
async def test_whatever_is_wrong_with_it_a_person_answers(
    shop: Shop, model: Model, wrong: dict[str, Any], told: str
) -> None:
    vars(model).update(wrong)
    await shop.buyer("红枣煮粥要放多少", intent=TALK).hands_over(told).replies("recipes.by_person").passes_gate()


async def test_without_a_model_a_person_answers(shop: Shop) -> None:
    await shop.buyer("红枣煮粥要放多少", intent=TALK).hands_over("no model is set up")
    shop.set("plugins.recipes", url="http://127.0.0.1:9/v1")
    await shop.buyer("红枣煮粥要放多少", intent=TALK).hands_over("cannot be reached: ClientConnectorError")


@pytest.mark.parametrize("url", ["https://api.example.com/v1", "http://8.8.8.8/v1"])
def test_buyers_words_are_not_sent_out_of_the_house(shop: Shop, url: str) -> None:
    with pytest.raises(ValidationError, match=r"own network|outside of your network"):
        shop.set("plugins.recipes", url=url)
