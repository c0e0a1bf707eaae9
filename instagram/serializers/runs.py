"""Archive runs and requests for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from core.api.fields import TextField
from core.api.rows import Rows, RowSerializer, Shown, reads
from core.db.selection import Row
from instagram import querysets
from instagram.archiving import progress
from instagram.archiving.progress import Progress
from instagram.models import ArchiveRun, RunStream, User
from instagram.serializers.users import UserDetailSerializer


class RunStreamSerializer(RowSerializer):
    """How far one stream has come; `error` is null for everybody but staff."""

    error = serializers.SerializerMethodField()

    class Meta:
        model = RunStream
        fields = (
            "name",
            "state",
            "pages",
            "seen",
            "new",
            "changed",
            "rejected",
            "error_code",
            "error",
            "finished_at",
        )
        read_only_fields = fields

    @reads("error")
    def get_error(self, row: Row) -> str | None:
        """The text, which may tell strangers too much."""
        return row["error"] if self.context.get("shows_errors") else None


class RunUserSerializer(serializers.ModelSerializer[User]):
    """The profile of a run."""

    class Meta:
        model = User
        fields = ("uuid", "username")
        read_only_fields = fields


class FileCountsSerializer(serializers.Serializer[Progress]):
    """Files of the profile that the run's streams want."""

    wanted = serializers.IntegerField(source="files_wanted")
    stored = serializers.IntegerField(source="files_stored")
    failed = serializers.IntegerField(source="files_failed")
    downloaded = serializers.IntegerField(
        source="files_downloaded", help_text="since the run was requested"
    )


class RunInListSerializer(RowSerializer):
    """A request to archive a profile, as far as its own rows tell.

    No counts of files: a page of runs would count every file of every profile on it.
    """

    rows: ClassVar[Rows] = ArchiveRun.objects.all
    lists: ClassVar = {"streams": querysets.streams_of_runs}

    user = RunUserSerializer(read_only=True)
    streams = RunStreamSerializer(many=True, read_only=True)

    class Meta:
        model = ArchiveRun
        fields: tuple[str, ...] = (
            "id",
            "user",
            "state",
            "is_scheduled",
            "waits_for",
            "created_at",
            "started_at",
            "finished_at",
            "streams",
        )
        read_only_fields = fields


# The context has `progress`, the Progress of each run.
class RunSerializer(RunInListSerializer):
    """A request to archive a profile, and how far it has come."""

    files = serializers.SerializerMethodField()
    bytes = serializers.SerializerMethodField(help_text="of the stored files")
    calls = serializers.SerializerMethodField(help_text="HTTP attempts to the Core API")

    class Meta(RunInListSerializer.Meta):
        fields = (*RunInListSerializer.Meta.fields, "files", "bytes", "calls")
        read_only_fields = fields

    @extend_schema_field(FileCountsSerializer)
    @reads("id")
    def get_files(self, row: Row) -> Any:
        return FileCountsSerializer(self._progress(row)).data

    @reads("id")
    def get_bytes(self, row: Row) -> int:
        return self._progress(row).bytes_stored

    @reads("id")
    def get_calls(self, row: Row) -> int:
        return self._progress(row).calls

    def _progress(self, row: Row) -> Progress:
        found: Progress = self.context["progress"][row["id"]]
        return found


def show_runs(runs: Sequence[ArchiveRun], *, shows_errors: bool = False) -> list[Shown]:
    """The runs, and how far they have come. 4 statements. The runs need `state` and `calls`."""
    context = {"progress": progress.of(runs), "shows_errors": shows_errors}
    serializer = RunSerializer(context=context)
    return serializer.show(serializer.get(*(run.pk for run in runs)))


class AddedUserSerializer(UserDetailSerializer):
    """A profile that was just added, and the run that archives it."""

    run = serializers.SerializerMethodField()

    class Meta(UserDetailSerializer.Meta):
        fields = (*UserDetailSerializer.Meta.fields, "run")
        read_only_fields = fields

    @extend_schema_field(RunSerializer)
    @reads()
    def get_run(self, _row: Row) -> Shown:
        run: Shown = self.context["run"]
        return run


class NewUserSerializer(serializers.Serializer[Any]):
    """The name of a profile to add: with `@`, in capitals and as an address too."""

    username = TextField(max_length=200)


class StreamsSerializer(serializers.Serializer[Any]):
    """Which streams to archive."""

    streams = serializers.ListField(
        child=serializers.ChoiceField(RunStream.Name.choices),
        allow_empty=False,
        min_length=1,  # for the document, which does not know allow_empty
        max_length=len(RunStream.Name),
        required=False,
        help_text="all of them by default",
    )


class NewRunSerializer(StreamsSerializer):
    """A profile by name, added if new, or by uuid; and the streams to archive."""

    username = TextField(max_length=200, required=False)
    user = serializers.PrimaryKeyRelatedField(
        queryset=User.objects.only("uuid", "username", "instagram_id"), required=False
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("username" in attrs) == ("user" in attrs):
            raise serializers.ValidationError("Give either a username or a user.")
        return attrs
