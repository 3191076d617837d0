"""Nobody waits for a template to be loaded, and the collector does not look through them."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest
from django.conf import settings
from django.template import engines

from storagepanel import warm


def test_every_template_is_loaded_before_the_first_request(monkeypatch: pytest.MonkeyPatch) -> None:
    frozen: list[bool] = []
    monkeypatch.setattr(gc, "freeze", lambda: frozen.append(True))
    [partials] = engines["django"].engine.template_loaders  # type: ignore[attr-defined]
    [loader] = partials.loaders  # the one that keeps what it has loaded
    loader.reset()
    warm.up()
    top = Path(settings.BASE_DIR) / "templates"
    there = {path.relative_to(top).as_posix() for path in top.rglob("*.html")}
    assert there and there <= set(loader.get_template_cache) and frozen == [True]
