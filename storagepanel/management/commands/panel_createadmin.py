"""A fresh link for an administrator. Whoever may run commands on the panel's server may sign in."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from storagepanel import first_admin


class Command(BaseCommand):
    help = "Print the path of a one-time link that sets an administrator's password; it is good for 30 minutes."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", nargs="?", default="", help="default: the only administrator there is, else admin")

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(first_admin.link(first_admin.account(options["name"])))
