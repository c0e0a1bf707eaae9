"""Commands whose help ends with examples."""

from __future__ import annotations

import argparse
from typing import Any, ClassVar

from django.core.management.base import BaseCommand, CommandParser


class CommandWithExamples(BaseCommand):
    """Shows EXAMPLES below the options, as they are written."""

    EXAMPLES: ClassVar[str]

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """The usual parser, with the examples."""
        return super().create_parser(
            prog_name,
            subcommand,
            epilog=self.EXAMPLES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            **kwargs,
        )
