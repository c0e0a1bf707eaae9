"""The toy's table."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from instagram.models import User
from storage.models import StoredFile


class Note(models.Model):
    """A note about a profile, perhaps with a file that must stay as long as the note."""

    user = models.ForeignKey(User, models.CASCADE, null=True, related_name="+")
    file = models.ForeignKey(StoredFile, models.PROTECT, null=True, related_name="+")
    text = models.TextField()

    objects: ClassVar = models.Manager["Note"]()

    def __str__(self) -> str:
        return self.text
