from typing import ClassVar

from django.apps import AppConfig


class ToyConfig(AppConfig):
    name = "tests.support.toy_feature"
    label = "toy"
    schedules: ClassVar = {"toy.count_notes": 3600}

    def ready(self) -> None:
        """Register at every plug point."""
        from core import flags, permissions  # noqa: PLC0415  needs the loaded models
        from instagram import contributors  # noqa: PLC0415  the same
        from instagram.archiving import observers  # noqa: PLC0415  the same
        from storage import references  # noqa: PLC0415  the same
        from tests.support.toy_feature import plugs  # noqa: PLC0415  the same

        references.register(self.label, plugs.kept)
        contributors.register(self.label, plugs.contribution)
        observers.register(self.label, plugs.note)
        permissions.declare("toy.note", "Can write notes", groups=["Toys"])
        flags.declare("toy.colours", "Notes in colours")
