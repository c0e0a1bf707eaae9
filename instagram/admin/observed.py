"""The fields of profiles and posts about when they were seen."""

OBSERVED = (
    "availability", "last_seen_at", "first_missed_at", "confirmed_at", "created_at", "updated_at",
    "api_updated_at",
)  # fmt: skip
