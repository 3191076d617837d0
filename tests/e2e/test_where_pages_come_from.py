"""Pages of these tests come from their own server, whoever else has its port on another address."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.e2e.conftest import Visit

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def somebody_else(live_server: Any) -> Iterator[None]:
    """Have the same port on [::1] answer with what it is told, as a socket does that met itself."""
    port = urlsplit(live_server.url).port
    with socket.create_server(("::1", port), family=socket.AF_INET6) as server:

        def echo() -> None:
            while True:
                connection, _ = server.accept()
                with connection:
                    connection.sendall(connection.recv(65536))

        threading.Thread(target=echo, daemon=True).start()
        yield


@pytest.mark.usefixtures("somebody_else")
def test_a_neighbour_on_another_address_is_not_asked(visit: Callable[..., Visit], ada: Any) -> None:
    assert visit(ada).go("/").title() == "Fleet · Storage Panel"
